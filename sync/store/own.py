"""Where a partner's own registrations lie: those that wait for it first, then the latest change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from connector.record import Ref
from sync.model.registration import State
from sync.store.rows import chunks
from sync.store.tables import involved, record, standing


@dataclass(frozen=True, slots=True)
class Place:
    """One registration and the connected group that it is judged in."""

    registration: str
    group: str


def account_named(connection: Connection, ident: str) -> list[str]:
    """The accounts of ours that an id of a CRM or our own names, whole."""
    here = or_(record.c.id == ident, record.c.key == ident, record.c.thing == ident)
    query = select(record.c.thing).where(here, record.c.kind == "account").distinct().order_by(record.c.thing)
    return [thing for thing in connection.scalars(query) if thing]


def groups_of_account(connection: Connection, account: str) -> dict[str, str]:
    """The groups of the rows that an account of ours has, by the keys of the rows."""
    query = select(record.c.key, record.c.group_id).where(record.c.thing == account, record.c.kind == "account")
    return {row.key: row.group_id for row in connection.execute(query)}


def groups_of(connection: Connection, things: Sequence[str]) -> dict[str, str]:
    """The group of each of some registrations or deals."""
    found: dict[str, str] = {}
    for chunk in chunks(things):
        query = select(record.c.thing, record.c.group_id).where(record.c.thing.in_(chunk)).order_by(record.c.key)
        found |= {row.thing: row.group_id for row in connection.execute(query)}
    return found


def places_of(
    connection: Connection, partner: Sequence[Ref], limit: int, offset: int, ident: str = ""
) -> tuple[list[Place], int]:
    """Some registrations of the partner with these rows, and how many there are; ``ident``: only the one so named.

    Those that wait for the partner come first, then the latest change.
    """
    waits = func.max(case((standing.c.state == State.ACTION_REQUIRED, 1), else_=0))
    own = (
        select(record.c.thing, record.c.group_id, waits.label("waits"), func.max(record.c.stamp).label("changed"))
        .join(involved, involved.c.key == record.c.key)
        .outerjoin(standing, standing.c.id == record.c.thing)
        .where(_names(partner))
        .group_by(record.c.thing, record.c.group_id)
    )
    if ident:
        own = own.where(or_(record.c.thing == ident, record.c.id == ident))
    total = connection.scalar(select(func.count()).select_from(own.subquery())) or 0
    order = (waits.desc(), func.max(record.c.stamp).desc(), record.c.thing)
    page = connection.execute(own.order_by(*order).limit(limit).offset(offset))
    return [Place(row.thing, row.group_id) for row in page], total


def _names(partner: Sequence[Ref]) -> ColumnElement[bool]:
    """A registration that names one of these rows as its partner."""
    keys = [str(ref) for ref in partner]
    return and_(involved.c.partner.in_(keys), record.c.kind == "registration", ~record.c.deleted)


def named_alike(connection: Connection, partner: Sequence[Ref]) -> dict[str, list[str]]:
    """The texts of a partner's own registrations, by registration: to find the customer in them."""
    query = (
        select(record.c.thing, record.c.raw).join(involved, involved.c.key == record.c.key).where(_names(partner))
    )
    found: dict[str, list[str]] = {}
    for row in connection.execute(query):
        texts = msgspec.json.decode(row.raw).values()
        found.setdefault(row.thing, []).extend(text for text in texts if isinstance(text, str))
    return found
