"""Writes that did not land: which, since when, how often they were tried."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, exists, func, select

from sync.model.plan import PlannedChange
from sync.store.outbox import AGAIN, FAILED, SENDING, STALE
from sync.store.tables import outbox

NOT_LANDED: Final = (FAILED, STALE, AGAIN, SENDING)

_ROW: Final = ("connection", "object", "key")


def groups_waiting(connection: Connection) -> set[str]:
    """The groups with a write that did not land."""
    query = select(outbox.c.group_id).where(outbox.c.state.in_(NOT_LANDED)).distinct()
    return set(connection.scalars(query))


def waiting(connection: Connection) -> list[dict[str, Any]]:
    """Every write that has not landed in its latest attempt, with its age and how often it was tried."""
    tried = outbox.alias("tried")
    same = and_(tried.c.id == outbox.c.id, *(tried.c[name] == outbox.c[name] for name in _ROW))
    attempts, first = (select(what).where(same).scalar_subquery() for what in (func.count(), func.min(tried.c.at)))
    query = select(outbox, attempts.label("attempts"), first.label("first")).where(*_not_landed())
    return [
        {
            "change": msgspec.json.decode(row.body, type=PlannedChange),
            "state": row.state,
            "why": row.error or "",
            "attempts": row.attempts,
            "since": row.first,
        }
        for row in connection.execute(query.order_by(outbox.c.seq))
    ]


def count_waiting(connection: Connection) -> dict[str, int]:
    """How many writes have not landed in their latest attempt, by connection."""
    query = select(outbox.c.connection, func.count()).where(*_not_landed()).group_by(outbox.c.connection)
    return {row[0]: row[1] for row in connection.execute(query)}


def _not_landed() -> Iterator[ColumnElement[bool]]:
    later = outbox.alias("later")
    after = [later.c.seq > outbox.c.seq, *(later.c[name] == outbox.c[name] for name in _ROW)]
    yield outbox.c.state.in_(NOT_LANDED)
    yield ~exists().where(*after)


def open_faults(connection: Connection, limit: int) -> list[tuple[PlannedChange, str, str]]:
    """The latest writes that did not land: change, state, reason."""
    query = (
        select(outbox.c.body, outbox.c.state, outbox.c.error)
        .where(outbox.c.state.in_(NOT_LANDED))
        .order_by(outbox.c.seq.desc())
        .limit(limit)
    )
    return [
        (msgspec.json.decode(body, type=PlannedChange), state, error or "")
        for body, state, error in connection.execute(query)
    ]
