"""The records of one object type: by id, by unique value, and as they were."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

Properties = dict[str, str | None]


class Source(NamedTuple):
    """Who wrote: HubSpot's sourceType (INTEGRATION, CRM_UI, IMPORT) and sourceId."""

    type: str
    id: str


class Version(NamedTuple):
    """A record as one write left it."""

    at: datetime
    source: Source
    properties: Properties


@dataclass(slots=True)
class Row:
    """One record, its newest version last."""

    id: str
    created: datetime
    versions: list[Version]
    archived_at: datetime | None = None
    merged_into: str | None = None

    @property
    def properties(self) -> Properties:
        return self.versions[-1].properties

    def as_of(self, moment: datetime) -> Properties | None:
        """The properties that were written by then; None if the record did not exist. An import always was."""
        for version in reversed(self.versions):
            if version.at <= moment or version.source.type == "IMPORT":
                return version.properties
        return None


@dataclass
class Table:
    """Rows of one type. ``unique`` maps a property to its values to the id of the live row that holds each."""

    rows: dict[str, Row] = field(default_factory=dict)
    live: list[int] = field(default_factory=list)
    unique: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """A new live row; its id is new."""
        self.rows[row.id] = row
        insort(self.live, int(row.id))
        self._claim(row)

    def write(self, row: Row, version: Version) -> None:
        """A new version of a live row."""
        self._release(row)
        row.versions.append(version)
        self._claim(row)

    def remove(self, row: Row) -> None:
        """Out of the live rows: archived or merged away."""
        self._release(row)
        place = bisect_left(self.live, int(row.id))
        del self.live[place]

    def find(self, id_: str) -> Row | None:
        """The live row of this id, or the one that absorbed it."""
        row = self.rows.get(id_)
        while row and row.merged_into:
            row = self.rows.get(row.merged_into)
        return row if row and row.archived_at is None else None

    def holder(self, name: str, value: str) -> Row | None:
        """The live row that holds this value in a unique property."""
        id_ = self.unique.get(name, {}).get(value)
        return self.rows[id_] if id_ else None

    def living(self, after: int = 0) -> Iterator[Row]:
        """Live rows with a higher id than ``after``, ascending."""
        rows = self.rows
        return (rows[str(number)] for number in self.live[bisect_right(self.live, after) :])

    def archived(self) -> list[Row]:
        """The recycle bin by ascending id."""
        return sorted((row for row in self.rows.values() if row.archived_at), key=lambda row: int(row.id))

    def page(self, after: int, limit: int, archived: bool) -> tuple[list[Row], str | None]:
        """Rows from id ``after`` on, and the id of the first row of the next page."""
        ids = [int(row.id) for row in self.archived()] if archived else self.live
        start = bisect_left(ids, after)
        following = ids[start + limit : start + limit + 1]
        rows = [self.rows[str(number)] for number in ids[start : start + limit]]
        return rows, str(following[0]) if following else None

    def track(self, names: Iterable[str]) -> None:
        """Index these unique properties; only before there are values in them."""
        for name in names:
            self.unique.setdefault(name, {})

    def _claim(self, row: Row) -> None:
        for name, holders in self.unique.items():
            value = row.properties.get(name)
            if value is not None:
                holders[value] = row.id

    def _release(self, row: Row) -> None:
        for name, holders in self.unique.items():
            value = row.properties.get(name)
            if value is not None and holders.get(value) == row.id:
                del holders[value]
