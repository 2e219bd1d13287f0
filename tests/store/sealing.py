"""An office with a sealed history, somebody who attacks it with a database client, and what can be told from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from sync.audit import Fault, rebuild
from sync.model.directive import Act, Directive
from sync.store.audit import links, verify
from sync.store.directives import add_directives
from sync.store.opening import Store
from sync.store.tables import case_file, split, standing
from tests.machine.northwind import Northwind

Attack = Callable[[sqlite3.Connection], object]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Northwind]:
    """A deal with two credited partners and a third that disputes one of them, three runs later."""
    office = Northwind(tmp_path)
    office.run()
    rival = office.partner("Beacon")
    office.claims(rival, "RESELL", vote=None)
    office.run()
    said = Directive("d1", Act.DISMISS, "case_1", "Maria", office.moment, "we know both")
    with office.world.store.write() as connection:
        add_directives(connection, [said])
    office.passes(days=1)
    office.claims(rival, "ADVISE")
    office.run()
    yield office
    office.close()


def found(store: Store) -> list[Fault]:
    with store.read() as connection:
        return list(verify(connection))


def attacked(office: Northwind, attack: Attack) -> list[Fault]:
    """What verify says after somebody with a database client was at it, who knows how to switch the guards off."""
    office.close()
    connection = sqlite3.connect(office.folder / "dealsync.db")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    attack(connection)
    connection.commit()
    connection.close()
    office.reopen()
    return found(office.world.store)


def sql(*statements: str) -> Attack:
    return lambda connection: [connection.execute(statement) for statement in statements]


def stored(store: Store) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Standings, cases and the splits that stand, as the store has them."""
    with store.read() as connection:
        latest = {row.opportunity_id: row for row in connection.execute(select(split).order_by(split.c.version))}
        splits = {deal: row.body for deal, row in latest.items() if not row.ended}
        both = [
            {row.id: row.body for row in connection.execute(select(table.c.id, table.c.body))}
            for table in (standing, case_file)
        ]
    return (*both, splits)  # type: ignore[return-value]


def rebuilt(store: Store) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    with store.read() as connection:
        states = rebuild(link.event for link in links(connection))
    return states.standings, states.cases, states.splits
