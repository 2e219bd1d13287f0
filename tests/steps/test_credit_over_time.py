"""A split over time: how settled it is, when its version rises, what a lock holds; and that it always totals."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.claim import Claim
from sync.model.deal import Stage
from sync.model.money import Money
from sync.model.registration import Response, Role
from sync.model.ruling import Joint, JointState
from sync.model.split import Split, SplitStatus
from tests.steps.business import claim, day, deal, line, patient, policy
from tests.steps.splitting import BUNDLE, amounts, approved, split_of

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
    assert won(locked, "100.00", *THREE[:2], approved("D", "delta", "SUPPORT")) == locked


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


MEMBERS = st.lists(
    st.fixed_dictionaries(
        {
            "who": st.sampled_from(["alpha", "beta", "gamma"]),
            "roles": st.sets(st.sampled_from(list(Role)), min_size=1).map(lambda roles: " ".join(sorted(roles))),
            "contribution": st.none() | st.decimals(0, 9, places=1),
            "line_ids": st.sampled_from([(), ("a",), ("free",)]),
            "submitted_at": st.integers(-3, 12).map(day),
        }
    ),
    min_size=1,
    max_size=5,
)
MODELS = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["equal", "role_pools", "contribution"]),
        "unfilled": st.sampled_from(["redistribute", "vendor"]),
        "sourced_bonus": st.sampled_from([0, 10, 100]),
        "floor": st.sampled_from([0, 5]),
        "cap": st.sampled_from([60, 100]),
        "vendor_share": st.sampled_from([0, 20, 100]),
    }
)


@settings(patient, max_examples=150)
@given(MEMBERS, MODELS, st.integers(-(10**9), 10**9), st.sampled_from([(), BUNDLE]))
def test_every_split_totals_exactly(
    members: list[dict[str, Any]], model: dict[str, Any], cents: int, lines: tuple[Any, ...]
) -> None:
    rules = policy(attribution=model)
    on = replace(deal(lines=lines), amount=Money(cents, "EUR"))
    split = split_of(on, *(approved(str(n), policy=rules, **fields) for n, fields in enumerate(members)))
    assert sum(portion.amount.minor for portion in split.portions if portion.amount) == cents
    if all(portion.percent is not None for portion in split.portions):
        assert sum(portion.percent for portion in split.portions if portion.percent is not None) == 100
        assert sum(Fraction(portion.weight) for portion in split.portions) == 1
    assert sum(portion.sourced for portion in split.portions) <= 1
