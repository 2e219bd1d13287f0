"""Which rows name which partners: when a partner changes, everything it takes part in is judged again.

What else a row names without being of its group is kept the same way: a row of a deal's history its deal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, delete, select

from connector.record import Ref
from sync.model.row import Row
from sync.store.rows import chunks, upsert
from sync.store.tables import involved, record


def partners_named(row: Row) -> frozenset[Ref]:
    """The partners of a registration or a line; their rows are in groups of their own."""
    partner = row.values.get("partner")
    return frozenset({*(row.values.get("needs") or ()), *([partner] if partner else [])})


def _named(row: Row) -> Iterator[str]:
    deal = row.values.get("opportunity") if row.kind == "stage_history" else None
    yield from map(str, [deal] if deal else sorted(partners_named(row)))


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
