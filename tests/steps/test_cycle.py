"""A whole cycle over two CRMs in memory: what is decided is written, once, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from connector.errors import Rejected, TryAgain
from connector.record import Op
from sync import commands
from sync.model.plan import Limits
from sync.store import outbox, runs
from sync.store.tables import decision
from tests.machine import promises
from tests.machine.crash import Fuse, MortalCrm, mortal
from tests.machine.northwind import Northwind
from tests.machine.office import Office, usd


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Northwind]:
    opened = Northwind(tmp_path)
    yield opened
    opened.close()


def count_decisions(office: Office) -> int:
    with office.world.store.read() as connection:
        return connection.scalar(select(func.count()).select_from(decision)) or 0


class TestWhatIsWritten:
    def test_a_split_is_in_both_crms_to_the_cent(self, office: Northwind) -> None:
        report = office.run()
        assert office.shares("sf", office.deal) == {office.lumen: "54.55", office.cirrus: "45.45"}
        assert sorted(office.shares("hs", office.twin).values()) == ["45.45", "54.55"]
        assert (report.totals.create, report.complete, report.faults) == (4, True, [])
        promises.splits_are_written(office, promises.nothing_is_left_to_do(office))

    def test_a_second_run_writes_nothing_and_a_third_has_nothing_to_judge(self, office: Northwind) -> None:
        office.run()
        second, third = office.run(), office.run()
        assert (second.totals.changes, dict(second.outcomes), dict(second.decisions)) == (0, {}, {})
        assert (third.groups, dict(third.outcomes)) == (0, {})
        promises.nothing_is_left_to_do(office)

    def test_only_our_own_fields_were_written(self, office: Northwind) -> None:
        before = promises.contents(office)
        office.run()
        promises.only_ours_was_written(office, before)
        promises.everything_is_stored(office)

    def test_a_partner_that_goes_leaves_the_whole_to_the_other(self, office: Northwind) -> None:
        office.run()
        office.put("sf", "registration", office.implements, withdrawn=True)
        report = office.run()
        assert office.shares("sf", office.deal) == {office.lumen: "100"}
        assert report.totals.delete == 2

    def test_a_clock_that_ends_is_noticed_without_any_news(self, office: Northwind) -> None:
        office.run()
        office.passes(days=91)
        report = office.run()
        assert office.says("sf", "registration", office.resells, "status") == "Expired"
        assert dict(report.decisions) == {"inactive": 4, "protection_end": 2}

    def test_a_partner_marked_after_it_filed_is_judged_then(self, office: Northwind) -> None:
        late = office.put("sf", "account", name="Beacon")
        claim = office.claims(late, "ADVISE")
        office.run()
        assert office.says("sf", "registration", claim, "status") is None
        office.put("sf", "account", late, is_partner=True)
        office.put("hs", "account", name="Beacon", is_partner=True, shared_id=late)
        office.run()
        assert office.says("sf", "registration", claim, "status") == "Approved"
        assert len(office.shares("sf", office.deal)) == 3


class TestWhatIsHeld:
    def test_a_person_s_edit_of_our_row_holds_the_set_and_the_other_crm_goes_on(self, office: Northwind) -> None:
        office.run()
        [row, _] = office.rows("sf", "attribution")
        office.crms["sf"].put("Partner_Attribution__c", {office.field("sf", "attribution", "share"): "60"}, row.id)
        office.put("sf", "opportunity", office.deal, amount=usd("2000"))
        before = promises.contents(office)
        report = office.run()
        promises.sets_are_whole(office, before)
        assert "60" in office.shares("sf", office.deal).values()
        assert {fault.connection for fault in report.held} == {"sf"}
        assert office.total("hs") == 2000

    def test_a_partner_without_a_record_there_holds_the_set_and_takes_nothing_away(self, office: Northwind) -> None:
        office.run()
        before = office.shares("hs", office.twin)
        stranger = office.put("sf", "account", name="Beacon", is_partner=True)
        office.claims(stranger, "ADVISE")
        report = office.run()
        assert len(office.shares("sf", office.deal)) == 3
        assert office.shares("hs", office.twin) == before
        assert any("Beacon has no record in hs" in fault.reason for fault in report.held)

    def test_a_deal_in_a_stage_that_is_not_understood_keeps_its_rows(self, office: Northwind) -> None:
        office.run()
        office.crms["sf"].put("Opportunity", {"StageName": "Weird"}, office.deal)
        office.run()
        assert len(office.shares("sf", office.deal)) == 2

    def test_a_locked_split_outlives_one_of_its_partners(self, office: Northwind) -> None:
        office.put("sf", "opportunity", office.deal, stage="WON")
        office.run()
        office.run()
        before = office.shares("sf", office.deal)
        for crm in ("sf", "hs"):
            for row in office.rows(crm, "account"):
                if row.values.get(office.field(crm, "account", "name")) == "Cirrus":
                    office.drop(crm, "account", row.id)
        office.run()
        assert office.shares("sf", office.deal) == before

    def test_a_row_that_a_person_deleted_before_we_read_it_is_not_taken_for_there(self, office: Northwind) -> None:
        office.run()
        [row, _] = office.rows("sf", "attribution")
        office.drop("sf", "attribution", row.id)
        report = office.run()
        key = row.values["Engine_Key__c"]
        assert {fault.key for fault in report.held} >= {key}

    def test_a_field_that_both_sides_emptied_may_be_filled_again(self, office: Northwind) -> None:
        office.run()
        reason = office.field("sf", "registration", "status_reason")
        office.put("sf", "registration", office.resells, withdrawn=True)
        office.crms["sf"].put("Deal_Registration__c", {reason: "WITHDRAWN"}, office.resells)
        office.run()
        assert office.says("sf", "registration", office.resells, "status_reason") == "WITHDRAWN"


class TestTrouble:
    def test_a_crm_that_is_down_leaves_the_other_going_and_says_so(self, office: Northwind) -> None:
        office.run()
        office.crms["hs"].faults = [("changes", TryAgain("hs: not reached"))]
        office.put("sf", "opportunity", office.deal, amount=usd("500"))
        report = office.run()
        assert (report.complete, report.notes) == (False, ["hs: hs: not reached"])
        assert office.total("sf") == 500

    def test_one_refused_row_does_not_hold_the_others(self, office: Northwind) -> None:
        office.crms["sf"].hidden.add(("Opportunity", "Split_Summary__c"))
        office.crms["hs"].faults = [("write", Rejected("hs: no"))]
        report = office.run()
        assert report.outcomes["failed"] == 2
        assert len(office.shares("sf", office.deal)) == 2
        assert all(change.connection == "hs" for change, _ in report.faults)

    def test_a_refused_write_waits_for_an_edit(self, office: Northwind) -> None:
        office.crms["hs"].faults = [("write", Rejected("hs: no"))] * 9
        office.run()
        office.run()
        assert (office.run().groups, len(office.rows("hs", "attribution"))) == (0, 0)
        office.crms["hs"].faults = []
        office.put("sf", "opportunity", office.deal, amount=usd("500"))
        office.run()
        assert len(office.shares("hs", office.twin)) == 2


class TestBrakes:
    def test_an_unsafe_plan_is_shown_and_nothing_of_it_is_kept_or_sent(self, office: Northwind) -> None:
        before = promises.contents(office)
        office.limit(Limits(changes=3, changes_percent=0))
        report = office.run()
        assert (report.sent, report.totals.changes > 3, len(report.unsafe)) == (False, True, 1)
        assert promises.contents(office) == before
        assert count_decisions(office) == 0
        with office.world.store.read() as connection:
            assert outbox.count_states(connection) == {}

    def test_deletes_have_a_brake_of_their_own(self, office: Northwind) -> None:
        office.run()
        office.put("sf", "registration", office.implements, withdrawn=True)
        office.limit(Limits(deletes=1, deletes_percent=0))
        assert office.run().unsafe == ("2 deletes; a run may make 1 by itself",)
        assert len(office.shares("sf", office.deal)) == 2

    def test_observing_writes_nothing_and_decides_again_next_time(self, office: Northwind) -> None:
        before = promises.contents(office)
        office.world = replace(office.world, observe=True)
        first, second = office.run(), office.run()
        assert promises.contents(office) == before
        assert first.totals.changes == second.totals.changes > 0
        assert (first.sent, count_decisions(office)) == (False, 0)


def test_new_rules_make_everything_due_again(office: Northwind) -> None:
    office.run()
    office.run()
    assert office.run().groups == 0
    with office.world.store.write() as connection:
        runs.forget(connection, "policies")
    assert office.run().groups == 1


def test_a_run_is_kept_with_what_it_did(office: Northwind) -> None:
    office.run()
    with office.world.store.read() as connection:
        [kept] = runs.last_runs(connection, 5)
    assert (kept["report"]["outcomes"], kept["report"]["complete"]) == ({"done": 8}, True)
    assert kept["finished_at"] is not None


def test_removals_and_rises_of_one_set_are_sent_together(office: Northwind) -> None:
    office.run()
    office.put("sf", "registration", office.implements, withdrawn=True)
    office.passes(minutes=1)
    world = mortal(office.world, Fuse())
    commands.run_once(world, office.moment)
    seen = world.crms["sf"]
    assert isinstance(seen, MortalCrm)
    rows = [change for change in seen.sent if change.kind == "Partner_Attribution__c"]
    assert [change.op for change in rows] == [Op.REMOVE, Op.UPSERT]
    assert len({change.group for change in rows}) == 1
