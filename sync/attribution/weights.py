"""Exact weights of the parties of a deal, and the three sums everybody needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from sync.model.split import VENDOR

__all__ = ["VENDOR", "Weights", "added", "proportional", "summed"]

Weights = Mapping[str, Fraction]
"""Party id to its exact part of the deal, or to the exact numbers that parts are made of."""


def summed(weights: Weights) -> Fraction:
    """All of them together; 0 when there is nobody."""
    return sum(weights.values(), Fraction())


def added(many: Iterable[Weights]) -> dict[str, Fraction]:
    """Party by party, the sum over ``many``."""
    sums: dict[str, Fraction] = {}
    for weights in many:
        for party, weight in weights.items():
            sums[party] = sums.get(party, Fraction()) + weight
    return sums


def proportional(units: Weights, size: Fraction = Fraction(1)) -> dict[str, Fraction]:
    """``size`` shared in proportion to ``units`` (not below 0, at least one party); equally when all are 0."""
    whole = summed(units)
    if not whole:
        return {party: size / len(units) for party in units}
    return {party: size * count / whole for party, count in units.items()}
