"""Many rows at once into a PostgreSQL store by its COPY: beside a table, and from there into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select
from sqlalchemy.exc import DBAPIError

INCOMING = "incoming_"
"""What the name of a table of arriving rows begins with."""


def can_copy(connection: Connection) -> bool:
    """Whether the database behind ``connection`` has COPY: a SQLite file has not, nor any need of it."""
    return connection.dialect.name == "postgresql"


def copied(connection: Connection, target: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """``rows`` (values in the order of ``names``) in a table of their own beside ``target``: its name.

    It has the types of the target's columns and none of its keys, belongs to this connection, is gone with the
    transaction, and holds the rows of the latest call only. Raises ValueError for a name that is no column.
    """
    _known(target, names)
    name = INCOMING + target.name
    like = select(*(target.c[each] for each in names)).compile(connection)
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS pg_temp.{name}")
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS {like} WITH NO DATA")
    _send(connection, name, names, rows)
    return name


def merge(connection: Connection, target: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert ``rows``, or overwrite those with the same primary key; no two of them have the same one."""
    arrived = copied(connection, target, names, rows)
    keys = [each.name for each in target.primary_key]
    overwritten = [f'"{name}" = excluded."{name}"' for name in names if name not in keys]
    columns, key = (", ".join(f'"{name}"' for name in several) for several in (names, keys))
    otherwise = f"UPDATE SET {', '.join(overwritten)}" if overwritten else "NOTHING"
    connection.exec_driver_sql(
        f'INSERT INTO "{target.name}" ({columns}) SELECT {columns} FROM "{arrived}" '  # noqa: S608
        f"ON CONFLICT ({key}) DO {otherwise}"
    )


def _known(target: Table, names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in target.c]
    if unknown or not names:
        raise ValueError(f"{target.name} has no column {', '.join(unknown) or 'at all here'}; name its own")


def _send(connection: Connection, into: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    quoted = ", ".join(f'"{name}"' for name in names)
    statement = f"COPY {into} ({quoted}) FROM STDIN"
    driver: Any = connection.dialect.loaded_dbapi
    raw: Any = connection.connection.cursor()
    try:
        with raw as cursor, cursor.copy(statement) as stream:
            for row in rows:
                stream.write_row(row)
    except driver.Error as error:  # what SQLAlchemy would have made of it, had it sent this
        raise DBAPIError.instance(statement, None, error, driver.Error, dialect=connection.dialect) from error
