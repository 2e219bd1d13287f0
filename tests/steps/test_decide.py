"""The ten lines of the business: what is gathered for a claim, in which order it is judged, what is recorded."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.record import Ref
from sync.decide import decide, gather
from sync.model.deal import OpportunityType, Stage
from sync.model.facts import Facts, History, Verdict
from sync.model.parties import Account
from sync.model.registration import Choice, Registration, Response, Role, State, Vote
from sync.model.ruling import CaseState, JointState
from sync.model.split import SplitStatus
from sync.policy import Policies, Policy
from tests.steps.business import (
    ACCOUNT,
    STANDARD,
    date_of,
    day,
    deal,
    evidence,
    partner,
    patient,
    policy,
    registration,
)

NOW = day(10)
PARTNERS = tuple(partner(key) for key in ("alpha", "beta", "gamma"))
ONE_POLICY = Policies((STANDARD,))


def facts(*registrations: Registration, **more: Any) -> Facts:
    plain = {"accounts": (ACCOUNT,), "opportunities": (deal(),), "partners": PARTNERS}
    return Facts(registrations=registrations, **{**plain, **more})


def history(verdict: Verdict) -> History:
    return History(
        standings={standing.registration_id: standing for standing in verdict.standings},
        cases={case.id: case for case in verdict.cases},
        joints={joint.id: joint for joint in verdict.joints},
        splits={split.opportunity_id: split for split in verdict.splits},
    )


def states(verdict: Verdict) -> dict[str, str]:
    return {standing.registration_id: standing.state.value for standing in verdict.standings}


APPROVE: dict[str, Any] = {"vote": Vote.APPROVE, "voter": "maria", "voted_at": day(2)}


def test_nothing_in_nothing_out() -> None:
    assert decide(Facts(), History(), ONE_POLICY, NOW) == Verdict()


def test_a_claim_is_filed_judged_approved_and_credited_in_one_go() -> None:
    verdict = decide(facts(registration("R", **APPROVE)), History(), ONE_POLICY, NOW)
    assert [decision.event for decision in verdict.decisions] == ["create", "submit", "pick_up", "approve"]
    assert states(verdict) == {"R": "APPROVED"}
    assert [split.status for split in verdict.splits] == [SplitStatus.AGREED]


def test_a_vote_against_counts_before_the_conflict() -> None:
    """The rival would win; but a person rejected it, so there is nobody to lose against."""
    rejected = registration("A", "alpha", vote=Vote.REJECT, voter="maria", voted_at=day(2))
    later = registration("B", "beta", submitted_at=day(3))
    verdict = decide(facts(rejected, later), History(), ONE_POLICY, NOW)
    assert states(verdict) == {"A": "REJECTED", "B": "UNDER_REVIEW"}
    assert verdict.cases == ()


def test_a_vote_for_counts_after_the_conflict() -> None:
    first, later = registration("A", "alpha"), registration("B", "beta", submitted_at=day(0, second=30), **APPROVE)
    verdict = decide(facts(first, later), History(), ONE_POLICY, NOW)
    assert states(verdict) == {"A": "IN_CONFLICT", "B": "IN_CONFLICT"}


def test_an_approval_cast_long_ago_is_over_at_once_when_its_time_is() -> None:
    verdict = decide(facts(registration("R", **APPROVE)), History(), ONE_POLICY, day(200))
    assert states(verdict) == {"R": "EXPIRED"}
    assert verdict.splits == ()


def test_a_deal_won_with_a_vote_in_time_is_won_by_its_partner_at_once() -> None:
    on = deal(stage=Stage.WON, close_date=date_of(3))
    verdict = decide(facts(registration("R", **APPROVE), opportunities=(on,)), History(), ONE_POLICY, NOW)
    assert states(verdict) == {"R": "WON"}
    assert verdict.splits[0].status is SplitStatus.LOCKED


def test_a_withdrawal_ends_the_conflict_in_the_same_run() -> None:
    rivals = registration("A", "alpha"), registration("B", "beta")
    before = decide(facts(*rivals), History(), ONE_POLICY, NOW)
    assert [case.state for case in before.cases] == [CaseState.OPEN]
    left = replace(rivals[1], withdrawn=True)
    after = decide(facts(rivals[0], left), history(before), ONE_POLICY, NOW)
    assert states(after) == {"A": "UNDER_REVIEW", "B": "WITHDRAWN"}
    assert [case.state for case in after.cases] == [CaseState.RESOLVED]


def test_a_deleted_registration_frees_its_rival() -> None:
    before = decide(facts(registration("A", "alpha"), registration("B", "beta")), History(), ONE_POLICY, NOW)
    after = decide(facts(registration("A", "alpha")), history(before), ONE_POLICY, NOW)
    assert states(after) == {"A": "UNDER_REVIEW"}


def test_each_deal_has_its_own_split_in_the_order_of_their_ids() -> None:
    deals = deal("zeta"), deal("eta")
    filed = [registration(on.id, opportunity_id=on.id, **APPROVE) for on in deals]
    for order in permutations(deals):
        verdict = decide(facts(*filed, opportunities=order), History(), ONE_POLICY, NOW)
        assert [split.opportunity_id for split in verdict.splits] == ["eta", "zeta"]


def test_a_key_on_two_deals_makes_no_team_across_them() -> None:
    team: dict[str, Any] = {"joint_key": "team", "joint_response": Response.ACCEPTED, **APPROVE}
    filed = [
        registration(who, who, opportunity_id=on, **team) for who, on in (("alpha", "deal"), ("beta", "other"))
    ]
    verdict = decide(facts(*filed, opportunities=(deal(), deal("other"))), History(), ONE_POLICY, NOW)
    assert {joint.state for joint in verdict.joints} == {JointState.DISSOLVED}
    assert [split.portions[0].party for split in verdict.splits] == ["alpha", "beta"]


# Gathering.


def gathered(filed: Registration, policies: Policies = ONE_POLICY, **more: Any) -> Any:
    (claim,) = gather(facts(filed, **more), History(), policies)
    return claim


def test_the_account_is_that_of_the_deal_or_of_the_customer_s_domain() -> None:
    assert gathered(registration("R")).account == ACCOUNT
    assert (
        gathered(registration("R", opportunity_id=None, customer_domain="account.example.com")).account == ACCOUNT
    )
    assert gathered(registration("R", opportunity_id=None, customer_domain="else.example.com")).account is None
    assert gathered(registration("R"), opportunities=(deal(account_id=None),)).account is None


def test_two_accounts_of_one_domain_give_one_answer() -> None:
    twins = [Account(key, key, (Ref("sf", "Account", key),), domain="twin.com") for key in ("one", "two")]
    filed = registration("R", opportunity_id=None, customer_domain="twin.com")
    assert len({gathered(filed, accounts=order).account for order in permutations(twins)}) == 1


def version(number: int, start: int, **blocks: Any) -> Policy:
    return policy(version=number, effective_from=date_of(start), **blocks)


def test_a_registration_is_judged_by_the_policy_of_the_day_it_was_filed() -> None:
    policies = Policies((STANDARD, version(2, 5), version(3, 8)))
    for filed, judged in ((0, 1), (4, 1), (5, 2), (7, 2), (8, 3), (30, 3)):
        assert gathered(registration("R", submitted_at=day(filed)), policies).policy.version == judged


def test_what_was_filed_keeps_its_policy_and_a_draft_does_not() -> None:
    policies = Policies((STANDARD, version(2, 5)))
    draft = registration("R", roles="", submitted_at=None, created_at=day(1))
    first = decide(facts(draft), History(), policies, day(2))
    assert first.standings[0].state is State.DRAFT
    completed = replace(draft, roles=(Role.ADVISE,), submitted_at=day(6))
    second = decide(facts(completed), history(first), policies, day(7))
    assert second.standings[0].policy == "standard/2"
    third = decide(facts(replace(completed, submitted_at=day(1))), history(second), policies, day(8))
    assert third.standings[0].policy == "standard/2"


def test_a_renewal_can_have_rules_of_its_own() -> None:
    renewals = policy(name="renewals", scope={"types": ["RENEWAL"]})
    policies = Policies((STANDARD, renewals))
    on = deal(type=OpportunityType.RENEWAL)
    assert gathered(registration("R"), policies, opportunities=(on,)).policy.id == "renewals/1"
    assert gathered(registration("R"), policies).policy.id == "standard/1"


def test_a_policy_that_is_gone_is_replaced_by_the_one_in_force_then() -> None:
    before = decide(facts(registration("R")), History(), Policies((version(9, -99),)), NOW)
    assert before.standings[0].policy == "standard/9"
    (claim,) = gather(facts(registration("R")), history(before), ONE_POLICY)
    assert claim.policy.id == "standard/1"


# Whatever happens.

WORLD = st.lists(
    st.fixed_dictionaries(
        {
            "who": st.sampled_from(["alpha", "beta", "gamma"]),
            "roles": st.sampled_from(
                ["RESELL", "SOURCE RESELL", "IMPLEMENT", "ADVISE", "", "SOURCE", "SUPPORT RESELL"]
            ),
            "submitted_at": st.sampled_from([day(0), day(0, second=20), day(1), day(2)]),
            "opportunity_id": st.sampled_from(["deal", "deal", "closed", None]),
            "customer_domain": st.sampled_from([None, "account.example.com"]),
            "evidence": st.sampled_from([(), (evidence("POC", day(-11)),)]),
            "customer_choice": st.sampled_from([None, None, *Choice]),
            "joint_key": st.sampled_from([None, None, "team"]),
            "joint_response": st.sampled_from([None, *Response]),
            "vote": st.sampled_from([None, *Vote]),
            "voted_at": st.sampled_from([day(0), day(3), day(20)]),
            "withdrawn": st.sampled_from([False, False, True]),
        }
    ),
    min_size=1,
    max_size=5,
)
DEALS = (
    deal(direct_engaged_at=day(-10)),
    deal("closed", amount="-7.01", stage=Stage.WON, close_date=date_of(1)),
)
SMALL = Policies(
    (policy(approvals={"auto_below": 1000, "auto_currency": "EUR"}, attribution={"sourced_bonus": 5}),)
)


@settings(patient, max_examples=150)
@given(st.lists(WORLD, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_deciding_again_moves_nothing_and_no_order_matters(worlds: list[list[dict[str, Any]]], dice: Any) -> None:
    """The world changes in leaps that no person would make; the promises hold after each of them."""
    known = History()
    for step, world in enumerate(worlds):
        filed = [registration(str(number), **fields) for number, fields in enumerate(world)]
        now = day(4 + 40 * step)
        there = facts(*filed, opportunities=DEALS)
        verdict = decide(there, known, SMALL, now)
        for split in verdict.splits:
            assert split.amount
            assert sum(portion.amount.minor for portion in split.portions if portion.amount) == split.amount.minor
        shuffled = replace(there, registrations=tuple(dice.sample(filed, len(filed))), opportunities=DEALS[::-1])
        assert decide(shuffled, known, SMALL, now) == verdict
        known = history(verdict)
        assert decide(there, known, SMALL, now) == replace(verdict, decisions=())


@settings(patient, max_examples=150)
@given(WORLD)
def test_two_who_exclude_each_other_are_never_both_approved_by_rule(world: list[dict[str, Any]]) -> None:
    filed = [registration(str(number), **fields) for number, fields in enumerate(world)]
    verdict = decide(facts(*filed, opportunities=DEALS), History(), SMALL, day(30))
    partner_of = {entry.id: entry.partner_id for entry in filed}
    team = {
        c for joint in verdict.joints if joint.key for c, _, answer in joint.members if answer is Response.ACCEPTED
    }
    held = [
        (partner_of[standing.registration_id], standing.registration_id in team)
        for standing in verdict.standings
        if standing.state is State.APPROVED and Role.RESELL in standing.roles
        if next(entry for entry in filed if entry.id == standing.registration_id).opportunity_id == "deal"
    ]
    assert len({who for who, joint in held if not joint}) <= 1
    assert not ({who for who, joint in held if not joint} and {who for who, joint in held if joint} - {held[0][0]})


@pytest.mark.parametrize("state", [State.REJECTED, State.WITHDRAWN, State.SUPERSEDED, State.EXPIRED])
def test_what_ended_is_never_taken_up_again(state: State) -> None:
    before = decide(facts(registration("R")), History(), ONE_POLICY, NOW)
    ended = replace(before.standings[0], state=state)
    changed = registration("R", roles="ADVISE", **APPROVE)
    known = History(standings={"R": ended})
    verdict = decide(facts(changed), known, ONE_POLICY, NOW)
    assert (verdict.decisions, verdict.standings) == ((), (ended,))
