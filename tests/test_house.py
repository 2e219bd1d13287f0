"""The rules of the house that no linter knows; each argues its case, and each is broken here once on purpose."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePath
from statistics import median

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("connector", "mappings", "sync")
TOP_LEVEL = {
    *PACKAGES,
    *(".ci", ".gitignore", "config.example.toml", "dev.py", "pyproject.toml", "tests"),
    *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md"),
    *("requirements-dev.lock", "requirements.lock", "uv.lock"),
}
CLOCK_OWNERS = ("sync/cli*", "sync/console*", "sync/runtime*", "connector/retry.py", "connector/sandbox/*")
CLOCK_AND_DICE_OWNERS = (*CLOCK_OWNERS, "tests/*", "dev.py")
CLOCK_AND_DICE = re.compile(
    r"datetime\.datetime\.(now|utcnow|today)|datetime\.date\.today|(time|asyncio)\.sleep|time\.time(_ns)?"
    r"|(random|secrets|uuid)(\..*)?"
)

Problems = Iterator[str]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def ignored(name: str) -> bool:
    """Whether git does not see it; .gitignore holds names and simple patterns only."""
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    return any(fnmatch(name, line.rstrip("/")) for line in [".git", *lines] if not line.startswith("#"))


def files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if not ignored(path.name):
            yield from files(path) if path.is_dir() else [path]


def functions(tree: ast.AST) -> list[Function]:
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def length(function: Function) -> int:
    """Lines from ``def`` to the end, without the docstring."""
    first, last = function.body[0], function.end_lineno or 0
    docstring = (first.end_lineno or 0) - first.lineno + 1 if ast.get_docstring(function) else 0
    return last - function.lineno + 1 - docstring


def imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """(name in this module, full dotted name) of every import, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def used(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, full dotted name) of every name and attribute, with the imports' renaming undone."""
    known = dict(imports(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            first, dot, rest = ast.unparse(node).partition(".")
            yield node.lineno, known.get(first, first) + dot + rest


# Rules for one file: its path and text in, sentences out.


def short_file(path: PurePath, text: str) -> Problems:
    """A file that passes 300 lines has become two things, and its halves have names of their own."""
    if (lines := len(text.splitlines())) > 300:
        yield f"{path}: {lines} lines; what would its two halves be called?"


def short_functions(path: PurePath, text: str) -> Problems:
    """A function that does not fit on one screen cannot be read, only believed. The docstring is not counted."""
    for function in functions(ast.parse(text)):
        if (lines := length(function)) > 40:
            yield f"{path}:{function.lineno}: {function.name} has {lines} lines; name its parts"


def purpose(path: PurePath, text: str) -> Problems:
    """A module whose purpose fits in no sentence has none. An empty ``__init__.py`` has nothing to explain."""
    if text.strip() and not ast.get_docstring(ast.parse(text)):
        yield f"{path}: say in its docstring what this file is for"


def telling_name(path: PurePath, text: str) -> Problems:
    """Under these names anything may be filed, so everything will be."""
    if re.fullmatch(r"_?(utils?|helpers?|managers?|base|common|misc)", path.stem):
        yield f"{path}: name the file by what it knows"


def no_mocks(path: PurePath, text: str) -> Problems:
    """A mock agrees with whoever wrote it. Ours are real implementations that pass the adapters' own suite."""
    for _, name in imports(ast.parse(text)):
        if re.match(r"(unittest\.)?mock\b|pytest_mock\b", name):
            yield f"{path}: {name}; use connector.memory or the sandbox"


def nothing_left_over(path: PurePath, text: str) -> Problems:
    """A note in a comment is a promise to nobody: do it, or file an issue."""
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"(#|<!--)\s*(TODO|FIXME|XXX|HACK)\b", line):
            yield f"{path}:{number}: {line.strip()}"


def no_clock_no_dice(path: PurePath, text: str) -> Problems:
    """Decisions are replayed years later: the time is a parameter, and an id is a hash of what it names."""
    if not any(fnmatch(path.as_posix(), owner) for owner in CLOCK_AND_DICE_OWNERS):
        for line, name in used(ast.parse(text)):
            if CLOCK_AND_DICE.fullmatch(name):
                yield f"{path}:{line}: {name}; let the caller pass it in"


def no_private_words(path: PurePath, text: str) -> Problems:
    """What only exists on one machine explains nothing to a reader on another."""
    private = re.compile(
        r"(?<![\w.])/(" + "|".join(["wo" + "rk", "ho" + "me", "Us" + "ers"]) + r")/|\bsha" + r"red/"
    )
    for number, line in enumerate(text.splitlines(), 1):
        if found := private.search(line):
            yield f"{path}:{number}: {found[0]}"


PYTHON_RULES: list[Callable[[PurePath, str], Problems]] = [
    *(short_file, short_functions, purpose, telling_name, no_mocks, no_clock_no_dice)
]
TEXT_RULES = [nothing_left_over, no_private_words]
RULES = {rule.__name__: rule for rule in [*PYTHON_RULES, *TEXT_RULES]}
BROKEN = [
    ("short_file", "sync/long.py", "x = 1\n" * 301),
    ("short_functions", "sync/long.py", "def f():\n" + "    x = 1\n" * 40),
    ("purpose", "sync/silent.py", "x = 1\n"),
    *(("telling_name", f"sync/{name}.py", "") for name in ("utils", "helpers", "manager", "base", "common")),
    ("no_mocks", "tests/steps/test_x.py", "from unittest import " + "mock\n"),
    ("no_mocks", "tests/steps/test_x.py", "def f():\n    import unittest." + "mock as m\n"),
    ("nothing_left_over", "sync/decide.py", "x = 1  #" + " TODO: two\n"),
    ("no_clock_no_dice", "sync/decide.py", "from datetime import datetime as d\nd.now()\n"),
    ("no_clock_no_dice", "sync/decide.py", "import datetime\nstart = datetime.date.today\n"),
    ("no_clock_no_dice", "sync/store/tables.py", "from time import time as t\nt()\n"),
    ("no_clock_no_dice", "connector/salesforce/wire.py", "import time\ntime.sleep(1)\n"),
    ("no_clock_no_dice", "sync/plan.py", "import uuid\nuuid.uuid4()\n"),
    ("no_clock_no_dice", "sync/plan.py", "from random import choice\nchoice([1])\n"),
    ("no_private_words", "README.md", "see /wo" + "rk/main\n"),
    ("no_private_words", "README.md", "see sha" + "red/design\n"),
]


@pytest.mark.parametrize("name", RULES)
def test_the_house_keeps_the_rule(name: str) -> None:
    rule = RULES[name]
    paths = [path for path in files(ROOT) if rule in TEXT_RULES or path.suffix == ".py"]
    found = [line for path in paths for line in rule(path.relative_to(ROOT), path.read_text("utf-8", "replace"))]
    assert not found, f"{rule.__doc__}\n" + "\n".join(found)


@pytest.mark.parametrize(("name", "path", "text"), BROKEN)
def test_the_rule_sees_who_breaks_it(name: str, path: str, text: str) -> None:
    """A gate that was never seen to close is a picture of a gate."""
    assert list(RULES[name](PurePath(path), text))


def test_every_rule_is_broken_once() -> None:
    assert {name for name, _, _ in BROKEN} == set(RULES)


@pytest.mark.parametrize("owner", ["sync/cli/app.py", "sync/runtime/clock.py", "connector/retry.py", "dev.py"])
def test_somebody_has_to_own_the_clock(owner: str) -> None:
    assert not list(no_clock_no_dice(PurePath(owner), "import time\ntime.sleep(1)\n"))


def test_a_long_docstring_is_no_long_function() -> None:
    assert not list(
        short_functions(PurePath("sync/x.py"), 'def f():\n    """' + "\n" * 60 + '    """\n    return 1\n')
    )


# Rules for the whole.


def middle(texts: Iterable[str]) -> float:
    return median(length(function) for text in texts for function in functions(ast.parse(text)))


def test_half_of_all_functions_are_ten_lines_or_less() -> None:
    """The texture of code that people praise: whatever else it does, its median function is short."""
    sources = [
        path.read_text(encoding="utf-8") for name in PACKAGES for path in files(ROOT / name) if path.suffix == ".py"
    ]
    assert middle(sources) <= 10
    assert middle(["def f():\n" + "    x = 1\n" * 10]) > 10


def test_the_top_level_holds_what_a_newcomer_needs_and_nothing_else() -> None:
    """The first screen of a repository is its table of contents."""
    there = {path.name for path in ROOT.iterdir() if not ignored(path.name)}
    assert there - TOP_LEVEL == set(), "file it in a package, or ignore it in .gitignore"
    assert TOP_LEVEL - there == set(), "missing"


def undocumented(readme: str, requirements: Iterable[str]) -> list[str]:
    """Requirements without a row of their own (name | reason) in a table of the README."""
    rows = [re.split(r"\s*\|\s*", line.strip("| \n")) for line in readme.splitlines() if line.startswith("|")]
    explained = {name for row in rows if any(row[1:]) for name in re.findall(r"[\w.-]+", row[0].lower())}
    names = [re.match(r"[\w.-]+", requirement) for requirement in requirements]
    return [name[0] for name in names if name and name[0].lower() not in explained]


def test_every_dependency_has_its_reason_in_the_readme() -> None:
    """Each is code that runs with a customer's credentials: say why it is here, or take it out."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [*table["project"]["dependencies"], *table["dependency-groups"]["dev"]]
    assert undocumented((ROOT / "README.md").read_text(encoding="utf-8"), asked) == []


def test_a_dependency_without_reason_is_seen() -> None:
    readme = "| `rich` | tables |\n| typer | |\nstructlog is mentioned in prose\n"
    assert undocumented(readme, ["rich>=14", "typer", "structlog>=25"]) == ["typer", "structlog"]


def has_entry(changelog: str, version: str) -> bool:
    return re.search(rf"^## \[{re.escape(version)}\]", changelog, re.MULTILINE) is not None


def test_the_changelog_knows_the_version() -> None:
    """Who upgrades reads one file first; it must know the version that they got."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert has_entry(changelog, version)
    assert not has_entry(changelog, version + ".1")


@pytest.mark.parametrize("name", PACKAGES)
def test_packages_come_from_this_checkout(name: str) -> None:
    """Another copy on the path would make every test here a test of something else."""
    module = importlib.import_module(name)
    assert Path(str(module.__file__)).is_relative_to(ROOT)


def locked(name: str) -> dict[str, str]:
    """Version by package; every one must carry a hash."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert all("--hash=sha256:" in line for line in lines)
    return {line.split("==")[0]: line.split("==")[1].split()[0] for line in lines}


def test_the_dev_lock_holds_the_runtime_lock() -> None:
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()


def test_the_locks_know_every_dependency() -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())
    names = {re.split(r"[<>=~!\[]", text)[0] for text in table["project"]["dependencies"]}
    assert names <= set(locked("requirements.lock"))
    assert {re.split(r"[<>=~!\[]", text)[0] for text in table["dependency-groups"]["dev"]} <= set(
        locked("requirements-dev.lock")
    )


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "uv.lock"])
def test_the_locks_name_public_places_only(name: str) -> None:
    hosts = set(re.findall(r"\w+://[^/\"\s]*", (ROOT / name).read_text()))
    assert hosts <= {"https://pypi.org", "https://files.pythonhosted.org"}
