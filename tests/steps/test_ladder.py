"""Each rung of the tie-break ladder: when it decides, for whom, and that it does not matter who is named first."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.claim import Claim
from sync.ladder import LADDER, climb
from sync.model.parties import Tier
from sync.model.registration import Choice, Vote
from sync.policy import Policy
from tests.steps.business import ACCOUNT, claim, date_of, day, evidence, partner, patient, policy

Fields = dict[str, Any]
POC = (evidence("POC", day(-1)),)
MEETING = (evidence("MEETING", day(-1)),)
HELD = {"state": "APPROVED", "submitted_at": day(0)}  # approved on day 1, protected through day 91


def pair(one: Fields, other: Fields) -> tuple[Claim, Claim]:
    return claim("A", "alpha", **one), claim("B", "beta", **other)


def ask(rung: str, one: Fields, other: Fields) -> str:
    """The winner's id or nothing, the same whichever of the two is asked about first."""
    left, right = pair(one, other)
    said, reversed_ = LADDER[rung](left, right), LADDER[rung](right, left)
    assert (said.winner and said.winner.id) == (reversed_.winner and reversed_.winner.id)
    assert said.text and reversed_.text
    return said.winner.id if said.winner else ""


CHOSEN, REFUSED = {"customer_choice": Choice.CHOSEN}, {"customer_choice": Choice.REFUSED}


@pytest.mark.parametrize(
    ("one", "other", "winner"),
    [
        ({}, {}, ""),
        (CHOSEN, {}, "A"),
        ({}, CHOSEN, "B"),
        (REFUSED, {}, "B"),
        ({}, REFUSED, "A"),
        (CHOSEN, REFUSED, "A"),
        (REFUSED, CHOSEN, "B"),
        (CHOSEN, CHOSEN, ""),
        (REFUSED, REFUSED, ""),
    ],
)
def test_the_customer_s_written_choice(one: Fields, other: Fields, winner: str) -> None:
    assert ask("customer_choice", one, other) == winner


@pytest.mark.parametrize(
    ("one", "other", "winner"),
    [
        ({}, {}, ""),
        (HELD, {"submitted_at": day(40)}, "A"),
        ({"submitted_at": day(40)}, HELD, "B"),
        (HELD, {"submitted_at": day(0)}, ""),  # filed before the approval
        (HELD, {"submitted_at": day(91, 21)}, "A"),
        (HELD, {"submitted_at": day(91, 22)}, ""),
        ({**HELD, "state": "WITHDRAWN"}, {"submitted_at": day(40)}, ""),
        ({"vote": Vote.APPROVE, "voted_at": day(1)}, {"submitted_at": day(40)}, "A"),
        ({**HELD, "submitted_at": day(50)}, {**HELD, "submitted_at": day(40)}, ""),  # both protected: a data error
    ],
)
def test_protection_that_was_valid_when_the_rival_filed(one: Fields, other: Fields, winner: str) -> None:
    assert ask("valid_protection", one, other) == winner


@pytest.mark.parametrize(
    ("one", "other", "winner"),
    [
        ({}, {}, ""),
        ({"evidence": POC}, {}, "A"),
        ({}, {"evidence": POC}, "B"),
        ({"evidence": POC}, {"evidence": MEETING}, ""),  # 5 to 3: less than the margin
        ({"evidence": (*POC, *MEETING)}, {"evidence": MEETING}, "A"),
        ({"evidence": MEETING}, {}, ""),
        ({"evidence": (evidence("POC", day(-1), verified=False),)}, {}, ""),
    ],
)
def test_clearly_more_verified_work(one: Fields, other: Fields, winner: str) -> None:
    assert ask("substantial_work", one, other) == winner


@pytest.mark.parametrize(
    ("one", "other", "winner"),
    [
        ({"submitted_at": day(0)}, {"submitted_at": day(0)}, ""),
        ({"submitted_at": day(0)}, {"submitted_at": day(0, minute=1)}, ""),
        ({"submitted_at": day(0)}, {"submitted_at": day(0, minute=1, second=1)}, "A"),
        ({"submitted_at": day(1)}, {"submitted_at": day(0)}, "B"),
    ],
)
def test_the_earlier_submission_unless_it_is_the_same_time(one: Fields, other: Fields, winner: str) -> None:
    assert ask("first_submitted", one, other) == winner


def test_a_date_that_the_row_does_not_bear_out_decides_nothing() -> None:
    old: Fields = {"submitted_at": day(0), "created_at": day(2)}
    rival: Fields = {"submitted_at": day(1), "created_at": day(1)}
    assert ask("first_submitted", old, rival) == ""
    assert ask("first_submitted", old, {**rival, "created_at": day(3)}) == "A"  # both were entered later
    assert ask("first_submitted", {**old, "created_at": day(1)}, rival) == "A"
    assert ask("first_submitted", {**old, "submitted_at": day(1)}, {**rival, "submitted_at": day(0)}) == "B"


def test_whoever_sold_there_before() -> None:
    one, other = pair({}, {})
    assert LADDER["incumbent"](replace(one, incumbent=True), other).winner is not None
    assert LADDER["incumbent"](one, replace(other, incumbent=True)).winner == replace(other, incumbent=True)
    assert LADDER["incumbent"](replace(one, incumbent=True), replace(other, incumbent=True)).winner is None
    assert LADDER["incumbent"](one, other).winner is None


RULES = policy(conflicts={"verticals": {"Healthcare": "HEALTH-1"}})


@pytest.mark.parametrize(
    ("certificates", "industry", "winner"),
    [
        ((("HEALTH-1", None),), "Healthcare", "A"),
        ((("HEALTH-1", date_of(0)),), "Healthcare", "A"),
        ((("HEALTH-1", date_of(-1)),), "Healthcare", ""),
        ((("OTHER", None),), "Healthcare", ""),
        ((("HEALTH-1", None),), "Retail", ""),
        ((("HEALTH-1", None),), None, ""),
    ],
)
def test_a_certificate_for_the_customer_s_industry(certificates: Any, industry: Any, winner: str) -> None:
    on: Fields = {"account": replace(ACCOUNT, industry=industry), "policy": RULES}
    asked = {"partner": partner("alpha", certifications=certificates), **on}
    assert ask("vertical", asked, on) == winner
    both = {"partner": partner("beta", certifications=certificates), **on}
    assert ask("vertical", asked, both) == ""
    for one, other in ((asked, {**on, "account": None}), ({**asked, "account": None}, on)):
        assert ask("vertical", one, other) == winner  # one of the two records says who the customer is


@pytest.mark.parametrize(
    ("one", "other", "winner"),
    [
        (Tier.GOLD, Tier.SILVER, "A"),
        (Tier.SILVER, Tier.PLATINUM, "B"),
        (Tier.GOLD, Tier.GOLD, ""),
        (None, Tier.BRONZE, "B"),
        (None, None, ""),
    ],
)
def test_the_higher_standing_in_the_programme(one: Tier | None, other: Tier | None, winner: str) -> None:
    ranked = {"partner": partner("alpha", tier=one)}, {"partner": partner("beta", tier=other)}
    assert ask("tier", *ranked) == winner


def test_the_ladder_s_order_and_margins_are_those_of_the_earlier_claim() -> None:
    strict, mild = policy(ladder={"work_margin": 20}), policy(ladder={"work_margin": 1})
    for first, later in ("AB", "BA"):
        one = claim(first, "alpha", policy=strict)
        other = claim(later, "beta", submitted_at=day(0, second=1), policy=mild, evidence=POC)
        assert climb(one, other) == climb(other, one)
        assert climb(one, other)[1] is None


def test_what_no_rule_separates_a_person_decides() -> None:
    assert ask("person", HELD, {"submitted_at": day(40)}) == ""


# The whole ladder.


def test_the_rungs_before_the_decisive_one_are_on_record() -> None:
    steps, winner = climb(*pair({"submitted_at": day(1)}, {"submitted_at": day(0)}))
    assert winner and winner.id == "B"
    assert [(step.rule, step.result) for step in steps] == [
        ("customer_choice", "not decisive"),
        ("valid_protection", "not decisive"),
        ("substantial_work", "not decisive"),
        ("first_submitted", "decisive"),
    ]
    assert steps[-1].text == "Beta filed on 2027-02-01 09:00:00 UTC, Alpha on 2027-02-02 09:00:00 UTC."


def test_nobody_wins_when_no_rung_separates() -> None:
    steps, winner = climb(*pair({}, {}))
    assert winner is None
    assert [step.rule for step in steps] == [*LADDER]


ADVANTAGES: dict[str, tuple[Fields, Fields]] = {
    "customer_choice": (CHOSEN, {}),
    "valid_protection": (HELD, {"submitted_at": day(40)}),
    "substantial_work": ({"evidence": POC}, {}),
    "first_submitted": ({"submitted_at": day(0)}, {"submitted_at": day(1)}),
}


@pytest.mark.parametrize("rungs", list(permutations(ADVANTAGES, 2)))
def test_the_programme_orders_the_rungs(rungs: tuple[str, str]) -> None:
    """A has the advantage of the first rung, B of the second: with their order turned round the other one wins."""
    first, second = rungs
    if {first, second} == {"valid_protection", "first_submitted"}:
        one, other = {**HELD, "submitted_at": day(50)}, {"submitted_at": day(40)}
        winners = {"valid_protection": "A", "first_submitted": "B"}
    else:
        one = {**ADVANTAGES[first][0], **ADVANTAGES[second][1]}
        other = {**ADVANTAGES[first][1], **ADVANTAGES[second][0]}
        winners = {first: "A", second: "B"}
    rules = policy(ladder={"rungs": [first, second, "person"]})
    _, winner = climb(*pair({**one, "policy": rules}, {**other, "policy": rules}))
    assert winner and winner.id == winners[first]


def test_margins_are_the_programme_s() -> None:
    rules = policy(ladder={"work_margin": 3, "fair_gap_seconds": 0})
    assert ask("substantial_work", {"evidence": MEETING, "policy": rules}, {"policy": rules}) == "A"
    later = {"submitted_at": day(0, second=1), "policy": rules}
    assert ask("first_submitted", {"policy": rules}, later) == "A"


def test_two_versions_of_the_ladder_give_one_answer() -> None:
    old: Policy = policy(ladder={"rungs": ["first_submitted", "person"]})
    new: Policy = policy(ladder={"rungs": ["substantial_work", "first_submitted", "person"]}, version=2)
    left, right = pair({"policy": old}, {"policy": new, "submitted_at": day(1), "evidence": POC})
    assert climb(left, right) == climb(right, left)


facts = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["UNDER_REVIEW", "APPROVED"]),
        "submitted_at": st.integers(0, 95).map(day),
        "customer_choice": st.sampled_from([None, *Choice]),
        "evidence": st.sampled_from([(), POC, MEETING]),
    }
)


@patient
@given(facts, facts)
def test_the_ladder_does_not_depend_on_names_or_order(one: Fields, other: Fields) -> None:
    left, right = claim("A", "alpha", **one), claim("B", "beta", **other)
    assert climb(left, right) == climb(right, left)
    swapped = climb(claim("B", "alpha", **one), claim("A", "beta", **other))
    won, won_renamed = climb(left, right)[1], swapped[1]
    assert (won and won.partner.id) == (won_renamed and won_renamed.partner.id)


def test_dates_are_said_in_words() -> None:
    left, right = pair(HELD, {"submitted_at": day(40)})
    assert LADDER["valid_protection"](left, right).text == (
        f"Alpha was protected since {date_of(1)} when Beta filed on {date_of(40)}."
    )
