"""Finds rows by what people remember of them: a name or a part of it, an id, a domain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, or_, select

from sync.mapping.fieldmap import Mappings
from sync.store.called import KINDS, called, keep_called
from sync.store.dialect import begins
from sync.store.groups import rows_named
from sync.store.runs import recall, remember
from sync.store.tables import anchor, record, tie

_KEPT: Final = "called"
_WHOLE: Final = "\U0010ffff"


def catch_up(connection: Connection, mappings: Mappings, most: int) -> bool:
    """Keep it of so many rows that were read before anybody kept it; whether some are left."""
    after = recall(connection, _KEPT) or ""
    if after == _WHOLE:
        return False
    query = select(record.c.key).where(record.c.key > after, record.c.kind.in_(KINDS)).order_by(record.c.key)
    keys: Sequence[str] = connection.scalars(query.limit(most)).all()
    keep_called(connection, rows_named(connection, keys, mappings).values())
    remember(connection, _KEPT, keys[-1] if len(keys) == most else _WHOLE)
    return len(keys) == most


def search(connection: Connection, text: str, limit: int) -> list[Any]:
    """Stored rows, at most ``limit``: by id or its beginning, by domain, then by a part of what they are called."""
    wanted = text.strip()
    if len(wanted) < 2:
        return []
    ids = or_(*(begins(column, wanted) for column in (record.c.id, record.c.thing, record.c.key)))
    domains = (
        select(tie.c.key)
        .join(record, record.c.key == tie.c.key)
        .join(anchor, (anchor.c.anchor == tie.c.anchor) & (anchor.c.group_id == record.c.group_id))
        .where(begins(anchor.c.anchor, f"domain:{wanted.casefold()}"))
    )
    names = select(called.c.key).where(called.c.words.contains(wanted.casefold(), autoescape=True))
    some = names.order_by(called.c.key).limit(2 * limit)  # of which at most ``limit`` are found already
    found: dict[str, Any] = {}
    for condition in (ids, record.c.key.in_(domains), record.c.key.in_(some)):
        if len(found) < limit:
            found |= {row.key: row for row in _rows(connection, condition, limit - len(found), found)}
    return list(found.values())


def _rows(
    connection: Connection, condition: ColumnElement[bool], limit: int, known: Iterable[str]
) -> Iterable[Any]:
    here = condition, record.c.kind.in_(KINDS), ~record.c.deleted, record.c.key.not_in(list(known))
    return connection.execute(select(record).where(*here).order_by(record.c.key).limit(limit))
