"""Exact weights, and the few sums over them that everybody needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import lcm

from sync.model.split import VENDOR

__all__ = ["VENDOR", "Weights", "added", "proportional", "scaled", "summed"]

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


def scaled(units: Mapping[str, Fraction | int]) -> tuple[dict[str, int], int]:
    """The same numbers as whole multiples of one common unit, and how many of it make 1.

    Whole numbers are what a division is fast with: one greatest divisor at its end instead of one a step.
    """
    whole = lcm(*[count.denominator for count in units.values()])
    return {party: count.numerator * (whole // count.denominator) for party, count in units.items()}, whole


def proportional(units: Weights, size: Fraction = Fraction(1)) -> dict[str, Fraction]:
    """``size`` shared in proportion to ``units`` (not below 0, at least one party); equally when all are 0."""
    counts, _ = scaled(units)
    whole = sum(counts.values())
    if not whole:
        return {party: size / len(units) for party in units}
    top, bottom = size.numerator, size.denominator * whole
    return {party: Fraction(top * count, bottom) for party, count in counts.items()}
