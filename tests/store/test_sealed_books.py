"""The books are sealed too: a ledger entry that is edited, removed or put in past the program is seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import select

from sync.audit import Kind
from sync.store import ledger
from sync.store.audit import count_sealed
from sync.store.migrations.versions import v0006_sealed_books
from sync.store.tables import audit
from tests.steps.sold import Sold
from tests.store.sealing import Attack, attacked, found, sql

ENTRY = "(SELECT min(id) FROM ledger)"


@pytest.fixture
def sold(tmp_path: Path) -> Iterator[Sold]:
    """A won deal with its entries posted and sealed."""
    office = Sold(tmp_path)
    yield office
    office.close()


def test_every_entry_that_is_posted_is_sealed_once_and_holds(sold: Sold) -> None:
    sold.run()
    with sold.world.store.read() as connection:
        posted = sorted(event.ref for page in ledger.all_events(connection) for event in page)
        sealed = connection.scalars(select(audit.c.ref).where(audit.c.kind == Kind.ENTRY).order_by(audit.c.ref))
        assert posted
        assert list(sealed) == posted
        assert count_sealed(connection)["after_the_last_checkpoint"] == 0
    assert found(sold.world.store) == []


ATTACKS: dict[str, tuple[Attack, str]] = {
    "its text is edited": (
        sql("UPDATE ledger SET body = replace(body, '\"minor\":', '\"minor\":1')"),
        "changed after it was sealed",
    ),
    "its text is destroyed": (sql("UPDATE ledger SET body = '{'"), "changed after it was sealed"),
    "its amount is edited where balances are summed": (
        sql(f"UPDATE ledger SET minor = minor + 1 WHERE id = {ENTRY}"),
        "was changed beside what it seals",
    ),
    "it is given to another party": (
        sql(f"UPDATE ledger SET party = 'somebody' WHERE id = {ENTRY}"),
        "was changed beside what it seals",
    ),
    "it is removed": (sql(f"DELETE FROM ledger WHERE id = {ENTRY}"), "what it seals (entry"),
    "one is put in": (
        sql(
            "INSERT INTO ledger SELECT NULL, 'led_forged', opportunity_id, party, name, currency, minor, cause, "
            f"day, at, replace(body, id, 'led_forged') FROM ledger WHERE id = {ENTRY}"
        ),
        "entry led_forged was put in without being sealed",
    ),
}


@pytest.mark.parametrize(("attack", "said"), ATTACKS.values(), ids=ATTACKS)
def test_a_ledger_entry_that_was_tampered_with_is_named(sold: Sold, attack: Attack, said: str) -> None:
    faults = attacked(sold, attack)
    assert any(said in fault.what for fault in faults), faults


def test_books_of_a_version_that_did_not_seal_them_are_sealed_by_the_migration(sold: Sold) -> None:
    faults = attacked(sold, sql("DELETE FROM audit WHERE kind = 'entry'", "DELETE FROM checkpoint"))
    assert {fault.what.partition(" ")[0] for fault in faults} == {"entry"}
    with sold.world.store.write() as connection, Operations.context(MigrationContext.configure(connection)):
        v0006_sealed_books.upgrade()
    assert found(sold.world.store) == []
