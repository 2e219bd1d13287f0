"""Back to yesterday: what was written since is found, not repeated; what people decided since is not forgotten."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.model.problem import BadInput
from sync.store import runs
from sync.store.backup import back_up, look, orgs, put_back
from tests.machine import promises
from tests.machine.northwind import Northwind
from tests.machine.office import usd


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Northwind]:
    opened = Northwind(tmp_path)
    yield opened
    opened.close()


def kept(office: Northwind, name: str = "yesterday.db") -> Path:
    path = office.folder / name
    back_up(office.folder / "dealsync.db", path)
    return path


def go_back(office: Northwind, backup: Path) -> Path | None:
    office.world.store.close()
    aside = put_back(backup, office.folder / "dealsync.db", "now")
    office.world = office.opened()
    return aside


def test_yesterday_s_store_repeats_no_write_and_ends_where_it_was(office: Northwind) -> None:
    office.run()
    backup = kept(office)
    office.put("sf", "opportunity", office.deal, amount=usd("2000"))
    office.put("sf", "registration", office.implements, withdrawn=True)
    office.run()
    office.run()
    before = promises.contents(office)
    go_back(office, backup)
    report = office.run()
    assert dict(report.outcomes) == {}
    assert promises.contents(office) == before
    promises.nothing_is_left_to_do(office)


def test_a_vote_that_was_cast_since_still_counts(office: Northwind) -> None:
    waits = office.claims(office.partner("Beacon"), "ADVISE", vote=None)
    office.run()
    backup = kept(office)
    office.put("sf", "registration", waits, vote="REJECT", voter="Maria", voted_at=office.moment)
    office.run()
    go_back(office, backup)
    office.run()
    assert office.says("sf", "registration", waits, "status") == "Rejected"


def test_what_was_there_is_put_aside_and_can_be_had_back(office: Northwind) -> None:
    office.run()
    backup = kept(office)
    office.put("sf", "opportunity", office.deal, amount=usd("2000"))
    office.run()
    aside = go_back(office, backup)
    assert aside is not None
    go_back(office, aside)
    assert office.run().totals.changes == 0
    assert office.total("sf") == 2000


def test_tokens_that_were_exchanged_since_stay_the_present_ones(office: Northwind) -> None:
    backup = kept(office)
    runs.StoreVault(lambda: office.world.store).swap("sf", None, "fresh")
    go_back(office, backup)
    assert runs.StoreVault(lambda: office.world.store).load("sf") == "fresh"


def test_it_is_whole_while_others_write(office: Northwind) -> None:
    office.run()
    going = threading.Event()

    def writes() -> None:
        number = 0
        while not going.is_set():
            number += 1
            with office.world.store.write() as connection:
                runs.remember(connection, "one", str(number))
                runs.remember(connection, "other", str(number))

    writer = threading.Thread(target=writes)
    writer.start()
    try:
        copies = [kept(office, f"copy{number}.db") for number in range(5)]
    finally:
        going.set()
        writer.join()
    for copy in copies:
        connection = sqlite3.connect(copy)
        values = dict(
            connection.execute("SELECT name, value FROM setting WHERE name IN ('one', 'other')").fetchall()
        )
        connection.close()
        assert values.get("one") == values.get("other")


def test_only_its_owner_may_read_it(office: Northwind) -> None:
    assert stat.S_IMODE(kept(office).stat().st_mode) == 0o600


def test_a_backup_is_never_overwritten_and_leaves_nothing_half(office: Northwind) -> None:
    backup = kept(office)
    content = backup.read_bytes()
    with pytest.raises(BadInput) as refused:
        kept(office)
    assert "exists already" in refused.value.problems[0].what
    assert backup.read_bytes() == content
    assert list(office.folder.glob("*.part")) == []


@pytest.mark.parametrize("content", [b"", b"not a database", None])
def test_what_is_no_store_is_refused_before_anything_is_touched(office: Northwind, content: bytes | None) -> None:
    office.run()
    path = office.folder / "strange.db"
    if content is None:
        sqlite3.connect(path).execute("CREATE TABLE other (x)").connection.close()
    else:
        path.write_bytes(content)
    with pytest.raises(BadInput) as refused:
        put_back(path, office.folder / "dealsync.db", "now")
    assert "no store of dealsync" in refused.value.problems[0].what
    assert office.run().totals.changes == 0


def test_a_backup_of_another_org_is_refused(office: Northwind, tmp_path: Path) -> None:
    with office.world.store.write() as connection:
        runs.pin_org(connection, "sf", "org one", office.moment)
    backup = kept(office)
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    other = Northwind(other_folder)
    with other.world.store.write() as connection:
        runs.pin_org(connection, "sf", "org two", other.moment)
    other.close()
    with pytest.raises(BadInput) as refused:
        put_back(backup, other_folder / "dealsync.db", "now")
    assert "another org: sf org one" in refused.value.problems[0].what
    assert orgs(other_folder / "dealsync.db") == {"sf": "org two"}
    assert look(other_folder / "dealsync.db")
