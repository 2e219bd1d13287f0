"""What waits for a person, one short row each as the last run found it, so that an inbox needs no judging."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Column, Connection, Index, String, Table, Text, and_, delete, func, select

from sync.store.rows import chunks, moment_text, upsert
from sync.store.tables import due, metadata

CASE: Final = "case"
REQUEST: Final = "request"
APPROVAL: Final = "approval"

inbox = Table(
    "inbox",
    metadata,
    Column("what", String, primary_key=True),  # CASE, REQUEST (for more time), APPROVAL
    Column("id", String, primary_key=True),  # of the case or the registration
    Column("group_id", String, nullable=False),
    Column("kind", String, nullable=False),  # of a case: C02
    Column("due", String, nullable=False),  # when the answer is due; what has no clock comes last
    Column("at", String, nullable=False),  # when this was found
    Column("body", Text, nullable=False),
)
Index("inbox_due", inbox.c.what, inbox.c.due, inbox.c.id)
Index("inbox_group", inbox.c.group_id)

_NEVER: Final = "9"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits. ``shown``: what a list says of it, as plain values."""

    what: str
    id: str
    group: str
    kind: str
    due: str | None
    shown: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """Some of what waits, the earliest due first, and how much there is in all.

    ``stale``: groups of it in which something has happened since.
    """

    waiting: Sequence[Waiting]
    total: int
    stale: Sequence[str]


def keep_waiting(
    connection: Connection, known: Mapping[str, Iterable[str]], found: Iterable[Waiting], now: datetime
) -> None:
    """What waits in some groups, in the place of what waited there before.

    ``known``: by group, every registration and case in it, wherever it was before.
    """
    for chunk in chunks(list(known)):
        connection.execute(delete(inbox).where(inbox.c.group_id.in_(chunk)))
    for chunk in chunks([own for ids in known.values() for own in ids]):
        connection.execute(delete(inbox).where(inbox.c.what.in_((CASE, REQUEST, APPROVAL)), inbox.c.id.in_(chunk)))
    upsert(connection, inbox, [_row(entry, moment_text(now)) for entry in found])


def _row(entry: Waiting, at: str) -> dict[str, Any]:
    return {
        "what": entry.what,
        "id": entry.id,
        "group_id": entry.group,
        "kind": entry.kind,
        "due": entry.due or _NEVER,
        "at": at,
        "body": msgspec.json.encode(entry.shown).decode(),
    }


def waiting_now(
    connection: Connection, what: str, now: datetime, kind: str = "", limit: int = 30, skip: int = 0
) -> Found:
    """Some of what waits as it was found, by its clock. ``kind``: only cases of this kind."""
    here = [inbox.c.what == what, *([inbox.c.kind == kind] if kind else [])]
    happened = and_(due.c.at > inbox.c.at, due.c.at <= moment_text(now))
    query = (
        select(inbox, func.coalesce(happened, False).label("stale"))
        .join(due, due.c.group_id == inbox.c.group_id, isouter=True)
        .where(*here)
        .order_by(inbox.c.due, inbox.c.id)
    )
    rows = connection.execute(query.limit(limit).offset(skip)).all()
    total = connection.scalar(select(func.count()).select_from(inbox).where(*here)) or 0
    return Found([_read(row) for row in rows], total, sorted({row.group_id for row in rows if row.stale}))


def _read(row: Any) -> Waiting:
    ends = None if row.due == _NEVER else row.due
    return Waiting(row.what, row.id, row.group_id, row.kind, ends, msgspec.json.decode(row.body))
