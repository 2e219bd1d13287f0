"""Which groups must be decided, and when: a group is due when its facts change or one of its clocks ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, func, select

from sync.model.registration import State
from sync.store.rows import chunks, moment_text, upsert
from sync.store.tables import due, record, standing

_OPEN = sorted(state for state in State if state.live and state is not State.APPROVED)
JUDGED: Final = ("registration", "attribution")
"""Only a group with one of these can have anything to decide or to take back."""


def make_due(connection: Connection, groups: Iterable[str], at: datetime) -> None:
    """Some groups changed. Those with nothing to judge are passed over: work follows what matters."""
    for chunk in chunks(sorted(groups)):
        found = judged_among(connection, chunk)
        upsert(connection, due, [{"group_id": group, "at": moment_text(at)} for group in found])
        emptied = sorted(set(chunk) - set(found))
        connection.execute(delete(due).where(due.c.group_id.in_(emptied)))


def make_all_due(connection: Connection, at: datetime) -> None:
    """Rules or mappings changed: everything that can be judged is judged again."""
    query = select(record.c.group_id).where(record.c.kind.in_(JUDGED)).distinct()
    rows = [{"group_id": group, "at": moment_text(at)} for group in connection.scalars(query)]
    upsert(connection, due, rows)


def judged_after(connection: Connection, after: str, limit: int) -> Sequence[str]:
    """The next ``limit`` groups after ``after`` that can be judged, due or not, in the order of their names."""
    query = (
        select(record.c.group_id)
        .where(record.c.kind.in_(JUDGED), record.c.group_id > after)
        .distinct()
        .order_by(record.c.group_id)
        .limit(limit)
    )
    return list(connection.scalars(query))


def judged_among(connection: Connection, groups: Iterable[str]) -> list[str]:
    """Those of some groups that can be judged, in the order of their names."""
    found: set[str] = set()
    for chunk in chunks(sorted(groups)):
        query = select(record.c.group_id).where(record.c.group_id.in_(chunk), record.c.kind.in_(JUDGED)).distinct()
        found.update(connection.scalars(query))
    return sorted(found)


def count_judged(connection: Connection) -> int:
    """How many groups can be judged, due or not."""
    query = select(func.count(record.c.group_id.distinct())).where(record.c.kind.in_(JUDGED))
    return int(connection.scalar(query) or 0)


def count_due(connection: Connection, now: datetime) -> int:
    """How many groups are due."""
    query = select(func.count()).select_from(due).where(due.c.at <= moment_text(now))
    return int(connection.scalar(query) or 0)


def due_after(connection: Connection, now: datetime, after: str, limit: int) -> Sequence[str]:
    """The next ``limit`` due groups after ``after`` in the order of their names."""
    query = (
        select(due.c.group_id)
        .where(due.c.at <= moment_text(now), due.c.group_id > after)
        .order_by(due.c.group_id)
        .limit(limit)
    )
    return list(connection.scalars(query))


def due_among(connection: Connection, groups: Iterable[str], now: datetime) -> list[str]:
    """Those of some groups that are due."""
    found: list[str] = []
    for chunk in chunks(sorted(groups)):
        query = select(due.c.group_id).where(due.c.group_id.in_(chunk), due.c.at <= moment_text(now))
        found += connection.scalars(query)
    return found


def pages_due(read: Connection, now: datetime, size: int) -> Iterator[Sequence[str]]:
    """Every due group, in pages, in one consistent view."""
    after = ""
    while page := due_after(read, now, after, size):
        yield page
        after = page[-1]


def set_due(connection: Connection, group: str, at: datetime | None) -> None:
    """The group was decided: its next clock, or nothing to wait for."""
    if at is None:
        connection.execute(delete(due).where(due.c.group_id == group))
    else:
        upsert(connection, due, [{"group_id": group, "at": moment_text(at)}])


def groups_waiting(connection: Connection) -> frozenset[str]:
    """The groups with a registration that nobody has approved yet: who may do so depends on who leads whom."""
    query = (
        select(record.c.group_id)
        .distinct()
        .join(standing, standing.c.id == record.c.thing)
        .where(record.c.kind == "registration", standing.c.state.in_(_OPEN))
    )
    return frozenset(connection.scalars(query))
