"""Finds rows by what people remember of them: a name or a part of it, an id, a domain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, or_, select

from sync.store.tables import anchor, record, tie

KINDS: Final = ("opportunity", "account", "registration")


def search(connection: Connection, text: str, limit: int) -> list[Any]:
    """Stored rows, at most ``limit``: by id or its beginning, by domain, then by what stands in the row."""
    wanted = text.strip()
    if len(wanted) < 2:
        return []
    ids = or_(
        *(column.startswith(wanted, autoescape=True) for column in (record.c.id, record.c.thing, record.c.key))
    )
    domains = (
        select(tie.c.key)
        .join(record, record.c.key == tie.c.key)
        .join(anchor, (anchor.c.anchor == tie.c.anchor) & (anchor.c.group_id == record.c.group_id))
        .where(anchor.c.anchor.startswith(f"domain:{wanted.casefold()}", autoescape=True))
    )
    inside = func.lower(record.c.raw).contains(wanted.lower(), autoescape=True)
    found: dict[str, Any] = {}
    for condition in (ids, record.c.key.in_(domains), inside):
        if len(found) < limit:
            found |= {row.key: row for row in _rows(connection, condition, limit - len(found), found)}
    return list(found.values())


def _rows(
    connection: Connection, condition: ColumnElement[bool], limit: int, known: Iterable[str]
) -> Iterable[Any]:
    here = condition, record.c.kind.in_(KINDS), ~record.c.deleted, record.c.key.not_in(list(known))
    return connection.execute(select(record).where(*here).order_by(record.c.key).limit(limit))
