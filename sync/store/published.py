"""Every published version of every mapping, with who, when and why; and what CRM objects looked like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from connector.record import datetime_text
from connector.snapshot import Snapshot, from_text, to_text
from sync.store.rows import upsert
from sync.store.tables import object_schema, published


@dataclass(frozen=True, slots=True)
class Published:
    """One version of one mapping. ``number`` counts from 1; ``how``: first, published, undone or by hand."""

    mapping: str
    number: int
    version: str
    how: str
    by: str
    at: str
    why: str
    body: str


def keep_version(connection: Connection, entry: Published) -> None:
    """Add a version; its number follows from those before it."""
    columns = ("mapping", "version", "how", "by", "at", "why", "body")
    connection.execute(published.insert(), {name: getattr(entry, name) for name in columns})


def versions(connection: Connection, mapping: str) -> list[Published]:
    """Every version of one mapping, the oldest first."""
    query = select(published).where(published.c.mapping == mapping).order_by(published.c.seq)
    return [
        Published(row.mapping, number, row.version, row.how, row.by, row.at, row.why, row.body)
        for number, row in enumerate(connection.execute(query), start=1)
    ]


ACCEPTED, LATEST = "accepted", "latest"


def keep_schema(connection: Connection, which: str, taken: Snapshot, now: datetime) -> None:
    """What an object looks like: `LATEST`, or `ACCEPTED` as what the mappings were made for."""
    place = {"connection": taken.connection, "object": taken.kind, "which": which}
    upsert(connection, object_schema, [place | {"at": datetime_text(now), "body": to_text(taken)}])


def schemas(connection: Connection, which: str) -> Mapping[tuple[str, str], Snapshot]:
    """What every object looked like, by connection and object."""
    query = select(object_schema).where(object_schema.c.which == which)
    return {(row.connection, row.object): from_text(row.body) for row in connection.execute(query)}
