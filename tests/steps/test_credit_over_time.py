"""A split over time: how settled it is, when its version rises, what a lock holds; and that it always totals."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.attribution.models import MODELS
from sync.claim import Claim
from sync.credit import credit
from sync.model.deal import Stage
from sync.model.money import Money
from sync.model.registration import Response, Role
from sync.model.ruling import Joint, JointState
from sync.model.split import Split, SplitStatus
from tests.steps.business import claim, day, deal, evidence, line, patient, policy
from tests.steps.splitting import BUNDLE, amounts, approved, joined, split_of

# Status, versions, the lock.


def team(*answers: str) -> tuple[Joint, ...]:
    members = tuple((str(n), str(n), Response(answer)) for n, answer in enumerate(answers))
    state = JointState.ACTIVE if set(answers) == {"ACCEPTED"} else JointState.PARTIAL
    return (Joint("j", "deal", "team", state, members),)


OFFER = (Joint("j", "deal", "", JointState.PROPOSED, ()),)


@pytest.mark.parametrize(
    ("others", "joint", "on", "status"),
    [
        ([], (), {}, "AGREED"),
        ([claim("B", "beta", "ADVISE")], (), {}, "DRAFT"),
        ([claim("B", "beta", "ADVISE", state="IN_CONFLICT")], (), {}, "DRAFT"),
        ([claim("B", "beta", "ADVISE", state="REJECTED")], (), {}, "AGREED"),
        ([], team("ACCEPTED", "INVITED"), {}, "PROPOSED"),
        ([], team("ACCEPTED", "ACCEPTED"), {}, "AGREED"),
        ([], OFFER, {}, "AGREED"),
        ([claim("B", "beta", "ADVISE")], team("ACCEPTED", "INVITED"), {"stage": Stage.WON}, "LOCKED"),
    ],
)
def test_a_split_says_how_settled_it_is(
    others: list[Claim], joint: tuple[Joint, ...], on: dict[str, Any], status: str
) -> None:
    split = split_of(deal(**on), approved("A", "alpha", "RESELL"), *others, joint=joint)
    assert split.status is SplitStatus(status)


def test_the_version_rises_only_with_a_change() -> None:
    first = split_of(deal(), approved("A", "alpha", "RESELL"))
    assert first.version == 1
    assert split_of(deal(), approved("A", "alpha", "RESELL"), before=first) == first
    second = split_of(deal(amount="100.01"), approved("A", "alpha", "RESELL"), before=first)
    assert (second.version, second.decision_id != first.decision_id) == (2, True)
    third = split_of(deal(), approved("A", "alpha", "RESELL"), before=second)
    assert (third.version, len({first.decision_id, second.decision_id, third.decision_id})) == (3, 3)


def won(split_before: Split, amount: str | None, *claims: Claim, **on: Any) -> Split:
    return split_of(deal(amount=amount, stage=Stage.WON, **on), *claims, before=split_before)


THREE = [approved("A", "alpha", "RESELL"), approved("B", "beta", "IMPLEMENT"), approved("C", "gamma", "ADVISE")]


def test_a_locked_split_keeps_its_weights_and_follows_the_amount() -> None:
    locked = split_of(deal(amount="100.01", stage=Stage.WON), *THREE)
    weights = [portion.weight for portion in locked.portions]
    later = won(locked, "70.01", *THREE[:1])
    assert [portion.weight for portion in later.portions] == weights
    assert amounts(later) == {"alpha": "30.01", "beta": "25.00", "gamma": "15.00"}
    assert (later.version, later.status) == (2, SplitStatus.LOCKED)


def test_a_locked_split_does_not_move_with_roles_or_claims() -> None:
    locked = split_of(deal(stage=Stage.WON), *THREE)
    assert won(locked, "100.00", *THREE[:2]) == locked
    later = won(locked, "100.00", *THREE[:2], approved("D", "delta", "SUPPORT"))
    assert later.portions == locked.portions
    note = "Delta was approved after the lock and has no part, until a person states the split anew."
    assert later.notes == (note,)
    assert won(later, "100.00", *THREE[:2], approved("D", "delta", "SUPPORT")) == later


def test_a_deal_that_was_won_by_mistake_is_divided_anew_at_once() -> None:
    """It used to take two runs: the first one only changed the status."""
    locked = split_of(deal(stage=Stage.WON), *THREE[:2])
    reopened = split_of(deal(), *THREE, before=locked)
    assert (reopened.status, len(reopened.portions)) == (SplitStatus.AGREED, 3)
    assert split_of(deal(), *THREE, before=reopened) == reopened


def test_a_locked_split_survives_a_lost_amount() -> None:
    locked = split_of(deal(stage=Stage.WON), *THREE)
    blank = won(locked, None, *THREE)
    assert amounts(blank) == {"alpha": "", "beta": "", "gamma": ""}
    assert amounts(won(blank, "100.00", *THREE)) == amounts(locked)


def test_a_locked_bundle_of_both_signs_follows_its_lines() -> None:
    on: dict[str, Any] = {"lines": (line("new", "150.00", ("alpha",)), line("old", "-50.00", ("beta",)))}
    claims = approved("A", "alpha", "SOLUTION"), approved("B", "beta", "SOLUTION")
    locked = split_of(deal(stage=Stage.WON, **on), *claims)
    assert amounts(won(locked, "104.00", *claims, **on)) == {"alpha": "153.00", "beta": "-49.00"}


PROOF = st.builds(
    evidence, st.sampled_from(["POC", "MEETING", "OTHER"]), st.integers(-9, 40).map(day), st.booleans()
)
MEMBERS = st.lists(
    st.fixed_dictionaries(
        {
            "who": st.sampled_from(["alpha", "beta", "gamma"]),
            "roles": st.sets(st.sampled_from(list(Role)), min_size=1).map(lambda roles: " ".join(sorted(roles))),
            "contribution": st.none() | st.decimals(0, 9, places=1),
            "line_ids": st.sampled_from([(), ("a",), ("free",)]),
            "submitted_at": st.integers(-3, 12).map(day),
            "evidence": st.lists(PROOF, max_size=3).map(tuple),
            "state": st.sampled_from(["APPROVED", "APPROVED", "UNDER_REVIEW", "WITHDRAWN", "WON", "REJECTED"]),
            "standing": st.sampled_from([{}, {"approved_at": day(1)}]),
            "joint_key": st.sampled_from([None, "team"]),
            "joint_response": st.sampled_from([None, Response.ACCEPTED]),
            "proposed_share": st.none()
            | st.decimals(-10, 110, places=1)
            | st.sampled_from([Decimal(50), Decimal(100)]),
        }
    ),
    min_size=1,
    max_size=5,
)
RULES = st.fixed_dictionaries(
    {
        "model": st.sampled_from(sorted(MODELS)),
        "bundles": st.sampled_from(["lines", "off"]),
        "joint_shares": st.sampled_from(["agreed", "off"]),
        "unfilled": st.sampled_from(["redistribute", "vendor"]),
        "half_life_days": st.sampled_from([1, 30, 3650]),
        "late_factor": st.sampled_from([0, "0.5", 1]),
        "sourced_bonus": st.sampled_from([0, 10, 100]),
        "floor": st.sampled_from([0, 5, 40]),
        "cap": st.sampled_from([40, 60, 100]),
        "vendor_share": st.sampled_from([0, 20, 100]),
        "withdrawal": st.sampled_from(["redistribute", "vendor", "vest"]),
    }
).map(lambda rules: {**rules, "vesting": {"APPROVAL": 10, "POC": 50} if rules["withdrawal"] == "vest" else {}})
LINES = st.sampled_from([(), BUNDLE, (*BUNDLE, line("taken back", "-50.00", ("beta",)))])


@settings(patient, max_examples=250)
@given(
    MEMBERS, RULES, st.none() | st.integers(-(10**60), 10**60) | st.integers(-9, 9), LINES, st.sampled_from(Stage)
)
def test_every_split_totals_exactly_whatever_a_policy_says(
    members: list[dict[str, Any]],
    attribution: dict[str, Any],
    cents: int | None,
    lines: tuple[Any, ...],
    stage: Stage,
) -> None:
    """Nothing that a policy can say, and nothing that partners file, stops a division."""
    rules = policy(attribution=attribution)
    on = replace(deal(lines=lines), amount=None if cents is None else Money(cents, "EUR"), stage=stage)
    claims = [replace(approved(str(n), policy=rules, **fields), opportunity=on) for n, fields in enumerate(members)]
    together = joined(*claims)
    split = credit(on, claims, together, None)
    assert split == credit(on, claims[::-1], together, None), "the order of the claims changed the split"
    assert credit(on, claims, together, split) == split, "dividing again changed the split"
    if split is None:
        assert not any(claim.state.credited for claim in claims)
        return
    if cents is not None:
        assert sum(portion.amount.minor for portion in split.portions if portion.amount) == cents
    if all(portion.percent is not None for portion in split.portions):
        assert sum(portion.percent for portion in split.portions if portion.percent is not None) == 100
        assert sum(Fraction(portion.weight) for portion in split.portions) == 1
    assert sum(portion.sourced for portion in split.portions) <= 1
