"""The tables as they are in the store: version, columns and how many rows. No row is read."""

from __future__ import annotations

from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, func, inspect, select

from sync.store.tables import metadata


def columns(connection: Connection) -> dict[str, Any]:
    """Dialect, version of the tables, and each table with its columns and its number of rows."""
    there = inspect(connection)
    return {
        "dialect": connection.dialect.name,
        "version": MigrationContext.configure(connection).get_current_revision(),
        "tables": {
            name: {
                "rows": connection.scalar(select(func.count()).select_from(metadata.tables[name])),
                "columns": {column["name"]: str(column["type"]) for column in there.get_columns(name)},
            }
            for name in sorted(set(metadata.tables) & set(there.get_table_names()))
        },
    }
