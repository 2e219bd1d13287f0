"""What a vote in the CRM does to a registration, and what passes without one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sync.claim import Claim
from sync.lifecycle import Event, Why, move, vote_against, vote_for
from sync.model.money import Money
from sync.model.registration import State, Vote
from tests.steps.business import claim, date_of, day, deal, evidence, partner, policy

LATER = day(9)


# Votes.


def voted(vote: str, **more: Any) -> Claim:
    cast = {"vote": Vote(vote), "voter": "maria", "voted_at": day(2, 12), "vote_reason": "because"}
    return claim("R", **{**cast, **more})


def test_a_person_rejects_whatever_the_state_of_the_review() -> None:
    for state in ("UNDER_REVIEW", "ACTION_REQUIRED", "IN_CONFLICT"):
        after = vote_against(voted("REJECT", state=state), LATER)
        assert after.standing
        assert (after.state, after.standing.reason, after.standing.message) == (State.REJECTED, "VOTED", "because")
        assert (after.decisions[-1].actor, after.decisions[-1].person) == ("maria", True)


def test_a_vote_to_reject_what_is_approved_revokes_it() -> None:
    after = vote_against(voted("REJECT", state="APPROVED"), LATER)
    assert after.state is State.REVOKED
    assert after.decisions[-1].person
    assert after.standing and after.standing.refused_by == "maria"
    assert vote_against(after, LATER).decisions == after.decisions


def test_sending_back_starts_the_answer_clock_on_working_days() -> None:
    after = vote_against(voted("RETURN"), day(2))  # a Wednesday
    assert after.standing and (after.state, after.standing.answer_due) == (State.ACTION_REQUIRED, day(16))


def test_a_vote_counts_once() -> None:
    returned = vote_against(voted("RETURN"), LATER)
    answered = move(returned, Event.RESUBMIT, LATER, Why())
    assert vote_against(answered, LATER).state is State.UNDER_REVIEW
    again = replace(answered, registration=replace(answered.registration, voted_at=day(5)))
    assert vote_against(again, LATER).state is State.ACTION_REQUIRED


def test_an_approving_vote_starts_protection_on_the_day_it_was_cast() -> None:
    after = vote_for(voted("APPROVE"), LATER)
    assert after.standing and after.state is State.APPROVED
    assert after.standing.approved_at == day(2, 12)
    assert (after.standing.protection_start, after.standing.protection_end) == (date_of(2), date_of(92))
    assert after.standing.message == "Approved as RESELL; protected until 2027-05-04."


@pytest.mark.parametrize(
    ("tier", "days"), [("BRONZE", 60), ("SILVER", 90), ("GOLD", 120), ("PLATINUM", 180), (None, 90)]
)
def test_protection_is_as_long_as_the_tier_says(tier: str | None, days: int) -> None:
    after = vote_for(voted("APPROVE", partner=partner("alpha", tier=tier)), LATER)
    assert after.standing and after.standing.protection_end == date_of(2 + days)


@pytest.mark.parametrize(("ends", "until"), [(20, 20), (92, 92), (93, 92), (-3, 2)])
def test_protection_does_not_outlive_the_agreement(ends: int, until: int) -> None:
    after = vote_for(voted("APPROVE", partner=partner("alpha", agreement_end=date_of(ends))), LATER)
    assert after.standing and after.standing.protection_end == date_of(until)


@pytest.mark.parametrize("state", ["IN_CONFLICT", "ACTION_REQUIRED", "REJECTED", "SUPERSEDED"])
def test_a_vote_approves_only_what_nothing_blocks(state: str) -> None:
    assert vote_for(voted("APPROVE", state=state), LATER).state is State(state)


SMALL = policy(approvals={"auto_below": "100.01", "auto_currency": "EUR"})
PROOF = (evidence("EMAIL", day(-1)),)


@pytest.mark.parametrize(
    ("fields", "passes"),
    [
        ({}, True),
        ({"policy": policy(approvals={"auto_below": "100.00", "auto_currency": "EUR"})}, False),
        ({"policy": policy(approvals={"auto_below": "100.01", "auto_currency": "USD"})}, False),
        ({"policy": policy()}, False),
        ({"account": None}, False),
        ({"evidence": ()}, False),
        ({"evidence": (evidence("EMAIL", day(-1), verified=False),)}, False),
        ({"deal": deal(amount=None)}, False),
        ({"deal": deal(amount=None), "declared_value": Money(10000, "EUR")}, True),
    ],
)
def test_only_small_evidenced_claims_of_known_customers_pass_by_themselves(
    fields: dict[str, Any], passes: bool
) -> None:
    after = vote_for(claim("R", **{"policy": SMALL, "evidence": PROOF, **fields}), LATER)
    assert after.state is (State.APPROVED if passes else State.UNDER_REVIEW)
    assert not any(decision.person for decision in after.decisions)
