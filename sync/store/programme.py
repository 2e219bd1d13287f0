"""What the store knows of the programme as a whole: how long deals take, and who the partners are."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from sync.identity.assemble import assemble
from sync.mapping.fieldmap import Mappings
from sync.model.parties import Partner
from sync.model.row import Row
from sync.policy.advice import Programme
from sync.store.intake import stored_record
from sync.store.rows import chunks
from sync.store.tables import involved, record

LATEST = 5000
"""The latest deals that a median is taken from."""


def programme(connection: Connection, mappings: Mappings) -> Programme:
    """Cycles of the latest won deals, in days, and every partner that a registration or a line names."""
    return Programme(tuple(_cycles(connection, mappings)), tuple(_partners(connection, mappings)))


def _cycles(connection: Connection, mappings: Mappings) -> Iterator[int]:
    query = select(record).where(record.c.kind == "opportunity", ~record.c.deleted)
    for stored in connection.execute(query.order_by(record.c.stamp.desc()).limit(LATEST)):
        row = _row(stored, mappings)
        values = row.values if row else {}
        won = (values.get("closed") and values.get("won")) or values.get("stage") == "WON"
        if won and values.get("created_at") and values.get("close_date"):
            yield max(0, (values["close_date"] - values["created_at"].date()).days)


def _partners(connection: Connection, mappings: Mappings) -> list[Partner]:
    keys = list(connection.scalars(select(involved.c.partner).distinct().order_by(involved.c.partner)))
    rows: list[Row] = []
    for chunk in chunks(keys):
        query = select(record).where(record.c.key.in_(chunk), record.c.kind == "account")
        rows += filter(None, (_row(stored, mappings) for stored in connection.execute(query)))
    return list(assemble((), rows, {}).partners)


def _row(stored: object, mappings: Mappings) -> Row | None:
    field_map = mappings.of(stored.connection, stored.object)  # type: ignore[attr-defined]
    return field_map.read(stored_record(field_map, stored))[0] if field_map else None
