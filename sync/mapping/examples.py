"""The examples inside a mapping's text follow its fields: renamed with them, without what is mapped no more."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import tomlkit

from sync.mapping.edit import block_of, replaced, span
from sync.places import Place


@dataclass(frozen=True, slots=True)
class _Moved:
    """What an edit means for examples.

    ``renamed``: fields of the CRM by their old names; ``shared``: fields that another path still reads, by the new
    ones; ``unread``: those that nobody reads any more; ``unmapped``: paths that are gone.
    """

    renamed: Mapping[str, str]
    shared: Mapping[str, str]
    unread: frozenset[str]
    unmapped: frozenset[str]


def following(before: str, after: str) -> str:
    """``after``, an edit of ``before``, with its examples as they would have been written for it.

    A value stays with the field that its path is read from now; what no path needs goes. Comments are kept.
    """
    moved = _moved(tomllib.loads(before), tomllib.loads(after))
    for number in range(1, len(tomllib.loads(after).get("test", ())) + 1):
        for place in (("test", str(number)), ("test", str(number), "given"), ("test", str(number), "expect")):
            if (where := span(after, place)) is not None:
                after = replaced(after, where, _block(block_of(after, where), place, moved))
    return after


def without_example(text: str, number: int) -> str:
    """``text`` without one of its examples, counted from 1, and the comment right above it. Raises IndexError."""
    places = [("test", str(number), part) for part in ("given", "expect")]
    spans = [where for place in (("test", str(number)), *places) if (where := span(text, place)) is not None]
    if not spans:
        raise IndexError(number)
    lines = text.split("\n")
    start, end = min(spans)[0], max(spans)[1]
    while start and lines[start - 1].startswith("#"):
        start -= 1
    while end < len(lines) - 1 and not lines[end].strip():
        end += 1
    return "\n".join([*lines[:start], *lines[end:]]).rstrip("\n") + "\n"


def _moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> _Moved:
    old, new = dict(_read(before)), dict(_read(after))
    was = {name for names in old.values() for name in names}
    there = {name for names in new.values() for name in names} | after.get("types", {}).keys()
    both = [path for path in old if path in new]
    pairs = [pair for path in both for pair in zip(old[path], new[path], strict=False)]
    renamed = {one: other for one, other in pairs if one not in there}
    shared = {other: one for one, other in pairs if one in there and other not in was}
    dropped = {str(path) for path in after.get("drop", ()) if path not in before.get("drop", ())}
    unread = frozenset(was - there - renamed.keys())
    return _Moved(renamed, shared, unread, frozenset(old.keys() - new.keys() | dropped))


def _read(content: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Every path with the CRM's names of the fields it is read from."""
    for field in content.get("field", ()):
        remote = field.get("remote", ())
        several = [remote] if isinstance(remote, str) else list(remote)
        yield str(field.get("canonical")), [str(name).removesuffix("?") for name in several]


def _block(block: str, place: Place, moved: _Moved) -> str:
    """One block of a test, or of what it gives or expects, edited alone."""
    if place[-1] != "expect":
        block = _renamed(block, place, moved.renamed)
    document = tomlkit.parse(block)
    test: Any = document["test"]
    parts = {place[-1]: test[place[-1]]} if len(place) == 3 else test[0]
    _without(parts.get("given"), moved.unread)
    for new, old in moved.shared.items():
        if old in parts.get("given", ()) and new not in parts["given"]:
            parts["given"][new] = parts["given"][old]
    _without(parts.get("expect"), moved.unmapped)
    if refused := [path for path in parts.get("refused", ()) if path in moved.unmapped]:
        parts["refused"] = [path for path in parts["refused"] if path not in refused]
    return tomlkit.dumps(document)


def _without(table: Any, names: Collection[str]) -> None:
    for name in [name for name in table or () if name in names]:
        del table[name]


def _renamed(block: str, place: Place, names: Mapping[str, str]) -> str:
    """With other keys in what is given, letter by letter, so that order, blanks and comments stay."""
    for old, new in names.items():
        key = tomlkit.key(new).as_string()
        spots = re.finditer(_KEY.format(re.escape(old)), block)
        tries = (f"{block[: spot.start(1)]}{key}{block[spot.end(1) :]}" for spot in spots)
        wanted = _test(block, place, {old: new})
        block = next((fresh for fresh in tries if _says(fresh, place, wanted)), block)
    return block


_KEY: Final = r"""(?m)(?:^\s*|[{{,]\s*|given\.)((?:"{0}")|(?:'{0}')|{0})\s*="""


def _test(block: str, place: Place, names: Mapping[str, str]) -> Mapping[str, Any]:
    """What a block of a test says, with other names in what is given."""
    content: Any = tomllib.loads(block)["test"]
    test = content if len(place) == 3 else content[0]
    given = {names.get(name, name): value for name, value in test.get("given", {}).items()}
    return {**test, "given": given}


def _says(block: str, place: Place, wanted: Mapping[str, Any]) -> bool:
    try:
        return _test(block, place, {}) == wanted
    except tomllib.TOMLDecodeError:
        return False
