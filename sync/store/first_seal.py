"""Seals a store of a version that had no chain: names out of what is stored, then every subject as it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Select, Table, literal_column, select, update

from sync.audit import Event, Kind
from sync.store.audit import SAID, seal_events
from sync.store.persons import Exchange, hide
from sync.store.tables import case_file, decision, directive, split, standing

_PAGE: Final = 500
_Read = Callable[[Any], Event]


def seal_what_is_there(connection: Connection) -> None:
    """Exchange the names in every stored text, and seal all of it. The guards against editing must be off."""
    hidden = hide(connection, _names(connection))
    for table in (decision, directive, standing, case_file, split):
        _exchange(connection, table, hidden)
    for table, read in _EVENTS.items():
        for page in _pages(connection, table):
            seal_events(connection, [read(row) for row in page])


def _names(connection: Connection) -> set[str]:
    actors = select(decision.c.body).where(decision.c.person)
    found = {msgspec.json.decode(body)["actor"] for body in connection.scalars(actors)}
    return found | set(connection.scalars(select(directive.c.by).distinct()))


def _exchange(connection: Connection, table: Table, hidden: Exchange) -> None:
    keys = list(table.primary_key)
    for page in _pages(connection, table):
        for row in page:
            changed = {"body": hidden(row.body)} | ({"by": _by(row, hidden)} if "by" in table.c else {})
            if changed["body"] != row.body:
                same = [key == getattr(row, key.name) for key in keys]
                connection.execute(update(table).where(*same).values(**changed))


def _by(row: Any, hidden: Exchange) -> str:
    text: str = msgspec.json.decode(hidden(row.body))["by"]
    return text


def _pages(connection: Connection, table: Table) -> Iterator[Iterable[Any]]:
    """Every row in the order of its key, a page in memory; whatever columns it has had in that version."""
    place = 0
    query: Select[Any] = select(literal_column("*")).select_from(table).order_by(*table.primary_key)
    while page := connection.execute(query.limit(_PAGE).offset(place)).all():
        yield page
        place += _PAGE


def _moment(row: Any, key: str) -> str:
    return str(msgspec.json.decode(row.body)[key])


_EVENTS: Final[dict[Table, _Read]] = {
    decision: lambda row: Event(row.subject, Kind.DECISION, row.id, row.at, row.body),
    standing: lambda row: Event(row.id, Kind.STANDING, "", _moment(row, "since"), row.body),
    directive: lambda row: Event(SAID + row.subject, Kind.DIRECTIVE, row.id, row.at, row.body),
    case_file: lambda row: Event(row.id, Kind.CASE, "", _moment(row, "detected_at"), row.body),
    split: lambda row: Event(row.opportunity_id, Kind.SPLIT, str(row.version), row.at, row.body),
}
"""What each row of each table is in the chain; the order of the tables is the order in a chain."""
