"""Turns HubSpot's rows into records: the asked fields in their order, in canonical spelling, absent or empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.hubspot import decode
from connector.hubspot.answers import Row
from connector.hubspot.describe import Portal
from connector.hubspot.links import MARK, Link, Links, text
from connector.record import ABSENT, Record, Ref, Value

MERGED = "hs_merged_object_ids"
LINK_PAGE = 1000  # from-ids in one call that reads associations

Linked = Mapping[str, Mapping[str, frozenset[str]]]
"""Association field -> id of a record -> ids of its associated records."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The asked fields of one kind, sorted by where their values come from; the rest cannot be read here."""

    connection: str
    kind: str
    fields: tuple[str, ...]
    properties: Mapping[str, str]  # name -> HubSpot's type
    links: Mapping[str, Link]
    merges: bool  # this kind names the records that were merged into one

    @property
    def names(self) -> list[str]:
        """The properties to ask for."""
        extra = [self.modified, *([MERGED] if self.merges else [])]
        return list(dict.fromkeys([*self.properties, *extra]))

    @property
    def complete(self) -> bool:
        """Whether every asked field can be read here."""
        return {*self.properties, *self.links, "id"}.issuperset(self.fields)

    @property
    def modified(self) -> str:
        return last_modified(self.kind)

    def record(self, row: Row, linked: Linked) -> Record:
        values = tuple(self._value(name, row, linked) for name in self.fields)
        return Record(self._ref(row.id), self.stamp(row), values)

    def stamp(self, row: Row) -> datetime:
        raw = row.properties.get(self.modified) or row.updated_at or ""
        return decode.moment(raw)

    def tombstone(self, row: Row) -> Record:
        return Record(self._ref(row.id), decode.moment(row.archived_at or row.updated_at or ""), (), deleted=True)

    def merged_away(self, row: Row) -> Iterator[Record]:
        """A tombstone for each record that this one absorbed."""
        for loser in (row.properties.get(MERGED) or "").split(";"):
            if loser and loser != row.id:
                yield Record(self._ref(loser), self.stamp(row), (), deleted=True, merged_into=row.id)

    def _value(self, name: str, row: Row, linked: Linked) -> Value:
        if name in self.properties:
            return decode.text(self.properties[name], row.properties.get(name))
        if name in self.links:
            return text(linked[name][row.id]) if row.id in linked[name] else ABSENT
        return row.id if name == "id" else ABSENT

    def _ref(self, record_id: str) -> Ref:
        return Ref(self.connection, self.kind, record_id)


class Selector:
    """Chooses what to ask for, and reads the answers by it."""

    def __init__(self, connection: str, portal: Portal, links: Links) -> None:
        self._connection, self._portal, self._links = connection, portal, links

    def choose(self, kind: str, fields: Sequence[str]) -> Selection:
        """Sort ``fields``. Raises PauseMapping where the object does not exist."""
        seen_before = self._portal.knows(kind)
        chosen = self._sorted(kind, fields)
        if chosen.complete or not seen_before:
            return chosen
        self._portal.forget(kind)  # what is missing may have been created since we asked
        return self._sorted(kind, fields)

    def _sorted(self, kind: str, fields: Sequence[str]) -> Selection:
        known = self._portal.properties(kind)
        links = {name: self._links.resolve(kind, name) for name in fields if MARK in name}
        return Selection(
            connection=self._connection,
            kind=kind,
            fields=tuple(fields),
            properties={name: known[name].type for name in fields if name in known},
            links={name: link for name, link in links.items() if link},
            merges=MERGED in known,
        )

    def records(self, chosen: Selection, rows: Sequence[Row]) -> list[Record]:
        """Rows as records. Raises CrmError where their associations cannot be read."""
        chosen = self._checked(chosen, rows)
        ids = [row.id for row in rows]
        linked = {name: self._links.targets(link, ids) for name, link in chosen.links.items()}
        return [chosen.record(row, linked) for row in rows]

    def _checked(self, chosen: Selection, rows: Sequence[Row]) -> Selection:
        """A property that no row has, not even as null, was perhaps taken away from us: absent, not empty."""
        missing = [name for name in chosen.properties if not any(name in row.properties for row in rows)]
        if not rows or not missing:
            return chosen
        self._portal.forget(chosen.kind)
        return self.choose(chosen.kind, chosen.fields)


def last_modified(kind: str) -> str:
    """The property that holds a record's modification time."""
    return "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
