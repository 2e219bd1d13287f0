"""Records that a CRM said had changed, until they are read again: a hint is never a truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Column, Connection, Table, delete, select

from connector.record import Ref
from sync.mapping.fieldmap import FieldMap
from sync.store.dialect import WORD
from sync.store.rows import chunks, moment_text, upsert
from sync.store.tables import metadata, record

hint = Table(
    "hint",
    metadata,
    Column("connection", WORD, primary_key=True),
    Column("object", WORD, primary_key=True),
    Column("id", WORD, primary_key=True),
    Column("heard_at", WORD, nullable=False),
)


def keep_hints(connection: Connection, refs: Iterable[Ref], now: datetime) -> None:
    """Some records are to be read again soon. Twice is once."""
    found = sorted(set(refs))
    rows = [
        {"connection": ref.connection, "object": ref.kind, "id": ref.id, "heard_at": moment_text(now)}
        for ref in found
    ]
    upsert(connection, hint, rows)


def hinted(connection: Connection, field_map: FieldMap) -> Mapping[str, str]:
    """The ids of one object that wait to be read again, each with when that was heard last."""
    place = (hint.c.connection == field_map.connection, hint.c.object == field_map.object)
    return {row.id: row.heard_at for row in connection.execute(select(hint.c.id, hint.c.heard_at).where(*place))}


def any_hint(connection: Connection, since: datetime | None = None) -> bool:
    """Whether anything waits to be read again; ``since``: only what was heard then or later."""
    waiting = select(hint.c.id).limit(1)
    if since:
        waiting = waiting.where(hint.c.heard_at >= moment_text(since))
    return connection.scalar(waiting) is not None


def drop_hints(connection: Connection, field_map: FieldMap, read: Mapping[str, str]) -> None:
    """These were read again; what was heard of them since stays."""
    for row_id, heard_at in read.items():
        place = (hint.c.connection == field_map.connection, hint.c.object == field_map.object)
        connection.execute(delete(hint).where(*place, hint.c.id == row_id, hint.c.heard_at == heard_at))


def stored_as(connection: Connection, of: str, ids: Iterable[str]) -> Mapping[str, set[str]]:
    """The objects as which records of one connection are stored, by id."""
    found: dict[str, set[str]] = {}
    for chunk in chunks(sorted(set(ids))):
        query = select(record.c.id, record.c.object).where(record.c.connection == of, record.c.id.in_(chunk))
        for row in connection.execute(query):
            found.setdefault(row.id, set()).add(row.object)
    return found
