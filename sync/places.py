"""Where each key of a TOML text stands, so that a fault is said with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

Place = tuple[str, ...]

_KEY: Final = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED: Final = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER: Final = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_PAIR: Final = re.compile(rf"\s*({_DOTTED})\s*=\s*(.*)")
_STRING: Final = re.compile(r""""(?:[^"\\]|\\.)*"|'[^']*'|#.*""")


def places(text: str) -> dict[Place, int]:
    """The line of every table and key, from 1; the blocks of an array of tables are counted from 1 too."""
    found: dict[Place, int] = {(): 1}
    table: Place = ()
    counts: dict[Place, int] = {}
    for number, line in _logical_lines(text):
        if header := _HEADER.match(line):
            table = tuple(_parts(header[2]))
            if header[1] == "[[":
                counts[table] = counts.get(table, 0) + 1
                table = (*table, str(counts[table]))
            else:
                table = _inside_array(table, counts)
            for end in range(1, len(table) + 1):
                found.setdefault(table[:end], number)
        elif pair := _PAIR.match(line):
            key = (*table, *_parts(pair[1]))
            found.setdefault(key, number)
            found |= {(*key, inner): number for inner in _inline(pair[2]) if (*key, inner) not in found}
    return found


def line_of(known: dict[Place, int], key: str) -> int:
    """The line of a key as faults name it (``field.4 (stage)``), or of the nearest block around it."""
    place = tuple(re.sub(r" \(.*\)$", "", key).split("."))
    if place in known:
        return known[place]
    by_text = {".".join(names): line for names, line in known.items()}
    for end in range(len(place), 0, -1):
        if (text := ".".join(place[:end])) in by_text:
            return by_text[text]
    return 1


def _inside_array(table: Place, counts: dict[Place, int]) -> Place:
    """``[field.x]`` after ``[[field]]`` is a table of its last block."""
    for end in range(len(table) - 1, 0, -1):
        if table[:end] in counts:
            return (*table[:end], str(counts[table[:end]]), *table[end:])
    return table


def _parts(dotted: str) -> Iterator[str]:
    for part in re.findall(_KEY, dotted):
        yield part[1:-1] if part[0] in "\"'" else part


def _inline(value: str) -> Iterator[str]:
    """The keys of an inline table."""
    if value.startswith("{"):
        yield from (next(_parts(key)) for key in re.findall(rf"[{{,]\s*({_KEY})\s*=", value))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; what goes on over several lines is only its first."""
    until = ""
    depth = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if until:
            until = "" if until in line else until
            continue
        opened = next((mark for mark in ('"""', "'''") if line.count(mark) % 2), "")
        bare = _STRING.sub("", line)
        if depth == 0 and not bare.lstrip().startswith("#"):
            yield number, line
        if opened:
            until = opened
        elif not _HEADER.match(line) or depth:
            depth = max(depth + bare.count("[") - bare.count("]"), 0)
