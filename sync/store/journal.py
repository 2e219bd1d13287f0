"""What dealsync wrote, or tried to: by run and by row, for people to read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from sync.model.plan import PlannedChange
from sync.store.rows import chunks
from sync.store.tables import outbox, run


def run_of(connection: Connection, run_id: str) -> dict[str, Any] | None:
    """One run with its report, which is ``None`` while it goes on."""
    row = connection.execute(select(run).where(run.c.id == run_id)).one_or_none()
    if row is None:
        return None
    names = ("id", "mode", "started_at", "finished_at")
    report = msgspec.json.decode(row.report) if row.report else None
    return {name: getattr(row, name) for name in names} | {"report": report}


def writes_of_run(connection: Connection, run_id: str, limit: int, skip: int = 0) -> list[dict[str, Any]]:
    """Its writes in the order in which they were intended: state, moment, why not, and the change."""
    query = select(outbox).where(outbox.c.run_id == run_id).order_by(outbox.c.seq)
    return [_write(row) for row in connection.execute(query.limit(limit).offset(skip))]


def count_writes(connection: Connection, run_id: str) -> dict[str, dict[str, int]]:
    """How many writes of a run are in each state, by connection."""
    query = (
        select(outbox.c.connection, outbox.c.state, func.count())
        .where(outbox.c.run_id == run_id)
        .group_by(outbox.c.connection, outbox.c.state)
        .order_by(outbox.c.connection, outbox.c.state)
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for crm, state, number in connection.execute(query):
        found[crm][state] = number
    return dict(found)


def writes_to(connection: Connection, places: Iterable[tuple[str, str, str]], limit: int) -> list[dict[str, Any]]:
    """The latest writes to some rows (connection, object, id or our key), newest first."""
    by_object: dict[tuple[str, str], list[str]] = defaultdict(list)
    for crm, obj, key in sorted(set(places)):
        by_object[crm, obj].append(key)
    found = []
    for (crm, obj), keys in by_object.items():
        for chunk in chunks(keys):
            here = (outbox.c.connection == crm, outbox.c.object == obj, outbox.c.key.in_(chunk))
            query = select(outbox).where(*here).order_by(outbox.c.seq.desc()).limit(limit)
            found += [(row.seq, _write(row)) for row in connection.execute(query)]
    return [write for _, write in sorted(found, key=lambda entry: -entry[0])[:limit]]


def _write(row: Any) -> dict[str, Any]:
    change = msgspec.json.decode(row.body, type=PlannedChange)
    return {"run": row.run_id, "state": row.state, "at": row.at, "why": row.error, "change": change}
