"""Edits of a mapping's text as a person would make them: one block at a time, every comment kept."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import tomlkit

from sync.model.problem import BadInput, Problem
from sync.places import Place, places

ORDER: Final = ("canonical", "remote", "expr", "direction", "owner", "picklist", "refers", "default", "null")
"""How the keys of a new block follow each other; the others come after them."""

USUAL: Final[Mapping[str, Any]] = {"direction": "in", "owner": "crm", "null": "clear", "notes": ""}
"""What a key says where it is left out: it is not written into a block that does not have it."""


def with_field(text: str, path: str, keys: Mapping[str, Any]) -> str:
    """``text`` with these keys of the field of ``path``; a new block where it has none. ``None`` removes a key.

    Raises BadInput for a text whose fields are not written as blocks.
    """
    _checked(text)
    where = _field(text, path)
    if where is None:
        fresh = {"canonical": path, **keys}
        ordered = sorted(fresh, key=lambda key: ORDER.index(key) if key in ORDER else len(ORDER))
        block = _edited("[[field]]\n", "field", {key: fresh[key] for key in ordered})
        return _inserted(_taken_back(text, path), block)
    return replaced(text, where, _edited(block_of(text, where), "field", keys))


def without_field(text: str, path: str) -> str:
    """``text`` without the field of ``path`` and the picklist that only it used.

    What the file extends keeps its own blocks: there the path is named in ``drop``.
    """
    content = _checked(text)
    used = [field.get("picklist") for field in content.get("field", ()) if field.get("canonical") != path]
    own: Mapping[str, Any] = next(
        (field for field in content.get("field", ()) if field.get("canonical") == path), {}
    )
    if (where := _field(text, path)) is not None:
        text = _removed(text, where)
    if own.get("picklist") and own["picklist"] not in used:
        text = _without_picklist(text, own["picklist"])
    return _dropped(text, path) if "extends" in content else text


def with_picklist(text: str, name: str, entries: Sequence[tuple[str, str]], unmapped: str = "error") -> str:
    """``text`` with this map of a picklist, CRM value to our word, and what becomes of a value that is not in it.

    Values that stay keep their place, since the first of several is the one that is written; new ones come last.
    """
    _checked(text)
    place = ("picklist", name)
    where = span(text, (*place, "map"))
    if where is None and (whole := span(text, place)) is not None:
        return replaced(
            text, whole, _edited(block_of(text, whole), place, {"map": dict(entries), "unmapped": unmapped})
        )
    if where is None:
        header = f"[{_dotted(place)}.map]\n"
        return _say_unmapped(_appended(text, _table(header, entries)), place, unmapped)
    return _say_unmapped(replaced(text, where, _table(block_of(text, where), entries)), place, unmapped)


def with_types(text: str, types: Mapping[str, str]) -> str:
    """``text`` with what the fields hold that expressions read: exactly these."""
    if (where := span(text, ("types",))) is not None:
        return replaced(text, where, _table(block_of(text, where), list(types.items())))
    if not types or _checked(text).get("types") == types:
        return text
    lines = text.split("\n")
    at = (span(text, ("field", "1")) or (len(lines), 0))[0]
    while at and lines[at - 1].startswith("#"):
        at -= 1
    lines[at:at] = [*_table("[types]\n", list(types.items())).rstrip("\n").split("\n"), ""]
    return "\n".join(lines)


def with_test(text: str, name: str, given: Mapping[str, str], expect: Mapping[str, Any]) -> str:
    """``text`` with one more example at its end: a record, and what it must be in our words."""
    document = tomlkit.parse("[[test]]\n")
    block: Any = document["test"]
    block[0]["name"] = name
    for key, values in (("given", given), ("expect", expect)):
        block[0][key] = tomlkit.inline_table()
        block[0][key].update(values)
    return _appended(text, tomlkit.dumps(document))


def _checked(text: str) -> dict[str, Any]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput([Problem("the file", f"it is not TOML: {error}", "correct that place by hand")]) from error
    blocks = sum(1 for place in places(text) if len(place) == 2 and place[0] == "field" and place[1].isdigit())
    if blocks != len(content.get("field", ())):
        what = "its fields are not written as [[field]] blocks"
        raise BadInput(
            [Problem("field", what, "write every field as a block of its own, or edit the file by hand")]
        )
    return content


def _field(text: str, path: str) -> tuple[int, int] | None:
    """The lines of a field's block, from its header to its last key."""
    for number, field in enumerate(tomllib.loads(text).get("field", ()), start=1):
        if field.get("canonical") == path:
            return span(text, ("field", str(number)))
    return None


def span(text: str, place: Place) -> tuple[int, int] | None:
    """First line and the line after the last of a block: comments below it belong to what follows."""
    start = places(text).get(place)
    lines = text.split("\n")
    if start is None or not lines[start - 1].lstrip().startswith("["):
        return None
    end = next((at for at in range(start, len(lines)) if _HEADER.match(lines[at])), len(lines))
    while end > start and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return start - 1, end


_HEADER: Final = re.compile(
    r"""\s*\[\[?\s*[A-Za-z0-9_"'-]+(\s*\.\s*("[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*\s*\]\]?\s*(#.*)?$"""
)


def block_of(text: str, where: tuple[int, int]) -> str:
    """The lines of a block, alone."""
    return "\n".join(text.split("\n")[slice(*where)]) + "\n"


def replaced(text: str, where: tuple[int, int], block: str) -> str:
    """``text`` with another block in the place of one."""
    lines = text.split("\n")
    lines[slice(*where)] = block.rstrip("\n").split("\n")
    return "\n".join(lines)


def _removed(text: str, where: tuple[int, int]) -> str:
    """Without a block, its own comments right above it, and the blank line that set it apart."""
    lines = text.split("\n")
    start, end = where
    while start and lines[start - 1].startswith("#"):
        start -= 1
    while end < len(lines) - 1 and not lines[end].strip():
        end += 1
    del lines[start:end]
    return "\n".join(lines)


def _inserted(text: str, block: str) -> str:
    """With a new field after the last one; at the end of a file that has none."""
    number = len(tomllib.loads(text).get("field", ()))
    where = span(text, ("field", str(number))) if number else None
    if where is None:
        return _appended(text, block)
    lines = text.split("\n")
    lines[where[1] : where[1]] = ["", *block.rstrip("\n").split("\n")]
    return "\n".join(lines)


def _appended(text: str, block: str) -> str:
    return f"{text.rstrip()}\n\n{block}"


def _edited(block: str, place: str | Place, keys: Mapping[str, Any]) -> str:
    """One block with other keys. It is parsed alone, so that nothing outside it can move."""
    document = tomlkit.parse(block)
    table: Any = document
    for part in (place,) if isinstance(place, str) else place:
        table = table[part]
    table = table[0] if place == "field" else table
    for key, value in keys.items():
        if value is None or (key not in table and USUAL.get(key, _UNSAID) == value):
            table.pop(key, None)
        elif key == "map":
            _fill(table.setdefault("map", tomlkit.inline_table()), list(value.items()))
        elif key not in table or table[key] != value:
            table[key] = value
    return tomlkit.dumps(document)


_UNSAID: Final = object()


def _table(block: str, entries: Sequence[tuple[str, str]]) -> str:
    document = tomlkit.parse(block)
    table: Any = document
    while len(table) == 1 and isinstance(inner := next(iter(table.values())), dict):
        table = inner
    _fill(table, entries)
    return tomlkit.dumps(document)


def _fill(table: Any, entries: Sequence[tuple[str, str]]) -> None:
    wanted = dict(entries)
    for value in [value for value in table if value not in wanted]:
        del table[value]
    for value, word in entries:
        if table.get(value) != word:
            table[value] = word


def _say_unmapped(text: str, place: Place, unmapped: str) -> str:
    """``unmapped`` stands in the block of the picklist, above its map; where it is the usual, nowhere."""
    if (where := span(text, place)) is not None:
        said = None if unmapped == "error" else unmapped
        return replaced(text, where, _edited(block_of(text, where), place, {"unmapped": said}))
    below = span(text, (*place, "map"))
    if unmapped == "error" or below is None:
        return text
    lines = text.split("\n")
    lines[below[0] : below[0]] = [f"[{_dotted(place)}]", f"unmapped = {tomlkit.item(unmapped).as_string()}", ""]
    return "\n".join(lines)


def _without_picklist(text: str, name: str) -> str:
    for place in (("picklist", name, "map"), ("picklist", name)):
        if (where := span(text, place)) is not None:
            text = _removed(text, where)
    return text


def _dotted(place: Place) -> str:
    return ".".join(
        part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else tomlkit.string(part).as_string() for part in place
    )


def _dropped(text: str, path: str) -> str:
    """With ``path`` among those that are not taken over from what the file extends."""
    return _drop(text, lambda known: [*known, path] if path not in known else known)


def _taken_back(text: str, path: str) -> str:
    return _drop(text, lambda known: [entry for entry in known if entry != path])


def _drop(text: str, change: Any) -> str:
    document = tomlkit.parse(text)
    known = [str(entry) for entry in document.get("drop", ())]
    if (wanted := change(known)) == known:
        return text
    if "drop" not in document:
        lines = text.split("\n")
        at = places(text)[("extends",)]
        lines[at:at] = [f"drop = {tomlkit.item(wanted).as_string()}"]
        return "\n".join(lines)
    if wanted:
        document["drop"] = wanted
    else:
        del document["drop"]
    return tomlkit.dumps(document)
