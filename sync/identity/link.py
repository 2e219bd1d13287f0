"""Rows that are one thing, with the evidence, and the pairs that only look like it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz.fuzz import ratio

from connector.record import Ref
from sync.domains import duns_number
from sync.identity.anchors import anchors
from sync.identity.profile import core_name
from sync.model.ids import name
from sync.model.row import Row

_LOOKS: Final = "looks:"
_READ: Final[Mapping[str, Callable[[str], str | None]]] = {"duns": duns_number, "name": core_name}
_PREFIX: Final = {"account": "acc", "opportunity": "opp", "registration": "reg"}


def row_thing_id(row: Row) -> str:
    """The canonical id of the thing that a row leads."""
    return name(_PREFIX.get(row.kind, row.kind), str(row.ref))


@dataclass(frozen=True, slots=True)
class Said:
    """A person said that two rows (``connection:object:id``) are one, or are two. The latest ``seq`` holds.

    With 0 as ``seq`` nobody said so: they look like one beyond doubt, and the installation links what does.
    """

    one: str
    other: str
    together: bool
    seq: int


@dataclass(frozen=True, slots=True)
class Linked:
    """One thing: its rows, first the one of the connection of record, and why they are one."""

    rows: tuple[Row, ...]
    evidence: tuple[str, ...]

    @property
    def alive(self) -> tuple[Row, ...]:
        """The rows that still exist."""
        return tuple(row for row in self.rows if not row.deleted)


def link(rows: Iterable[Row], first: str | None, said: Sequence[Said] = ()) -> list[Linked]:
    """Rows of one kind, gathered into things. ``first`` is the connection of record, whose rows lead.

    What people said comes before all else, their latest word first. Apart from that, rows that contradict each
    other (different DUNS numbers, one domain in two countries or under two names) are never joined, directly or
    through a third row: the contradicting one stays apart. Looks alone come last. Independent of the order of
    ``rows``.
    """
    ordered = sorted(rows, key=lambda row: (row.ref.connection != first, row.ref))
    things = _Things(ordered)
    _heed(things, ordered, [word for word in said if word.seq])
    holders: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(ordered):
        for anchor in sorted(anchors(row).same):
            holders[anchor].append(index)
    for anchor, indexes in sorted(holders.items(), key=lambda item: (_strength(item[0]), item[0])):
        _gather(things, anchor, indexes)
    _follow_looks(things, ordered, [word for word in said if not word.seq])
    return things.linked()


def _heed(things: _Things, rows: Sequence[Row], said: Sequence[Said]) -> None:
    """A word that an older one would undo stands; the older one does not."""
    place = {str(row.ref): index for index, row in enumerate(rows)}
    for word in sorted(said, key=lambda word: -word.seq):
        if word.one not in place or word.other not in place:
            continue
        one, other = place[word.one], place[word.other]
        if not word.together:
            things.part(one, other)
        elif things.may_join(one, other, None):
            things.join(one, other, f"a person said that {rows[one].ref} and {rows[other].ref} are one")


def _follow_looks(things: _Things, rows: Sequence[Row], said: Sequence[Said]) -> None:
    place = {str(row.ref): index for index, row in enumerate(rows)}
    for word in sorted(said, key=lambda word: (word.one, word.other)):
        one, other = place.get(word.one), place.get(word.other)
        if one is not None and other is not None and things.may_join(one, other, _LOOKS):
            things.join(one, other, f"{word.one} and {word.other} look like one beyond doubt")


def _gather(things: _Things, anchor: str, indexes: Sequence[int]) -> None:
    """Join what shares an anchor with its first row; what contradicts that one, with the first of its own kind."""
    apart: dict[Hashable, int] = {}
    for index in indexes[1:]:
        for lead in (indexes[0], apart.setdefault(things.claims(index), index)):
            if things.may_join(lead, index, anchor):
                things.join(lead, index, _say(anchor, things.rows[lead].ref, things.rows[index].ref))
                break


class _Things:
    """Which rows are one so far. Of each thing: its rows, what it claims to be, and what it was parted from."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self._lead = list(range(len(rows)))
        self._members = [{index} for index in self._lead]
        self._claims = [{path: _claimed(row, path) for path in ("duns", "country", "name")} for row in rows]
        self._parted: list[set[int]] = [set() for _ in rows]
        self._evidence: list[set[str]] = [set() for _ in rows]

    def claims(self, index: int) -> Hashable:
        return tuple(frozenset(claimed) for claimed in self._claims[self._lead[index]].values())

    def part(self, one: int, other: int) -> None:
        """These two must not become one; they stay one where they are already."""
        left, right = self._lead[one], self._lead[other]
        if left != right:
            self._parted[left].add(other)
            self._parted[right].add(one)

    def may_join(self, one: int, other: int, anchor: str | None) -> bool:
        """Whether nothing speaks against it. Without an anchor it is a person's word: no number contradicts it."""
        left, right = self._lead[one], self._lead[other]
        if left == right or self._parted[left] & self._members[right]:
            return False
        ours, theirs = self._claims[left], self._claims[right]
        against = next((paths for start, paths in _SPEAKS_AGAINST if (anchor or "").startswith(start)), ("duns",))
        return anchor is None or not any(_contradict(path, ours[path], theirs[path]) for path in against)

    def join(self, one: int, other: int, why: str) -> None:
        """The smaller thing goes into the larger, so that many rows are joined in little more than one pass."""
        into, gone = sorted(
            (self._lead[one], self._lead[other]), key=lambda lead: (-len(self._members[lead]), lead)
        )
        for index in self._members[gone]:
            self._lead[index] = into
        self._members[into] |= self._members[gone]
        self._parted[into] |= self._parted[gone]
        self._evidence[into] |= self._evidence[gone]
        for path, claimed in self._claims[gone].items():
            self._claims[into][path] |= claimed
        self._evidence[into].add(why)

    def linked(self) -> list[Linked]:
        """Every thing, in the order of its first row."""
        leads = dict.fromkeys(self._lead)
        return [
            Linked(
                tuple(self.rows[index] for index in sorted(self._members[lead])),
                tuple(sorted(self._evidence[lead])),
            )
            for lead in leads
        ]


_SPEAKS_AGAINST: Final = (("domain:", ("duns", "country", "name")), (_LOOKS, ("duns", "country")))
"""A domain is that of a whole family of companies, and shared by strangers: who is who tells the name."""

_ONE_NAME: Final = 90
"""Percent that two names are alike, legal forms left out, that are one with a slip of the pen."""


def _claimed(row: Row, path: str) -> set[str]:
    """What a row says that it is; one that was deleted or merged away says nothing any more."""
    value = None if row.deleted else row.values.get(path)
    value = _READ.get(path, str)(value) if value else None
    return {str(value).casefold()} if value else set()


def _contradict(path: str, ours: set[str], theirs: set[str]) -> bool:
    """What is not known contradicts nothing."""
    if not ours or not theirs:
        return False
    if path == "name":
        return not any(ratio(one, other) >= _ONE_NAME for one in ours for other in theirs)
    return ours.isdisjoint(theirs)


def _strength(anchor: str) -> int:
    return ("id:", "duns:", "domain:").index(anchor[: anchor.index(":") + 1])


def _say(anchor: str, one: Ref, other: Ref) -> str:
    kind, _, value = anchor.partition(":")
    what = {"id": "the id", "duns": "the DUNS number", "domain": "the domain"}[kind]
    return f"{one} and {other} share {what} {value}"


def index(things: Iterable[Linked]) -> Mapping[Ref, Linked]:
    """Every row's thing, also under the ids of records that were merged away."""
    found: dict[Ref, Linked] = {}
    for thing in things:
        for row in thing.rows:
            found[row.ref] = thing
            for old in row.values.get("merged_ids") or ():
                found[Ref(row.ref.connection, row.ref.kind, old)] = thing
    return found
