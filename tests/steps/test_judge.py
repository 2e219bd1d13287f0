"""How each kind of conflict ends, what waits for a person, and that the order of the disputes does not matter."""

from __future__ import annotations

from typing import Any

import pytest

from sync.claim import Claim
from sync.judge import blocking, judge
from sync.model.deal import Stage
from sync.model.money import Money
from sync.model.registration import Choice, Role, State, Vote
from sync.model.ruling import Case, CaseState, Resolution, Severity
from tests.steps.business import claim, date_of, day, deal, evidence, policy
from tests.steps.judging import Judged

POC = (evidence("POC", day(-1)),)
SAID = {"vote": Vote.APPROVE, "voter": "maria"}
APPROVED = {"state": "APPROVED", "standing": {"vote_seen": "seen"}, "vote": Vote.APPROVE}


def two(one: dict[str, Any] | None = None, other: dict[str, Any] | None = None) -> tuple[Claim, Claim]:
    """Two rivals for reselling; Alpha filed first."""
    return claim("A", "alpha", **(one or {})), claim("B", "beta", **{"submitted_at": day(1), **(other or {})})


def opened(*claims: Claim, at: int = 2) -> tuple[Case, ...]:
    """The cases as an earlier run left them open."""
    return judge(claims, {}, day(at))[1]


# C02: one keeps the role.


def test_c02_the_loser_of_its_only_role_is_rejected_with_an_offer() -> None:
    judged = Judged(*two())
    assert (judged.state("A"), judged.state("B")) == (State.UNDER_REVIEW, State.REJECTED)
    assert (judged.case.resolution, judged.case.winner) == (Resolution.AWARD_ONE, "A")
    loser = judged.claims["B"].standing
    assert loser and loser.message == (
        "Another partner already holds RESELL on this deal. "
        "You may join in another role: PRESALES, IMPLEMENT, ADVISE, SUPPORT, TRAIN."
    )
    assert [step.result for step in judged.case.trace] == ["hit", *["not decisive"] * 3, "decisive"]


def test_c02_the_loser_keeps_its_other_roles() -> None:
    judged = Judged(*two(other={"roles": "RESELL IMPLEMENT"}))
    assert (judged.state("B"), judged.claims["B"].roles) == (State.UNDER_REVIEW, (Role.IMPLEMENT,))
    assert judged.claims["A"].roles == (Role.RESELL,)


def test_c02_the_offer_leaves_out_what_the_winner_holds() -> None:
    judged = Judged(*two({"roles": "RESELL PRESALES ADVISE"}))
    assert judged.claims["B"].standing
    assert judged.claims["B"].standing.message.endswith("another role: IMPLEMENT, SUPPORT, TRAIN.")


def test_c02_waits_when_no_rung_separates_and_both_are_held() -> None:
    judged = Judged(*two(other={"submitted_at": day(0)}))
    assert judged.waits()
    assert {judged.state("A"), judged.state("B")} == {State.IN_CONFLICT}
    assert judged.case.trace[-1].text == "No rule separates them: a person decides."


@pytest.mark.parametrize(("limit", "waits"), [("100.01", False), ("100.00", True), ("0", True)])
def test_c02_waits_above_the_programme_s_value(limit: str, waits: bool) -> None:
    rules = {"policy": policy(conflicts={"person_above": limit, "person_currency": "EUR"})}
    assert Judged(*two(rules, rules)).waits() is waits


def test_c02_a_worth_in_another_currency_is_not_compared() -> None:
    rules = {"policy": policy(conflicts={"person_above": "1000000", "person_currency": "USD"})}
    judged = Judged(*two(rules, rules))
    assert judged.waits()
    assert "not comparable with 1000000 USD" in judged.case.trace[-1].text


def test_c02_waits_rather_than_take_back_what_a_person_approved() -> None:
    judged = Judged(*two(APPROVED, {"customer_choice": Choice.CHOSEN}))
    assert judged.waits()
    assert (judged.state("A"), judged.state("B")) == (State.APPROVED, State.IN_CONFLICT)


def test_c02_waits_rather_than_reject_what_a_rule_approved() -> None:
    judged = Judged(*two({"state": "APPROVED"}, {"customer_choice": Choice.CHOSEN}))
    assert judged.waits()
    assert judged.state("A") is State.APPROVED


def test_c02_a_rule_s_approval_can_be_narrowed_when_something_is_left() -> None:
    judged = Judged(*two({"state": "APPROVED", "roles": "RESELL ADVISE"}, {"customer_choice": Choice.CHOSEN}))
    assert judged.case.winner == "B"
    assert (judged.state("A"), judged.claims["A"].roles) == (State.APPROVED, (Role.ADVISE,))


def test_c02_waits_rather_than_rule_against_a_fresh_vote() -> None:
    judged = Judged(*two(other={**SAID, "voted_at": day(2)}))
    assert judged.waits()


def test_c02_a_fresh_vote_for_the_winner_of_the_ladder_does_not_hold_it_up() -> None:
    judged = Judged(*two({**SAID, "voted_at": day(2)}))
    assert (judged.case.winner, judged.state("B")) == ("A", State.REJECTED)


@pytest.mark.parametrize("names", ["ABC", "CBA", "BAC", "CAB"])
def test_c02_who_loses_everything_to_one_rival_loses_nothing_more_to_another(names: str) -> None:
    first, loser, other = list(names)
    judged = Judged(
        claim(first, "alpha", "RESELL SUPPORT"),
        claim(loser, "beta", "RESELL SUPPORT", customer_choice=Choice.REFUSED),
        claim(other, "gamma", "RESELL"),
    )
    assert [decision.event for decision in judged.claims[loser].decisions] == ["reject"]
    assert {case.resolution for case in judged.cases} == {Resolution.AWARD_ONE, None}


# C01: one survivor of a partner's own duplicates.


def same(one: dict[str, Any] | None = None, other: dict[str, Any] | None = None) -> tuple[Claim, Claim]:
    return claim("A", **(one or {})), claim("B", **{"submitted_at": day(1), **(other or {})})


def test_c01_the_earlier_one_stays() -> None:
    judged = Judged(*same())
    assert (judged.state("A"), judged.state("B")) == (State.UNDER_REVIEW, State.SUPERSEDED)
    assert (judged.case.resolution, judged.reason("B")) == (Resolution.SUPERSEDED, "DUPLICATE_REGISTRATION")


def test_c01_what_is_new_in_the_later_one_goes_on() -> None:
    judged = Judged(*same(other={"roles": "RESELL ADVISE SUPPORT"}))
    assert (judged.state("B"), judged.claims["B"].roles) == (State.UNDER_REVIEW, (Role.ADVISE, Role.SUPPORT))
    assert judged.claims["A"].roles == (Role.RESELL,)


def test_c01_the_evidence_of_both_counts_for_the_one_that_stays() -> None:
    judged = Judged(*same(other={"evidence": POC}))
    assert judged.claims["A"].evidence_points() == 5


def test_c01_an_approved_one_stays_even_when_it_is_later() -> None:
    judged = Judged(*same(other={"state": "APPROVED"}))
    assert (judged.state("A"), judged.state("B")) == (State.SUPERSEDED, State.APPROVED)


def test_c01_the_one_a_person_votes_for_stays_even_when_it_is_later() -> None:
    judged = Judged(*same(other={**SAID, "voted_at": day(2)}))
    assert (judged.state("A"), judged.state("B")) == (State.SUPERSEDED, State.UNDER_REVIEW)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"state": "APPROVED"}, {"state": "APPROVED"}),
        ({"declared_value": Money(100, "EUR")}, {"declared_value": Money(74, "EUR")}),
        ({**SAID, "voted_at": day(2)}, {**SAID, "voted_at": day(2)}),
    ],
)
def test_c01_waits_and_blocks_nobody(one: dict[str, Any], other: dict[str, Any]) -> None:
    on = {"deal": deal(amount=None)}
    judged = Judged(*same({**one, **on}, {**other, **on}))
    assert (judged.waits(), judged.case.severity) == (True, Severity.WARN)
    assert State.IN_CONFLICT not in (judged.state("A"), judged.state("B"))


# C04: direct sales were first.


def sourced(roles: str, **more: Any) -> Judged:
    return Judged(claim("A", roles=roles, deal=deal(direct_engaged_at=day(-10)), **more))


def test_c04_takes_the_sourcing_role_and_nothing_else() -> None:
    judged = sourced("SOURCE RESELL IMPLEMENT")
    assert judged.claims["A"].roles == (Role.RESELL, Role.IMPLEMENT)
    assert judged.case.resolution is Resolution.REASSIGN_SCOPE


def test_c04_rejects_a_claim_to_nothing_else() -> None:
    judged = sourced("SOURCE")
    assert (judged.state("A"), judged.reason("A")) == (State.REJECTED, "EXISTING_DIRECT_PIPELINE")


@pytest.mark.parametrize(("proof", "waits"), [(day(-10, 8), True), (day(-10), False)])
def test_c04_waits_for_proof_of_earlier_work(proof: Any, waits: bool) -> None:
    assert sourced("SOURCE", evidence=(evidence("MEETING", proof),)).waits() is waits


# C07: the deal is closed.

CLOSED = deal(stage=Stage.WON, close_date=date_of(0))


@pytest.mark.parametrize(
    ("filed", "proof", "waits"),
    [
        (day(3), None, False),
        (day(3), evidence("POC", day(0)), True),
        (day(3), evidence("POC", day(1)), False),
        (day(3), evidence("POC", day(0), verified=False), False),
        (day(7, 22), evidence("POC", day(0)), True),  # the fifth working day after the close, until it ends there
        (day(7, 23), evidence("POC", day(0)), False),
        (day(7, 22), evidence("POC", day(0, 1)), True),  # at whatever time of day the work was
    ],
)
def test_c07_rejects_unless_work_before_the_close_is_proven_at_once(filed: Any, proof: Any, waits: bool) -> None:
    judged = Judged(claim("A", deal=CLOSED, submitted_at=filed, evidence=(proof,) if proof else ()))
    assert judged.waits() is waits
    assert judged.state("A") is (State.IN_CONFLICT if waits else State.REJECTED)


def test_c07_needs_a_closing_day_to_know_what_was_before_it() -> None:
    on = deal(stage=Stage.LOST)
    assert Judged(claim("A", deal=on, evidence=POC)).reason("A") == "CLOSED_OPPORTUNITY"


# Cases over time.


def test_a_case_whose_facts_are_gone_ends_as_not_a_conflict() -> None:
    before = opened(*two(other={"submitted_at": day(0)}))
    judged = Judged(claim("A", "alpha", state="IN_CONFLICT"), before=before)
    assert (judged.case.state, judged.case.resolution) == (CaseState.RESOLVED, Resolution.NOT_A_CONFLICT)
    assert judged.state("A") is State.UNDER_REVIEW


def test_a_case_that_ended_stays_as_it_ended() -> None:
    before = opened(*two())
    assert Judged(claim("A", "alpha"), before=before).case == before[0]


def test_a_case_keeps_the_day_it_was_found() -> None:
    before = opened(*two(other={"submitted_at": day(0)}))
    assert Judged(*two(other={"submitted_at": day(0)}), before=before).case.detected_at == day(2)


def test_what_is_not_a_block_holds_nobody() -> None:
    soft = {"policy": policy(conflicts={"severity": {"C02": "WARN"}})}
    judged = Judged(*two(soft, {"submitted_at": day(0), **soft}))
    assert (judged.waits(), judged.state("A")) == (True, State.UNDER_REVIEW)
    assert blocking(judged.claims["A"], judged.cases) is None


def test_what_is_only_noted_takes_nothing_from_anybody() -> None:
    soft = {"policy": policy(conflicts={"severity": {"C02": "INFO"}})}
    judged = Judged(*two(soft, soft))
    assert judged.case.resolution is Resolution.NOTED
    assert (judged.state("A"), judged.state("B")) == (State.UNDER_REVIEW, State.UNDER_REVIEW)


def test_a_claim_that_waits_reads_what_it_waits_for() -> None:
    judged = Judged(claim("A", deal=None, customer_domain="gmail.com"))
    waiting = judged.claims["A"].standing
    assert waiting
    assert waiting.message == "It has to be made sure which customer your registration is about."
