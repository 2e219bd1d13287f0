"""Which rows name which partners: when a partner changes, everything it takes part in is judged again.

A row of a deal's history names its deal the same way: it is looked up and makes no group larger.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, select

from connector.record import Ref
from sync.model.row import Row
from sync.store.rows import chunks, upsert
from sync.store.tables import involved, record


def partners_named(row: Row) -> frozenset[Ref]:
    """The partners of a registration or a line; their rows are in groups of their own."""
    partner = row.values.get("partner")
    return frozenset({*(row.values.get("needs") or ()), *([partner] if partner else [])})


def _named(row: Row) -> frozenset[Ref]:
    deal = row.values.get("opportunity") if row.kind == "stage_history" else None
    return frozenset({deal}) if deal else partners_named(row)


def keep_named(connection: Connection, rows: Sequence[Row]) -> None:
    """Keep whom these rows name now."""
    for chunk in chunks([str(row.ref) for row in rows]):
        connection.execute(delete(involved).where(involved.c.key.in_(chunk)))
    named = [{"key": str(row.ref), "partner": str(ref)} for row in rows for ref in sorted(_named(row))]
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
