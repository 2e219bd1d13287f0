"""The split of one deal: who is in it, in which order cents fall, what is sourced, what a lock holds."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sync.credit import credit
from sync.model.deal import Opportunity
from sync.model.money import Money
from sync.model.registration import Role, State
from sync.model.split import SplitStatus
from tests.steps.business import claim, day, deal, evidence, line, policy
from tests.steps.splitting import BUNDLE, amounts, approved, split_of

# Who is in it.


@pytest.mark.parametrize("state", list(State))
def test_only_the_approved_and_the_winners_are_credited(state: State) -> None:
    split = credit(deal(), [claim("A", state=state)], (), None)
    assert (split is not None) is (state in ("APPROVED", "WON"))


def test_one_partner_with_two_claims_has_one_portion() -> None:
    split = split_of(deal(), approved("A", "alpha", "RESELL"), approved("B", "alpha", "SUPPORT SOURCE"))
    (portion,) = split.portions
    assert portion.roles == (Role.SOURCE, Role.RESELL, Role.SUPPORT)
    assert (portion.percent, portion.share_ppm) == (Decimal("100.00"), 1_000_000)


def test_roles_that_were_taken_away_earn_nothing() -> None:
    narrowed = approved("B", "beta", "RESELL ADVISE", standing={"roles": (Role.ADVISE,)})
    split = split_of(deal(), approved("A", "alpha", "RESELL"), narrowed)
    assert amounts(split) == {"alpha": "66.67", "beta": "33.33"}


def test_holders_of_one_role_share_its_pool_by_contribution() -> None:
    three, one = approved("A", "alpha", "ADVISE", contribution=Decimal(3)), approved("B", "beta", "ADVISE")
    assert amounts(split_of(deal(), three, one)) == {"alpha": "75.00", "beta": "25.00"}


def test_the_earliest_submission_brings_the_policy() -> None:
    equal = policy(version=2, attribution={"model": "equal"})
    old = approved("B", "beta", "RESELL", submitted_at=day(0))
    new = approved("A", "alpha", "ADVISE", submitted_at=day(1), policy=equal)
    split = split_of(deal(), old, new)
    assert (split.policy, amounts(split)) == ("standard/1", {"beta": "66.67", "alpha": "33.33"})


# Cents and their order.


@pytest.mark.parametrize(
    ("one", "other", "first"),
    [
        ({"roles": "SOURCE"}, {"roles": "RESELL"}, "alpha"),
        ({"roles": "RESELL"}, {"roles": "RESELL SOURCE"}, "beta"),
        ({"roles": "PRESALES"}, {"roles": "ADVISE"}, "alpha"),
        ({"roles": "ADVISE TRAIN"}, {"roles": "PRESALES SUPPORT"}, "beta"),
        ({"roles": "ADVISE"}, {"roles": "ADVISE", "standing": {"approved_at": day(0)}}, "beta"),
        ({"roles": "ADVISE"}, {"roles": "ADVISE"}, "alpha"),
    ],
)
def test_a_cent_that_cannot_be_divided_goes_by_role_then_approval_then_id(
    one: dict[str, Any], other: dict[str, Any], first: str
) -> None:
    rules = policy(attribution={"model": "equal"})
    claims = approved("B", "alpha", policy=rules, **one), approved("A", "beta", policy=rules, **other)
    split = split_of(deal(amount="0.01"), *claims)
    assert split.portions[0].party == first
    assert amounts(split)[first] == "0.01"


def test_the_vendor_has_a_portion_of_its_own() -> None:
    rules = policy(attribution={"vendor_share": 20})
    split = split_of(deal(), approved("A", "alpha", "RESELL", policy=rules))
    assert amounts(split) == {"alpha": "80.00", "VENDOR": "20.00"}
    assert split.portions[-1].roles == ()


def test_unfilled_pools_go_to_the_others_or_to_the_vendor() -> None:
    kept = policy(attribution={"unfilled": "vendor"})
    assert amounts(split_of(deal(), approved("A", "alpha", "RESELL"))) == {"alpha": "100.00"}
    assert amounts(split_of(deal(), approved("A", "alpha", "RESELL", policy=kept))) == {
        "alpha": "30.00",
        "VENDOR": "70.00",
    }


def test_a_role_without_a_pool_takes_part_with_nothing() -> None:
    split = split_of(deal(), approved("A", "alpha", "RESELL"), approved("B", "beta", "TRAIN"))
    assert amounts(split) == {"alpha": "100.00", "beta": "0.00"}
    alone = split_of(deal(), approved("B", "beta", "TRAIN"))
    assert amounts(alone) == {"beta": "0.00", "VENDOR": "100.00"}


@pytest.mark.parametrize(
    ("amount", "parts"),
    [(None, ["", ""]), ("0.00", ["0.00", "0.00"]), ("-0.01", ["-0.01", "0.00"]), ("-100.00", ["-66.67", "-33.33"])],
)
def test_any_amount_is_divided(amount: str | None, parts: list[str]) -> None:
    split = split_of(deal(amount=amount), approved("A", "alpha", "RESELL"), approved("B", "beta", "ADVISE"))
    assert list(amounts(split).values()) == parts
    assert [portion.percent for portion in split.portions] == [Decimal("66.67"), Decimal("33.33")]


def test_the_arithmetic_names_partners_not_ids() -> None:
    split = split_of(deal(), approved("A", "alpha", "RESELL"))
    assert split.arithmetic[0] == "RESELL pool 30 of 30 filled -> Alpha 100%"


# Sourced, influenced, fulfilled.


@pytest.mark.parametrize(
    ("fields", "on", "sourced"),
    [
        ({}, {}, True),
        ({"roles": "RESELL"}, {}, False),
        ({}, {"direct_engaged_at": day(0)}, False),
        ({}, {"direct_engaged_at": day(0, 10)}, True),
        ({"evidence": (evidence("NDA", day(-2)),)}, {"direct_engaged_at": day(-1)}, True),
        ({"evidence": (evidence("NDA", day(-2), verified=False),)}, {"direct_engaged_at": day(-1)}, False),
        ({"submitted_at": day(9)}, {"created_at": day(-5)}, True),
        ({"submitted_at": day(9, 10)}, {"created_at": day(-5)}, False),
        ({"evidence": (evidence("NDA", day(-2)),), "submitted_at": day(10)}, {"created_at": day(-5)}, False),
    ],
)
def test_a_deal_is_sourced_by_who_was_there_first_and_said_so_in_time(
    fields: dict[str, Any], on: dict[str, Any], sourced: bool
) -> None:
    split = split_of(deal(**on), approved("A", "alpha", **{"roles": "SOURCE", **fields}))
    assert split.portions[0].sourced is sourced


def test_only_one_partner_has_sourced_a_deal() -> None:
    rules = policy(attribution={"sourced_bonus": 10})
    late = approved("A", "alpha", "SOURCE", submitted_at=day(1), policy=rules)
    first = approved("B", "beta", "SOURCE", submitted_at=day(0), policy=rules)
    split = split_of(deal(), late, first)
    assert {portion.party: portion.sourced for portion in split.portions} == {"alpha": False, "beta": True}
    assert amounts(split) == {"alpha": "45.00", "beta": "55.00"}


def test_three_numbers_are_told_apart() -> None:
    split = split_of(deal(), approved("A", "alpha", "SOURCE RESELL"), approved("B", "beta", "ADVISE DISTRIBUTE"))
    kinds = {p.party: (p.sourced, p.fulfilled, p.influenced) for p in split.portions}
    assert kinds == {"alpha": (True, True, False), "beta": (False, True, True)}


# Bundles.


def test_a_bundle_is_divided_by_its_lines() -> None:
    on = deal(lines=BUNDLE)
    split = split_of(on, approved("A", "alpha", "SOLUTION"), approved("B", "beta", "SOLUTION"))
    assert (split.model, amounts(split)) == ("lines", {"alpha": "75.00", "beta": "15.00", "VENDOR": "10.00"})
    assert split.arithmetic[1] == "ab: Alpha 15.00 EUR, Beta 15.00 EUR"


def test_a_line_that_nobody_is_named_for_goes_to_who_claimed_it() -> None:
    on = deal(lines=BUNDLE)
    claimed = approved("B", "beta", "SOLUTION", line_ids=("free",))
    assert amounts(split_of(on, approved("A", "alpha", "SOLUTION"), claimed)) == {"alpha": "75.00", "beta": "25.00"}


def test_the_part_of_a_needed_partner_without_approval_stays_with_the_vendor_not_with_the_others() -> None:
    on = deal(lines=BUNDLE)
    split = split_of(on, approved("B", "beta", "SOLUTION"), claim("A", "alpha", "SOLUTION"))
    assert amounts(split) == {"beta": "15.00", "VENDOR": "85.00"}
    assert split.status is SplitStatus.DRAFT
    both = split_of(on, approved("B", "beta", "SOLUTION"), approved("A", "alpha", "SOLUTION"))
    assert amounts(both) == {"alpha": "75.00", "beta": "15.00", "VENDOR": "10.00"}  # beta loses nothing by it


def test_a_header_discount_is_spread_over_the_lines() -> None:
    on = deal(amount="90.00", lines=BUNDLE)
    split = split_of(on, approved("A", "alpha", "SOLUTION"), approved("B", "beta", "SOLUTION"))
    assert amounts(split) == {"alpha": "67.50", "beta": "13.50", "VENDOR": "9.00"}
    assert split.arithmetic[0] == "a (header difference -6.00 EUR): Alpha 54.00 EUR"


@pytest.mark.parametrize(
    "on",
    [
        deal(lines=(line("free", "100.00"),)),
        deal(amount=None, lines=BUNDLE),
        deal(lines=(*BUNDLE, replace(line("usd"), net=Money(1, "USD")))),
    ],
    ids=["no line names partners", "no amount", "two currencies"],
)
def test_what_cannot_be_divided_by_lines_is_divided_by_roles(on: Opportunity) -> None:
    assert split_of(on, approved("A", "alpha", "RESELL")).model == "role_pools"


def test_a_programme_without_bundles_divides_by_roles() -> None:
    rules = policy(attribution={"bundles": "off"})
    assert split_of(deal(lines=BUNDLE), approved("A", "alpha", "RESELL", policy=rules)).model == "role_pools"


def test_lines_of_both_signs_have_amounts_and_no_percent() -> None:
    on = deal(lines=(line("new", "150.00", ("alpha",)), line("old", "-50.00", ("beta",))))
    split = split_of(on, approved("A", "alpha", "SOLUTION"), approved("B", "beta", "SOLUTION"))
    assert amounts(split) == {"alpha": "150.00", "beta": "-50.00"}
    assert {(portion.percent, portion.share_ppm) for portion in split.portions} == {(None, None)}
