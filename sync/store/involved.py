"""Which rows name which partners: when a partner changes, everything it takes part in is judged again.

What else a row names without being of its group is kept the same way: a row of a deal's history its deal, an
account its own name, and a registration without a deal the name of its customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, delete, select

from connector.record import Ref
from sync.conflicts.records import plain
from sync.model.row import Row
from sync.store.rows import chunks, upsert
from sync.store.tables import involved, record


def partners_named(row: Row) -> frozenset[Ref]:
    """The partners of a registration or a line; their rows are in groups of their own."""
    partner = row.values.get("partner")
    return frozenset({*(row.values.get("needs") or ()), *([partner] if partner else [])})


def customer_of(row: Row) -> str:
    """The customer that a row is about by name only, in the plain spelling; empty when there is none."""
    if row.kind == "account":
        return plain(row.values.get("name") or "")
    asks = row.kind == "registration" and not row.values.get("opportunity")
    return plain(row.values.get("customer_name") or "") if asks else ""


def called(kind: str, name: str) -> str:
    """How the name of an account, or of what a registration asks for, is kept."""
    return f"{kind} called {name}"


def _named(row: Row) -> Iterator[str]:
    deal = row.values.get("opportunity") if row.kind == "stage_history" else None
    yield from map(str, [deal] if deal else sorted(partners_named(row)))
    if name := customer_of(row):
        yield called(row.kind, name)


def keep_named(connection: Connection, rows: Sequence[Row], again: Sequence[str]) -> None:
    """Keep whom these rows name now. ``again``: the keys of those that were stored before."""
    for chunk in chunks(again):
        connection.execute(delete(involved).where(involved.c.key.in_(chunk)))
    named = [{"key": str(row.ref), "partner": named} for row in rows for named in _named(row)]
    upsert(connection, involved, named)


def groups_naming(connection: Connection, groups: Iterable[str]) -> frozenset[str]:
    """The groups with rows that name an account of ``groups``."""
    account = record.alias("account")
    found: set[str] = set()
    for chunk in chunks(sorted(groups)):
        query = (
            select(record.c.group_id)
            .distinct()
            .join(involved, involved.c.key == record.c.key)
            .join(account, account.c.key == involved.c.partner)
            .where(account.c.group_id.in_(chunk))
        )
        found.update(connection.scalars(query))
    return frozenset(found)


def groups_asking(connection: Connection, rows: Sequence[Row]) -> frozenset[str]:
    """The groups with registrations that have no deal, and a customer of the same name as one of these accounts."""
    names = sorted({called("registration", name) for row in rows if (name := customer_of(row))})
    found: set[str] = set()
    for chunk in chunks(names):
        query = select(record.c.group_id).distinct().join(involved, involved.c.key == record.c.key)
        found.update(connection.scalars(query.where(involved.c.partner.in_(chunk))))
    return frozenset(found)
