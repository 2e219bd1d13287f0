"""The few shapes of SQL that every part of the store uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Table

from connector.record import Ref
from sync.store.copying import can_copy, merge
from sync.store.dialect import PLACE, begins, upsert_text
from sync.store.tables import record

Item = TypeVar("Item")

_AT_ONCE = 500  # below SQLite's limit on variables in one statement


def chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """``items`` in pieces that fit one statement."""
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or overwrite those with the same primary key. All rows name the same columns."""
    if rows:
        statement, names = upsert_text(connection.dialect.name, table, tuple(rows[0]))
        values = map(itemgetter(*names), rows) if len(names) > 1 else [(row[names[0]],) for row in rows]
        connection.exec_driver_sql(statement, list(values))


def upsert_page(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """The same for the rows of a page, no two of which have the same primary key: PostgreSQL takes them by COPY."""
    if not rows or not can_copy(connection):
        upsert(connection, table, rows)
        return
    names = tuple(rows[0])
    merge(connection, table, names, [[row[name] for name in names] for row in rows])


def rows_in(
    connection: Connection, table: Table, wanted: Sequence[str], column: str, keys: Sequence[str]
) -> Iterator[Any]:
    """``wanted`` columns of the rows whose ``column`` is one of ``keys``, a statement for 500 keys."""
    place = PLACE[connection.dialect.name]
    for chunk in chunks(keys):
        places = ", ".join([place] * len(chunk))
        found = connection.exec_driver_sql(_rows_in(table.name, tuple(wanted), column, places), tuple(chunk))
        yield from found.fetchall()


def of_object(connection: str, obj: str, key: ColumnElement[str] = record.c.key) -> ColumnElement[bool]:
    """Whether a stored row is of one object of one connection: the keys of all of them begin alike."""
    return begins(key, str(Ref(connection, obj, "")))


@cache
def _rows_in(table: str, wanted: tuple[str, ...], column: str, places: str) -> str:
    """The statement as text: names are those of our tables, values are always bound."""
    columns = ", ".join(f'"{name}"' for name in wanted)
    return f'SELECT {columns} FROM "{table}" WHERE "{column}" IN ({places})'  # noqa: S608


def moment_text(moment: datetime) -> str:
    """A moment in UTC, always with microseconds: text that sorts as time does. ``moment`` is aware."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
