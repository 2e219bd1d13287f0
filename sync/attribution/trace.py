"""The arithmetic in words: exact numbers as a partner reads them, and weights with the sentences behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Final, NamedTuple

from sync.attribution.weights import VENDOR, Weights, scaled

Explain = Callable[[], Iterable[str]]
"""Tells the sentences when somebody reads them: most divisions are recomputed and never read."""

LONG: Final = 10**9
"""Fractions with a larger denominator come from irrational weights and are shown rounded."""


def silent() -> tuple[str, ...]:
    """Nothing happened, so there is nothing to tell."""
    return ()


class Weighed(NamedTuple):
    """Weights of the partners, and how to explain them. What they leave to 1 is the vendor's.

    ``capped`` are the partners that a cap holds down.
    """

    weights: dict[str, Fraction]
    explain: Explain = silent
    capped: frozenset[str] = frozenset()

    @property
    def trace(self) -> tuple[str, ...]:
        """The sentences, one step each."""
        return tuple(self.explain())


def number(value: Fraction) -> str:
    """An exact number: ``30``, ``12.5``, or ``20/3`` where two decimals cannot hold it."""
    return _decimal(value, 100) or str(value)


def part(value: Fraction) -> str:
    """A part of 1: ``40%``; ``1/3`` where two decimals cannot hold it; ``about 45.1628%`` when too long."""
    if value.denominator > LONG:
        units, rest = divmod(round(value * 1_000_000), 10_000)
        return f"about {units}.{rest:04d}%"
    percent = _decimal(value, 10_000)
    return f"{percent}%" if percent else str(value)


def _decimal(value: Fraction, scale: int) -> str:
    """``value`` times ``scale`` over 100 with at most two decimals; empty where they cannot hold it."""
    hundredths, rest = divmod(value.numerator * scale, value.denominator)
    if rest:
        return ""
    units, digits = divmod(abs(hundredths), 100)
    return f"{'-' if hundredths < 0 else ''}{units}" + (f".{digits:02d}".rstrip("0") if digits else "")


def listed(weights: Weights) -> str:
    """``A 40%, B 1/3``, by id, the vendor last."""
    order = sorted(weights, key=lambda party: (party == VENDOR, party))
    return ", ".join(f"{party} {part(weights[party])}" for party in order)


def whole(weights: Weights) -> str:
    """The same with the vendor's part, when the partners leave one."""
    counts, unit = scaled(weights)
    rest = unit - sum(counts.values())
    return listed({**weights, VENDOR: Fraction(rest, unit)} if rest else weights)


def named(sentences: Iterable[str], names: Mapping[str, str]) -> tuple[str, ...]:
    """The same sentences with partners' names instead of their ids."""
    return tuple(" ".join(_named(word, names) for word in sentence.split(" ")) for sentence in sentences)


def _named(word: str, names: Mapping[str, str]) -> str:
    bare = word.rstrip(",;:")
    return names[bare] + word[len(bare) :] if bare in names else word
