"""Joint registrations: their state by the members' answers, and who is offered one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from pydantic import ValidationError

from sync.claim import Claim, allied
from sync.joint import Memory, joints, seated
from sync.model.deal import Stage
from sync.model.directive import Act, Directive, StatedPart
from sync.model.registration import Response, State
from sync.model.ruling import Case, CaseState, Joint, JointKind, JointState, Severity
from tests.steps.business import claim, date_of, day, deal, line, policy

NOW = day(1)


def member(key: str, answer: str | None, state: str = "UNDER_REVIEW") -> Claim:
    return claim(key, key, joint_key="team", joint_response=Response(answer) if answer else None, state=state)


def found(claims: Sequence[Claim], cases: Iterable[Case] = (), now: datetime = NOW) -> tuple[Joint, ...]:
    return joints(claims, cases, Memory(), now)


def only(*claims: Claim) -> Joint:
    (joint,) = found(claims)
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
    team: dict[str, Any] = {"joint_key": "team", "joint_response": Response.ACCEPTED}
    there = [claim(key, key, deal=deal(on), **team) for key, on in (("A", "one"), ("B", "one"), ("C", "two"))]
    assert [(joint.opportunity_id, joint.state) for joint in found(there)] == [
        ("one", JointState.ACTIVE),
        ("two", JointState.DISSOLVED),
    ]


def test_a_claim_without_a_deal_is_in_no_joint_registration() -> None:
    assert found([claim("A", deal=None, joint_key="team"), claim("B", "beta", deal=None, joint_key="team")]) == ()


# Offers.


def test_partners_in_complementary_roles_are_offered_one() -> None:
    offer = only(claim("B", "beta", "IMPLEMENT"), claim("A", "alpha", "SOURCE RESELL"))
    assert (offer.state, offer.key) == (JointState.PROPOSED, "")
    assert [answer for _, _, answer in offer.members] == [Response.INVITED] * 2
    assert offer.text == "Complementary: Alpha: SOURCE, RESELL; Beta: IMPLEMENT."


def test_one_partner_with_two_claims_is_offered_nothing() -> None:
    assert found([claim("A", roles="RESELL"), claim("B", roles="IMPLEMENT")]) == ()


@pytest.mark.parametrize("state", [state for state in State if not state.live])
def test_only_live_claims_are_offered_one(state: State) -> None:
    assert found([claim("A", "alpha"), claim("B", "beta", "ADVISE", state=state)]) == ()


@pytest.mark.parametrize(("state", "offered"), [(CaseState.OPEN, False), (CaseState.RESOLVED, True)])
def test_nobody_in_an_open_dispute_is_offered_one(state: CaseState, offered: bool) -> None:
    case = Case("case", "C02", Severity.BLOCK, state, ("B", "Z"), "deal", "RESELL", "", day(0))
    assert bool(found([claim("A", "alpha", "ADVISE"), claim("B", "beta")], [case])) is offered


def test_members_of_a_team_are_not_offered_another() -> None:
    there = found([member("A", "INVITED"), member("B", "INVITED"), claim("C", "gamma", "ADVISE")])
    assert [joint.key for joint in there] == ["team"]


def test_a_joint_registration_keeps_its_name() -> None:
    before = only(member("A", "INVITED"), member("B", "INVITED"))
    after = only(member("B", "ACCEPTED"), member("A", "ACCEPTED"), member("C", "ACCEPTED"))
    assert before.id == after.id


# Invitations, newcomers, and from when on who belongs is fixed.

ACCEPTED = Response.ACCEPTED


def kept(*claims: Claim, at: datetime = NOW, before: Memory | None = None) -> tuple[Joint, Memory]:
    """The one joint registration of these claims, and what is remembered of it."""
    memory = before or Memory()
    (joint,) = joints(seated(claims, memory, at), (), memory, at)
    return joint, Memory({joint.id: joint})


def seats(joint: Joint) -> dict[str, str]:
    return {member.registration_id: member.seat.value for member in joint.memberships}


def test_an_invitation_is_open_for_a_fortnight_from_when_it_was_first_seen() -> None:
    first, memory = kept(member("A", "ACCEPTED"), member("B", "ACCEPTED"), member("C", "INVITED"), at=day(1))
    assert (first.state, first.wakes) == (JointState.PARTIAL, day(15) + timedelta(microseconds=1))
    claims = member("A", "ACCEPTED"), member("B", "ACCEPTED"), member("C", "INVITED")
    last_moment, _ = kept(*claims, at=day(15), before=memory)
    assert seats(last_moment)["C"] == "INVITED"
    over, _ = kept(*claims, at=day(15, 10), before=memory)
    assert (over.state, seats(over)["C"]) == (JointState.ACTIVE, "EXPIRED")


def test_all_invitations_run_out_and_the_single_registrations_go_on() -> None:
    claims = member("A", "ACCEPTED"), member("B", "INVITED")
    _, memory = kept(*claims)
    over, _ = kept(*claims, at=day(20), before=memory)
    assert over.state is JointState.DISSOLVED


def sharing(key: str, share: int | None, answer: str = "ACCEPTED") -> Claim:
    proposed = None if share is None else Decimal(share)
    return claim(key, key, joint_key="team", joint_response=Response(answer), proposed_share=proposed)


def test_a_newcomer_waits_for_those_whose_share_falls() -> None:
    _, agreed = kept(sharing("A", 60), sharing("B", 40))
    later, memory = kept(sharing("A", 60), sharing("B", 40), sharing("C", 20), before=agreed)
    assert (later.state, seats(later)["C"], later.seated) == (JointState.ACTIVE, "PROPOSED", ("A", "B"))
    (_, _, outside) = seated([sharing("A", 60), sharing("B", 40), sharing("C", 20)], agreed, NOW)
    assert outside.outside
    room, memory = kept(sharing("A", 50), sharing("B", 30), sharing("C", 20), before=memory)
    assert (room.state, room.seated) == (JointState.ACTIVE, ("A", "B", "C"))
    stays, _ = kept(sharing("A", 60), sharing("B", 40), sharing("C", 20), before=memory)
    assert stays.seated == ("A", "B", "C")


def test_without_stated_shares_a_person_lets_a_newcomer_in() -> None:
    members = [sharing(key, None) for key in "AB"]
    first, agreed = kept(*members)
    waits, _ = kept(*members, sharing("C", None), before=agreed)
    assert seats(waits)["C"] == "PROPOSED"
    parts = tuple(StatedPart(key, "1/3") for key in "ABC")
    said = Directive("said", Act.SHARE, "deal", "Maria", NOW, parts=parts)
    inside, _ = kept(*members, sharing("C", None), before=Memory({first.id: first}, {"deal": said}))
    assert seats(inside)["C"] == "ACCEPTED"


def test_once_it_is_locked_only_a_person_lets_anybody_in() -> None:
    _, agreed = kept(sharing("A", 60), sharing("B", 40))
    claims = sharing("A", 50), sharing("B", 30), sharing("C", 20)
    locked, _ = kept(*claims, at=day(9, 9, 0, 1), before=agreed)  # a fortnight after the deal's start
    assert (locked.state, seats(locked)["C"]) == (JointState.LOCKED, "PROPOSED")
    said = Directive("said", Act.SHARE, "deal", "Maria", NOW, parts=(StatedPart("C", "1"),))
    inside, _ = kept(*claims, at=day(10), before=Memory(agreed.joints, {"deal": said}))
    assert inside.seated == ("A", "B", "C")


def test_it_is_locked_a_fortnight_after_the_deal_s_start_or_when_it_closes() -> None:
    first, memory = kept(member("A", "ACCEPTED"), member("B", "ACCEPTED"))
    assert (first.state, first.active_at, first.lock_at) == (JointState.ACTIVE, NOW, day(9))
    won = deal(stage=Stage.WON, close_date=date_of(5))
    team: dict[str, Any] = {"joint_key": "team", "joint_response": ACCEPTED, "deal": won, "state": "WON"}
    closed, _ = kept(claim("A", "A", **team), claim("B", "B", **team), at=day(6), before=memory)
    assert closed.state is JointState.CLOSED
    assert closed.lock_at == day(5, 0)


def test_who_agreed_late_on_an_old_deal_has_a_moment_before_the_lock() -> None:
    old, memory = kept(member("A", "ACCEPTED"), member("B", "ACCEPTED"), at=day(30))
    assert old.state is JointState.ACTIVE
    after, _ = kept(member("A", "ACCEPTED"), member("B", "ACCEPTED"), at=day(31), before=memory)
    assert after.state is JointState.LOCKED


def test_no_more_than_the_programme_s_limit_belong_and_the_earliest_do() -> None:
    rules = policy(joint={"max_members": 2})
    team: dict[str, Any] = {"joint_key": "team", "joint_response": ACCEPTED, "policy": rules}
    claims = [claim(key, key, submitted_at=day(number), **team) for number, key in enumerate("CBA")]
    for order in permutations(claims):
        joint, _ = kept(*order)
        assert seats(joint) == {"C": "ACCEPTED", "B": "ACCEPTED", "A": "REMOVED"}


# What kind it is, and who leads.


def test_the_lead_is_who_says_so_or_who_registered_first() -> None:
    team: dict[str, Any] = {"joint_key": "team", "joint_response": ACCEPTED}
    early, late = claim("B", "beta", **team), claim("A", "alpha", submitted_at=day(1), **team)
    assert only(early, late).lead == "beta"
    assert only(early, claim("A", "alpha", submitted_at=day(1), lead=True, **team)).lead == "alpha"


def test_lines_that_need_partners_make_a_bundle() -> None:
    bundle = deal(lines=(line("one", needs=("alpha",)),))
    team: dict[str, Any] = {"joint_key": "team", "joint_response": ACCEPTED, "deal": bundle}
    assert only(claim("A", "alpha", **team), claim("B", "beta", **team)).kind is JointKind.BUNDLE
    assert only(member("A", "ACCEPTED"), member("B", "ACCEPTED")).kind is JointKind.DEAL


def test_one_key_in_two_regions_is_one_global_account_with_a_deal_in_each() -> None:
    def there(key: str, on: str, region: str) -> Claim:
        team: dict[str, Any] = {
            "joint_key": "team",
            "joint_response": ACCEPTED,
            "deal": deal(on),
            "regions": (region,),
        }
        return claim(key, key, **team)

    apart = found([there("A", "one", "EMEA"), there("B", "one", "EMEA"), there("C", "two", "APAC")])
    assert {joint.kind for joint in apart} == {JointKind.GLOBAL_ACCOUNT}
    assert len({joint.parent for joint in apart}) == 1
    same = found([there("A", "one", "EMEA"), there("C", "two", "EMEA")])
    assert {(joint.kind, joint.parent) for joint in same} == {(JointKind.DEAL, "")}


RHINE = {"name": "Rhine", "partners": ["Alpha", "Beta"], "shares": {"Alpha": 70, "Beta": 30}}


@pytest.mark.parametrize(
    ("alliance", "members", "shares"),
    [
        (RHINE, "alpha beta", (("alpha", "7/10"), ("beta", "3/10"))),
        ({**RHINE, "families": ["crm"]}, "alpha beta", ()),
        ({**RHINE, "valid_to": date_of(0)}, "alpha beta", None),
        (RHINE, "alpha beta gamma", None),
        ({"name": "Rhine", "partners": ["Alpha", "Beta", "Gamma"]}, "alpha beta", ()),
    ],
)
def test_an_alliance_of_the_programme_brings_its_own_division(
    alliance: dict[str, Any], members: str, shares: tuple[tuple[str, str], ...] | None
) -> None:
    rules = policy(joint={"alliances": [alliance]})
    families = ("erp",) if alliance.get("families") else ()
    team: dict[str, Any] = {"joint_key": "team", "joint_response": ACCEPTED, "policy": rules, "families": families}
    joint = only(*(claim(who, who, **team) for who in members.split()))
    expected = JointKind.DEAL if shares is None or alliance.get("families") else JointKind.ALLIANCE
    assert (joint.kind, joint.shares) == (expected, shares or ())


def test_allied_partners_are_known_whichever_comes_first() -> None:
    rules = policy(joint={"alliances": [RHINE]})
    one, other, third = (claim(who, who, policy=rules) for who in ("alpha", "beta", "gamma"))
    assert allied(one, other) and allied(other, one)
    assert not allied(one, third)


@pytest.mark.parametrize(
    ("alliance", "says"),
    [
        ({**RHINE, "shares": {"Alpha": 100}}, "must name its partners"),
        ({**RHINE, "shares": {"Alpha": 70, "Beta": 31}}, "add up to 101 percent"),
        ({**RHINE, "partners": ["Alpha"]}, "at least 2"),
    ],
)
def test_an_alliance_that_does_not_add_up_is_refused(alliance: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        policy(joint={"alliances": [alliance]})
