"""What a claim knows of itself and of another one: protection, verified work, overlap, scope, joint membership."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.claim import Claim, joint, meet_in_scope, overlap, values_differ
from sync.model.money import Money
from sync.model.parties import Account
from sync.model.registration import Approval, Choice, Response, Role, State, Vote, filed_digest
from tests.steps.business import claim, date_of, day, deal, evidence, partner, patient, policy, registration


@pytest.mark.parametrize(
    ("at", "held"),
    [
        (day(1, 8), False),
        (day(1), True),
        (day(91, 21), True),
        (day(91, 22), False),
    ],  # midnight in Berlin
)
def test_protection_runs_from_the_approval_through_its_last_day(at: datetime, held: bool) -> None:
    assert claim("R", state="APPROVED", standing={"protection_end": date_of(91)}).protected_at(at) is held


@pytest.mark.parametrize("state", [state for state in State if not state.live])
def test_what_is_over_protects_nobody(state: State) -> None:
    ended = claim("R", state=state, standing={"approved_at": day(1), "protection_end": date_of(91)})
    assert not ended.protected_at(day(2))


def test_a_vote_that_is_still_to_take_effect_protects_from_its_moment() -> None:
    waiting = claim("R", state="IN_CONFLICT", vote=Vote.APPROVE, voted_at=day(3))
    assert not waiting.protected_at(day(2))
    assert waiting.protected_at(day(3))
    seen = replace(waiting, standing=replace(waiting.standing, vote_seen=waiting.new_vote))  # type: ignore[type-var]
    assert not seen.protected_at(day(3))


@pytest.mark.parametrize(
    ("pieces", "points"),
    [
        ([], 0),
        ([("POC", 0, True)], 5),
        ([("MEETING", 0, True), ("QUOTE", 0, True), ("NDA", 0, True), ("EMAIL", 0, True)], 9),
        ([("MEETING", 0, True), ("MEETING", 6, True)], 3),  # Monday and Sunday of one week
        ([("MEETING", 6, True), ("MEETING", 7, True)], 6),  # Sunday, and Monday of the next
        ([("POC", 0, False)], 0),
        ([("LUNCH", 0, True), ("OTHER", 0, True)], 0),
    ],
)
def test_work_counts_once_a_kind_a_week_when_verified(pieces: list[tuple[str, int, bool]], points: int) -> None:
    shown = tuple(evidence(kind, day(on), verified) for kind, on, verified in pieces)
    assert claim("R", evidence=shown).evidence_points() == points


def test_the_first_evidence_is_the_earliest_verified_one() -> None:
    early, late = evidence("EMAIL", day(-9), verified=False), evidence("QUOTE", day(-3))
    assert claim("R", evidence=(evidence("POC", day(0)), early, late)).first_evidence() == late
    assert claim("R", evidence=(early,)).first_evidence() is None


def test_a_claim_is_worth_what_the_crm_says_before_what_the_partner_says() -> None:
    declared = Money(5, "EUR")
    assert claim("R", declared_value=declared).value == Money(10000, "EUR")
    assert claim("R", declared_value=declared, deal=deal(amount=None)).value == declared


def test_the_digest_sees_what_is_asked_for() -> None:
    filed = registration("R")
    asked: list[dict[str, Any]] = [{"roles": (Role.ADVISE,)}, {"families": ("a",)}, {"opportunity_id": "b"}]
    said: list[dict[str, Any]] = [
        {"vote": Vote.APPROVE},
        {"joint_response": Response.ACCEPTED},
        {"withdrawn": True},
    ]
    assert all(filed_digest(replace(filed, **change)) != filed_digest(filed) for change in asked)
    assert all(filed_digest(replace(filed, **change)) == filed_digest(filed) for change in said)


# Two claims.


def overlapping(one: dict[str, Any], other: dict[str, Any]) -> bool:
    left, right = claim("A", "alpha", **one), claim("B", "beta", **other)
    assert overlap(left, right) is overlap(right, left)
    return overlap(left, right)


PLACELESS = {"deal": None}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {}, True),
        ({}, {"deal": deal("other")}, False),
        ({"families": ("a",)}, {"families": ("b",)}, False),
        ({"families": ("a", "b")}, {"families": ("b", "c")}, True),
        ({"families": ("a",)}, {}, True),
        ({"regions": ("EMEA",)}, {"regions": ("APAC",)}, False),
        ({"regions": ("EMEA",)}, {}, True),
        ({"expected_close": date_of(0)}, {"expected_close": date_of(180)}, True),
        ({"expected_close": date_of(0)}, {"expected_close": date_of(181)}, False),
        ({"expected_close": date_of(0)}, {}, True),
        ({}, {**PLACELESS, "customer_domain": "x.com"}, False),
        ({**PLACELESS, "customer_domain": "x.com"}, {**PLACELESS, "customer_domain": "x.com"}, True),
        ({**PLACELESS, "customer_domain": "x.com"}, {**PLACELESS, "customer_domain": "y.com"}, False),
        ({**PLACELESS, "customer_name": "X"}, {**PLACELESS, "customer_name": "X"}, False),
        ({"account": Account("acme", "Acme", ())}, {**PLACELESS, "account": Account("acme", "Acme", ())}, True),
        ({"account": Account("acme", "Acme", ())}, {**PLACELESS, "account": Account("bolt", "Bolt", ())}, False),
        (
            {"deal": deal("a"), "account": Account("acme", "Acme", ())},
            {"deal": deal("b"), "account": Account("acme", "Acme", ())},
            False,
        ),
    ],
)
def test_claims_overlap_when_they_can_be_about_the_same_business(
    one: dict[str, Any], other: dict[str, Any], same: bool
) -> None:
    assert overlapping(one, other) is same


@pytest.mark.parametrize(
    ("exclusive", "one", "other", "meets"),
    [
        ("opportunity", {"families": ("a",)}, {"families": ("b",)}, True),
        ("family", {"families": ("a",)}, {"families": ("b",)}, False),
        ("family", {"families": ("a",)}, {"families": ("a", "b")}, True),
        ("family", {}, {"families": ("b",)}, True),
        ("region", {"regions": ("EMEA",)}, {"regions": ("APAC",)}, False),
        ("region", {"regions": ("EMEA",)}, {}, True),
        ("line", {}, {}, False),
        ("none", {}, {}, False),
    ],
)
def test_a_role_is_exclusive_within_its_scope(
    exclusive: str, one: dict[str, Any], other: dict[str, Any], meets: bool
) -> None:
    rules = policy(roles={"RESELL": {"pool": 30, "exclusive": exclusive}})
    left, right = claim("A", policy=rules, **one), claim("B", "beta", policy=rules, **other)
    assert meet_in_scope(left, right, Role.RESELL) is meets
    assert meet_in_scope(right, left, Role.RESELL) is meets


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (("k", "ACCEPTED"), ("k", "ACCEPTED"), True),
        (("k", "ACCEPTED"), ("k", "INVITED"), False),
        (("k", "ACCEPTED"), ("k", None), False),
        (("k", "ACCEPTED"), ("k", "DECLINED"), False),
        (("k", "ACCEPTED"), ("other", "ACCEPTED"), False),
        ((None, "ACCEPTED"), (None, "ACCEPTED"), False),
    ],
)
def test_only_two_who_both_accepted_are_joint(one: tuple[str, str], other: tuple[str, str], together: bool) -> None:
    def member(key: str, answer: tuple[str, str]) -> Claim:
        return claim(key, joint_key=answer[0], joint_response=Response(answer[1]) if answer[1] else None)

    assert joint(member("A", one), member("B", other)) is together
    assert joint(member("B", other), member("A", one)) is together


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        (Money(75, "EUR"), Money(100, "EUR"), False),  # exactly a quarter
        (Money(74, "EUR"), Money(100, "EUR"), True),
        (Money(0, "EUR"), Money(0, "EUR"), False),
        (Money(0, "EUR"), Money(1, "EUR"), True),
        (Money(100, "EUR"), Money(100, "USD"), True),
        (None, Money(100, "EUR"), False),
    ],
)
def test_values_differ_by_more_than_a_quarter(one: Money | None, other: Money, differ: bool) -> None:
    left, right = claim("A", declared_value=one), claim("B", declared_value=other)
    assert values_differ(left, right, Decimal("0.25")) is differ
    assert values_differ(right, left, Decimal("0.25")) is differ


scopes = st.lists(st.sampled_from("abc"), max_size=2, unique=True).map(tuple)
closes = st.none() | st.integers(-200, 200).map(date_of)
sides = st.fixed_dictionaries({"families": scopes, "regions": scopes, "expected_close": closes})


@patient
@given(sides, sides)
def test_overlap_does_not_depend_on_who_is_asked_first(one: dict[str, Any], other: dict[str, Any]) -> None:
    left, right = claim("A", **one), claim("B", "beta", partner=partner("beta"), **other)
    assert overlap(left, right) == overlap(right, left)


def test_what_the_vendor_s_staff_notes_is_no_change_by_the_partner() -> None:
    filed = registration("R", evidence=(evidence("POC", day(0), verified=False),))
    noted: list[dict[str, Any]] = [
        {"evidence": (evidence("POC", day(0), verified=True),)},
        {"customer_choice": Choice.CHOSEN},
        {"extension_requested_at": day(3)},
        {"proposed_share": Decimal(40)},
        {"lead": True},
    ]
    assert all(filed_digest(replace(filed, **change)) == filed_digest(filed) for change in noted)
    more = (*filed.evidence, evidence("NDA", day(1), verified=False))
    assert filed_digest(replace(filed, evidence=more)) != filed_digest(filed)


@pytest.mark.parametrize(
    ("fields", "spoken"),
    [
        ({}, False),
        ({"vote": Vote.APPROVE, "voted_at": day(1)}, True),
        ({"vote": Vote.REJECT, "voted_at": day(1)}, False),
        ({"state": "APPROVED"}, False),
        ({"state": "APPROVED", "standing": {"approver": "maria"}}, True),
        ({"state": "APPROVED", "standing": {"by_person": True}}, True),
        ({"state": "REJECTED", "standing": {"by_person": True}}, False),
        ({"standing": {"approvals": (Approval("maria", day(1)),)}}, True),
        ({"state": "IN_CONFLICT", "standing": {"reopened_by": "jo"}}, True),
        ({"state": "WON", "standing": {"approver": "maria"}}, False),
    ],
)
def test_a_claim_that_a_person_wants_is_known(fields: dict[str, Any], spoken: bool) -> None:
    assert claim("R", **fields).spoken_for is spoken


def test_who_is_not_let_in_by_the_others_is_not_joint_with_them() -> None:
    team: dict[str, Any] = {"joint_key": "k", "joint_response": Response.ACCEPTED}
    one, other = claim("A", **team), claim("B", "beta", **team)
    assert joint(one, other)
    assert not joint(one, replace(other, outside=True))
    assert not joint(replace(one, outside=True), other)
