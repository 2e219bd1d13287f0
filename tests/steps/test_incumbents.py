"""Who sold to a customer before: challengers, renewals, and what the past lends to a claim."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from sync.claim import Claim
from sync.conflicts.catalogue import KINDS, detect
from sync.conflicts.incumbents import base_and_expansion, base_lines, with_past
from sync.model.deal import Opportunity, OpportunityType, Stage
from sync.model.money import Money
from sync.model.parties import PartnerStatus
from sync.model.registration import Choice, Role, State
from tests.steps.business import claim, date_of, day, deal, evidence, line, partner, policy
from tests.steps.judging import Judged, situation

Fields = dict[str, Any]


def sold(who: str = "old", closed: date | None = None, **more: Any) -> Claim:
    """A won resale to the customer of the other claims, a month ago."""
    before = deal("before", stage=Stage.WON, close_date=closed or date_of(-30), amount="80.00")
    return claim("W", who, **{"deal": before, "state": "WON", "submitted_at": day(-60), **more})


def challenged(*past: Claim, **more: Any) -> bool:
    asked = claim("A", "new", **{"submitted_at": day(9), **more})
    return bool(detect(KINDS["C05"], situation(*past, asked)))


# C05.


def test_c05_another_partner_sold_this_to_the_customer() -> None:
    assert challenged(sold())
    assert not challenged()


@pytest.mark.parametrize(
    ("closed", "hit"),
    [
        (date(2024, 2, 11), True),  # 35 months and 30 days before 10 February 2027
        (date(2024, 2, 10), False),  # 36 months
        (date(2027, 2, 10), True),
        (date(2027, 2, 11), False),  # after the claim
    ],
)
def test_c05_the_past_is_three_years_long(closed: date, hit: bool) -> None:
    assert challenged(sold(closed=closed)) is hit


@pytest.mark.parametrize(
    ("past", "more", "hit"),
    [
        ({"families": ("a",)}, {"families": ("a", "b")}, True),
        ({"families": ("a",)}, {"families": ("b",)}, False),
        ({"families": ("a",)}, {}, True),
        ({"roles": "IMPLEMENT"}, {}, False),
        ({"roles": "DISTRIBUTE"}, {}, True),
        ({}, {"roles": "IMPLEMENT"}, False),
        ({"state": "LOST"}, {}, False),
        ({}, {"state": "APPROVED"}, False),
        ({}, {"deal": deal(type=OpportunityType.RENEWAL)}, False),
    ],
)
def test_c05_only_what_was_sold_and_is_to_be_sold(past: Fields, more: Fields, hit: bool) -> None:
    assert challenged(sold(**past), **more) is hit


def test_c05_not_for_whoever_sold_there_too() -> None:
    assert not challenged(sold(), sold("new"))


def test_c05_the_incumbent_has_five_working_days_to_answer() -> None:
    assert challenged(sold(), submitted_at=day(3))  # now is day 10, a Thursday
    assert not challenged(sold(), submitted_at=day(3, 8))


# C16.

BEFORE = deal("before", stage=Stage.WON, close_date=date_of(-30), lines=(line("x", "70.00"),))
RENEWED = deal("now", "100.00", type=OpportunityType.RENEWAL, renewal_of="before")
WITH_LINES = deal(
    "now",
    "100.00",
    type=OpportunityType.RENEWAL,
    renewal_of="before",
    lines=(line("x", "70.00"), line("y", "30.00")),
)


def renewing(on: Opportunity, who: str = "new", **more: Any) -> Judged:
    past = claim("W", more.pop("seller", "old"), deal=BEFORE, state="WON", partner=more.pop("record", None))
    deals = (BEFORE, on)
    return Judged(past, claim("A", who, deal=on, **more), opportunities=deals)


@pytest.fixture
def old() -> Any:
    return partner("old")


def test_c16_without_lines_the_reseller_of_record_keeps_the_renewal(old: Any) -> None:
    judged = renewing(RENEWED, record=old, roles="RESELL SUPPORT")
    assert judged.claims["A"].roles == (Role.SUPPORT,)
    assert renewing(RENEWED, record=old).state("A") is State.REJECTED


def test_c16_with_lines_the_newcomer_goes_on_with_what_is_added(old: Any) -> None:
    judged = renewing(WITH_LINES, record=old)
    assert (judged.state("A"), judged.claims["A"].line_ids) == (State.UNDER_REVIEW, ("y",))


def test_c16_is_silent_about_the_partner_of_record_and_about_what_is_added(old: Any) -> None:
    assert not renewing(WITH_LINES, record=old, who="old").cases
    assert not renewing(WITH_LINES, record=old, line_ids=("y",)).cases
    assert not renewing(deal("now", renewal_of="before"), record=old).cases  # a new deal, not a renewal
    assert not renewing(RENEWED, record=old, roles="IMPLEMENT").cases


def test_c16_waits_where_the_customer_or_the_records_say_otherwise(old: Any) -> None:
    assert renewing(RENEWED, record=old, customer_choice=Choice.CHOSEN).waits()
    assert renewing(RENEWED, record=partner("old", status=PartnerStatus.TERMINATED)).waits()
    assert renewing(WITH_LINES, record=old, roles="RESELL IMPLEMENT").waits()
    assert renewing(WITH_LINES, record=old, roles="IMPLEMENT RESELL").waits()


def test_base_and_expansion_make_the_whole_renewal() -> None:
    assert base_lines(WITH_LINES, BEFORE) == ("x",)
    assert base_and_expansion(WITH_LINES, BEFORE) == (Money(7000, "EUR"), Money(3000, "EUR"))
    assert base_and_expansion(RENEWED, deal("before", "80.00")) == (Money(8000, "EUR"), Money(2000, "EUR"))
    assert base_and_expansion(RENEWED, deal("before", "120.00")) == (Money(10000, "EUR"), Money(0, "EUR"))
    assert base_and_expansion(RENEWED, deal("before", None)) is None
    assert base_and_expansion(deal("now", None), BEFORE) is None


# What the past lends.


def test_whoever_sold_there_before_is_the_incumbent() -> None:
    past = {found.id: found for found in with_past(situation(sold(), claim("A", "old"), claim("B", "new")))}
    assert (past["A"].incumbent, past["B"].incumbent) == (True, False)


def test_evidence_counts_for_every_registration_of_the_same_business() -> None:
    poc = (evidence("POC", day(-1)),)
    first, again = claim("A", evidence=poc, state="SUPERSEDED"), claim("B", roles="IMPLEMENT")
    elsewhere, rival = claim("C", deal=deal("other")), claim("D", "beta")
    past = {found.id: found for found in with_past(situation(first, again, elsewhere, rival))}
    assert {key: found.evidence_points() for key, found in past.items()} == {"A": 5, "B": 5, "C": 0, "D": 0}


def test_a_detector_that_is_off_finds_nothing_in_the_past_either() -> None:
    assert not challenged(sold(), policy=policy(conflicts={"off": ["C05"]}))
