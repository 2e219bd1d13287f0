"""Rows that were read under an earlier version of their mapping, and what they lack under the present one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, select, update

from connector.record import Record
from sync.mapping.fieldmap import FieldMap, Mappings
from sync.store.intake import stored_record
from sync.store.rows import of_object
from sync.store.tables import cursor, record


@dataclass(frozen=True, slots=True)
class Stale:
    """Live rows of one object: all that are stale, and the ids of those that lack a field now mapped."""

    rows: tuple[Any, ...]
    lacking: frozenset[str]

    def records(self, field_map: FieldMap) -> list[Record]:
        """The rows as a mapping would have read them."""
        return [stored_record(field_map, row) for row in self.rows]


def stale(connection: Connection, field_map: FieldMap) -> Stale:
    """What a change of the mapping left behind."""
    needed = [name for name in field_map.fields if not field_map.may_miss(name)]
    query = select(record).where(
        of_object(field_map.connection, field_map.object),
        record.c.mapping.not_in(["", field_map.hash]),  # without a version: rows that we wrote ourselves
        ~record.c.deleted,
    )
    lacking: set[str] = set()
    found = connection.execute(query.order_by(record.c.key)).all()
    for row in found:
        raw = msgspec.json.decode(row.raw)
        if any(name not in raw for name in needed):
            lacking.add(row.id)
    return Stale(tuple(found), frozenset(lacking))


def go_on_with(connection: Connection, field_map: FieldMap) -> None:
    """Reading continues where it stopped, under the present version of the mapping: nothing is read again."""
    place = (cursor.c.connection == field_map.connection, cursor.c.object == field_map.object)
    connection.execute(update(cursor).where(*place, cursor.c.drained).values(mapping=field_map.hash))


def groups_of(connection: Connection, field_map: FieldMap, ids: Sequence[str]) -> list[str]:
    """The connected groups of some rows of one object."""
    wanted = set(ids)
    query = select(record.c.id, record.c.group_id).where(of_object(field_map.connection, field_map.object))
    return sorted({row.group_id for row in connection.execute(query) if row.id in wanted})


def open_deals(connection: Connection, groups: Sequence[str], mappings: Mappings) -> int:
    """How many live opportunities of some groups are not closed."""
    wanted = set(groups)
    query = select(record).where(record.c.kind == "opportunity", ~record.c.deleted)
    rows = [row for row in connection.execute(query) if row.group_id in wanted]
    found = 0
    for field_map in mappings.all:
        place = (field_map.connection, field_map.object)
        records = [stored_record(field_map, row) for row in rows if (row.connection, row.object) == place]
        found += sum(not row.values.get("closed") for row, _ in field_map.read_all(records))
    return found


def row_of(connection: Connection, ident: str, mappings: Mappings) -> tuple[FieldMap, Record] | None:
    """The row with an id of a CRM, and its mapping; the shorter id that Salesforce shows in its pages will do."""
    query = select(record).where(record.c.id.startswith(ident, autoescape=True)).limit(2)
    found = connection.execute(query).all()
    if len(found) != 1 or len(ident) < min(len(found[0].id), 15):
        return None
    field_map = mappings.of(found[0].connection, found[0].object)
    return (field_map, stored_record(field_map, found[0])) if field_map else None
