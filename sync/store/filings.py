"""What partners filed, in the order in which they did, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Index, Integer, String, Table, Text, select, update

from connector.record import Ref, Value, datetime_text
from sync.model.filing import Filed, Filing, FilingState
from sync.store.dialect import insert
from sync.store.persons import hide, reveal
from sync.store.rows import chunks
from sync.store.tables import metadata, record

filing = Table(
    "filing",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("partner", String, nullable=False),
    Column("at", String, nullable=False),
    Column("state", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("why", Text, nullable=False),
)
Index("filing_partner", filing.c.partner, filing.c.seq)
Index("filing_state", filing.c.state, filing.c.seq)


def add_filing(connection: Connection, new: Filing) -> bool:
    """Keep a filing until it is written; ``False`` when this form was sent before: then nothing changes."""
    body = hide(connection, {new.by})(msgspec.json.encode(new).decode())
    row = {
        "id": new.id,
        "partner": new.partner,
        "at": datetime_text(new.at),
        "state": FilingState.WAITING,
        "body": body,
        "why": "",
    }
    done = connection.execute(insert(connection, filing).on_conflict_do_nothing(index_elements=["id"]), row)
    return done.rowcount == 1


def waiting(connection: Connection, limit: int) -> list[Filing]:
    """The oldest filings that no CRM has yet."""
    query = select(filing).where(filing.c.state == FilingState.WAITING).order_by(filing.c.seq).limit(limit)
    return [filed.filing for filed in _read(connection, connection.execute(query).all())]


def of_partner(connection: Connection, partner: str, limit: int) -> list[Filed]:
    """What was filed for one partner, latest first."""
    query = select(filing).where(filing.c.partner == partner).order_by(filing.c.seq.desc()).limit(limit)
    return _read(connection, connection.execute(query).all())


def settle(connection: Connection, ids: Iterable[str], state: FilingState, why: str = "") -> None:
    """What became of some filings."""
    for chunk in chunks(list(ids)):
        connection.execute(update(filing).where(filing.c.id.in_(chunk)).values(state=state, why=why))


def raw_of(connection: Connection, refs: Iterable[Ref]) -> dict[Ref, dict[str, Value]]:
    """The fields of some records of a CRM, as last read; those that are gone are missing."""
    by_key = {str(ref): ref for ref in refs}
    found: dict[Ref, dict[str, Value]] = {}
    for chunk in chunks(sorted(by_key)):
        query = select(record.c.key, record.c.raw).where(record.c.key.in_(chunk), ~record.c.deleted)
        for row in connection.execute(query):
            found[by_key[row.key]] = msgspec.json.decode(row.raw)
    return found


def _read(connection: Connection, rows: Sequence[Any]) -> list[Filed]:
    bodies = reveal(connection, [row.body for row in rows])
    return [
        Filed(msgspec.json.decode(body, type=Filing), FilingState(row.state), row.why)
        for row, body in zip(rows, bodies, strict=True)
    ]
