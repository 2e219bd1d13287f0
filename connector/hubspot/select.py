"""Turns HubSpot's rows into records: the asked fields in their order, in canonical spelling, absent or empty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from zlib import crc32

from connector.hubspot import decode
from connector.hubspot.answers import Property, Row
from connector.hubspot.describe import Portal
from connector.hubspot.links import MARK, Link, Links
from connector.hubspot.windows import Mark, milliseconds
from connector.record import ABSENT, Record, Ref, Text, Value

MERGED = ("hs_merged_object_ids", "hs_calculated_merged_vids")
"""They disagree on contacts: ``111;222`` and ``111:1700000000000;222:1700000000000``. We believe both."""

Linked = Mapping[str, Mapping[str, Text]]
"""Association field -> id of a record -> ids of its associated records, as a field's value."""


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
        """Column by column, as one property of many rows is read alike."""
        said, ids = [row.properties for row in rows], [row.id for row in rows]
        columns = [
            _column(name, type_, said) if (type_ := self.properties.get(name)) else _others(name, ids, linked)
            for name in self.fields
        ]
        values: Iterable[tuple[Value, ...]] = zip(*columns, strict=True) if columns else repeat(())
        return [Record(self._ref(row.id), self.stamp(row), each) for row, each in zip(rows, values, strict=False)]

    def mark(self, record: Record) -> Mark:
        """What is remembered of a record that was handed over."""
        linked = (record.values[place] for place, name in enumerate(self.fields) if MARK in name)
        return Mark(milliseconds(record.stamp), _sum(linked))

    def stamp(self, row: Row) -> datetime:
        return decode.moment(row.properties.get(self.modified) or row.updated_at or "")

    def tombstone(self, row: Row) -> Record:
        return Record(self._ref(row.id), decode.moment(row.archived_at or row.updated_at or ""), (), deleted=True)

    def merged_away(self, row: Row) -> Iterator[Record]:
        """A tombstone for each record that this one absorbed."""
        named = [said for name in self.merges if (said := row.properties.get(name))]
        if not named:
            return
        for loser in dict.fromkeys(entry.partition(":")[0] for entry in ";".join(named).split(";")):
            if loser and loser != row.id:
                yield Record(self._ref(loser), self.stamp(row), (), deleted=True, merged_into=row.id)

    def _ref(self, record_id: str) -> Ref:
        return Ref(self.connection, self.kind, record_id)


def _column(name: str, type_: str, said: Sequence[Mapping[str, Text]]) -> Iterable[Value]:
    """One property of every row."""
    texts = [properties.get(name) for properties in said]
    read = decode.READERS.get(type_)
    return [read(text) if text else None for text in texts] if read else [text or None for text in texts]


def _others(name: str, ids: Sequence[str], linked: Linked) -> Iterable[Value]:
    """A field that is no property, of the records with these ids."""
    if name in linked:
        return [linked[name].get(record_id, ABSENT) for record_id in ids]
    return ids if name == "id" else repeat(ABSENT, len(ids))


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
        columns = [_others(name, list(marks), linked) for name in chosen.fields if MARK in name]
        found = zip(*columns, strict=True)
        return [key for (key, mark), values in zip(marks.items(), found, strict=True) if mark.links != _sum(values)]

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
