"""The worked examples of attribution, to the last cent: what a partner was promised is what the code pays."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from sync.attribution.apportion import amount_minor, apportion, hubspot_8dp, percent_2dp, share_ppm
from sync.attribution.grounds import Grounds
from sync.attribution.lines import Line, split_lines
from sync.attribution.party import Party
from sync.attribution.shares import shares
from sync.attribution.terms import Terms, Unfilled
from sync.attribution.touch import Milestone, Touch
from sync.attribution.withdrawal import Withdrawal, withdraw

Vector = dict[str, Any]

VECTORS: list[Vector] = json.loads(Path(__file__).with_name("attribution.json").read_text(encoding="utf-8"))
MODELLED = [vector for vector in VECTORS if "terms" in vector]
BUNDLES = [vector for vector in VECTORS if "lines" in vector]


def exact(numbers: dict[str, str]) -> dict[str, Fraction]:
    return {name: Fraction(number) for name, number in numbers.items()}


def party(name: str, facts: dict[str, Any]) -> Party:
    return Party(
        name,
        roles=frozenset(facts.get("roles", ())),
        contribution=Fraction(facts["contribution"]) if "contribution" in facts else None,
        late=facts.get("late", False),
        sourcing=facts.get("sourcing", False),
    )


def terms(facts: dict[str, Any]) -> Terms:
    return Terms(
        model=facts["model"],
        pools=exact(facts.get("pools", {})),
        unfilled=Unfilled(facts.get("unfilled", "redistribute")),
        half_life=Fraction(facts.get("half_life", "30")),
        late_factor=Fraction(facts.get("late_factor", "1")),
        sourced_bonus=Fraction(facts.get("sourced_bonus", "0")),
        floor=Fraction(facts.get("floor", "0")),
        cap=Fraction(facts.get("cap", "1")),
        vendor_share=Fraction(facts.get("vendor_share", "0")),
    )


def grounds(vector: Vector) -> Grounds:
    """Touches are given by their days before the close, coalitions by their members' letters."""
    return Grounds(
        touches=tuple(touch(*facts) for facts in vector.get("touches", ())),
        worth={frozenset(who): Fraction(worth) for who, worth in vector.get("worth", {}).items()},
        agreed=exact(vector["terms"].get("agreed", {})),
    )


def touch(who: str, days: int, milestone: str | None = None) -> Touch:
    at = datetime(2027, 6, 30, tzinfo=UTC) - timedelta(days)
    return Touch(who, at, "MEETING", Milestone(milestone) if milestone else None)


def by_id(vectors: list[Vector]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", vectors, ids=lambda vector: vector["id"])


def test_all_vectors_are_here() -> None:
    assert [len(VECTORS), len(MODELLED), len(BUNDLES)] == [24, 23, 1]


@by_id(VECTORS)
def test_apportionment(vector: Vector) -> None:
    weights, order = exact(vector["weights"]), vector["tie_order"]
    fractions = hubspot_8dp(weights, order)
    assert share_ppm(weights, order) == vector["share_ppm"]
    assert {who: str(number) for who, number in percent_2dp(weights, order).items()} == vector["percent_2dp"]
    assert {who: format(number, "f") for who, number in fractions.items()} == vector["hubspot_8dp"]
    assert amount_minor(vector["total_minor"], weights, order) == vector["amount_minor"]


@by_id(MODELLED)
def test_weights_from_the_policy(vector: Vector) -> None:
    parties = [party(*facts) for facts in vector["parties"].items()]
    result = shares(parties, terms(vector["terms"]), grounds(vector)).weights
    if "withdrawal" in vector:
        leaver, rule, vested = vector["withdrawal"]
        result = withdraw(result, {leaver: Fraction(vested)}, Withdrawal(rule)).weights
    assert amount_minor(vector["total_minor"], result, vector["tie_order"]) == vector["amount_minor"]
    if "digits" in vector:  # irrational: the vector holds so many of them
        result = {who: round(weight, int(vector["digits"])) for who, weight in result.items()}
    assert result == exact(vector["weights"])


@by_id(BUNDLES)
def test_lines(vector: Vector) -> None:
    lines = [Line(name, net, exact(parts)) for name, net, parts in vector["lines"]]
    split = split_lines(lines, vector["total_minor"], vector["tie_order"])
    assert split.adjustments == vector["line_adjustment"]
    assert split.totals == vector["amount_minor"]
    assert split.weights == exact(vector["weights"])


def test_a_correction_after_close_books_differences_that_add_up() -> None:
    """EX6: won at 100,000.01, corrected to 90,000.01, then a credit note of 95,000.00."""
    weights, order = exact({"RSL": "9/20", "INT": "7/20", "BIC": "1/5"}), ("RSL", "INT", "BIC")
    won, corrected, credited = (apportion(base, weights, order) for base in (10_000_001, 9_000_001, -499_999))
    first = {who: corrected[who] - won[who] for who in order}
    second = {who: credited[who] - corrected[who] for who in order}
    assert first == {"RSL": -450_000, "INT": -350_000, "BIC": -200_000}
    assert second == {"RSL": -4_275_000, "INT": -3_325_000, "BIC": -1_900_000}


def test_a_deal_is_converted_once_never_share_by_share() -> None:
    """EX8: converting each share of the EUR split loses a cent of the USD amount."""
    weights, order = exact({"P1": "2/5", "P2": "2/5", "P3": "1/5"}), ("P1", "P2", "P3")
    rate = Fraction("1.08735")
    each = [round(amount * rate) for amount in apportion(10_000_006, weights, order).values()]
    once = apportion(round(10_000_006 * rate), weights, order)
    assert (sum(each), sum(once.values())) == (10_873_506, 10_873_507)
