"""What the latest rows of one object hold, and how many of its values were not understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from connector.record import Record
from sync.mapping.fieldmap import FieldMap
from sync.store.intake import stored_record
from sync.store.rows import of_object
from sync.store.tables import cursor, problem, record


@dataclass(frozen=True, slots=True)
class Seen:
    """One stored row: its id, and the text of every field that was read."""

    id: str
    texts: Mapping[str, str | None]
    stored: Any

    def as_read_by(self, field_map: FieldMap) -> Record:
        """The row as a mapping finds it; a field that was never read is absent."""
        return stored_record(field_map, self.stored)


def latest_rows(connection: Connection, crm: str, obj: str, most: int) -> list[Seen]:
    """Live rows of one object, the one that changed last first."""
    query = select(record).where(of_object(crm, obj), ~record.c.deleted)
    found = connection.execute(query.order_by(record.c.stamp.desc(), record.c.id).limit(most))
    return [Seen(row.id, msgspec.json.decode(row.raw), row) for row in found]


def count_misread(connection: Connection) -> Mapping[tuple[str, str], int]:
    """How many values were not understood, by connection and object."""
    found = {}
    for crm, obj in connection.execute(select(cursor.c.connection, cursor.c.object)):
        query = select(func.count()).select_from(problem).where(of_object(crm, obj, problem.c.key))
        if number := connection.scalar(query):
            found[crm, obj] = number
    return found
