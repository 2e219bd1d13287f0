"""A renewal in two splits: the base of those who sold it before, the expansion of everybody."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.credit import credit, renewal_of
from sync.decide import decide
from sync.model.deal import Opportunity, OpportunityType, Stage
from sync.model.facts import Facts, History
from sync.model.money import Money
from sync.model.registration import Vote
from sync.model.split import Split
from sync.policy import Policies
from tests.steps.business import ACCOUNT, date_of, day, deal, line, partner, patient, policy, registration
from tests.steps.splitting import amounts, approved

APART = policy(attribution={"model": "equal", "renewals": "apart"})
WHOLE = policy(attribution={"model": "equal"})
BEFORE = deal("before", "70.00", stage=Stage.WON, close_date=date_of(-30))


def renewing(amount: str | None = "100.00", **more: Any) -> Opportunity:
    return deal("now", amount, type=OpportunityType.RENEWAL, renewal_of="before", **more)


def renewed(on: Opportunity, rules: Any = APART, seller: str = "old", before: Opportunity = BEFORE) -> Split:
    sold = [replace(approved("W", seller, state="WON"), opportunity=before)]
    claims = [approved("A", "old", policy=rules), approved("B", "new", "ADVISE", policy=rules)]
    placed = [replace(claim, opportunity=on) for claim in claims]
    split = credit(on, placed, (), None, renewal=renewal_of(on, before, sold))
    assert split
    return split


@pytest.mark.parametrize(
    ("on", "parts"),
    [
        (renewing(), {"old": "85.00", "new": "15.00"}),
        (renewing("70.00"), {"old": "70.00", "new": "0.00"}),
        (renewing("60.00"), {"old": "60.00", "new": "0.00"}),
        (renewing(lines=(line("x", "40.00"), line("y", "60.00"))), {"old": "50.00", "new": "50.00"}),
        (renewing(None), {"old": "", "new": ""}),
        (deal("now", renewal_of="before"), {"old": "50.00", "new": "50.00"}),
    ],
    ids=["more", "as much", "less", "lines of other products", "no amount", "no renewal"],
)
def test_the_base_goes_to_who_sold_it_and_the_expansion_to_all(on: Opportunity, parts: dict[str, str]) -> None:
    assert amounts(renewed(on)) == parts


def test_a_programme_that_does_not_ask_for_it_divides_a_renewal_as_a_whole() -> None:
    assert amounts(renewed(renewing(), WHOLE)) == {"old": "50.00", "new": "50.00"}


def test_where_nobody_of_the_earlier_sale_is_credited_a_renewal_is_one_whole() -> None:
    assert amounts(renewed(renewing(), seller="gone")) == {"old": "50.00", "new": "50.00"}


def test_the_two_splits_are_told_one_after_the_other() -> None:
    told = renewed(renewing()).arithmetic
    assert told[0] == "Base 70.00 EUR, as sold in Before, among those who sold it:"
    assert "Expansion 30.00 EUR, among all:" in told
    assert told[-1] == "Base and expansion together -> New 15%, Old 85%"


@settings(patient, max_examples=100)
@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_base_and_expansion_are_the_deal_to_the_cent(total: int, old: int) -> None:
    on = replace(renewing(), amount=Money(total, "EUR"))
    split = renewed(on, before=replace(BEFORE, amount=Money(old, "EUR")))
    parts = {portion.party: portion for portion in split.portions}
    assert sum(portion.amount.minor for portion in parts.values() if portion.amount) == total
    assert Fraction(parts["new"].weight) == Fraction(max(total - old, 0), 2 * total)


def test_the_earlier_sale_is_found_among_the_facts() -> None:
    voted = {"vote": Vote.APPROVE, "voter": "maria", "voted_at": day(1)}
    filed = (
        registration("W", "old", opportunity_id="before", **voted),
        registration("A", "old", opportunity_id="now", **voted),
        registration("B", "new", "ADVISE", opportunity_id="now", **voted),
    )
    partners = (partner("new"), partner("old"))
    before = replace(BEFORE, stage=Stage.QUALIFIED, close_date=None)
    facts = Facts((ACCOUNT,), (before, renewing()), filed, partners)
    verdict = decide(facts, History(), Policies((APART,)), day(2))
    assert {split.opportunity_id: amounts(split) for split in verdict.splits}["now"] == {
        "old": "85.00",
        "new": "15.00",
    }
