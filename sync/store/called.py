"""By what a row is remembered, in rows so short that a search may look into every one of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Column, Connection, String, Table, Text, delete

from sync.model.row import Row
from sync.store.rows import chunks, upsert_page
from sync.store.tables import metadata

KINDS: Final = ("opportunity", "account", "registration")

CALLED_BY: Final = ("name", "customer_name", "domain", "customer_domain")
"""Where a row says by what it may be remembered."""

called = Table(  # one short row for each of KINDS
    "called",
    metadata,
    Column("key", String, primary_key=True),
    Column("words", Text, nullable=False),
    sqlite_with_rowid=False,
)


def keep_called(connection: Connection, rows: Iterable[Row]) -> None:
    """By what these rows may be found from now on; those that are deleted are found no more."""
    told = {str(row.ref): "" if row.deleted else _words(row) for row in rows if row.kind in KINDS}
    for chunk in chunks([key for key, words in told.items() if not words]):
        connection.execute(delete(called).where(called.c.key.in_(chunk)))
    upsert_page(connection, called, [{"key": key, "words": words} for key, words in told.items() if words])


def _words(row: Row) -> str:
    return "\n".join(str(row.values[path]) for path in CALLED_BY if row.values.get(path)).casefold()
