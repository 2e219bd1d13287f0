"""Policies and mappings of a rehearsed installation, carried into another one: compared first, put aside after."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sync.config import Config, load
from sync.model.problem import BadInput, Problem


@dataclass(frozen=True, slots=True)
class File:
    """One file that differs, by its place in the installation; ``None`` where it is not there."""

    name: str
    before: str | None
    after: str | None

    @property
    def word(self) -> str:
        """What becomes of it."""
        return "new" if self.before is None else "goes" if self.after is None else "changed"


@dataclass(frozen=True, slots=True)
class Promotion:
    """What differs between the rehearsed installation and this one."""

    source: Path
    home: Path
    files: tuple[File, ...]


def compare(source: Path, home: Path) -> Promotion:
    """The differences of two sound installations, policies and mappings only.

    Raises BadInput for an installation that is not sound, and where the rehearsed mappings name a connection that
    this one does not have.
    """
    theirs, ours = load(source), load(home)
    unknown = sorted(theirs.form.connection.keys() - ours.form.connection.keys())
    if unknown:
        what = f"its mappings read {', '.join(unknown)}, which config.toml here does not have"
        raise BadInput([Problem(str(source), what, "name the connections alike in both config.toml files")])
    files = (*_files(theirs, ours, "policies"), *_files(theirs, ours, "mappings"))
    plan = Promotion(source, home, tuple(files))
    _rehearse(plan)
    return plan


def _files(theirs: Config, ours: Config, what: str) -> Iterator[File]:
    new, old = _texts(theirs, what), _texts(ours, what)
    for name in sorted(new.keys() | old.keys()):
        if new.get(name) != old.get(name):
            yield File(f"{getattr(ours.form, what)}/{name}", old.get(name), new.get(name))


def _texts(config: Config, what: str) -> dict[str, str]:
    folder = config.home / getattr(config.form, what)
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.toml"))}


def _rehearse(plan: Promotion) -> None:
    """The two together must be sound, before anything is replaced."""
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        shutil.copyfile(plan.home / "config.toml", home / "config.toml")
        for folder in ("policies", "mappings"):
            name = getattr(load(plan.home).form, folder)
            shutil.copytree(plan.home / name, home / name)
        _write(home, plan.files)
        load(home)


def _write(home: Path, files: tuple[File, ...]) -> None:
    for file in files:
        path = home / file.name
        if file.after is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.after, encoding="utf-8")


def carry_over(plan: Promotion, label: str) -> Path:
    """Replace the files that differ; returns the folder where the ones that were there are kept."""
    aside = plan.home / f"before-{label}"
    for file in plan.files:
        if file.before is not None:
            (aside / file.name).parent.mkdir(parents=True, exist_ok=True)
            (aside / file.name).write_text(file.before, encoding="utf-8")
    _write(plan.home, plan.files)
    return aside
