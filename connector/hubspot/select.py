"""Turns HubSpot's rows into records: the asked fields in their order, in canonical spelling, absent or empty."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

from connector.hubspot import decode
from connector.hubspot.answers import Property, Row
from connector.hubspot.describe import Portal
from connector.hubspot.links import MARK, Link, Links
from connector.hubspot.links import text as links_text
from connector.hubspot.windows import Mark, milliseconds
from connector.record import ABSENT, Record, Ref, Value

MERGED = ("hs_merged_object_ids", "hs_calculated_merged_vids")
"""They disagree on contacts: ``111;222`` and ``111:1700000000000;222:1700000000000``. We believe both."""

Linked = Mapping[str, Mapping[str, frozenset[str]]]
"""Association field -> id of a record -> ids of its associated records."""

Typed = tuple[int, Callable[[str], str]]
Other = tuple[int, Callable[[str], Value]]
"""Where a value stands among the fields, and how it is read."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The asked fields of one kind, sorted by where their values come from; the rest cannot be read here."""

    connection: str
    kind: str
    fields: tuple[str, ...]
    properties: Mapping[str, str]  # name -> HubSpot's type
    links: Mapping[str, Link]
    merges: tuple[str, ...] = ()  # what names the records that were merged into one
    calculated: bool = False  # some property changes without a stamp

    @property
    def names(self) -> list[str]:
        """The properties to ask for."""
        return list(dict.fromkeys([*self.properties, self.modified, *self.merges]))

    @property
    def lacking(self) -> list[str]:
        """The asked fields that cannot be read here."""
        return sorted({*self.fields}.difference(self.properties, self.links, ("id",)))

    @property
    def modified(self) -> str:
        return last_modified(self.kind)

    @property
    def drifts(self) -> bool:
        """Whether a value may change without a new stamp: associations do, and calculated properties."""
        return bool(self.links) or self.calculated

    def records(self, rows: Sequence[Row], linked: Linked) -> list[Record]:
        read = [decode.READERS.get(self.properties.get(name, "")) for name in self.fields]
        typed = [(place, reader) for place, reader in enumerate(read) if reader]
        others = [
            (place, _column(name, linked)) for place, name in enumerate(self.fields) if name not in self.properties
        ]
        return [self._record(row, typed, others) for row in rows]

    def mark(self, record: Record) -> Mark:
        """What is remembered of a record that was handed over."""
        linked = (record.values[place] for place, name in enumerate(self.fields) if MARK in name)
        return Mark(milliseconds(record.stamp), _sum(linked))

    def stamp(self, row: Row) -> datetime:
        raw = row.properties.get(self.modified) or row.updated_at or ""
        return decode.moment(raw)

    def tombstone(self, row: Row) -> Record:
        return Record(self._ref(row.id), decode.moment(row.archived_at or row.updated_at or ""), (), deleted=True)

    def merged_away(self, row: Row) -> Iterator[Record]:
        """A tombstone for each record that this one absorbed."""
        named = ";".join(row.properties.get(name) or "" for name in self.merges)
        for loser in dict.fromkeys(entry.partition(":")[0] for entry in named.split(";")):
            if loser and loser != row.id:
                yield Record(self._ref(loser), self.stamp(row), (), deleted=True, merged_into=row.id)

    def _record(self, row: Row, typed: Sequence[Typed], others: Sequence[Other]) -> Record:
        texts = list(map(row.properties.get, self.fields))
        values: list[Value] = [text or None for text in texts]
        for place, reader in typed:
            if text := texts[place]:
                values[place] = reader(text)
        for place, column in others:
            values[place] = column(row.id)
        return Record(self._ref(row.id), self.stamp(row), tuple(values))

    def _ref(self, record_id: str) -> Ref:
        return Ref(self.connection, self.kind, record_id)


def _column(name: str, linked: Linked) -> Callable[[str], Value]:
    """How a field that is no property is read from a record's id."""
    if name in linked:
        return lambda record_id: links_text(ids) if (ids := linked[name].get(record_id)) is not None else ABSENT
    return (lambda record_id: record_id) if name == "id" else (lambda _: ABSENT)


def _sum(linked: Iterable[Value]) -> int:
    """A checksum of a record's associations; 0 where none are read."""
    return crc32("|".join("-" if value is ABSENT else value or "" for value in linked).encode())


class Selector:
    """Chooses what to ask for, and reads the answers by it."""

    def __init__(self, connection: str, portal: Portal, links: Links) -> None:
        self._connection, self._portal, self._links = connection, portal, links
        self._chosen: dict[tuple[str, tuple[str, ...]], tuple[Mapping[str, Property], Selection]] = {}
        self._unshown: set[tuple[str, str]] = set()  # properties that are there, though no row shows them

    def choose(self, kind: str, fields: Sequence[str], *, anew: bool = True) -> Selection:
        """Sort ``fields``; ``anew`` asks again for what was missing, as it may have been created since.

        Raises PauseMapping where the object does not exist.
        """
        known = self._portal.properties(kind) if self._portal.knows(kind) else None
        before, chosen = self._chosen.get((kind, tuple(fields)), (None, None))
        if chosen and before is known and (not chosen.lacking or not anew):
            return chosen
        chosen = self._sorted(kind, fields)
        if chosen.lacking and known is not None:
            self._portal.forget(kind)
            chosen = self._sorted(kind, fields)
        self._chosen[kind, tuple(fields)] = self._portal.properties(kind), chosen
        return chosen

    def _sorted(self, kind: str, fields: Sequence[str]) -> Selection:
        known = self._portal.properties(kind)
        links = {name: self._links.resolve(kind, name) for name in fields if MARK in name}
        return Selection(
            connection=self._connection,
            kind=kind,
            fields=tuple(fields),
            properties={name: known[name].type for name in fields if name in known},
            links={name: link for name, link in links.items() if link},
            merges=tuple(name for name in MERGED if name in known),
            calculated=any(known[name].calculated for name in fields if name in known),
        )

    def records(self, chosen: Selection, rows: Sequence[Row]) -> list[Record]:
        """Rows as records. Raises CrmError where their associations cannot be read."""
        chosen = self._checked(chosen, rows)
        return chosen.records(rows, self._links.of(chosen.links, [row.id for row in rows]))

    def relinked(self, chosen: Selection, marks: Mapping[str, Mark]) -> list[str]:
        """The records whose associations are not those of their marks."""
        linked = self._links.of(chosen.links, list(marks))
        columns = [_column(name, linked) for name in chosen.fields if MARK in name]
        return [key for key, mark in marks.items() if mark.links != _sum(column(key) for column in columns)]

    def _checked(self, chosen: Selection, rows: Sequence[Row]) -> Selection:
        """A property that no row has, not even as null, was perhaps taken away from us: absent, not empty.

        HubSpot may also leave out what is empty: a property that is still there is not asked for twice.
        """
        _, chosen = self._chosen.get((chosen.kind, chosen.fields), ({}, chosen))
        shown = {name for row in rows for name in row.properties}
        self._unshown -= {(chosen.kind, name) for name in shown}
        missing = {(chosen.kind, name) for name in chosen.properties if name not in shown} - self._unshown
        if not rows or not missing:
            return chosen
        self._portal.forget(chosen.kind)
        chosen = self.choose(chosen.kind, chosen.fields)
        self._unshown |= {(kind, name) for kind, name in missing if name in chosen.properties}
        return chosen


def last_modified(kind: str) -> str:
    """The property that holds a record's modification time."""
    return "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
