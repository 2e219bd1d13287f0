"""One zip for whoever is asked for help: how the installation is, without secrets and without what the CRMs say."""

from __future__ import annotations

import json
import platform
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any, Final

from connector.finding import Finding
from sync import secret
from sync.config import Config
from sync.doctor import installation
from sync.model.problem import BadInput, Problem
from sync.sources import read_toml
from sync.store.columns import columns
from sync.store.opening import Store, open_store, without_password
from sync.views import errors_view, run_view, status_view

MASK: Final = "***"
RUNS: Final = 20
WRITES: Final = 200
"""At most so many writes of each run."""

_COUNTED: Final = ("sent", "complete", "pulled", "groups", "decisions", "counts", "outcomes", "calls")
_PLAIN: Final = frozenset(
    [
        *("kind", "url", "at", "mode", "id", "started_at", "finished_at", "class", "since", "state", "as_of"),
        *("crm", "object", "key", "place", "severity", "by"),
    ]
)
"""The texts that are dealsync's own words, moments and ids; every other text may quote what a CRM says."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What goes into the bundle: ``values`` also what the CRMs say, as far as errors and writes quote it."""

    values: bool
    now: datetime


def bundle(config: Config, target: Path, asked: Asked) -> list[str]:
    """Write the zip, whole or not at all, readable by its owner only; the names of what is in it.

    Raises BadInput for a target that exists or cannot be written.
    """
    hide = masking(_known(config))
    return _written(target, ((name, hide(content)) for name, content in _parts(config, asked)))


def bundle_without_config(home: Path, problems: Sequence[Problem], target: Path) -> list[str]:
    """Write what can be told of an installation whose files cannot be loaded, and why; the names of what is in it.

    Of config.toml the keys, and of its texts only references. Raises BadInput like `bundle`.
    """
    content = read_toml(home / "config.toml", "config.toml", [])
    parts = {
        "versions.json": versions(),
        "problems.json": [{"place": found.where, "what": found.what, "fix": found.fix} for found in problems],
        "config.json": _skeleton(content),
    }
    return _written(target, parts.items())


def _skeleton(content: Any) -> Any:
    """Unchecked settings: what is a secret and what is not cannot be told, so no text is shown."""
    if isinstance(content, Mapping):
        return {key: _skeleton(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_skeleton(value) for value in content]
    if isinstance(content, str):
        return content if secret.is_reference(content) else MASK
    return content if isinstance(content, bool) else content and MASK


def _written(target: Path, found: Iterable[tuple[str, Any]]) -> list[str]:
    """The zip, whole or not at all, and readable by its owner only."""
    if target.exists():
        raise _refused(target, "it exists already", "choose another name: nothing is overwritten")
    parts = {name: _text(content) for name, content in found}
    part = target.with_name(target.name + ".part")
    try:
        part.touch(mode=0o600)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as file:
            for name, text in parts.items():
                file.writestr(name, text)
        part.replace(target)
    except OSError as error:
        raise _refused(target, f"it cannot be written: {error.strerror}", "choose another place") from error
    finally:
        part.unlink(missing_ok=True)
    return list(parts)


def _refused(target: Path, what: str, fix: str) -> BadInput:
    return BadInput([Problem(str(target), what, fix)])


def _text(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content, indent=1, ensure_ascii=False, default=str)


def _parts(config: Config, asked: Asked) -> Iterator[tuple[str, Any]]:
    """Name and content of every file in the zip; what the store cannot tell is left out."""
    keep: Callable[[Any], Any] = _same if asked.values else without_values
    yield "versions.json", versions()
    yield "config.json", settings(config)
    for folder in (config.form.mappings, config.form.policies):
        for path in sorted((config.home / folder).glob("*.toml")):
            yield f"{Path(folder).name}/{path.name}", path.read_text(encoding="utf-8")
    yield "doctor.json", [_finding(found, keep) for found in installation(config, asked.now)]
    try:
        store = open_store(config.store_url, config.home)
    except BadInput as error:
        yield "store.json", {"problems": [str(problem) for problem in error.problems]}
        return
    with closing(store):
        yield from _stored(store, config, asked, keep)


def _finding(found: Finding, keep: Callable[[Any], Any]) -> Any:
    """What is said about records and about the programme may quote them."""
    quotes = found.place == "records" or found.place.startswith("policy ")
    view = {"place": found.place, "severity": str(found.severity), "what": found.what, "fix": found.fix}
    return keep(view) if quotes else view


def _stored(store: Store, config: Config, asked: Asked, keep: Callable[[Any], Any]) -> Iterator[tuple[str, Any]]:
    with store.read() as connection:
        yield "store.json", columns(connection)
    status = status_view(store, config, asked.now)
    names = [entry["id"] for entry in status.pop("runs")]
    problems = status["problems"]
    status["problems"] = problems if asked.values else sum(problems.values())
    yield "status.json", keep(status)
    yield "errors.json", keep(errors_view(store, asked.now))
    runs = [run_view(store, name, WRITES) for name in names[:RUNS]]
    yield "runs.json", [_run(entry, keep, asked.values) for entry in runs if entry]


def _run(entry: dict[str, Any], keep: Callable[[Any], Any], values: bool) -> Any:
    report = entry["report"] or {}
    counted = report if values else {name: report[name] for name in _COUNTED if name in report}
    return keep(entry | {"report": counted})


def _same(content: Any) -> Any:
    return content


def without_values(content: Any, name: str = "") -> Any:
    """The same answer, with ``...`` for each text that may quote a CRM; of a change its fields' names stay."""
    if isinstance(content, Mapping):
        if name == "fields":
            return sorted(content)
        return {key: without_values(value, key) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [without_values(value, name) for value in content]
    if isinstance(content, str) and name not in _PLAIN:
        return "..."
    return content


def masking(known: Sequence[str]) -> Callable[[Any], Any]:
    """What replaces each of the ``known`` secrets, wherever it stands in texts, lists and tables, by stars."""
    longest_first = sorted(filter(None, known), key=len, reverse=True)

    def hide(content: Any) -> Any:
        if isinstance(content, Mapping):
            return {hide(key): hide(value) for key, value in content.items()}
        if isinstance(content, list | tuple):
            return [hide(value) for value in content]
        if isinstance(content, str):
            for hidden in longest_first:
                content = content.replace(hidden, MASK)
        return content

    return hide


def _known(config: Config) -> list[str]:
    """Every secret that the settings name or hold, as far as it can be read."""
    found = [value for form in config.form.connection.values() for value in form.auth.values()]
    found.append(config.form.store.password or "")
    return [text for value in found for text in _read(config.home, value)]


def _read(home: Path, value: str) -> list[str]:
    if not secret.is_reference(value):
        return []  # settings() shows no literal of [auth] and no password
    try:
        return [secret.resolve("support", home, value)]
    except BadInput:
        return []


def settings(config: Config) -> dict[str, Any]:
    """config.toml as it was understood; of sign-ins only what refers to a secret, never one that stands there."""
    plain = config.form.model_dump(mode="json")
    plain["store"]["url"] = without_password(config.form.store.url)
    for name, form in config.form.connection.items():
        plain["connection"][name]["auth"] = {
            key: value if key == "flow" or secret.is_reference(value) else MASK for key, value in form.auth.items()
        }
    return plain


def versions() -> dict[str, Any]:
    """Of dealsync, Python, the machine, and the packages that dealsync asks for."""
    return {
        "dealsync": _version("dealsync"),
        "python": platform.python_version(),
        "machine": platform.platform(),
        "packages": dict(_packages()),
    }


def _packages() -> Iterator[tuple[str, str]]:
    try:
        wanted = requires("dealsync") or []
    except PackageNotFoundError:
        wanted = []
    for line in wanted:
        name = line.split(";")[0].split("[")[0]
        name = "".join(letter if letter.isalnum() or letter in "-_." else " " for letter in name).split()[0]
        yield name, _version(name)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
