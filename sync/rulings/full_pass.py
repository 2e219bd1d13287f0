"""Every account for a linkage engine outside, and the pairs that it found, weighed here: there is one truth."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final

from sync.identity.door import parsed
from sync.identity.profile import Profile
from sync.identity.score import shipped
from sync.model.problem import Problem
from sync.recognise import compare_changed, follow
from sync.store import likeness, neighbours
from sync.world import World

FIELDS: Final = ("name", "core", "domain", "country", "city", "postcode", "phone", "ids")
"""What a line says of an account beside ``unique_id``, as it is compared here; ``null`` where it is unknown."""
_PAGE: Final = 500
_SHOWN: Final = 20


@dataclass(slots=True)
class Taken:
    """``read``: lines in all; ``kept``: pairs that look like one here too; ``unusable``: lines that could not be
    used, the first of which are in ``problems``."""

    read: int = 0
    kept: int = 0
    unusable: int = 0
    problems: list[Problem] = field(default_factory=list)


def accounts(world: World, now: datetime) -> Iterator[str]:
    """Every account as one line of JSON, by its id, a page in memory at a time."""
    compare_changed(world, now, 0)
    after = ""
    while True:
        with world.store.read() as connection:
            page = neighbours.after(connection, after, _PAGE)
        yield from (_line(ident, own) for ident, own in page if not likeness.asks(ident))
        if len(page) < _PAGE:
            return
        after = page[-1][0]


def _line(ident: str, own: Profile) -> str:
    told = {name: getattr(own, name) or None for name in FIELDS}
    return json.dumps({"unique_id": ident, **told}, ensure_ascii=False)


def take_pairs(world: World, now: datetime, lines: Iterable[bytes]) -> Taken:
    """Pairs by ``unique_id_l`` and ``unique_id_r``, one a line; whatever else a line says is not looked at.

    Each is scored as if it had been found here: what looks like one waits for a person or, where the installation
    wants that, is linked; what does not is left out. Good lines count whatever is wrong with others.
    """
    taken = Taken()
    compare_changed(world, now, 0)
    numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    while page := list(islice(numbered, _PAGE)):
        taken.read += len(page)
        _take(world, now, [(number, pair) for number, line in page if (pair := _pair(taken, number, line))], taken)
    return taken


def _take(world: World, now: datetime, pairs: Sequence[tuple[int, tuple[str, str]]], taken: Taken) -> None:
    with world.store.write() as connection:
        alike, unknown = likeness.consider(connection, shipped(), [pair for _, pair in pairs])
        follow(connection, world, {ident for pair in alike for ident in pair}, now)
    taken.kept += len(alike)
    for number, pair in pairs:
        for ident in unknown.intersection(pair):
            _refuse(taken, number, f"no account is called {ident!r}", "export the accounts again: it may be gone")


def _pair(taken: Taken, number: int, line: bytes) -> tuple[str, str] | None:
    said = parsed(line, number)
    if "error" in said:
        _refuse(taken, number, said["error"]["cause"], said["error"]["fix"])
        return None
    one, other = said.get("unique_id_l"), said.get("unique_id_r")
    if not isinstance(one, str) or not isinstance(other, str) or one == other:
        _refuse(taken, number, "it names no two accounts", "give unique_id_l and unique_id_r as they were exported")
        return None
    return one, other


def _refuse(taken: Taken, number: int, what: str, fix: str) -> None:
    taken.unusable += 1
    if len(taken.problems) < _SHOWN:
        taken.problems.append(Problem(f"line {number}", what, fix))
