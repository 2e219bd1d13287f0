"""Going live beside a running programme: what people decided is adopted, and day one rejudges nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sync.model.registration import State
from sync.store.tables import case_file, decision, directive
from sync.takeover import Adopted, adopt
from tests.machine import promises
from tests.machine.northwind import Northwind
from tests.machine.office import Office, usd


class Running(Office):
    """A programme that people ran by hand for months: statuses, protection and shares are in Salesforce."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.lumen, self.cirrus, self.beacon = (self.partner(name) for name in ("Lumen", "Cirrus", "Beacon"))
        self.deal = self.put("sf", "opportunity", name="Northwind", stage="QUALIFIED", amount=usd("1000.01"))
        self.lumens = self.claims(self.lumen, "APPROVED", protection_end=date(2027, 1, 31), message="Welcome.")
        self.cirruses = self.claims(self.cirrus, "APPROVED")
        self.beacons = self.claims(self.beacon, "REJECTED", status_reason="TERRITORY")
        self.shares_of = {self.lumen: "66.67", self.cirrus: "33.33"}
        self.entered = [self.entry(partner, share) for partner, share in self.shares_of.items()]

    def partner(self, name: str) -> str:
        return self.put("sf", "account", name=name, is_partner=True)

    def claims(self, partner: str, status: str | None, role: str = "RESELL", **more: Any) -> str:
        filed = {"partner": partner, "opportunity": self.deal, "roles": (role,), "submitted_at": self.moment}
        return self.put("sf", "registration", **filed, status=status, **more)

    def entry(self, partner: str, share: str | None, **more: Any) -> str:
        kept = {"opportunity": self.deal, "partner": partner, "share": share, "roles": ("RESELL",)}
        return self.put("sf", "attribution", **kept, **more)

    def adopts(self, *, keep: bool = True) -> Adopted:
        self.passes(minutes=1)
        return adopt(self.world, self.moment, "Maria", keep=keep)

    def status(self, claim: str) -> Any:
        return self.says("sf", "registration", claim, "status")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Running]:
    opened = Running(tmp_path)
    yield opened
    opened.close()


def stored(office: Office, table: Any) -> list[Any]:
    with office.world.store.read() as connection:
        return list(connection.execute(select(table)))


class TestDayOne:
    def test_nothing_that_people_decided_is_judged_anew(self, office: Running) -> None:
        office.adopts()
        before = promises.contents(office)
        report = office.run()
        assert report.complete
        assert [office.status(claim) for claim in (office.lumens, office.cirruses, office.beacons)] == [
            "Approved",
            "Approved",
            "Rejected",
        ]
        assert office.shares("sf", office.deal) == office.shares_of
        changed = {field.field for change in report.changes for field in change.fields}
        kept = {office.field("sf", "registration", path) for path in ("status", "message", "status_reason")}
        kept |= {office.field("sf", "attribution", path) for path in ("share", "partner", "opportunity", "roles")}
        assert not changed & kept
        promises.only_ours_was_written(office, before)

    def test_the_rows_that_people_made_get_our_key_and_no_second_row_stands_beside_them(
        self, office: Running
    ) -> None:
        office.adopts()
        report = office.run()
        assert {row.id for row in office.rows("sf", "attribution")} == set(office.entered)
        keys = [office.says("sf", "attribution", entry, "key") or "" for entry in office.entered]
        assert all(key.startswith("att_") for key in keys)
        assert report.totals.create == 0
        second = office.run()
        assert (second.totals.changes, dict(second.outcomes)) == (0, {})

    def test_protection_that_was_given_is_kept_and_one_without_an_end_runs_from_today(
        self, office: Running
    ) -> None:
        found = office.adopts()
        assert found.unprotected == 1
        office.run()
        ends = {
            claim: office.says("sf", "registration", claim, "protection_end")
            for claim in (office.lumens, office.cirruses)
        }
        today = office.moment.date()
        assert ends == {office.lumens: "2027-01-31", office.cirruses: (today + timedelta(days=90)).isoformat()}

    def test_the_cases_of_the_past_are_not_opened(self, office: Running) -> None:
        office.adopts()
        report = office.run()
        assert set(report.decisions) <= {"create", "adopt"}
        assert not any(row.state == "OPEN" for row in stored(office, case_file))

    def test_who_files_afterwards_meets_the_protection_that_was_there(self, office: Running) -> None:
        office.adopts()
        late = office.claims(office.beacon, None)
        office.run()
        assert office.status(late) == "Rejected"
        assert office.status(office.lumens) == "Approved"

    def test_a_decision_of_a_person_is_recorded_for_each(self, office: Running) -> None:
        office.adopts()
        office.run()
        made = [row for row in stored(office, decision) if row.event == "adopt"]
        assert {(row.person, row.to_state) for row in made} == {(True, "APPROVED"), (True, "REJECTED")}

    def test_in_review_stays_in_review_and_the_rules_take_it_from_there(self, office: Running) -> None:
        waits = office.claims(office.beacon, "UNDER_REVIEW", role="ADVISE")
        office.adopts()
        office.run()
        assert office.status(waits) == "Under Review"
        office.put("sf", "registration", waits, vote="APPROVE", voter="Maria", voted_at=office.moment)
        office.run()
        assert office.status(waits) == "Approved"


class TestWhatAdoptSays:
    def test_without_yes_nothing_is_kept(self, office: Running) -> None:
        found = office.adopts(keep=False)
        assert (dict(found.states), found.splits) == ({State.APPROVED: 2, State.REJECTED: 1}, 1)
        assert stored(office, directive) == []

    def test_adopting_twice_adopts_once(self, office: Running) -> None:
        office.adopts()
        kept = stored(office, directive)
        office.adopts()
        office.run()
        again = office.adopts()
        assert (dict(again.states), again.splits) == ({}, 0)
        assert stored(office, directive) == kept

    def test_three_times_33_33_is_scaled_and_shown(self, office: Running) -> None:
        for entry in office.entered:
            office.drop("sf", "attribution", entry)
        for partner in (office.lumen, office.cirrus, office.beacon):
            office.entry(partner, "33.33")
        found = office.adopts()
        assert found.scaled == ["Northwind: its shares make 99.99 percent and are scaled to 100.00"]
        office.run()
        assert sorted(office.shares("sf", office.deal).values()) == ["33.33", "33.33", "33.34"]

    @pytest.mark.parametrize(
        ("share", "says"),
        [("20", "make 120.00 percent"), (None, "without a share"), ("-20", "below zero")],
    )
    def test_a_split_that_cannot_stand_is_left_alone_and_named(
        self, office: Running, share: str | None, says: str
    ) -> None:
        office.entry(office.beacon, share)
        found = office.adopts()
        assert found.splits == 0
        [left] = found.left
        assert says in left.reason
        assert left.title == "Northwind"

    def test_two_rows_of_one_partner_are_left_for_a_person(self, office: Running) -> None:
        office.entry(office.lumen, "0")
        [left] = office.adopts().left
        assert "several rows of Lumen" in left.reason

    def test_amounts_say_what_rounded_shares_mean(self, office: Running) -> None:
        for entry, amount in zip(office.entered, ("666.68", "333.33"), strict=True):
            office.put("sf", "attribution", entry, amount=usd(amount))
        office.adopts()
        office.run()
        amounts = {office.says("sf", "attribution", entry, "amount") for entry in office.entered}
        assert amounts == {"666.68", "333.33"}


class TestAfterwards:
    def test_only_people_change_a_split_that_people_stated(self, office: Running) -> None:
        office.adopts()
        office.run()
        late = office.claims(
            office.beacon, None, role="ADVISE", vote="APPROVE", voter="Maria", voted_at=office.moment
        )
        report = office.run()
        assert office.status(late) == "Approved"
        assert office.shares("sf", office.deal) == office.shares_of
        assert not report.faults

    def test_an_adopted_split_follows_the_amount_of_the_deal(self, office: Running) -> None:
        office.adopts()
        office.run()
        office.put("sf", "opportunity", office.deal, amount=usd("3000.00"))
        office.run()
        amounts = sorted(str(office.says("sf", "attribution", entry, "amount")) for entry in office.entered)
        assert amounts == ["2000.1", "999.9"]
        assert office.shares("sf", office.deal) == office.shares_of


def test_a_lost_store_is_adopted_back_from_what_dealsync_itself_wrote(tmp_path: Path) -> None:
    """A new, empty store beside CRMs that dealsync kept: adopting restores every status, date and share."""
    first = Northwind(tmp_path)
    first.run()
    first.close()
    (tmp_path / "dealsync.db").rename(tmp_path / "lost.db")
    first.world = replace(first.opened(), limits=first.world.limits)
    before = promises.contents(first)
    adopt(first.world, first.moment, "Maria", keep=True)
    first.run()
    ids = {first.field(crm, kind, "decision") for crm in first.crms for kind in ("registration", "attribution")}
    ids |= {first.field(crm, "opportunity", "split_summary") for crm in first.crms}  # the parts in another order
    ids |= {first.field(crm, "attribution", path) for crm in first.crms for path in ("split_version", "policy")}
    assert _without(promises.contents(first), ids) == _without(before, ids)
    first.close()


def _without(contents: promises.Contents, fields: set[str]) -> promises.Contents:
    return {
        kind: {key: {f: text for f, text in row.items() if f not in fields} for key, row in rows.items()}
        for kind, rows in contents.items()
    }
