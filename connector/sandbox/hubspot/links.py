"""Associations between records: their types, and who is linked to whom under which of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

Pair = tuple[str, str]
"""Two object type names: from, to."""
FIRST_USER_DEFINED = 101


@dataclass(frozen=True, slots=True)
class LinkType:
    """One direction of a kind of link. ``inverse`` is the id of the other direction."""

    id: int
    inverse: int
    category: str
    label: str | None
    name: str

    def json(self) -> dict[str, Any]:
        """As the labels and the batch read show it."""
        return {"category": self.category, "typeId": self.id, "label": self.label}


class Links:
    """Every link of a portal, kept in both directions.

    A labelled link carries the unlabelled type too. Of a primary type there is one link on the side that
    ``schema.toml`` names first: a new one takes it from the old.
    """

    def __init__(self) -> None:
        self.types: dict[Pair, list[LinkType]] = defaultdict(list)
        self._links: dict[Pair, dict[str, dict[str, set[int]]]] = defaultdict(dict)
        self._primary: dict[Pair, int] = {}
        self._numbers = count(FIRST_USER_DEFINED)

    def hubspot_type(self, pair: Pair, ids: Sequence[int], primary: bool = False) -> None:
        """A type of HubSpot's own: ``ids`` of both directions."""
        name = f"{pair[0]}_to_{pair[1]}{'' if primary else '_unlabeled'}"
        self._add(pair, ids, "HUBSPOT_DEFINED", ("Primary", "Primary") if primary else (None, None), name)
        if primary:
            self._primary[pair] = ids[0]

    def user_type(self, pair: Pair, labels: tuple[str | None, str | None], name: str) -> list[LinkType]:
        """A type of the portal's own, label by direction; returns both directions."""
        return self._add(pair, (next(self._numbers), next(self._numbers)), "USER_DEFINED", labels, name)

    def unlabelled(self, pair: Pair) -> LinkType | None:
        """The type that every link of a pair has."""
        return next((each for each in self.types[pair] if each.label is None), None)

    def labelled(self, pair: Pair, label: str) -> LinkType | None:
        """The type of that label, in this direction."""
        return next((each for each in self.types[pair] if each.label == label), None)

    def known(self, pair: Pair, type_id: int) -> LinkType | None:
        """The type of that id, in this direction."""
        return next((each for each in self.types[pair] if each.id == type_id), None)

    def of(self, pair: Pair, from_id: str) -> Mapping[str, set[int]]:
        """Ids linked from one record, each with its type ids."""
        return self._links[pair].get(from_id, {})

    def connect(self, pair: Pair, from_id: str, to_id: str, types: Iterable[LinkType]) -> None:
        """Add types to the link of two records."""
        unlabelled = self.unlabelled(pair)
        for kind in [*types, *([unlabelled] if unlabelled else [])]:
            self._make_room(pair, from_id, to_id, kind)
            self._links[pair].setdefault(from_id, {}).setdefault(to_id, set()).add(kind.id)
            self._links[pair[::-1]].setdefault(to_id, {}).setdefault(from_id, set()).add(kind.inverse)

    def disconnect(self, pair: Pair, from_id: str, to_id: str, types: Iterable[LinkType] | None = None) -> None:
        """Take types from the link of two records, or the whole link. No link is no error."""
        gone = self.types[pair] if types is None else types
        self._take(pair, from_id, to_id, {kind.id for kind in gone})
        self._take(pair[::-1], to_id, from_id, {kind.inverse for kind in gone})

    def used(self, pair: Pair, type_id: int) -> bool:
        """Whether any record is linked under this type."""
        return any(type_id in ids for linked in self._links[pair].values() for ids in linked.values())

    def forget(self, kind: str, id_: str) -> None:
        """Unlink a record that is gone from everything."""
        for pair in [pair for pair in self._links if pair[0] == kind]:
            for to_id in list(self.of(pair, id_)):
                self.disconnect(pair, id_, to_id)

    def move(self, kind: str, loser: str, winner: str) -> None:
        """A merge: the winner takes the loser's links, keeping a primary it has."""
        for pair in [pair for pair in self._links if pair[0] == kind]:
            primary = self._primary.get(pair)
            taken = any(primary in ids for ids in self.of(pair, winner).values())
            for to_id, ids in list(self.of(pair, loser).items()):
                types = [each for each in self.types[pair] if each.id in ids]
                self.connect(pair, winner, to_id, [t for t in types if not (taken and t.id == primary)])
        self.forget(kind, loser)

    def _add(
        self, pair: Pair, ids: Sequence[int], category: str, labels: tuple[str | None, str | None], name: str
    ) -> list[LinkType]:
        there = LinkType(ids[0], ids[1], category, labels[0], name)
        back = LinkType(ids[1], ids[0], category, labels[1], name)
        self.types[pair].append(there)
        self.types[pair[::-1]].append(back)
        return [there, back]

    def _make_room(self, pair: Pair, from_id: str, to_id: str, kind: LinkType) -> None:
        """Before a link becomes primary, the other one stops being it."""
        if kind.id == self._primary.get(pair):
            self._demote(pair, from_id, to_id)
        elif kind.inverse == self._primary.get(pair[::-1]):
            self._demote(pair[::-1], to_id, from_id)

    def _demote(self, pair: Pair, single: str, keep: str) -> None:
        primary = self.known(pair, self._primary[pair])
        for other, ids in list(self.of(pair, single).items()):
            if primary and primary.id in ids and other != keep:
                self.disconnect(pair, single, other, [primary])

    def _take(self, pair: Pair, from_id: str, to_id: str, ids: set[int]) -> None:
        linked = self._links[pair].get(from_id, {})
        if to_id in linked:
            linked[to_id] -= ids
            if not linked[to_id]:
                del linked[to_id]
