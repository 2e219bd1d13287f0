"""Drafts of mappings: begun, checked, weighed, published and undone. The file that runs stays the truth."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import unified_diff
from pathlib import Path
from typing import Final

from connector.record import datetime_text
from sync.backfill import from_now_on
from sync.config import Config, load
from sync.model.problem import BadInput, Problem, did_you_mean
from sync.sources import each_mapping
from sync.store.published import Published, keep_version, versions
from sync.world import World

FOLDER: Final = "drafts"
"""Beside config.toml: a draft has the name of the mapping's file."""


@dataclass(frozen=True, slots=True)
class Said:
    """Who publishes, and why."""

    by: str
    why: str = ""


def names(config: Config) -> dict[str, Path]:
    """The file of every mapping, by the mapping's id."""
    return {path.stem: path for path in sorted((config.home / config.form.mappings).glob("*.toml"))}


def file_of(config: Config, mapping: str) -> Path:
    """The file that runs. Raises BadInput for an unknown mapping."""
    known = names(config)
    if mapping not in known:
        fix = did_you_mean(mapping, known, f"one of {', '.join(known)}")
        raise BadInput([Problem(mapping, "no mapping has this name", fix)])
    return known[mapping]


def draft_of(config: Config, mapping: str) -> Path:
    """Where the draft of a mapping stands, or would stand."""
    return config.home / FOLDER / file_of(config, mapping).name


def begin(config: Config, mapping: str) -> Path:
    """A draft to edit: a copy of the file that runs, unless there is one already."""
    path = draft_of(config, mapping)
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_text(file_of(config, mapping).read_text(encoding="utf-8"), encoding="utf-8")
    return path


def drafted(config: Config, mapping: str) -> str:
    """The text that would be published: the draft, or the file that runs where there is none."""
    path = draft_of(config, mapping)
    return (path if path.exists() else file_of(config, mapping)).read_text(encoding="utf-8")


def rehearse(config: Config, mapping: str, text: str) -> Config:
    """The installation with another text of one mapping. Raises BadInput with every fault of it."""
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        shutil.copyfile(config.home / "config.toml", home / "config.toml")
        for folder in (config.form.policies, config.form.mappings):
            shutil.copytree(config.home / folder, home / folder)
        if config.form.fx.rates and (config.home / config.form.fx.rates).exists():
            shutil.copyfile(config.home / config.form.fx.rates, home / config.form.fx.rates)
        (home / config.form.mappings / file_of(config, mapping).name).write_text(text, encoding="utf-8")
        found = load(home)
        return replace(found, home=config.home)


def version_of(config: Config, mapping: str, text: str) -> str:
    """The version of a text: what it means, however it is written. Raises BadInput where it is not sound."""
    name = f"{config.form.mappings}/{file_of(config, mapping).name}"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / config.form.mappings
        shutil.copytree(config.home / config.form.mappings, folder)
        (folder / file_of(config, mapping).name).write_text(text, encoding="utf-8")
        problems: list[Problem] = []
        forms = dict(each_mapping(Path(place), config.form.mappings, config.form.environment, problems))
    if name not in forms:
        raise BadInput(problems)
    return forms[name].version


def text_difference(old: str, new: str, mapping: str) -> list[str]:
    """The lines that differ, as a unified diff."""
    lines = unified_diff(
        old.splitlines(), new.splitlines(), f"{mapping} published", f"{mapping} draft", lineterm=""
    )
    return list(lines)


def publish(
    config: Config, world: World, mapping: str, said: Said, now: datetime, *, later: bool = False
) -> Published:
    """Let the draft run: it is checked once more, becomes the file, and is kept with who, when and why.

    Without a draft, the file as somebody edited it by hand is kept as a version. ``later``: only what changes from
    now on is read by it. Raises BadInput, before anything is replaced, where it is not sound.
    """
    text = drafted(config, mapping)
    rehearsed = rehearse(config, mapping, text)
    path, draft = file_of(config, mapping), draft_of(config, mapping)
    how = "published" if draft.exists() else "by hand"
    _keep_first(config, world, mapping, now)
    path.write_text(text, encoding="utf-8")
    draft.unlink(missing_ok=True)
    return _keep(config, world, rehearsed, (mapping, how, text), (said, now, later))


def _keep(
    config: Config, world: World, rehearsed: Config, what: tuple[str, str, str], how: tuple[Said, datetime, bool]
) -> Published:
    (mapping, word, text), (said, now, later) = what, how
    version = version_of(config, mapping, text)
    entry = Published(mapping, 0, version, word, said.by, datetime_text(now), said.why, text)
    with world.store.write() as connection:
        keep_version(connection, entry)
    if later:
        from_now_on(replace(world, mappings=rehearsed.mappings), mapping, config.mappings.hash)
    with world.store.read() as connection:
        return versions(connection, mapping)[-1]


def _keep_first(config: Config, world: World, mapping: str, now: datetime) -> None:
    """The file as it was before anything was published, so that the first publishing can be undone too."""
    with world.store.read() as connection:
        known = versions(connection, mapping)
    text = file_of(config, mapping).read_text(encoding="utf-8")
    if not known or (known[-1].body != text and draft_of(config, mapping).exists()):
        how = "by hand" if known else "first"
        entry = Published(
            mapping, 0, version_of(config, mapping, text), how, "the file", datetime_text(now), "", text
        )
        with world.store.write() as connection:
            keep_version(connection, entry)


def undo(config: Config, world: World, mapping: str, said: Said, now: datetime) -> Published:
    """Publish the version before the present one. Raises BadInput where there is none, or it is no longer sound."""
    with world.store.read() as connection:
        known = versions(connection, mapping)
    text = file_of(config, mapping).read_text(encoding="utf-8")
    before = next((entry for entry in _path_back(known) if entry.body != text), None)
    if before is None:
        raise BadInput([Problem(mapping, "nothing was published before", "edit the file, or its draft")])
    rehearsed = rehearse(config, mapping, before.body)
    file_of(config, mapping).write_text(before.body, encoding="utf-8")
    why = said.why or f"back to version {before.number}"
    return _keep(config, world, rehearsed, (mapping, "undone", before.body), (Said(said.by, why), now, False))


def _path_back(known: list[Published]) -> Iterator[Published]:
    """Earlier versions, the latest first; one that was undone is passed over, and so is the undoing."""
    back = list(known)
    while back:
        entry = back.pop()
        if entry.how == "undone":
            while back and back[-1].body != entry.body:
                back.pop()
            continue
        yield entry
