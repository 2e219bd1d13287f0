"""What SQLite and PostgreSQL say differently: inserts, text that sorts as bytes, guards, a few functions."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, String, Table, Text, and_, cast, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB

Insert = postgresql.Insert | sqlite.Insert

# The order of text is that of its bytes, as in Python: paging ("the next after this one") depends on it.
WORD: Final = String().with_variant(String(collation="C"), "postgresql")
TEXT: Final = Text().with_variant(Text(collation="C"), "postgresql")

_INSERTS: Final[Mapping[str, Callable[[Table], Insert]]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
_SPELT: Final[Mapping[str, Callable[[], Any]]] = {
    "sqlite": partial(sqlite.dialect, paramstyle="qmark"),
    "postgresql": partial(postgresql.dialect, paramstyle="format"),
}
PLACE: Final[Mapping[str, str]] = {"sqlite": "?", "postgresql": "%s"}
"""How a statement that is text names the place of a value."""


def insert(connection: Connection, table: Table) -> Insert:
    """An insert with ``on_conflict_…`` for the database behind ``connection``."""
    return _INSERTS[connection.dialect.name](table)


@cache
def upsert_text(dialect: str, table: Table, names: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Insert, or overwrite by primary key, as text, and the order of its values.

    Compiling it costs more than running it for a few rows; values by place are bound faster than by name.
    """
    statement = _INSERTS[dialect](table).values(dict.fromkeys(names))
    keys = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in names if name not in keys}
    if changed:
        statement = statement.on_conflict_do_update(index_elements=keys, set_=changed)
    else:
        statement = statement.on_conflict_do_nothing()
    compiled = statement.compile(dialect=_SPELT[dialect]())
    return str(compiled), tuple(compiled.positiontup or ())


def moment(connection: Connection) -> datetime:
    """What time it is by the clock of the database, which all workers share; aware, in UTC."""
    if connection.dialect.name == "postgresql":
        told: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return told.astimezone(UTC)
    text = connection.exec_driver_sql("SELECT strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')").scalar_one()
    return datetime.fromisoformat(text)


def member(connection: Connection, column: ColumnElement[str], name: str) -> ColumnElement[Any]:
    """One member of a stored JSON object; NULL when it is null or not there."""
    if connection.dialect.name == "postgresql":
        found: ColumnElement[Any] = cast(column, JSONB)[name].astext
        return found
    return func.json_extract(column, f"$.{name}")


def begins(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Whether a text begins with another one, case by case, in words for which both databases use an index."""
    return and_(column >= text, column < text + chr(sys.maxunicode))


def random_hex(connection: Connection) -> ColumnElement[str]:
    """64 hexadecimal digits that nobody can guess, made by the database itself."""
    if connection.dialect.name == "postgresql":
        drawn = [func.replace(cast(func.gen_random_uuid(), Text), "-", "") for _ in range(2)]
        return func.concat(*drawn)
    return func.lower(func.hex(func.randomblob(32)))


class Guard(NamedTuple):
    """A trigger that refuses ``event`` (INSERT, UPDATE or DELETE) on rows of a table with ``message``.

    ``when``: only for such rows; a condition on NEW and OLD in words that both databases know.
    """

    name: str
    table: str
    event: str
    message: str
    when: str = ""


def set_guard(connection: Connection, guard: Guard) -> None:
    """Put a guard up, in the place of the one of the same name. On PostgreSQL it refuses TRUNCATE too."""
    drop_guard(connection, guard.name, guard.table)
    for statement in _GUARDS[connection.dialect.name](guard):
        connection.exec_driver_sql(statement)


def drop_guard(connection: Connection, name: str, table: str) -> None:
    """Take a guard down, if it is there."""
    where = f" ON {table}" if connection.dialect.name == "postgresql" else ""
    connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{where}")


def _sqlite_guard(guard: Guard) -> Iterator[str]:
    when = f"WHEN {guard.when}" if guard.when else ""
    yield (
        f"CREATE TRIGGER {guard.name} BEFORE {guard.event} ON {guard.table} {when} "
        f"BEGIN SELECT RAISE(ABORT, '{guard.message}'); END"
    )


def _postgresql_guard(guard: Guard) -> Iterator[str]:
    """The error is of the class of broken constraints, as on SQLite."""
    refuse = f"RAISE EXCEPTION '{guard.message}' USING ERRCODE = 'integrity_constraint_violation';"
    row = "OLD" if guard.event == "DELETE" else "NEW"
    body = f"IF {guard.when or 'true'} THEN {refuse} END IF; RETURN {row};"
    function = "CREATE OR REPLACE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql AS $guard$ BEGIN {} END $guard$"
    yield function.format(guard.name, body)
    yield (
        f"CREATE TRIGGER {guard.name} BEFORE {guard.event} ON {guard.table} "
        f"FOR EACH ROW EXECUTE FUNCTION {guard.name}()"
    )
    if guard.event == "DELETE":
        whole = f"{guard.name}_at_once"
        yield function.format(whole, refuse)
        yield (
            f"CREATE OR REPLACE TRIGGER {whole} BEFORE TRUNCATE ON {guard.table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {whole}()"
        )


_GUARDS: Final[Mapping[str, Callable[[Guard], Iterator[str]]]] = {
    "sqlite": _sqlite_guard,
    "postgresql": _postgresql_guard,
}
