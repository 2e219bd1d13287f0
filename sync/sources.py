"""Reads the TOML files of an installation; a mapping comes with what it extends, and its environment's names."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from sync.mapping.form import MappingForm
from sync.mapping.form import parse as parse_mapping
from sync.mapping.layers import (
    OverlayForm,
    dropped_in_vain,
    extended,
    overlaid,
    parse_overlay,
    renamed_in_vain,
)
from sync.model.problem import Problem, did_you_mean

Content = Mapping[str, Any]
Parsed = TypeVar("Parsed")


def read_toml(path: Path, source: str, problems: list[Problem]) -> dict[str, Any] | None:
    """One file, decimals exact; ``None`` and a problem where it cannot be read."""
    try:
        return toml_content(path.read_text(encoding="utf-8"), source, problems)
    except FileNotFoundError:
        fix = f"run `dealsync init {path.parent}` to write one" if source == "config.toml" else "restore the file"
        problems.append(Problem(source, f"{path} does not exist", fix))
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(source, f"it cannot be read: {error}", "check its rights and its encoding (UTF-8)"))
    return None


def toml_content(text: str, source: str, problems: list[Problem]) -> dict[str, Any] | None:
    """A TOML text, decimals exact; ``None`` and a problem where it is none."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        problems.append(Problem(source, f"it is not TOML: {error}", "correct that place"))
        return None


def each(
    home: Path,
    folder: str,
    parse: Callable[[str, Content], tuple[Parsed | None, list[Problem]]],
    problems: list[Problem],
) -> Iterator[tuple[str, Parsed]]:
    """Every file of a folder, parsed; what is wrong with the others is added to ``problems``."""
    paths = sorted((home / folder).glob("*.toml"))
    if not paths:
        what = f"the folder {home / folder} has no .toml file"
        problems.append(Problem(folder, what, "`dealsync init DIR` writes the shipped ones into a new folder"))
    for path in paths:
        source = f"{folder}/{path.name}"
        content = read_toml(path, source, problems)
        if content is not None:
            parsed, faults = parse(source, content)
            problems += faults
            if parsed is not None:
                yield source, parsed


def each_mapping(
    home: Path, folder: str, environment: str, problems: list[Problem]
) -> Iterator[tuple[str, MappingForm]]:
    """Every mapping of a folder, with what it extends and the names of this environment."""
    overlays = read_overlays(home, folder, environment, problems)

    def parse(source: str, content: Content) -> tuple[MappingForm | None, list[Problem]]:
        own: list[Problem] = []
        whole = put_together(home / folder, source, content, overlays, own)
        form, faults = parse_mapping(source, whole) if whole is not None else (None, [])
        return form, [*own, *faults]

    known = list(each(home, folder, parse, problems))
    ids = {form.id for _, form in known}
    for name in overlays.keys() - ids:
        source = f"{folder}/overlays/{environment}.toml: {name}"
        problems.append(Problem(source, "no mapping has this id", did_you_mean(name, ids, "remove the block")))
    yield from known


def read_overlays(home: Path, folder: str, environment: str, problems: list[Problem]) -> dict[str, OverlayForm]:
    """The overlay of the environment that config.toml names; none without one."""
    if not environment:
        return {}
    path = home / folder / "overlays" / f"{environment}.toml"
    source = f"{folder}/overlays/{path.name}"
    if not path.exists():
        there = [entry.stem for entry in sorted(path.parent.glob("*.toml"))]
        what = f"{source} does not exist"
        fix = did_you_mean(environment, there, "write it, or leave environment empty")
        problems.append(Problem("config.toml: environment", what, fix))
        return {}
    content = read_toml(path, source, problems)
    found, faults = parse_overlay(source, content or {})
    problems += faults
    return found


def put_together(
    folder: Path, source: str, content: Content, overlays: Mapping[str, OverlayForm], problems: list[Problem]
) -> Content | None:
    """One mapping as it is meant; ``None`` and a problem where what it extends is not there."""
    whole = content
    if "extends" in content:
        base = _extended_by(folder, source, content, problems)
        if base is None:
            return None
        problems += dropped_in_vain(source, base, content)
        whole = extended(base, content)
    if overlay := overlays.get(str(whole.get("id"))):
        problems += renamed_in_vain(f"{source}: overlay", whole, overlay)
        whole = overlaid(whole, overlay)
    return whole


def _extended_by(folder: Path, source: str, content: Content, problems: list[Problem]) -> Content | None:
    """The mapping that a file extends: another one of its folder, else a shipped one."""
    name = str(content["extends"])
    own = folder / f"{name}.toml"
    beside = own.name != source.rpartition("/")[2] and own.exists()
    shipped = {entry.name[:-5]: entry for entry in files("mappings").iterdir() if entry.name.endswith(".toml")}
    if not beside and name not in shipped:
        fix = did_you_mean(name, shipped, f"one of {', '.join(sorted(shipped))}")
        problems.append(Problem(f"{source}: extends", f"there is no mapping {name!r} to extend", fix))
        return None
    text = own.read_text(encoding="utf-8") if beside else shipped[name].read_text(encoding="utf-8")
    base = toml_content(text, f"{source}: extends", problems)
    if base is not None and "extends" in base:
        fix = f"extend {base['extends']} instead, or write out the difference"
        problems.append(Problem(f"{source}: extends", f"{name} extends another mapping itself", fix))
        return None
    return base
