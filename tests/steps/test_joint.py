"""Joint registrations: their state by the members' answers, and who is offered one."""

from __future__ import annotations

from itertools import permutations

import pytest

from sync.claim import Claim
from sync.joint import joints
from sync.model.registration import Response, State
from sync.model.ruling import Case, CaseState, Joint, JointState, Severity
from tests.steps.business import claim, day, deal


def member(key: str, answer: str | None, state: str = "UNDER_REVIEW") -> Claim:
    return claim(key, key, joint_key="team", joint_response=Response(answer) if answer else None, state=state)


def only(*claims: Claim) -> Joint:
    (joint,) = joints(claims, ())
    return joint


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        (["INVITED", "INVITED"], "PROPOSED"),
        ([None, None], "PROPOSED"),
        (["ACCEPTED", "INVITED"], "PARTIAL"),
        (["ACCEPTED", "ACCEPTED"], "ACTIVE"),
        (["ACCEPTED", "ACCEPTED", "INVITED"], "PARTIAL"),
        (["ACCEPTED", "ACCEPTED", "DECLINED"], "ACTIVE"),
        (["ACCEPTED", "DECLINED"], "DISSOLVED"),
        (["INVITED", "DECLINED"], "DISSOLVED"),
        (["DECLINED", "DECLINED"], "DISSOLVED"),
        (["ACCEPTED"], "DISSOLVED"),
    ],
)
def test_the_answers_make_the_state(answers: list[str | None], state: str) -> None:
    members = [member(key, answer) for key, answer in zip("ABC", answers, strict=False)]
    for order in permutations(members):
        assert only(*order).state is JointState(state)


@pytest.mark.parametrize("state", ["REJECTED", "REVOKED", "WITHDRAWN", "SUPERSEDED"])
def test_a_member_whose_claim_is_gone_has_declined(state: str) -> None:
    joint = only(member("A", "ACCEPTED"), member("B", "ACCEPTED", state))
    assert joint.state is JointState.DISSOLVED
    assert joint.members == (("A", "A", Response.ACCEPTED), ("B", "B", Response.DECLINED))


@pytest.mark.parametrize("state", ["WON", "LOST", "EXPIRED", "APPROVED", "IN_CONFLICT"])
def test_a_member_whose_claim_ended_with_the_deal_still_belongs(state: str) -> None:
    assert only(member("A", "ACCEPTED"), member("B", "ACCEPTED", state)).state is JointState.ACTIVE


def test_one_key_on_two_deals_is_two_joint_registrations() -> None:
    team = {"joint_key": "team", "joint_response": Response.ACCEPTED}
    there = [claim(key, key, deal=deal(on), **team) for key, on in (("A", "one"), ("B", "one"), ("C", "two"))]
    assert [(joint.opportunity_id, joint.state) for joint in joints(there, ())] == [
        ("one", JointState.ACTIVE),
        ("two", JointState.DISSOLVED),
    ]


def test_a_claim_without_a_deal_is_in_no_joint_registration() -> None:
    assert (
        joints([claim("A", deal=None, joint_key="team"), claim("B", "beta", deal=None, joint_key="team")], ()) == ()
    )


# Offers.


def test_partners_in_complementary_roles_are_offered_one() -> None:
    offer = only(claim("B", "beta", "IMPLEMENT"), claim("A", "alpha", "SOURCE RESELL"))
    assert (offer.state, offer.key) == (JointState.PROPOSED, "")
    assert [answer for _, _, answer in offer.members] == [Response.INVITED] * 2
    assert offer.text == "Complementary: Alpha: SOURCE, RESELL; Beta: IMPLEMENT."


def test_one_partner_with_two_claims_is_offered_nothing() -> None:
    assert joints([claim("A", roles="RESELL"), claim("B", roles="IMPLEMENT")], ()) == ()


@pytest.mark.parametrize("state", [state for state in State if not state.live])
def test_only_live_claims_are_offered_one(state: State) -> None:
    assert joints([claim("A", "alpha"), claim("B", "beta", "ADVISE", state=state)], ()) == ()


@pytest.mark.parametrize(("state", "offered"), [(CaseState.OPEN, False), (CaseState.RESOLVED, True)])
def test_nobody_in_an_open_dispute_is_offered_one(state: CaseState, offered: bool) -> None:
    case = Case("case", "C02", Severity.BLOCK, state, ("B", "Z"), "deal", "RESELL", "", day(0))
    assert bool(joints([claim("A", "alpha", "ADVISE"), claim("B", "beta")], [case])) is offered


def test_members_of_a_team_are_not_offered_another() -> None:
    found = joints([member("A", "INVITED"), member("B", "INVITED"), claim("C", "gamma", "ADVISE")], ())
    assert [joint.key for joint in found] == ["team"]


def test_a_joint_registration_keeps_its_name() -> None:
    before = only(member("A", "INVITED"), member("B", "INVITED"))
    after = only(member("B", "ACCEPTED"), member("A", "ACCEPTED"), member("C", "ACCEPTED"))
    assert before.id == after.id
