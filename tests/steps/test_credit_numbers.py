"""Sourced, influenced and fulfilled: three numbers beside the split that are never mixed with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sync.model.deal import Stage
from sync.model.money import Money
from sync.model.split import Split
from tests.steps.business import deal, line, policy
from tests.steps.splitting import BUNDLE, approved, split_of

RANGE = (
    replace(line("crm", "60.00"), family="CRM"),
    replace(line("bi", "30.00"), family="BI"),
    replace(line("free", "10.00"), family=None),
)


def numbers(split: Split) -> dict[str, list[str]]:
    def text(money: Money | None) -> str:
        return str(money.major) if money else "-"

    return {
        portion.party: [
            text(portion.sourced_amount),
            text(portion.influenced_amount),
            text(portion.fulfilled_amount),
        ]
        for portion in split.portions
    }


def test_sourced_and_influenced_are_the_full_deal_and_fulfilled_the_lines_transacted() -> None:
    seller = approved("A", "alpha", "SOURCE RESELL", families=("CRM",))
    other = approved("B", "beta", "ADVISE DISTRIBUTE", families=("BI",))
    third = approved("C", "gamma", "ADVISE")
    split = split_of(deal(lines=RANGE), seller, other, third)
    assert numbers(split) == {
        "alpha": ["100.00", "-", "60.00"],
        "beta": ["-", "100.00", "30.00"],
        "gamma": ["-", "100.00", "-"],
    }


@pytest.mark.parametrize(
    ("on", "fields", "fulfilled"),
    [
        ({}, {}, "100.00"),
        ({"lines": RANGE}, {}, "100.00"),
        ({"lines": RANGE, "amount": "90.00"}, {"families": ("CRM",)}, "54.00"),  # with its part of the discount
        ({"lines": RANGE}, {"families": ("CRM",), "line_ids": ("bi", "free")}, "40.00"),
        ({"lines": BUNDLE}, {"families": ("CRM",)}, "100.00"),  # no line tells its family
        ({"lines": RANGE, "amount": None}, {}, "-"),
        ({"lines": (*RANGE, replace(line("usd"), net=Money(1, "USD")))}, {}, "-"),
    ],
)
def test_the_value_of_the_lines_that_a_reseller_transacted(
    on: dict[str, Any], fields: dict[str, Any], fulfilled: str
) -> None:
    rules = policy(attribution={"bundles": "off"})
    split = split_of(deal(**on), approved("A", "alpha", "RESELL", policy=rules, **fields))
    assert numbers(split)["alpha"][2] == fulfilled


def test_the_three_numbers_follow_a_locked_deals_amount_and_nothing_else_moves() -> None:
    seller, other = approved("A", "alpha", "SOURCE RESELL"), approved("B", "beta", "ADVISE")
    locked = split_of(deal(stage=Stage.WON), seller, other)
    later = split_of(deal(stage=Stage.WON, amount="70.00"), seller, before=locked)
    assert numbers(later) == {"alpha": ["70.00", "-", "70.00"], "beta": ["-", "70.00", "-"]}


def test_a_line_that_is_not_in_the_deal_belongs_to_nobody() -> None:
    named = approved("A", "alpha", "RESELL", line_ids=("elsewhere",))
    assert numbers(split_of(deal(lines=RANGE), named))["alpha"][2] == "0.00"
