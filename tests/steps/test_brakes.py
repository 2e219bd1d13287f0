"""The brakes: a stop button that works between two batches, a canary, limits, and a CRM that lost its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from connector.record import Capabilities, Change, Outcome
from sync import commands
from sync.model.plan import Limits
from sync.store import brakes
from sync.store.brakes import EVERYTHING, Pause
from tests.machine import promises
from tests.machine.northwind import Northwind
from tests.machine.office import NO_BRAKE, usd


class Busy(Northwind):
    """Twelve more deals, each with one reseller: enough for several batches."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.deals = [self.another(number) for number in range(12)]

    def another(self, number: int) -> str:
        deal = self.put("sf", "opportunity", name=f"Deal {number}", stage="QUALIFIED", amount=usd(100))
        filed = {"partner": self.lumen, "opportunity": deal, "roles": ("RESELL",), "submitted_at": self.moment}
        self.put("sf", "registration", **filed, vote="APPROVE", voter="jo", voted_at=self.moment)
        return deal

    def press(self, crm: str = EVERYTHING) -> None:
        with self.world.store.write() as connection:
            brakes.press(connection, crm, Pause("Maria", self.moment, "the board is looking"))

    def release(self, crm: str = EVERYTHING) -> None:
        with self.world.store.write() as connection:
            brakes.release(connection, crm)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Busy]:
    opened = Busy(tmp_path)
    yield opened
    opened.close()


@dataclass
class Presses:
    """A CRM with small batches, during whose first write somebody presses the stop button."""

    office: Busy
    crm: Any
    batches: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.crm, name)

    @property
    def can(self) -> Capabilities:
        return replace(self.crm.can, write_batch=3)

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        self.batches += 1
        if self.batches == 1:
            self.office.press("sf")
        yield from self.crm.write(changes)


class TestTheStopButton:
    def test_what_is_paused_is_neither_read_nor_written(self, office: Busy) -> None:
        office.press("sf")
        before = promises.contents(office)
        report = office.run()
        assert promises.contents(office) == before
        assert not report.complete
        assert "sf is neither read nor written: paused by Maria" in " ".join(report.notes)

    def test_it_works_between_two_batches(self, office: Busy) -> None:
        sf = Presses(office, office.crms["sf"])
        office.world = replace(office.world, crms={**office.crms, "sf": sf})
        report = office.run()
        assert sf.batches == 1
        assert report.outcomes["done"] >= 3
        assert report.outcomes["again"] > 0
        assert not report.complete

    def test_whoever_resumes_ends_where_an_undisturbed_run_would_have(self, office: Busy, tmp_path: Path) -> None:
        sf = Presses(office, office.crms["sf"])
        office.world = replace(office.world, crms={**office.crms, "sf": sf})
        office.run()
        office.release("sf")
        office.run()
        (tmp_path / "other").mkdir()
        other = Busy(tmp_path / "other")
        other.run()
        assert promises.contents(office)["sf:Opportunity"] == promises.contents(other)["sf:Opportunity"]
        assert office.run().totals.changes == 0
        other.close()

    def test_one_paused_crm_leaves_the_other_going(self, office: Busy) -> None:
        office.run()
        office.press("hs")
        office.put("sf", "opportunity", office.deal, amount=usd("2000"))
        office.run()
        assert (office.total("sf"), str(office.total("hs"))) == (3200, "1000.01")
        office.release("hs")
        office.run()
        assert office.total("hs") == 2000

    def test_everything_paused_stops_everything(self, office: Busy) -> None:
        office.run()
        office.put("sf", "opportunity", office.deal, amount=usd("2000"))
        office.press()
        before = promises.contents(office)
        assert not office.run().complete
        assert promises.contents(office) == before

    def test_what_was_in_doubt_is_not_even_read_back_while_paused(self, office: Busy) -> None:
        office.press("sf")
        sf = Presses(office, office.crms["sf"])
        office.world = replace(office.world, crms={**office.crms, "sf": sf})
        office.run()
        assert sf.batches == 0


class TestTheCanary:
    def test_only_about_so_many_changes_are_written_and_whole_deals_of_them(self, office: Busy) -> None:
        before = promises.contents(office)
        report = office.run(canary=5)
        tried = sum(report.outcomes.values())
        assert 5 <= tried < report.totals.changes
        assert not report.complete
        promises.sets_are_whole(office, before)

    def test_the_rest_follows(self, office: Busy) -> None:
        office.run(canary=5)
        office.run()
        assert office.run().totals.changes == 0
        assert office.total("sf") == 1200 + office.total("hs")

    def test_a_saved_plan_can_be_applied_a_little_at_a_time(self, office: Busy) -> None:
        path = office.folder / "saved.plan"
        planned = commands.make_plan(office.world, office.moment, path)
        first = commands.apply_plan(office.world, path, office.moment, canary=5)
        second = commands.apply_plan(office.world, path, office.moment)
        done = sum(first.outcomes.values()) + sum(second.outcomes.values())
        assert (done, second.complete) == (planned.totals.changes, True)
        assert second.notes == []  # what the first part wrote is not "not wanted any more"


class TestTheLimits:
    @pytest.mark.parametrize(
        ("limits", "says"),
        [
            ({"creates": 3, "creates_percent": 0}, "16 creates; a run may make 3"),
            ({"changes": 3, "changes_percent": 0}, "changes; a run may make 3"),
            ({"changes": 0, "changes_percent": 0}, "changes; a run may make 0"),
        ],
    )
    def test_a_run_that_goes_too_far_is_held_and_says_why(
        self, office: Busy, limits: dict[str, int], says: str
    ) -> None:
        office.limit(replace(NO_BRAKE, **limits))
        before = promises.contents(office)
        report = office.run()
        assert any(says in reason for reason in report.unsafe), report.unsafe
        assert promises.contents(office) == before

    def test_the_share_counts_where_it_is_larger_than_the_number(self) -> None:
        assert [Limits(lost=20, lost_percent=10).at_most("lost", rows) for rows in (10, 200, 1000)] == [20, 20, 100]


class TestACrmThatLostItsRows:
    @pytest.fixture
    def emptied(self, office: Busy) -> Busy:
        office.run()
        office.limit(replace(NO_BRAKE, lost=5, lost_percent=10))
        for row in office.rows("sf", "registration"):
            office.drop("sf", "registration", row.id)
        return office

    def test_nothing_is_withdrawn_before_a_person_has_seen_it(self, emptied: Busy) -> None:
        before = promises.contents(emptied)["sf:Partner_Attribution__c"]
        for _ in range(2):  # the mark stays: a second run sees no news and still concludes nothing
            report = emptied.run()
            assert any("Deal_Registration__c lost 14 of 14 rows" in reason for reason in report.unsafe)
            assert promises.contents(emptied)["sf:Partner_Attribution__c"] == before

    def test_rows_that_come_back_lift_it(self, emptied: Busy) -> None:
        emptied.run()
        for number in range(14):
            filed = {
                "opportunity": emptied.deals[number % 12],
                "roles": ("RESELL",),
                "submitted_at": emptied.moment,
            }
            emptied.put("sf", "registration", partner=emptied.cirrus, **filed)
        report = emptied.run()
        assert report.unsafe == ()

    def test_a_person_who_applies_the_plan_lifts_it(self, emptied: Busy) -> None:
        path = emptied.folder / "saved.plan"
        emptied.passes(minutes=1)
        commands.make_plan(emptied.world, emptied.moment, path)
        report = commands.apply_plan(emptied.world, path, emptied.moment)
        assert report.complete
        assert emptied.rows("sf", "attribution") == []
        assert emptied.run().unsafe == ()

    def test_a_crm_that_answers_with_nothing_at_all_withdraws_nothing(self, office: Busy) -> None:
        office.run()
        sf = office.crms["sf"]
        kept = {kind: dict(rows) for kind, rows in sf.rows.items()}
        for rows in sf.rows.values():
            rows.clear()
        report = office.run()
        assert report.totals.changes == 0
        sf.rows.update(kept)
