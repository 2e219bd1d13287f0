"""What goes wrong is named with its way out; what is fought over is left alone; a parked row stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.errors import Rejected
from connector.record import Op
from sync.flips import flipping
from sync.model.plan import FieldChange, PlannedChange
from sync.store import brakes, unlanded
from sync.store.groups import places_of
from sync.views import errors_view
from tests.machine import promises
from tests.machine.northwind import Northwind
from tests.machine.office import usd


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Northwind]:
    opened = Northwind(tmp_path)
    yield opened
    opened.close()


ROW = ("sf", "Opportunity", "006A")


def change(before: str | None, after: str | None, field: str = "Status__c") -> PlannedChange:
    return PlannedChange(
        *ROW[:2], Op.UPDATE, "id", ROW[2], (FieldChange(field, before, after),), "Northwind", "dec"
    )


def fights(wants: str, *written: tuple[str | None, str | None]) -> dict[tuple[str, str, str], str]:
    history = [(f"2026-11-24T09:{minute:02}:00Z", change(*pair)) for minute, pair in enumerate(written)]
    return flipping([change("?", wants)], {ROW: history})


class TestToAndFro:
    def test_the_fourth_time_of_the_same_is_a_fight_with_both_histories(self) -> None:
        found = fights("A", ("x", "A"), ("x", "B"), ("x", "A"))
        assert "Status__c goes to and fro (09:00 from 'x' to 'A', 09:01 from 'x' to 'B'" in found[ROW]
        assert "would become 'A' again" in found[ROW]

    def test_what_only_moves_on_is_none(self) -> None:
        assert fights("D", (None, "A"), ("A", "B"), ("B", "C")) == {}

    def test_twice_is_none(self) -> None:
        assert fights("A", ("x", "A"), ("x", "B")) == {}

    def test_another_field_of_the_row_does_not_count(self) -> None:
        history = [(f"2026-11-24T09:0{n}:00Z", change("x", "A", "Other__c")) for n in range(5)]
        assert flipping([change("x", "A")], {ROW: history}) == {}

    def test_a_deal_whose_amount_is_toggled_by_a_robot_is_parked_and_the_others_go_on(
        self, office: Northwind
    ) -> None:
        other = office.put("sf", "opportunity", name="Quiet", stage="QUALIFIED", amount=usd(10))
        for amount in ("2000", "1000.01", "2000", "1000.01"):
            office.run()
            office.put("sf", "opportunity", office.deal, amount=usd(amount))
        claim = {"partner": office.lumen, "opportunity": other, "roles": ("RESELL",), "submitted_at": office.moment}
        office.put("sf", "registration", **claim, vote="APPROVE", voter="jo", voted_at=office.moment)
        report = office.run()
        assert any("goes to and fro" in fault.reason for fault in office.run().held)
        assert office.shares("sf", other) == {office.lumen: "100"}
        assert report.outcomes["failed"] == 0

    def test_an_hour_later_the_same_value_is_no_fight(self, office: Northwind) -> None:
        for amount in ("2000", "1000.01", "2000", "1000.01", "2000"):
            office.run()
            office.put("sf", "opportunity", office.deal, amount=usd(amount))
            office.passes(minutes=45)
        office.run()
        assert office.total("sf") == 2000


class TestParked:
    def test_a_parked_row_is_not_written_and_its_split_waits_whole(self, office: Northwind) -> None:
        office.run()
        [row, _] = office.rows("sf", "attribution")
        key = row.values[office.field("sf", "attribution", "key")]
        with office.world.store.write() as connection:
            _, place = places_of(connection, key)
            assert place == ("sf", "Partner_Attribution__c", key)
            brakes.park(connection, place, brakes.Park("Maria", office.moment, "under dispute"))
        office.put("sf", "opportunity", office.deal, amount=usd("2000"))
        before = promises.contents(office)
        report = office.run()
        assert promises.contents(office)["sf:Partner_Attribution__c"] == before["sf:Partner_Attribution__c"]
        assert any("parked by Maria" in fault.reason and "under dispute" in fault.reason for fault in report.held)
        assert office.total("hs") == 2000
        with office.world.store.write() as connection:
            assert brakes.unpark(connection, place)
        office.run()
        assert office.total("sf") == 2000


class TestErrors:
    def test_writes_are_grouped_by_their_cause(self, office: Northwind) -> None:
        refusal = Rejected("Status__c: bad value for restricted picklist field: Approved", code="INVALID")
        office.crms["sf"].faults = [("write", refusal)] * 2
        office.run()
        view = errors_view(office.world.store, office.moment)
        assert [(entry["class"], entry["attempts"]) for entry in view["writes"]] == [("data", 1)]
        assert "restricted picklist" in view["writes"][0]["why"]
        with office.world.store.read() as connection:
            assert len(unlanded.groups_waiting(connection)) == 1

    def test_what_landed_later_is_no_error_any_more(self, office: Northwind) -> None:
        office.crms["sf"].faults = [("write", Rejected("no", code="INVALID"))] * 2
        office.run()
        office.put("sf", "opportunity", office.deal, amount=usd("2000"))
        office.run()
        office.run()
        assert errors_view(office.world.store, office.moment)["writes"] == []

    def test_values_that_are_not_understood_have_their_place_and_fix(self, office: Northwind) -> None:
        office.crms["sf"].put("Opportunity", {"StageName": "Weird"}, office.deal)
        office.run()
        [value] = errors_view(office.world.store, office.moment)["values"]
        assert office.deal in value["examples"][0]
        assert value["fix"]
