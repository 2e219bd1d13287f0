"""The arithmetic in words: exact numbers as a partner reads them, and weights with the sentences behind them."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from sync.attribution.weights import VENDOR, Weights, summed


class Weighed(NamedTuple):
    """Weights of the partners, and the sentences that explain them. What they leave to 1 is the vendor's.

    ``capped`` are the partners that a cap holds down.
    """

    weights: dict[str, Fraction]
    trace: tuple[str, ...] = ()
    capped: frozenset[str] = frozenset()


def number(value: Fraction) -> str:
    """An exact number: ``30``, ``12.5``, or ``20/3`` where two decimals cannot hold it."""
    hundredths = value * 100
    if hundredths.denominator != 1:
        return str(value)
    units, rest = divmod(abs(hundredths.numerator), 100)
    return f"{'-' if value < 0 else ''}{units}.{rest:02d}".rstrip("0").rstrip(".")


def part(value: Fraction) -> str:
    """An exact part of 1: ``40%``, ``33.25%``, or ``1/3`` where two decimals cannot hold it."""
    return str(value) if (value * 10_000).denominator != 1 else f"{number(value * 100)}%"


def listed(weights: Weights) -> str:
    """``A 40%, B 1/3``, by id, the vendor last."""
    order = sorted(weights, key=lambda party: (party == VENDOR, party))
    return ", ".join(f"{party} {part(weights[party])}" for party in order)


def whole(weights: Weights) -> str:
    """The same with the vendor's part, when the partners leave one."""
    rest = 1 - summed(weights)
    return listed({**weights, VENDOR: rest} if rest else weights)
