"""Late claims, tiers, bonus, floors and caps, vendor share: in one fixed order, and exact."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.attribution.levels import water_fill
from sync.attribution.modifiers import MODIFIERS
from sync.attribution.party import Party
from sync.attribution.shares import shares
from sync.attribution.terms import Terms, Unfilled
from sync.attribution.weights import proportional, summed

Exact = dict[str, Fraction]
quick = settings(deadline=None, max_examples=80)
POOLS = {"SOURCE": 10, "RESELL": 30, "PRESALES": 10, "IMPLEMENT": 25, "ADVISE": 15, "SUPPORT": 10}


def exact(**numbers: str | int) -> Exact:
    return {name: Fraction(value) for name, value in numbers.items()}


A, B, C = Party("A"), Party("B"), Party("C")


def pools(**terms: Any) -> Terms:
    return Terms(model="role_pools", pools=exact(**POOLS), **terms)


def test_modifiers_apply_in_their_fixed_order() -> None:
    assert [modifier.__name__ for modifier in MODIFIERS] == [
        "late_claims",
        "tiers",
        "sourced_bonus",
        "limits",
        "vendor_share",
    ]
    parties = (Party("A", late=True, sourcing=True), Party("B", tier="GOLD"), Party("C"))
    terms = Terms(
        model="equal",
        late_factor=Fraction(1, 2),
        tier_multipliers={"GOLD": Fraction(3, 2)},
        sourced_bonus=Fraction(1, 10),
        cap=Fraction(2, 5),
        vendor_share=Fraction(1, 5),
    )
    result = shares(parties, terms)
    assert result.trace == (
        "Equal parts among 3 -> A 1/3, B 1/3, C 1/3",
        "Late claim: A at 50% of the model's weight -> A 20%, B 40%, C 40%",
        "Tier: B times 1.5 -> A 1/6, B 50%, C 1/3",
        "Sourced bonus 10% from everyone to A -> A 25%, B 45%, C 30%",
        "Of the partners' part, cap 40% holds B -> A 3/11, B 40%, C 18/55",
        "VENDOR keeps 20% of the partners' part -> A 12/55, B 32%, C 72/275, VENDOR 20%",
    )
    assert result.capped == {"B"}


def test_a_vendors_unfilled_pool_is_not_moved_by_modifiers() -> None:
    """The vendor must not gain by a partner's lateness, nor pay for a bonus."""
    parties = (Party("A", frozenset({"RESELL"}), late=True), Party("B", frozenset({"ADVISE"}), sourcing=True))
    terms = pools(unfilled=Unfilled.VENDOR, late_factor=Fraction(1, 2), sourced_bonus=Fraction(1, 10))
    assert shares(parties, terms).weights == exact(A="81/400", B="99/400", VENDOR="11/20")


def test_late_claims_that_count_nothing_leave_the_deal_to_the_vendor() -> None:
    terms = Terms(model="equal", late_factor=Fraction(0), sourced_bonus=Fraction(1, 10), cap=Fraction(3, 5))
    assert shares((Party("A", late=True), B), terms).weights == exact(A=0, B="3/5", VENDOR="2/5")
    everyone = shares((Party("A", late=True, sourcing=True), Party("B", late=True)), terms)
    assert everyone.weights == exact(A=0, B=0, VENDOR=1)


def test_a_bonus_nobody_earned_is_given_to_nobody() -> None:
    result = shares((A, B), Terms(model="equal", sourced_bonus=Fraction(1, 10)))
    assert result.weights == exact(A="1/2", B="1/2")
    assert result.trace[-1] == "Sourced bonus 10%: nobody sourced the deal, so nobody gets it"


def test_a_partner_alone_gets_everything_whatever_the_cap() -> None:
    assert shares((A,), Terms(model="equal", floor=Fraction("0.05"), cap=Fraction("0.7"))).weights == exact(A=1)


def test_without_a_partner_the_vendor_has_everything() -> None:
    result = shares((), Terms())
    assert (result.weights, result.trace) == (exact(VENDOR=1), ("No eligible partner -> VENDOR 100%",))


def test_limits_are_of_the_partners_part_and_leave_the_vendors_alone() -> None:
    parties = (Party("A", frozenset({"RESELL"})), Party("B", frozenset({"ADVISE"})))
    result = shares(parties, pools(unfilled=Unfilled.VENDOR, cap=Fraction(3, 5)))
    assert result.weights == exact(A="27/100", B="18/100", VENDOR="55/100")
    assert result.trace[-1] == "Of the partners' part, cap 60% holds A -> A 27%, B 18%, VENDOR 55%"


def test_floors_that_need_everything_get_it() -> None:
    halves = exact(A="1/2", B="1/2")
    assert water_fill(exact(A="2/3", B="1/3"), halves, exact(A=1, B=1)) == halves


def test_floors_and_caps_of_the_worked_example() -> None:
    before = exact(A="0.715", B="0.19", C="0.0665", D="0.0285")
    filled = water_fill(before, dict.fromkeys(before, Fraction("0.05")), dict.fromkeys(before, Fraction("0.6")))
    assert filled == exact(A="3/5", B="7/27", C="49/540", D="1/20")


def test_when_all_weights_are_capped_the_rest_is_not_invented() -> None:
    filled = water_fill(exact(A=1, B=0), exact(A=0, B="0.05"), exact(A="0.6", B="0.6"))
    assert filled == exact(A="0.6", B="0.05")


@st.composite
def limited(draw: st.DrawFn) -> tuple[Exact, Exact, Exact]:
    """Weights with floors that fit into 1 and caps that reach it."""
    names = draw(st.lists(st.sampled_from("abcdef"), min_size=1, unique=True))
    tenths = st.integers(0, 12)
    raw = {name: Fraction(draw(tenths)) for name in names}
    floors = {name: Fraction(draw(tenths), 12 * len(names)) for name in names}
    reach = proportional({name: Fraction(draw(tenths)) for name in names})
    caps = {name: max(floors[name], reach[name]) + Fraction(draw(tenths), 60) for name in names}
    return proportional(raw), floors, caps


@quick
@given(limited())
def test_water_filling_respects_floors_and_caps_and_proportions(case: tuple[Exact, Exact, Exact]) -> None:
    weights, floors, caps = case
    filled = water_fill(weights, floors, caps)
    assert all(floors[party] <= filled[party] <= caps[party] for party in weights)
    stuck = all(filled[party] == caps[party] for party, weight in weights.items() if weight)
    assert summed(filled) == 1 or (stuck and summed(filled) < 1)
    free = [party for party in weights if floors[party] < filled[party] < caps[party]]
    assert len({filled[party] / weights[party] for party in free}) <= 1
    level = filled[free[0]] / weights[free[0]] if free else None
    for party, weight in weights.items():
        if level is not None and filled[party] == caps[party] > floors[party]:
            assert weight * level >= caps[party]
        if level is not None and filled[party] == floors[party] < caps[party]:
            assert weight * level <= floors[party]


@quick
@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 12), min_size=1),
    st.integers(0, 12),
    st.integers(0, 12),
    st.integers(0, 12),
)
def test_any_floor_and_cap_of_a_policy_are_respected(
    units: dict[str, int], floor: int, more: int, vendor: int
) -> None:
    """Whatever the number of partners: floors at most their equal parts, caps never passed, nothing invented."""
    parties = [Party(name, contribution=Fraction(count)) for name, count in units.items()]
    low, high = Fraction(floor, 12), min(Fraction(floor + more, 12), Fraction(1))
    terms = Terms(model="contribution", floor=low, cap=high, vendor_share=Fraction(vendor, 12))
    result = shares(parties, terms).weights
    assert summed(result) == 1
    kept = 1 - terms.vendor_share
    for name in units:
        assert min(low, Fraction(1, len(units))) * kept <= result[name]
        assert result[name] <= high * kept or len(units) == 1


def test_a_cap_that_too_few_partners_reach_leaves_the_rest_to_the_vendor() -> None:
    """It used to stop the whole run: a policy with cap 40 met a deal with two partners."""
    result = shares((A, B), Terms(model="equal", cap=Fraction("0.4")))
    assert result.weights == exact(A="2/5", B="2/5", VENDOR="1/5")
    assert result.trace[-1] == "Of the partners' part, cap 40% holds A, B -> A 40%, B 40%, VENDOR 20%"
    assert result.capped == {"A", "B"}


def test_floors_that_need_more_than_everything_are_scaled_down_and_said_so() -> None:
    """It used to stop the whole run: a policy with floor 40 met a deal with three partners."""
    parties = (Party("A", contribution=Fraction(8)), Party("B", contribution=Fraction(1)), C)
    result = shares(parties, Terms(model="contribution", floor=Fraction("0.4")))
    assert result.weights == exact(A="1/3", B="1/3", C="1/3")
    assert result.trace[-2:] == (
        "Floors of 40% for 3 partners need more than 100%: scaled down to 1/3",
        "Of the partners' part, floor 1/3 holds B, C -> A 1/3, B 1/3, C 1/3",
    )
    assert water_fill(exact(A=1, B=0), exact(A=1, B=3), exact(A=1, B=3)) == exact(A="1/4", B="3/4")


def test_a_floor_above_its_cap_is_refused_with_the_numbers() -> None:
    with pytest.raises(ValueError, match="A floor 1/2 cap 1/3"):
        water_fill(exact(A="1/2", B="1/2"), exact(A="1/2", B=0), exact(A="1/3", B=1))
