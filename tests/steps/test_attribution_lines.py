"""Bundles reconcile line by line, and what a leaving partner gives up goes where the policy says."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.attribution.lines import Line, split_lines
from sync.attribution.weights import VENDOR, summed
from sync.attribution.withdrawal import Withdrawal, withdraw

Exact = dict[str, Fraction]
quick = settings(deadline=None, max_examples=80)


def exact(**numbers: str | int) -> Exact:
    return {name: Fraction(value) for name, value in numbers.items()}


lines = st.lists(
    st.builds(
        Line,
        id=st.text("klmnopq", min_size=1, max_size=3),
        net=st.integers(-(10**6), 10**9) | st.integers(-3, 3),
        parts=st.dictionaries(st.sampled_from("abc"), st.integers(0, 3).map(Fraction), max_size=3),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda line: line.id,
)


@quick
@given(lines, st.integers(-(10**9), 10**9) | st.integers(-3, 3), st.randoms(use_true_random=False))
def test_a_bundle_reconciles_line_by_line(bundle: list[Line], base: int, random: Random) -> None:
    split = split_lines(bundle, base, ("c", "a", "b"))
    assert sum(split.adjustments.values()) == base - sum(line.net for line in bundle)
    for line in bundle:
        assert sum(split.by_line[line.id].values()) == line.net + split.adjustments[line.id]
    assert sum(split.totals.values()) == base
    for party, amount in split.totals.items():
        assert amount == sum(amounts.get(party, 0) for amounts in split.by_line.values())
    mixed = min(split.totals.values()) < 0 < max(split.totals.values())
    assert (split.weights is None) == mixed
    assert split.weights is None or summed(split.weights) == 1
    random.shuffle(bundle)
    assert split_lines(bundle, base, ("c", "a", "b")) == split


def test_a_line_goes_to_those_it_needs_and_without_any_to_the_vendor() -> None:
    bundle = (
        Line("own", 100, exact(A=1)),
        Line("joint", 101, exact(A=1, B=1)),
        Line("scoped", 100, exact(A=1, B=3)),
        Line("ours", 99),
    )
    split = split_lines(bundle, 400, ("B", "A"))
    assert split.by_line == {
        "own": {"A": 100},
        "joint": {"A": 50, "B": 51},
        "scoped": {"A": 25, "B": 75},
        "ours": {VENDOR: 99},
    }
    assert split.totals == {"A": 175, "B": 126, VENDOR: 99}
    assert split.weights == exact(A="175/400", B="126/400", VENDOR="99/400")


def test_a_refund_of_one_line_touches_only_its_partners() -> None:
    plc, cells = Line("plc", 640, exact(AUT=1)), Line("cells", 820, exact(ROB=1))
    refunded = Line("cells", 0, exact(ROB=1))
    assert split_lines((plc, cells), 1460, ()).totals == {"AUT": 640, "ROB": 820}
    assert split_lines((plc, refunded), 640, ()).totals == {"AUT": 640, "ROB": 0}


def test_totals_of_both_signs_have_amounts_and_no_shares() -> None:
    split = split_lines((Line("sale", 100, exact(A=1)), Line("credit", -30, exact(B=1))), 70, ())
    assert (split.totals, split.weights) == ({"A": 100, "B": -30}, None)


def test_a_deal_discounted_to_nothing_keeps_its_shares() -> None:
    bundle = (Line("one", 300, exact(A=1)), Line("two", 100, exact(B=1)))
    assert split_lines(bundle, 0, ()).weights == exact(A="3/4", B="1/4")
    empty = (Line("one", 0, exact(A=1)), Line("two", 0, exact(A=1, B=1)))
    assert split_lines(empty, 0, ()).weights == exact(A="3/4", B="1/4")


def test_lines_that_cannot_be_shared_are_refused() -> None:
    with pytest.raises(ValueError, match="has no lines"):
        split_lines((), 100, ())
    with pytest.raises(ValueError, match="line one comes twice"):
        split_lines((Line("one", 1), Line("one", 2)), 3, ())
    with pytest.raises(ValueError, match="line one: part of B is below 0"):
        Line("one", 1, exact(A=1, B=-1))


SPLIT = exact(A="1/2", B="1/4", C="1/8", VENDOR="1/8")


@pytest.mark.parametrize(
    ("rule", "after"),
    [
        (Withdrawal.REDISTRIBUTE, exact(B="7/12", C="7/24", VENDOR="1/8")),
        (Withdrawal.VENDOR, exact(B="1/4", C="1/8", VENDOR="5/8")),
        (Withdrawal.VEST, exact(A="1/4", B="5/12", C="5/24", VENDOR="1/8")),
    ],
)
def test_a_leavers_weight_goes_where_the_policy_says(rule: Withdrawal, after: Exact) -> None:
    assert withdraw(SPLIT, exact(A="1/2"), rule).weights == after


def test_the_last_partners_weight_goes_to_the_vendor() -> None:
    assert withdraw(exact(A=1, B=0), exact(A=0), Withdrawal.REDISTRIBUTE).weights == exact(B=0, VENDOR=1)
    left = withdraw(exact(A=1), exact(A="1/4"), Withdrawal.VEST)
    assert left.weights == exact(A="1/4", VENDOR="3/4")
    assert left.trace == ("A withdrew and keeps 25% of 100% -> A 25%, VENDOR 75%",)


def test_withdrawals_that_make_no_sense_are_refused() -> None:
    for leaver in ("X", VENDOR):
        with pytest.raises(ValueError, match=f"{leaver} cannot withdraw: the split is A 50%"):
            withdraw(SPLIT, {leaver: Fraction()}, Withdrawal.VENDOR)
    with pytest.raises(ValueError, match="A: vested part 2 must be from 0 to 1"):
        withdraw(SPLIT, exact(A=2), Withdrawal.VEST)
