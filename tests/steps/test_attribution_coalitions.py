"""Lines and Shapley: what each partner adds, exactly, and every table that cannot be divided by refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import combinations, permutations
from math import factorial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.attribution.grounds import Grounds, Unusable
from sync.attribution.lines import Line, split_lines
from sync.attribution.party import Party
from sync.attribution.shares import shares
from sync.attribution.terms import Terms
from sync.attribution.weights import VENDOR

Exact = dict[str, Fraction]
Worth = Mapping[frozenset[str], Fraction]
quick = settings(deadline=None, max_examples=60)
A, B, C = Party("A"), Party("B"), Party("C")
SHAPLEY, LINES = Terms(model="shapley"), Terms(model="lines")


def exact(**numbers: str | int) -> Exact:
    return {name: Fraction(value) for name, value in numbers.items()}


def table(**worth: int) -> Grounds:
    return Grounds(worth={frozenset(who): Fraction(value) for who, value in worth.items()})


EX7 = {"A": 30, "B": 20, "C": 0, "AB": 70, "AC": 50, "BC": 30, "ABC": 100}


def test_who_is_worth_nothing_alone_still_earns_what_it_adds() -> None:
    result = shares((C, A, B), SHAPLEY, table(**EX7))
    assert result.weights == exact(A="1/2", B="7/20", C="3/20")
    assert result.trace[2] == "C: alone 0, adds 15 of 100 on average -> 15%"


def test_coalitions_with_partners_who_are_not_on_the_deal_are_not_read() -> None:
    assert shares((A, B), SHAPLEY, table(**EX7)).weights == exact(A="4/7", B="3/7")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"AC": None}, r"A\+C is missing: say what every coalition is worth"),
        ({"AC": None, "B": None}, "B and 1 more is missing"),
        ({"": 5}, "nobody is worth 5: make it 0"),
        ({"AB": 10}, r"A\+B is worth 10, less than 30 without B: correct one of them"),
        ({"C": -1}, "C is worth -1, less than 0 without C"),
    ],
)
def test_a_table_that_cannot_be_divided_by_is_refused_by_the_name_of_the_coalition(
    changes: dict[str, int | None], message: str
) -> None:
    worth = {who: value for who, value in {**EX7, **changes}.items() if value is not None}
    with pytest.raises(Unusable, match=message) as refused:
        shares((A, B, C), SHAPLEY, table(**worth))
    assert refused.value.field == "coalitions"


def test_more_partners_than_can_be_counted_are_refused() -> None:
    many = [Party(f"P{number}") for number in range(11)]
    with pytest.raises(Unusable, match="11 partners, the most are 10"):
        shares(many, SHAPLEY, table(A=1))


def test_ten_partners_are_counted_one_by_one() -> None:
    ids = "ABCDEFGHIJ"
    worth = {"".join(who): len(who) ** 2 for size in range(1, 11) for who in combinations(ids, size)}
    assert set(shares([Party(i) for i in ids], SHAPLEY, table(**worth)).weights.values()) == {Fraction(1, 10)}


def test_a_table_in_which_nobody_is_worth_anything_is_divided_equally() -> None:
    result = shares((A, B), SHAPLEY, table(A=0, B=0, AB=0))
    assert (result.weights, result.trace) == (
        exact(A="1/2", B="1/2"),
        ("No coalition is worth anything, so the parts are equal -> A 50%, B 50%",),
    )


@st.composite
def growing(draw: st.DrawFn) -> tuple[str, Worth]:
    """A table in which nobody takes anything away."""
    ids = "ABCD"[: draw(st.integers(1, 4))]
    worth: dict[frozenset[str], Fraction] = {frozenset(): Fraction()}
    for size in range(1, len(ids) + 1):
        for who in map(frozenset, combinations(ids, size)):
            least = max(worth[who - {one}] for one in who)
            worth[who] = least + Fraction(draw(st.integers(0, 7)), draw(st.integers(1, 3)))
    return ids, worth


@quick
@given(growing())
def test_the_average_over_all_orders_of_joining_counted_one_by_one_is_the_same(case: tuple[str, Worth]) -> None:
    ids, worth = case
    adds = dict.fromkeys(ids, Fraction())
    for order in permutations(ids):
        for place, who in enumerate(order):
            adds[who] += worth[frozenset(order[: place + 1])] - worth[frozenset(order[:place])]
    found = shares([Party(i) for i in ids], SHAPLEY, Grounds(worth=worth)).weights
    everything = worth[frozenset(ids)] * factorial(len(ids))
    assert found == (
        {i: adds[i] / everything for i in ids} if everything else dict.fromkeys(ids, Fraction(1, len(ids)))
    )


# By lines.

EX3 = (
    Line("plc", 64000000, exact(A=1)),
    Line("robots", 82050000, exact(B=1)),
    Line("machinery", 41000000, exact(C=1)),
    Line("integration", 20000000, exact(A=1, B=1, C=1)),
    Line("safety", 5000001, exact(A=1, B=1)),
)


def test_lines_give_the_shapley_value_of_needing_each_other() -> None:
    """EX3: the table of coalitions written out gives the same as the lines."""
    worth = {
        frozenset(who): Fraction(sum(line.net for line in EX3 if line.parts.keys() <= set(who)))
        for size in (1, 2, 3)
        for who in combinations("ABC", size)
    }
    by_lines = shares((A, B, C), SHAPLEY, Grounds(lines=EX3)).weights
    assert shares((A, B, C), SHAPLEY, Grounds(worth=worth)).weights == by_lines
    assert shares((A, B, C), LINES, Grounds(lines=EX3)).weights == by_lines
    rounded = split_lines(EX3, 201500000, "ABC").totals
    assert all(abs(rounded[party] - weight * 201500000) < 2 for party, weight in by_lines.items())


def test_the_part_of_who_takes_no_part_and_a_line_of_nobody_stay_with_the_vendor() -> None:
    result = shares((A,), LINES, Grounds(lines=(Line("both", 60, exact(A=1, X=1)), Line("own", 40))))
    assert result.weights == exact(A="3/10", VENDOR="7/10")
    assert result.trace[-1] == f"All lines together -> A 30%, {VENDOR} 70%"


def test_a_deal_of_credits_only_and_one_that_is_worth_nothing_have_shares() -> None:
    taken_back = (Line("one", -30, exact(A=1)), Line("two", -10, exact(B=1)))
    assert shares((A, B), LINES, Grounds(lines=taken_back)).weights == exact(A="3/4", B="1/4")
    nothing = (Line("one", 0, exact(A=1)), Line("two", 0, exact(B=1)))
    assert shares((A, B), LINES, Grounds(lines=nothing)).weights == exact(A="1/2", B="1/2")


@pytest.mark.parametrize("terms", [LINES, SHAPLEY], ids=["lines", "shapley"])
def test_lines_that_are_no_parts_of_one_whole_are_refused(terms: Terms) -> None:
    with pytest.raises(Unusable, match="no lines"):
        shares((A,), terms)
    with pytest.raises(Unusable, match="above and below 0"):
        shares((A,), terms, Grounds(lines=(Line("sale", 10, exact(A=1)), Line("credit", -3, exact(A=1)))))
