"""Rows that are one thing, with the evidence, and the pairs that only look like it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from connector.record import Ref
from sync.identity.anchors import anchors
from sync.model.ids import name
from sync.model.row import Row

_PREFIX: Final = {"account": "acc", "opportunity": "opp", "registration": "reg"}


def row_thing_id(row: Row) -> str:
    """The canonical id of the thing that a row leads."""
    return name(_PREFIX.get(row.kind, row.kind), str(row.ref))


@dataclass(frozen=True, slots=True)
class Linked:
    """One thing: its rows, first the one of the connection of record, and why they are one."""

    rows: tuple[Row, ...]
    evidence: tuple[str, ...]

    @property
    def alive(self) -> tuple[Row, ...]:
        """The rows that still exist."""
        return tuple(row for row in self.rows if not row.deleted)


def link(rows: Iterable[Row], first: str | None) -> list[Linked]:
    """Rows of one kind, gathered into things. ``first`` is the connection of record, whose rows lead.

    Never joins rows that contradict each other (different DUNS numbers, one domain in two countries), directly or
    through a third row: the contradicting one stays apart. Independent of the order of ``rows``.
    """
    ordered = sorted(rows, key=lambda row: (row.ref.connection != first, row.ref))
    holders: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(ordered):
        for anchor in sorted(anchors(row).same):
            holders[anchor].append(index)
    thing = list(range(len(ordered)))
    evidence: dict[int, set[str]] = defaultdict(set)
    for anchor, indexes in sorted(holders.items(), key=lambda item: (_strength(item[0]), item[0])):
        for index in indexes[1:]:
            _join(thing, evidence, ordered, (indexes[0], index, anchor))
    things: dict[int, list[Row]] = defaultdict(list)
    for index, row in enumerate(ordered):
        things[thing[index]].append(row)
    return [Linked(tuple(members), tuple(sorted(evidence[lead]))) for lead, members in things.items()]


def _join(thing: list[int], evidence: dict[int, set[str]], rows: Sequence[Row], pair: tuple[int, int, str]) -> None:
    one, other, anchor = pair
    low, high = sorted((thing[one], thing[other]))
    if low == high:
        return
    left = [rows[i] for i in range(len(rows)) if thing[i] == low]
    right = [rows[i] for i in range(len(rows)) if thing[i] == high]
    if _contradict(left, right, anchor):
        return
    for index, lead in enumerate(thing):
        if lead == high:
            thing[index] = low
    evidence[low] |= evidence.pop(high, set()) | {_say(anchor, rows[one].ref, rows[other].ref)}


def _strength(anchor: str) -> int:
    return ("id:", "duns:", "domain:").index(anchor[: anchor.index(":") + 1])


def _contradict(left: Sequence[Row], right: Sequence[Row], anchor: str) -> bool:
    if anchor.startswith("id:"):
        return False
    if _differ(left, right, "duns"):
        return True
    return anchor.startswith("domain:") and _differ(left, right, "country")


def _differ(left: Sequence[Row], right: Sequence[Row], path: str) -> bool:
    ours = {str(value).casefold() for row in left if (value := row.values.get(path))}
    theirs = {str(value).casefold() for row in right if (value := row.values.get(path))}
    return bool(ours and theirs and ours.isdisjoint(theirs))


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
