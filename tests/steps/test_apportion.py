"""Largest remainder: adds up, is nowhere a unit off, mirrors credit notes, and ignores the order of partners."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.attribution.apportion import amount_minor, apportion, hubspot_8dp, percent_2dp, share_ppm
from sync.attribution.weights import VENDOR, proportional

Exact = dict[str, Fraction]
quick = settings(deadline=None, max_examples=100)
units = st.integers(-(10**15), 10**15) | st.integers(-20, 20)
parties = st.sampled_from(["a", "b", "c", "d", "e", "f", VENDOR])
parts = st.dictionaries(parties, st.integers(0, 9) | st.integers(0, 10**9), min_size=1).filter(
    lambda found: any(found.values())
)
weights = parts.map(lambda found: proportional({party: Fraction(part) for party, part in found.items()}))
orders = st.permutations(["a", "b", "c", "d", "e", "f", VENDOR])


@quick
@given(units, weights, orders, st.sets(parties))
def test_adds_up_and_nobody_is_a_unit_off(total: int, weights: Exact, order: list[str], capped: set[str]) -> None:
    found = apportion(total, weights, order, capped)
    assert sum(found.values()) == total
    assert all(abs(found[party] - total * weight) < 1 for party, weight in weights.items())
    assert all(found[party] == 0 for party, weight in weights.items() if not weight)


@quick
@given(units, weights, orders)
def test_a_credit_mirrors_the_sale(total: int, weights: Exact, order: list[str]) -> None:
    sale = apportion(total, weights, order)
    assert apportion(-total, weights, order) == {party: -count for party, count in sale.items()}


@quick
@given(units, weights, orders, st.randoms(use_true_random=False))
def test_the_order_of_the_weights_does_not_matter(
    total: int, weights: Exact, order: list[str], random: Random
) -> None:
    shuffled = list(weights.items())
    random.shuffle(shuffled)
    assert apportion(total, dict(shuffled), order) == apportion(total, weights, order)
    assert apportion(total, dict(shuffled), ()) == apportion(total, weights, ())


@quick
@given(weights, orders)
def test_a_larger_weight_never_gets_less(weights: Exact, order: list[str]) -> None:
    found = share_ppm(weights, order)
    ranked = sorted(weights, key=lambda party: weights[party])
    assert all(found[low] <= found[high] + (weights[low] == weights[high]) for low, high in pairwise(ranked))


@quick
@given(weights, orders)
def test_every_projection_is_the_whole(weights: Exact, order: list[str]) -> None:
    assert sum(share_ppm(weights, order).values()) == 1_000_000
    assert sum(percent_2dp(weights, order).values()) == Decimal(100)
    assert sum(hubspot_8dp(weights, order).values()) == Decimal(1)


THIRDS = dict.fromkeys(("A", "B", "C"), Fraction(1, 3))


def test_equal_remainders_go_to_the_larger_weight_then_to_the_first_in_order() -> None:
    # 10 units: both have a remainder of one half
    assert apportion(10, {"A": Fraction(1, 4), "B": Fraction(3, 4)}, ("A", "B")) == {"A": 2, "B": 8}
    assert apportion(10, THIRDS, ("C", "A", "B")) == {"A": 3, "B": 3, "C": 4}
    assert apportion(10, THIRDS, ("C", "A", "B", "C")) == {"A": 3, "B": 3, "C": 4}


def test_parties_that_the_order_does_not_list_follow_by_id_the_vendor_last() -> None:
    quarters = dict.fromkeys(("zeta", VENDOR, "beta", "last"), Fraction(1, 4))
    assert apportion(1, quarters, ()) == {"zeta": 0, VENDOR: 0, "beta": 1, "last": 0}
    assert apportion(2, quarters, ("last",)) == {"zeta": 0, VENDOR: 0, "beta": 1, "last": 1}
    assert apportion(3, quarters, ("last",)) == {"zeta": 1, VENDOR: 0, "beta": 1, "last": 1}


def test_a_left_over_unit_skips_a_capped_party_while_it_can() -> None:
    weights = {"A": Fraction(2, 3), "B": Fraction(1, 3)}
    assert apportion(1, weights, ()) == {"A": 1, "B": 0}
    assert apportion(1, weights, (), {"A"}) == {"A": 0, "B": 1}
    assert apportion(1, weights, (), {"A", "B"}) == {"A": 1, "B": 0}
    whole_and_halves = {"A": Fraction(1, 2), "B": Fraction(1, 4), "C": Fraction(1, 4)}
    assert apportion(2, whole_and_halves, (), {"B", "C"}) == {"A": 1, "B": 1, "C": 0}


def test_it_is_not_house_monotone_so_changes_are_full_recomputations() -> None:
    weights = {"A": Fraction(6, 14), "B": Fraction(6, 14), "C": Fraction(2, 14)}
    assert apportion(3, weights, ()) == {"A": 1, "B": 1, "C": 1}
    assert apportion(4, weights, ()) == {"A": 2, "B": 2, "C": 0}


def test_a_deal_without_amount_has_shares_and_no_amounts() -> None:
    assert amount_minor(None, THIRDS, ("A", "B", "C")) is None
    assert amount_minor(0, THIRDS, ("A", "B", "C")) == {"A": 0, "B": 0, "C": 0}


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"A": Fraction(3, 2), "B": Fraction(-1, 2)}, r"below 0 for B \(-1/2\)"),
        ({"A": Fraction(1, 2), "B": Fraction(2, 5)}, "add up to 9/10, not to 1: A 1/2, B 2/5"),
        ({}, "add up to 0, not to 1: no parties"),
    ],
)
def test_unusable_weights_are_refused_by_name(weights: dict[str, Fraction], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        apportion(0, weights, ())
