"""dev.py and the gates: what it decides, that half a build is no build, and that every gate can close."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import dev

ROOT = Path(__file__).resolve().parents[1]
WANT = {"python": "CPython 3.11.7 /usr", "locks": "a1", "level": "dev"}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty checkout with lock files, in which dev.py believes to stand."""
    for name in dev.LOCKS.values():
        (tmp_path / name).write_text("rich==15.0.0 --hash=sha256:00\n")
    venv = tmp_path / ".venv"
    for name, path in {
        "ROOT": tmp_path,
        "VENV": venv,
        "PYTHON": venv / "bin" / "python",
        "STAMP": venv / "dealsync-stamp.json",
    }.items():
        monkeypatch.setattr(dev, name, path)
    return tmp_path


class Builder:
    """Stands in for venv and pip: what they leave on disk, and a kill at the ``dies``-th step."""

    def __init__(self, dies: int = 0) -> None:
        self.steps = 0
        self.dies = dies

    def __call__(self, command: Sequence[str], lock: int) -> None:
        self.steps += 1
        (dev.VENV / "bin").mkdir(parents=True, exist_ok=True)
        (dev.VENV / "half").touch()
        if self.steps == self.dies:
            raise KeyboardInterrupt
        dev.PYTHON.touch()


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Builder]:
    def install(dies: int = 0) -> Builder:
        made = Builder(dies)
        monkeypatch.setattr(dev, "build", made)
        return made

    return install


# What it decides.


@pytest.mark.parametrize(
    ("have", "level", "step"),
    [
        (None, "runtime", "rebuild"),
        ({}, "runtime", "rebuild"),
        (WANT, "dev", "keep"),
        (WANT, "runtime", "keep"),
        ({**WANT, "level": "runtime"}, "runtime", "keep"),
        ({**WANT, "level": "runtime"}, "dev", "add"),
        ({**WANT, "locks": "b2"}, "dev", "rebuild"),
        ({**WANT, "python": "CPython 3.12.1 /usr"}, "runtime", "rebuild"),
    ],
)
def test_next_step(have: dict[str, str] | None, level: str, step: str) -> None:
    assert dev.next_step(have, {**WANT, "level": level}) == step


@pytest.mark.parametrize(("uv", "ensurepip"), [("/bin/uv", True), (None, True), (None, False)])
def test_whoever_installs_demands_hashes_and_builds_nothing(uv: str | None, ensurepip: bool) -> None:
    create, fill = dev.recipe(uv, "requirements.lock", ensurepip=ensurepip)
    assert {"--require-hashes", "--only-binary", str(ROOT / "requirements.lock")} <= set(fill)
    assert (create[0] == "/bin/uv") == (fill[0] == "/bin/uv") == bool(uv)
    assert ("--without-pip" in create) == (not uv and not ensurepip) == ("--python" in fill and not uv)


def test_commands_see_this_checkout_and_no_empty_home() -> None:
    seen = dev.environment({"HOME": "", "PYTHONHOME": "/x", "PYTHONPATH": "/y", "PATH": "/bin", "LANG": "C"})
    assert seen == {
        "LANG": "C",
        "PATH": f"{dev.VENV}/bin{os.pathsep}/bin",
        "PYTHONPATH": str(ROOT),
        "VIRTUAL_ENV": str(dev.VENV),
    }


def test_a_changed_lock_file_is_another_stamp(checkout: Path) -> None:
    before = dev.wanted("dev")
    (checkout / "requirements-dev.lock").write_text("rich==15.0.1 --hash=sha256:00\n")
    assert dev.next_step(before, dev.wanted("runtime")) == "rebuild"


# What it does.


def test_it_builds_once_then_adds_then_keeps(checkout: Path, builder: Callable[[int], Builder]) -> None:
    made = builder(0)
    dev.ready("runtime")
    assert made.steps == 2
    dev.ready("runtime")
    assert made.steps == 2
    dev.ready("dev")
    added = made.steps
    assert added > 2
    dev.ready("runtime")
    dev.ready("dev")
    assert made.steps == added


@pytest.mark.parametrize("dies", [1, 2])
def test_killed_half_way_is_rebuilt(checkout: Path, builder: Callable[[int], Builder], dies: int) -> None:
    builder(dies)
    with pytest.raises(KeyboardInterrupt):
        dev.ready("dev")
    assert dev.read_stamp() is None
    (dev.VENV / "litter").touch()
    again = builder(0)
    dev.ready("dev")
    assert again.steps == 2
    assert not (dev.VENV / "litter").exists()
    assert dev.read_stamp() == dev.wanted("dev")


def test_killed_while_adding_is_rebuilt(checkout: Path, builder: Callable[[int], Builder]) -> None:
    builder(0)
    dev.ready("runtime")
    builder(1)
    with pytest.raises(KeyboardInterrupt):
        dev.ready("dev")
    assert dev.read_stamp() is None


@pytest.mark.parametrize("text", ["", "{", "[]", '"keep"'])
def test_a_damaged_stamp_is_no_stamp(checkout: Path, text: str) -> None:
    dev.PYTHON.parent.mkdir(parents=True)
    dev.PYTHON.touch()
    dev.STAMP.write_text(text)
    assert dev.read_stamp() is None


def test_a_stamp_without_its_python_is_no_stamp(checkout: Path, builder: Callable[[int], Builder]) -> None:
    builder(0)
    dev.ready("dev")
    dev.PYTHON.unlink()
    assert dev.read_stamp() is None


def test_a_linked_venv_is_unlinked_and_its_target_left_alone(checkout: Path) -> None:
    target = checkout / "elsewhere"
    target.mkdir()
    dev.VENV.symlink_to(target)
    dev.remove(dev.VENV)
    assert target.is_dir()
    assert not dev.VENV.is_symlink()


def test_two_builders_take_turns(checkout: Path) -> None:
    with (checkout / ".venv.lock").open("w") as other:
        with dev.alone(), pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_failed_step_names_cause_and_fix(checkout: Path) -> None:
    with dev.alone() as lock, pytest.raises(SystemExit, match=r"exit code 7 at: .*(?s:.*)start again"):
        dev.build([sys.executable, "-c", "raise SystemExit(7)"], lock)


def test_dealsync_starts_from_anywhere(checkout: Path) -> None:
    (checkout / "sync").mkdir()
    (checkout / "sync" / "cli.py").write_text("import sys; print(sys.argv[1:]); sys.exit(3)")
    dev.PYTHON.parent.mkdir(parents=True)
    dev.PYTHON.symlink_to(sys.executable)
    dev.write_whole(dev.VENV / "bin" / "dealsync", dev.DEALSYNC, 0o755)
    link = checkout / "link"
    link.symlink_to(dev.VENV / "bin" / "dealsync")
    run = subprocess.run([link, "plan", "a b"], cwd="/", text=True, capture_output=True, check=False)
    assert (run.stdout, run.returncode) == ("['plan', 'a b']\n", 3)


# Its commands.


def test_help_from_any_folder(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, ROOT / "dev.py", "--help"], cwd=tmp_path, text=True, capture_output=True, check=False
    )
    assert run.returncode == 0
    assert all(f"\n  {name} " in run.stdout for name in dev.COMMANDS)


def test_an_old_python_gets_one_sentence() -> None:
    old = f"import runpy, sys; sys.version_info = (3, 10, 0, 'final', 0); runpy.run_path({str(ROOT / 'dev.py')!r})"
    run = subprocess.run([sys.executable, "-c", old], text=True, capture_output=True, check=False)
    assert run.returncode == 1
    assert re.fullmatch(r"dealsync needs Python 3\.11 or newer, and .*\n", run.stderr)


def test_wrong_words_are_answered(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert dev.main(["tests"]) == 2
    assert "demo, test, check, bench" in capsys.readouterr().err
    (tmp_path / "split.py").touch()
    assert dev.benchmarks([], tmp_path) == dev.benchmarks(["split"], tmp_path) == [tmp_path / "split.py"]
    with pytest.raises(SystemExit, match=r"no benchmark spilt.*there are: split"):
        dev.benchmarks(["spilt"], tmp_path)


def test_a_benchmark_does_not_hide_the_package_of_its_name(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "pytest.py").write_text("import pytest\nprint(pytest.__version__)\n")
    monkeypatch.setattr(dev, "BENCHES", tmp_path)
    monkeypatch.setattr(dev, "ready", lambda _: None)
    assert dev.bench(["pytest"]) == 0
    assert pytest.__version__ in capfd.readouterr().out


def test_check_runs_every_gate_and_fails_for_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fails, passes = ([sys.executable, "-c", f"print('said {code}'); raise SystemExit({code})"] for code in (3, 0))
    monkeypatch.setattr(dev, "ready", lambda level: None)
    monkeypatch.setattr(dev, "gates", lambda: [("first", fails), ("second", passes)])
    assert dev.check([]) == 1
    told = capsys.readouterr().out
    assert re.search(r"first +FAILED .* said 3\n    said 3\n", told)
    assert re.search(r"second +ok .* said 0\n", told)
    monkeypatch.setattr(dev, "gates", lambda: [("second", passes)])
    assert dev.check([]) == 0


# The gates themselves: in a small project where everything is wrong, each must close.

CROOKED = {
    "connector/__init__.py": "",
    "connector/crm.py": "",
    "connector/record.py": "import os\n",
    "connector/errors.py": "import connector.crm, sync.plan\n",
    "connector/memory.py": "import connector.sandbox\n",
    "connector/sandbox/__init__.py": "import connector.record\n",
    "mappings/__init__.py": "import sync.plan\n",
    "sync/__init__.py": "",
    "sync/cli.py": "",
    "sync/plan.py": "import time, sync.cli\ndef late( now ): return time.time() > now\n",
}
THROUGH_THE_WINDOW = (
    "import apscheduler, hubspot, requests, rule_engine, simple_salesforce, sqlite3, starlette, tenacity, typer\n"
)


@pytest.fixture
def crooked(tmp_path: Path) -> Path:
    for name, text in CROOKED.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    return tmp_path


def run_gate(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = dict(dev.gates())[name]
    inner = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(command, cwd=folder, env=inner, text=True, capture_output=True, check=False)


@pytest.mark.parametrize("name", ["format", "lint", "types", "imports"])
def test_the_gate_closes(name: str, crooked: Path) -> None:
    run = run_gate(name, crooked)
    assert run.returncode == 1, run.stdout + run.stderr


def test_every_import_contract_can_break(crooked: Path) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (crooked / "connector" / "memory.py").write_text(CROOKED["connector/memory.py"] + THROUGH_THE_WINDOW)
    told = run_gate("imports", crooked).stdout
    kept = [contract["name"] for contract in contracts if f"{contract['name']} BROKEN" not in told]
    assert kept == []


def test_ci_is_a_script_that_can_be_started() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
