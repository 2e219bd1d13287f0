"""Who may say yes, in which order, what passes by itself, and what an approval freezes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from sync.claim import Claim
from sync.lifecycle import advance, may_approve, may_decide, vote_against, vote_for
from sync.model.money import Money
from sync.model.parties import PartnerStatus
from sync.model.registration import Granted, State, Vote
from sync.policy import Policy
from tests.steps.business import claim, date_of, day, deal, evidence, partner, policy

LATER = day(9)


def cast(who: str, vote: str = "APPROVE", at: int = 2, **more: Any) -> Claim:
    return claim("R", vote=Vote(vote), voter=who, voted_at=day(at), **more)


def voted(before: Claim, now: Any = LATER) -> Claim:
    return vote_for(vote_against(advance(before, now), now), now)


def again(before: Claim, who: str, at: int) -> Claim:
    """The same claim with the next vote over the first."""
    registration = replace(before.registration, vote=Vote.APPROVE, voter=who, voted_at=day(at))
    return replace(before, registration=registration, decisions=())


# Chains.


def chained(**more: Any) -> Policy:
    rows = [{"below": 50, "by": ["manager"]}, {"by": ["manager", "director"]}]
    people = {"manager": ["maria", "max"], "director": ["dora"]}
    return policy(approvals={"chain": rows, "currency": "EUR", "people": people, **more})


def test_a_small_deal_needs_one_yes_and_a_large_one_two() -> None:
    assert voted(cast("maria", policy=chained(), deal=deal(amount="49.99"))).state is State.APPROVED
    first = voted(cast("maria", policy=chained(), deal=deal(amount="50.00")))
    assert first.standing and first.state is State.UNDER_REVIEW
    assert [approval.role for approval in first.standing.approvals] == ["manager"]
    second = voted(again(first, "dora", 3))
    assert second.standing and second.state is State.APPROVED
    assert (second.standing.approver, second.standing.approved_at) == ("dora", day(3))


@pytest.mark.parametrize("amount", [None, "49.99"])
def test_a_value_that_cannot_be_compared_needs_the_last_row(amount: str | None) -> None:
    other = Money.parse(amount, "USD") if amount else None
    on = deal(amount=None)
    assert voted(cast("maria", policy=chained(), deal=on, declared_value=other)).state is State.UNDER_REVIEW


def test_in_sequence_the_second_yes_does_not_count_before_the_first() -> None:
    early = voted(cast("dora", policy=chained()))
    assert early.standing and early.state is State.UNDER_REVIEW
    assert early.standing.approvals == ()
    assert early.standing.vote_ignored == "a yes by manager is needed now, and dora is not"
    assert not early.spoken_for


def test_in_parallel_the_order_does_not_matter() -> None:
    first = voted(cast("dora", policy=chained(order="parallel")))
    assert voted(again(first, "max", 3)).state is State.APPROVED


def test_each_of_a_chain_has_the_time_that_the_programme_gives() -> None:
    first = voted(cast("maria", policy=chained(sla_business_days=3)))
    assert first.standing and first.standing.review_due == day(7)  # from Wednesday over the weekend
    unhurried = voted(cast("maria", policy=chained(), standing={"review_due": day(20)}))
    assert unhurried.standing and unhurried.standing.review_due == day(20)


def test_nobody_says_two_of_the_yeses() -> None:
    both = chained(people={"manager": ["maria"], "director": ["maria", "dora"]})
    first = voted(cast("maria", policy=both))
    twice = voted(again(first, "maria", 3))
    assert twice.standing and twice.state is State.UNDER_REVIEW
    assert "has said yes already" in twice.standing.vote_ignored


def test_a_stranger_s_yes_does_not_count_and_anybody_s_no_does() -> None:
    assert voted(cast("eve", policy=chained())).state is State.UNDER_REVIEW
    assert voted(cast("max", "REJECT", policy=chained())).state is State.REJECTED


def test_one_no_ends_what_others_have_begun() -> None:
    first = voted(cast("maria", policy=chained()))
    no = replace(again(first, "dora", 3).registration, vote=Vote.REJECT)
    assert voted(replace(first, registration=no)).state is State.REJECTED


@pytest.mark.parametrize(("on", "counts"), [(1, False), (2, True), (5, True), (6, False)])
def test_who_stands_in_decides_from_the_first_day_through_the_last(on: int, counts: bool) -> None:
    instead = {"of": "maria", "to": "eve", "first": date_of(2), "last": date_of(5)}
    rules = chained(delegations=[instead])
    after = voted(cast("eve", at=on, policy=rules, deal=deal(amount="10.00")))
    assert (after.state is State.APPROVED) is counts


def test_what_was_said_to_another_filing_is_not_said_to_the_new_one() -> None:
    first = voted(cast("maria", policy=chained()))
    changed = replace(first, registration=replace(first.registration, families=("database",)))
    assert changed.standing and changed.standing.approvals
    after = advance(changed, LATER)
    assert after.standing and after.standing.approvals == ()


# Who may not.


def test_whoever_owns_the_deal_does_not_decide_unless_the_programme_says_so() -> None:
    own = deal(owners=("maria",))
    strict = policy(approvals={"owner_may_decide": False})
    refused = voted(cast("maria", policy=strict, deal=own))
    assert refused.standing and refused.state is State.UNDER_REVIEW
    assert refused.standing.vote_ignored == "maria owns Deal and does not decide on it"
    assert voted(cast("maria", "REJECT", policy=strict, deal=own)).state is State.UNDER_REVIEW
    assert voted(cast("jo", policy=strict, deal=own)).state is State.APPROVED
    assert (
        voted(cast("maria", deal=own, policy=policy(approvals={"owner_may_decide": True}))).state is State.APPROVED
    )


def test_whoever_is_paid_on_deals_does_not_decide() -> None:
    rules = policy(approvals={"paid": ["maria"]})
    assert "is paid on deals" in may_decide(claim("R", policy=rules), "maria")
    assert may_decide(claim("R", policy=rules), "jo") == ""
    assert voted(cast("maria", policy=rules)).state is State.UNDER_REVIEW


def test_whoever_refused_it_does_not_decide_the_appeal() -> None:
    appealed = claim("R", standing={"refused_by": "maria", "reopened_by": "jo"})
    assert "somebody else decides" in may_approve(appealed, "maria", LATER)
    assert may_approve(appealed, "jo", LATER) == ""


# Votes that do not count yet.


def test_a_vote_from_the_future_waits_and_lets_others_come_first() -> None:
    typo = cast("maria", at=900)
    waiting = voted(typo)
    assert waiting.standing and waiting.state is State.UNDER_REVIEW
    assert (waiting.approved_at, waiting.new_vote, waiting.spoken_for) == (None, "", False)
    assert waiting.standing.vote_ignored.startswith("the vote is dated 2029-07-20")
    assert voted(again(waiting, "maria", 3)).state is State.APPROVED
    assert voted(typo, day(900)).state is State.APPROVED


def test_a_yes_to_what_was_sent_back_needs_no_answer() -> None:
    returned = voted(cast("maria", "RETURN"))
    assert returned.state is State.ACTION_REQUIRED
    assert voted(again(returned, "maria", 4)).state is State.APPROVED


# What passes by itself.

SMALL = {"auto_below": 1000, "auto_currency": "EUR"}
PROOF = (evidence("POC", day(-1)),)


@pytest.mark.parametrize(
    ("fields", "passes"),
    [
        ({}, True),
        ({"partner": partner("alpha", status=PartnerStatus.SUSPENDED)}, False),
        ({"partner": partner("alpha", agreement_end=date_of(8))}, False),
        ({"partner": partner("alpha", agreement_end=date_of(9))}, True),
        ({"partner": partner("alpha", agreement_start=date_of(10))}, False),
        ({"account": None}, False),
        ({"account": None, "customer_domain": "acme.com"}, True),
        ({"account": None, "customer_domain": "gmail.com"}, False),
        (
            {
                "evidence": (*PROOF, evidence("NDA", day(-1))),
                "policy": policy(approvals={**SMALL, "auto_evidence": 2}),
            },
            True,
        ),
        ({"policy": policy(approvals={**SMALL, "auto_evidence": 2})}, False),
        ({"standing": {"reopened_by": "jo"}}, False),
    ],
)
def test_what_is_small_evidenced_known_and_eligible_passes_by_itself(fields: dict[str, Any], passes: bool) -> None:
    asked = claim("R", **{"policy": policy(approvals=SMALL), "evidence": PROOF, **fields})
    assert (vote_for(asked, LATER).state is State.APPROVED) is passes
    assert vote_for(asked, LATER, warned=True).state is State.UNDER_REVIEW


# What an approval freezes.


def test_an_edit_after_the_approval_changes_neither_scope_nor_contribution() -> None:
    terms: dict[str, Any] = {"families": ("crm",), "regions": ("EMEA",), "contribution": Decimal(3)}
    held = voted(cast("maria", **terms))
    edited = replace(held.registration, families=("erp",), regions=(), contribution=Decimal(9))
    after = advance(replace(held, registration=edited), LATER)
    assert (after.families, after.regions, after.contribution) == (("crm",), ("EMEA",), Decimal(3))


def test_a_person_who_votes_again_confirms_what_was_edited() -> None:
    held = voted(cast("maria", contribution=Decimal(3)))
    edited = again(replace(held, registration=replace(held.registration, contribution=Decimal(9))), "jo", 5)
    after = voted(edited)
    assert after.standing and after.contribution == Decimal(9)
    assert after.standing.granted == Granted(contribution=Decimal(9))
    assert [(decision.event, decision.actor) for decision in after.decisions] == [("confirm", "jo")]
    assert voted(replace(after, decisions=())).decisions == ()


def test_before_the_approval_the_filing_counts() -> None:
    assert claim("R", contribution=Decimal(3)).contribution == Decimal(3)


# The policy's section.


@pytest.mark.parametrize(
    ("approvals", "says"),
    [
        ({"chain": [{"by": ["manager"]}]}, "nobody is named in approvals.people for manager"),
        ({"chain": [{"below": 5, "by": ["m"]}, {"by": ["m"]}], "people": {"m": ["x"]}}, "needs approvals.currency"),
        (
            {"chain": [{"below": 5, "by": ["m"]}], "currency": "EUR", "people": {"m": ["x"]}},
            "only its last row has none",
        ),
        (
            {
                "chain": [{"below": 5, "by": ["m"]}, {"below": 5, "by": ["m"]}, {"by": ["m"]}],
                "currency": "EUR",
                "people": {"m": ["x"]},
            },
            "must rise",
        ),
        ({"auto_below": 5, "auto_currency": "EURO"}, "'EURO' is not a currency"),
        (
            {"delegations": [{"of": "a", "to": "b", "first": date(2027, 1, 2), "last": date(2027, 1, 1)}]},
            "is before first",
        ),
    ],
)
def test_a_chain_that_cannot_work_is_refused(approvals: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        policy(approvals=approvals)
