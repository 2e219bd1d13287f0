"""The ten promises by their names: each holds after a run, and the check that says so fails when it is broken."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from sync import commands
from sync.cycle import cycle
from sync.explain import explain_view
from sync.model.plan import Limits
from sync.store.tables import record
from tests.machine import promises
from tests.machine.crash import Fuse, Killed, MortalCrm, mortal
from tests.machine.northwind import Northwind
from tests.machine.office import usd
from tests.machine.sealed import history_is_sealed


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Northwind]:
    """Two partners on one deal in both CRMs; everything is written."""
    office = Northwind(tmp_path)
    office.run()
    office.run()
    yield office
    office.close()


def broken(check: Callable[[], object]) -> bool:
    """Whether a check says that its promise does not hold."""
    try:
        check()
    except AssertionError:
        return True
    return False


def ours(office: Northwind) -> str:
    """The id of one of the rows that we wrote to Salesforce."""
    return office.rows("sf", "attribution")[0].id


def test_p1_no_silent_loss(office: Northwind) -> None:
    promises.everything_is_stored(office)
    with office.world.store.write() as connection:
        connection.execute(delete(record).where(record.c.id == office.resells))
    assert broken(lambda: promises.everything_is_stored(office))


def test_p2_no_duplicate_create(office: Northwind) -> None:
    promises.no_row_twice(office)
    row = office.rows("sf", "attribution")[0]
    office.crms["sf"].put(office.field_map("sf", "attribution").object, dict(row.values))
    assert broken(lambda: promises.no_row_twice(office))


def test_p3_quiescence(office: Northwind) -> None:
    promises.nothing_is_left_to_do(office)
    office.put("sf", "opportunity", office.deal, amount=usd("2000"))
    office.run(send=False)
    assert broken(lambda: promises.nothing_is_left_to_do(office))


def test_p4_ownership(office: Northwind) -> None:
    office.claims(office.lumen, "TRAIN")
    before = promises.contents(office)
    office.run()
    promises.only_ours_was_written(office, before)
    office.put("sf", "opportunity", office.deal, name="Southwind")
    assert broken(lambda: promises.only_ours_was_written(office, before))


def test_p5_absent_is_not_null(office: Northwind) -> None:
    hidden = office.field("sf", "attribution", "share")
    office.crms["sf"].hidden.add((office.field_map("sf", "attribution").object, hidden))
    office.claims(office.partner("Beacon"), "TRAIN")
    before = promises.contents(office)
    office.run()
    promises.nothing_hidden_was_written(office, before)
    office.put("sf", "attribution", ours(office), share="1.00")
    assert broken(lambda: promises.nothing_hidden_was_written(office, before))


def test_p6_splits_total_exactly(office: Northwind) -> None:
    before = promises.contents(office)
    office.claims(office.partner("Beacon"), "TRAIN")
    office.run()
    assert promises.sets(office, promises.contents(office)) != promises.sets(office, before)
    promises.sets_are_whole(office, before)
    office.drop("sf", "attribution", ours(office))
    assert broken(lambda: promises.sets_are_whole(office, before))


def test_p7_apply_does_what_the_plan_said(office: Northwind) -> None:
    """Somebody writes into every row that the plan would change: none of it is written over."""
    office.claims(office.partner("Beacon"), "TRAIN")
    office.passes(minutes=1)
    path = office.folder / "saved.plan"
    commands.make_plan(office.world, office.moment, path)
    saved = commands.read_plan(path, commands.rules_of(office.world), commands.orgs_of(office.world), office.moment)
    planned = promises.contents(office)
    share = office.field("sf", "attribution", "share")
    office.crms["sf"].put(office.field_map("sf", "attribution").object, {share: "1.00"}, ours(office))
    edited = promises.contents(office)
    office.passes(minutes=1)
    world = mortal(office.world, Fuse())
    commands.apply_plan(world, path, office.moment)
    sent = {change.id for crm in world.crms.values() if isinstance(crm, MortalCrm) for change in crm.sent}
    assert sent <= saved.ids
    promises.edits_survive(office, planned, edited)
    office.crms["sf"].put(office.field_map("sf", "attribution").object, {share: "2.00"}, ours(office))
    assert broken(lambda: promises.edits_survive(office, planned, edited))


@pytest.mark.parametrize("steps", range(0, 40, 5))
def test_p8_interruptible(tmp_path: Path, steps: int) -> None:
    """Wherever the process dies, the next run ends where an undisturbed one does."""
    office = Northwind(tmp_path)
    twin = office.copied("twin")
    office.passes(minutes=1)
    twin.passes(minutes=1)
    try:
        cycle(mortal(office.world, Fuse(steps)), office.moment)
    except Killed:
        office.reopen()
    for place in (office, twin):
        for _ in range(2):
            place.run()
    assert office.contents() == twin.contents()
    assert office.shares("sf", office.deal)
    office.close()
    twin.close()


def test_p9_bounded_damage(office: Northwind) -> None:
    office.claims(office.partner("Beacon"), "TRAIN")
    office.limit(Limits(changes=0, changes_percent=0, creates=0, creates_percent=0, deletes=0, deletes_percent=0))
    before = promises.contents(office)
    report = office.run()
    assert report.unsafe
    assert report.totals.changes > 0
    assert promises.contents(office) == before


def test_p10_explainable(office: Northwind) -> None:
    """Each registration's ruling names rule, checks and moment; the states follow from sealed events."""
    view = json.loads(json.dumps(explain_view(office.world, office.deal, office.moment)))
    [deal] = view["deals"]
    rulings = [entry["ruling"] for entry in deal["registrations"]]
    assert len(rulings) == 2
    assert all(ruling["by"] and ruling["checks"] for ruling in rulings)
    promises.people_outrank_rules(office)
    history_is_sealed(office)
