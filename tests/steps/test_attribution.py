"""Models and whole splits: exact, the same in any order of partners, and explained in words."""

from __future__ import annotations

import re
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.attribution.grounds import Grounds, Unusable
from sync.attribution.models import MODELS, objections
from sync.attribution.modifiers import MODIFIERS
from sync.attribution.party import Party
from sync.attribution.shares import shares
from sync.attribution.terms import Terms, Unfilled
from sync.attribution.trace import number, part
from sync.attribution.weights import VENDOR, summed

Exact = dict[str, Fraction]
quick = settings(deadline=None, max_examples=80)
POOLS = {"SOURCE": 10, "RESELL": 30, "PRESALES": 10, "IMPLEMENT": 25, "ADVISE": 15, "SUPPORT": 10}


def exact(**numbers: str | int) -> Exact:
    return {name: Fraction(value) for name, value in numbers.items()}


IT_COMPANY = (
    Party("RSL", frozenset({"SOURCE", "RESELL"})),
    Party("INT", frozenset({"PRESALES", "IMPLEMENT"})),
    Party("BIC", frozenset({"PRESALES", "ADVISE"})),
)
A, B, C = Party("A"), Party("B"), Party("C")
NEGOTIATED = Terms(model="negotiated")


def pools(**terms: Any) -> Terms:
    return Terms(model="role_pools", pools=exact(**POOLS), **terms)


def test_role_pools_are_explained_pool_by_pool() -> None:
    assert shares(IT_COMPANY, pools()).trace == (
        "ADVISE pool 15 of 90 filled -> BIC 1/6",
        "IMPLEMENT pool 25 of 90 filled -> INT 5/18",
        "PRESALES pool 10 of 90 filled -> BIC 1/18, INT 1/18",
        "RESELL pool 30 of 90 filled -> RSL 1/3",
        "SOURCE pool 10 of 90 filled -> RSL 1/9",
        "Unfilled, shared by the filled pools in proportion: SUPPORT 10",
        "All pools together -> BIC 2/9, INT 1/3, RSL 4/9",
    )


def test_holders_of_a_role_share_its_pool_by_contribution() -> None:
    parties = (
        Party("A", frozenset({"RESELL"}), Fraction(3)),
        Party("B", frozenset({"RESELL"})),
        Party("C", frozenset({"TRAIN"})),
    )
    assert shares(parties, pools()).weights == exact(A="3/4", B="1/4", C=0)
    nothing = tuple(Party(i, frozenset({"RESELL"}), Fraction(0)) for i in "AB")
    assert shares(nothing, pools()).weights == exact(A="1/2", B="1/2")


def test_an_unfilled_pool_can_stay_the_vendors() -> None:
    result = shares(IT_COMPANY, pools(unfilled=Unfilled.VENDOR))
    assert result.weights == exact(RSL="2/5", INT="3/10", BIC="1/5", VENDOR="1/10")
    assert result.trace[-2:] == (
        "Unfilled of 100: SUPPORT 10 -> VENDOR 10%",
        "All pools together -> BIC 20%, INT 30%, RSL 40%, VENDOR 10%",
    )


@pytest.mark.parametrize("unfilled", Unfilled)
def test_partners_without_any_pool_leave_everything_to_the_vendor(unfilled: Unfilled) -> None:
    result = shares((Party("T", frozenset({"TRAIN"})),), pools(unfilled=unfilled))
    assert result.weights == exact(T=0, VENDOR=1)
    everything = "ADVISE 15, IMPLEMENT 25, PRESALES 10, RESELL 30, SOURCE 10, SUPPORT 10"
    assert f"Unfilled of 100: {everything} -> VENDOR 100%" in result.trace
    assert shares((A,), Terms(unfilled=unfilled)).weights == exact(A=0, VENDOR=1)


def test_contribution_counts_what_is_recorded() -> None:
    parties = (Party("A", contribution=Fraction(30)), Party("B", contribution=Fraction(10)), C)
    result = shares(parties, Terms(model="contribution"))
    assert result.weights == exact(A="3/4", B="1/4", C=0)
    assert result.trace[0] == "Contribution 30 of 40 -> A 75%"


def test_without_any_contribution_the_parts_are_equal() -> None:
    result = shares((A, B), Terms(model="contribution"))
    assert result.weights == exact(A="1/2", B="1/2")
    assert result.trace[0] == "No contribution is recorded, so the parts are equal"


def test_an_agreed_split_within_one_percent_is_scaled_and_said_so() -> None:
    """S20: three members wrote 33.33 each."""
    agreed = Grounds(agreed=exact(A="0.3333", B="0.3333", C="0.3333"))
    result = shares((A, B, C), NEGOTIATED, agreed)
    assert result.weights == exact(A="1/3", B="1/3", C="1/3")
    assert result.trace == (
        "Agreed by the members -> A 33.33%, B 33.33%, C 33.33%",
        "The agreed parts add up to 99.99% and are scaled to 100% -> A 1/3, B 1/3, C 1/3",
    )


def test_an_agreed_split_may_give_the_vendor_a_part() -> None:
    agreed = Grounds(agreed=exact(A="1/2", B="1/4", VENDOR="1/4"))
    assert shares((A, B), NEGOTIATED, agreed).weights == exact(A="1/2", B="1/4", VENDOR="1/4")


@pytest.mark.parametrize(
    ("agreed", "clauses"),
    [
        (exact(A="0.5", B="0.51"), []),
        (exact(A="0.5", B="0.49"), []),
        (exact(A="0.5", B="0.5101"), ["the parts add up to 101.01%, agree on 100%"]),
        (exact(A="0.5", B="0.4899"), ["the parts add up to 98.99%, agree on 100%"]),
        (exact(A="0.5", X="0.5"), ["X has a part and is not a member", "B is a member without a part, enter one"]),
        (exact(A="0.7", B="0.3"), []),
        (exact(A="0.95", B="0.05"), ["A has 95% of the partners' part, above the cap"]),
        (exact(A="1.2", B="-0.2"), ["B has -20%, a part cannot be below 0"]),
        (exact(A="0.75", B="0.25"), ["above the cap of 70%"]),
        (
            exact(A="0.96", B="0.04"),
            ["A has 96% of the partners' part, above the cap", "B has 4% of", "below the floor"],
        ),
        ({}, ["add up to 0%", "A is a member without a part", "B is a member without a part"]),
    ],
)
def test_every_objection_to_an_agreed_split_is_named_at_once(agreed: Exact, clauses: list[str]) -> None:
    terms = Terms(model="negotiated", floor=Fraction("0.05"), cap=Fraction("0.7"))
    found = "; ".join(objections("AB", terms, agreed))
    assert ("floor" in found) == any("floor" in clause for clause in clauses)
    assert all(clause in found for clause in clauses) and bool(found) == bool(clauses)
    if clauses:
        with pytest.raises(Unusable, match=re.escape(found)):
            shares((A, B), terms, Grounds(agreed=agreed))


parties = st.lists(
    st.builds(
        Party,
        id=st.sampled_from("abcdefgh"),
        roles=st.frozensets(st.sampled_from(sorted(POOLS))),
        contribution=st.none() | st.integers(0, 9).map(Fraction),
        tier=st.sampled_from(["", "GOLD", "SILVER"]),
        late=st.booleans(),
    ),
    min_size=1,
    unique_by=lambda party: party.id,
)
parts = st.integers(0, 20).map(lambda twentieths: Fraction(twentieths, 20))
policies = st.builds(
    Terms,
    model=st.sampled_from(["equal", "role_pools", "contribution"]),
    pools=st.just(exact(**POOLS)),
    unfilled=st.sampled_from(Unfilled),
    late_factor=parts,
    tier_multipliers=st.just(exact(GOLD="3/2", SILVER="1/2")),
    sourced_bonus=parts,
    floor=st.sampled_from([Fraction(0), Fraction(1, 20)]),
    vendor_share=parts,
)


@quick
@given(parties, policies, st.randoms(use_true_random=False))
def test_shares_are_whole_and_the_same_in_any_order(members: list[Party], terms: Terms, random: Random) -> None:
    result = shares(members, terms)
    shuffled = list(members)
    random.shuffle(shuffled)
    again = shares(shuffled, terms)
    assert (again, list(again.weights), again.trace) == (result, list(result.weights), result.trace)
    assert summed(result.weights) == 1
    assert all(weight >= 0 for weight in result.weights.values())
    assert set(result.weights) - {VENDOR} == {member.id for member in members}
    assert result.weights.get(VENDOR, 0) >= terms.vendor_share


@pytest.mark.parametrize(
    ("members", "terms", "message"),
    [
        ((A, A), Terms(), "A comes twice"),
        ((A,), Terms(model="shapely"), "'shapely' is unknown: use one of equal, role_pools"),
        (
            (Party("A", sourcing=True), Party("B", sourcing=True)),
            Terms(model="equal"),
            "A, B are all marked as sourc",
        ),
    ],
)
def test_what_cannot_be_shared_is_refused(members: tuple[Party, ...], terms: Terms, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        shares(members, terms)


def test_unusable_facts_are_refused_where_they_are_made() -> None:
    for name in ("", VENDOR):
        with pytest.raises(ValueError, match="is not a partner's"):
            Party(name)
    with pytest.raises(ValueError, match="A: contribution -1 is below 0"):
        Party("A", contribution=Fraction(-1))
    with pytest.raises(ValueError, match=r"late_factor is 2, .*floor 1/2 is above cap 1/3.*pools\.RESELL is -1"):
        Terms(late_factor=Fraction(2), floor=Fraction(1, 2), cap=Fraction(1, 3), pools=exact(RESELL=-1))


def test_every_model_and_modifier_has_its_own_sentence() -> None:
    rows = [*MODELS.values(), *MODIFIERS]
    sentences = [(row.__doc__ or "").partition("\n")[0] for row in rows]
    assert all(sentence.endswith(".") and len(sentence) > 20 for sentence in sentences)
    assert len(set(sentences)) == len(rows)


@pytest.mark.parametrize(
    ("value", "as_number", "as_part"),
    [
        ("30", "30", "3000%"),
        ("0", "0", "0%"),
        ("0.05", "0.05", "5%"),
        ("12.5", "12.5", "1250%"),
        ("1/3", "1/3", "1/3"),
        ("0.3333", "3333/10000", "33.33%"),
        ("-0.2", "-0.2", "-20%"),
        ("1000", "1000", "100000%"),
    ],
)
def test_numbers_are_written_exactly(value: str, as_number: str, as_part: str) -> None:
    assert (number(Fraction(value)), part(Fraction(value))) == (as_number, as_part)
