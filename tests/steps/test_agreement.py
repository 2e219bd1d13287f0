"""Observe mode: the rules beside what people did, and nothing kept or written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sync.agreement import Agreement, Word
from sync.store.tables import decision, directive, standing
from tests.machine import promises
from tests.machine.office import Office, usd


class Watched(Office):
    """People decide; dealsync looks on."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.world = replace(self.world, observe=True)
        self.lumen, self.cirrus = (
            self.put("sf", "account", name=name, is_partner=True) for name in ("Lumen", "Cirrus")
        )
        self.deal = self.put("sf", "opportunity", name="Northwind", stage="QUALIFIED", amount=usd("1000.00"))

    def claims(self, partner: str, status: str | None, hours: int = 0, **more: Any) -> str:
        filed = self.moment - timedelta(days=9) + timedelta(hours=hours)
        kept = {
            "partner": partner,
            "opportunity": self.deal,
            "roles": ("RESELL",),
            "submitted_at": filed,
            "created_at": filed,
        }
        return self.put("sf", "registration", **kept | {"status": status} | more)

    def watch(self) -> Agreement:
        found = self.run().agreement
        assert found is not None
        return found


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Watched]:
    opened = Watched(tmp_path)
    yield opened
    opened.close()


def test_people_and_rules_agree_on_who_was_first(office: Watched) -> None:
    office.claims(office.lumen, "APPROVED")
    office.claims(office.cirrus, "REJECTED", hours=2)
    found = office.watch()
    assert found.registrations == {Word.ASK: 1, Word.AGREE: 1}  # no rule approves by itself: a person does
    assert found.rules["C02"][Word.AGREE] == 1


def test_where_people_gave_it_to_the_later_one_the_rule_is_named(office: Watched) -> None:
    office.claims(office.lumen, "REJECTED")
    office.claims(office.cirrus, "APPROVED", hours=2)
    found = office.watch()
    [differs] = [entry for entry in found.differing if entry.word is Word.DIFFER]
    assert (differs.title, differs.theirs, differs.ours, differs.rule) == (
        "Cirrus · Northwind",
        "APPROVED",
        "REJECTED",
        "C02",
    )
    assert "Lumen filed on" in differs.why


def test_what_the_rules_leave_to_a_person_is_not_a_difference(office: Watched) -> None:
    office.claims(office.lumen, "APPROVED")
    found = office.watch()
    assert (found.registrations, found.differing[0].rule) == ({Word.ASK: 1}, "review")


def test_a_vote_is_what_people_did_where_the_crm_holds_no_status(office: Watched) -> None:
    vote = {"vote": "APPROVE", "voter": "Maria", "voted_at": office.moment}
    office.claims(office.lumen, None)
    office.claims(office.cirrus, None, hours=2, **vote)
    [entry] = office.watch().differing
    assert (entry.title, entry.theirs, entry.ours) == ("Cirrus · Northwind", "APPROVED", "REJECTED")


def test_what_people_have_not_decided_is_not_compared(office: Watched) -> None:
    office.claims(office.lumen, None)
    office.claims(office.cirrus, "WITHDRAWN", hours=2)
    assert not office.watch().registrations


def test_a_deal_that_was_won_later_does_not_make_the_claim_late(office: Watched) -> None:
    office.claims(office.lumen, "WON")
    office.put(
        "sf", "opportunity", office.deal, stage="WON", closed=True, won=True, close_date=office.moment.date()
    )
    found = office.watch()
    assert found.registrations == {Word.ASK: 1}


def test_a_split_is_compared_with_what_the_policy_would_give_and_the_money_is_said(office: Watched) -> None:
    office.claims(office.lumen, "APPROVED")
    office.claims(office.cirrus, "APPROVED", hours=2, roles=("IMPLEMENT",))
    for partner, share in ((office.lumen, "60"), (office.cirrus, "40")):
        office.put("sf", "attribution", opportunity=office.deal, partner=partner, share=share)
    found = office.watch()
    assert found.splits == {Word.DIFFER: 1}
    assert found.moved == {"USD": 5450}
    [split] = [entry for entry in found.differing if entry.theirs.endswith("%")]
    assert {split.theirs, split.ours} <= {
        "Lumen 60.00% / Cirrus 40.00%",
        "Cirrus 40.00% / Lumen 60.00%",
        "Lumen 54.55% / Cirrus 45.45%",
        "Cirrus 45.45% / Lumen 54.55%",
    }


def test_the_same_split_agrees(office: Watched) -> None:
    office.claims(office.lumen, "APPROVED")
    office.claims(office.cirrus, "APPROVED", hours=2, roles=("IMPLEMENT",))
    for partner, share in ((office.lumen, "54.55"), (office.cirrus, "45.45")):
        office.put("sf", "attribution", opportunity=office.deal, partner=partner, share=share)
    found = office.watch()
    assert (found.splits, found.moved) == ({Word.AGREE: 1}, {})


def test_observing_keeps_and_writes_nothing(office: Watched) -> None:
    office.claims(office.lumen, "APPROVED")
    before = promises.contents(office)
    office.watch()
    with office.world.store.read() as connection:
        assert [list(connection.execute(select(table))) for table in (decision, directive, standing)] == [
            [],
            [],
            [],
        ]
    assert promises.contents(office) == before
