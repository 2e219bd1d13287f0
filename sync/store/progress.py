"""How far the work that goes on now is: written by whoever works, read by whoever looks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, func, select

from sync.store import runs
from sync.store.rows import moment_text
from sync.store.tables import cursor, due

_NAME: Final = "progress"


def note_progress(
    connection: Connection, holder: str, phase: str, counts: tuple[int, int | None], now: datetime
) -> None:
    """Somebody works: the phase, and how much of it is done of how much (``None``: nobody knows)."""
    value = {"holder": holder, "phase": phase, "done": counts[0], "total": counts[1], "at": moment_text(now)}
    runs.remember(connection, _NAME, msgspec.json.encode(value).decode())


def end_progress(connection: Connection) -> None:
    """The work has ended."""
    runs.forget(connection, _NAME)


def progress(connection: Connection) -> Mapping[str, Any] | None:
    """What was last noted of the work that goes on; ``None`` when nobody works."""
    text = runs.recall(connection, _NAME)
    found: Mapping[str, Any] | None = msgspec.json.decode(text) if text else None
    return found


def oldest_due(connection: Connection, now: datetime) -> datetime | None:
    """Since when the group has been due that waits longest; ``None`` when none waits."""
    at = connection.scalar(select(func.min(due.c.at)).where(due.c.at <= moment_text(now)))
    return datetime.fromisoformat(at).astimezone(UTC) if at else None


def last_read(connection: Connection) -> dict[str, str]:
    """When each connection was last read, the object that was read longest ago counting."""
    query = select(cursor.c.connection, func.min(cursor.c.at)).group_by(cursor.c.connection)
    return {row[0]: row[1] for row in connection.execute(query)}
