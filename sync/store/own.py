"""Where a partner's own registrations lie, the latest change first, and its own row in a CRM."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, func, or_, select

from connector.record import Ref
from sync.store.tables import involved, record


@dataclass(frozen=True, slots=True)
class Place:
    """One registration and the connected group that it is judged in."""

    registration: str
    group: str


def places_of(
    connection: Connection, partner: str, limit: int, offset: int, ident: str = ""
) -> tuple[list[Place], int]:
    """Some registrations of a partner, and how many there are; ``ident``: only the one with this id."""
    account = record.alias("account")
    own = (
        select(record.c.thing, record.c.group_id, func.max(record.c.stamp).label("changed"))
        .join(involved, involved.c.key == record.c.key)
        .join(account, account.c.key == involved.c.partner)
        .where(account.c.thing == partner, record.c.kind == "registration", ~record.c.deleted)
        .group_by(record.c.thing, record.c.group_id)
    )
    if ident:
        own = own.where(or_(record.c.thing == ident, record.c.id == ident))
    total = connection.scalar(select(func.count()).select_from(own.subquery())) or 0
    page = own.order_by(func.max(record.c.stamp).desc(), record.c.thing).limit(limit).offset(offset)
    return [Place(row.thing, row.group_id) for row in connection.execute(page)], total


def row_of(connection: Connection, partner: str, crm: str) -> Ref | None:
    """A partner's row in one CRM; the first by id where it has several."""
    query = (
        select(record.c.connection, record.c.object, record.c.id)
        .where(record.c.thing == partner, record.c.connection == crm, record.c.kind == "account", ~record.c.deleted)
        .order_by(record.c.id)
    )
    row = connection.execute(query.limit(1)).one_or_none()
    return Ref(row.connection, row.object, row.id) if row else None


def named_alike(connection: Connection, partner: str) -> dict[str, list[str]]:
    """The texts of a partner's own registrations, by registration: to find the customer in them."""
    account = record.alias("account")
    query = (
        select(record.c.thing, record.c.raw)
        .join(involved, involved.c.key == record.c.key)
        .join(account, account.c.key == involved.c.partner)
        .where(account.c.thing == partner, record.c.kind == "registration", ~record.c.deleted)
    )
    found: dict[str, list[str]] = {}
    for row in connection.execute(query):
        texts = msgspec.json.decode(row.raw).values()
        found.setdefault(row.thing, []).extend(text for text in texts if isinstance(text, str))
    return found
