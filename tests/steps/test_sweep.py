"""The slow look finds what the deltas missed, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sync.store import brakes
from sync.sweep import Drift, sweep
from tests.machine.northwind import Northwind
from tests.machine.office import NO_BRAKE


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Northwind]:
    opened = Northwind(tmp_path)
    opened.run()
    opened.run()
    yield opened
    opened.close()


def look(office: Northwind, **how: bool) -> dict[str, Drift]:
    office.passes(minutes=1)
    found = sweep(office.world, office.moment, **how)
    return {f"{crm} {obj}": drift for (crm, obj), drift in found.items() if drift.counts.total()}


def vanish(office: Northwind, obj: str, row_id: str) -> None:
    """Deleted for good: no tombstone, no trace."""
    del office.crms["sf"].rows[obj][row_id]


@pytest.mark.parametrize("whole", [False, True])
def test_in_calm_it_finds_nothing(office: Northwind, whole: bool) -> None:
    assert look(office, whole=whole) == {}


@pytest.mark.parametrize("whole", [False, True])
def test_a_row_deleted_for_good_is_noticed_and_the_split_follows(office: Northwind, whole: bool) -> None:
    vanish(office, "Deal_Registration__c", office.implements)
    assert office.run().groups == 0  # no delta says so
    found = look(office, whole=whole)
    assert found["sf Deal_Registration__c"].examples == [("vanished", office.implements)]
    office.run()
    assert office.shares("sf", office.deal) == {office.lumen: "100"}


@pytest.mark.parametrize("whole", [False, True])
def test_a_row_that_was_never_read_is_taken_in(office: Northwind, whole: bool) -> None:
    stamp = office.moment
    office.moment = stamp.replace(year=2020)  # became visible later, with a stamp long past every window
    late = office.put("sf", "opportunity", name="Restored", stage="QUALIFIED")
    office.moment = stamp
    assert office.run().pulled["sf", "Opportunity"]["changed"] == 0
    assert look(office, whole=whole)["sf Opportunity"].examples == [("unknown", late)]
    assert look(office, whole=whole) == {}


def test_only_the_whole_look_finds_a_change_without_a_stamp(office: Northwind) -> None:
    office.crms["sf"].rows["Opportunity"][office.deal].values["Amount"] = "2000"
    assert look(office) == {}
    assert look(office, whole=True)["sf Opportunity"].examples == [("changed", office.deal)]
    office.run()
    assert office.total("sf") == 2000


def test_many_rows_that_vanished_wait_for_a_person(office: Northwind) -> None:
    office.limit(replace(NO_BRAKE, lost=1, lost_percent=10))
    for row_id in (office.implements, office.resells):
        vanish(office, "Deal_Registration__c", row_id)
    look(office)
    report = office.run()
    assert "sf Deal_Registration__c lost 2 of 2 rows" in report.unsafe[0]
    assert len(office.shares("sf", office.deal)) == 2


def test_a_paused_crm_is_not_looked_at(office: Northwind) -> None:
    with office.world.store.write() as connection:
        brakes.press(connection, "sf", brakes.Pause("Maria", office.moment))
    found = sweep(office.world, office.moment)
    assert {crm for crm, _ in found} == {"hs"}
