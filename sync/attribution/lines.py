"""Bundles: a deal shared line by line, so that every partner is paid for its own product or service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from sync.attribution.apportion import apportion
from sync.attribution.weights import VENDOR, Weights, added, proportional


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the deal: ``net`` in minor units, and the relative parts of the partners it needs.

    Parts are not below 0; a line that all of its partners are needed for gives each the same part. A line without
    partners is the vendor's. Raises ValueError for a part below 0.
    """

    id: str
    net: int
    parts: Weights = field(default_factory=dict)

    def __post_init__(self) -> None:
        if negative := sorted(party for party, part in self.parts.items() if part < 0):
            raise ValueError(f"line {self.id}: part of {', '.join(negative)} is below 0: correct the line's scope")


@dataclass(frozen=True, slots=True)
class LineSplit:
    """A deal shared by its lines, in minor units of the deal's currency.

    ``adjustments`` is each line's part of the difference between header and lines, ``by_line`` what each party
    gets of each line after it, ``totals`` the same over all lines; all of it adds up to the header amount.
    ``weights`` are the exact shares of the totals, ``None`` when some totals are above 0 and some below.
    """

    adjustments: dict[str, int]
    by_line: dict[str, dict[str, int]]
    totals: dict[str, int]
    weights: dict[str, Fraction] | None


def spread(lines: Sequence[Line], base: int) -> dict[str, int]:
    """Each line's part of the difference between ``base`` (the header amount) and all lines, by unsigned size."""
    sizes = proportional({line.id: Fraction(abs(line.net)) for line in lines})
    return apportion(base - sum(line.net for line in lines), sizes, ())


def split_lines(lines: Sequence[Line], base: int, tie_order: Sequence[str]) -> LineSplit:
    """Share ``base`` (minor units, the header amount) by lines.

    Header discount, tax or a manual amount is spread over the lines by their size without sign. Raises
    ValueError without lines, or when a line comes twice.
    """
    _refuse_unusable(lines)
    needs = {line.id: line.parts or {VENDOR: Fraction(1)} for line in lines}
    adjustments = spread(lines, base)
    by_line = {
        line.id: apportion(line.net + adjustments[line.id], proportional(needs[line.id]), tie_order)
        for line in lines
    }
    totals: Counter[str] = Counter()
    for amounts in by_line.values():
        totals.update(amounts)
    if any(totals.values()):
        return LineSplit(adjustments, by_line, dict(totals), _weights(totals))
    # worth nothing: shares by the lines' sizes, so that credit outlives a discount of 100 %
    sizes = proportional({line.id: Fraction(abs(line.net)) for line in lines})
    nothing = added(proportional(needs[line], size) for line, size in sizes.items())
    return LineSplit(adjustments, by_line, dict(totals), nothing)


def _weights(totals: Counter[str]) -> dict[str, Fraction] | None:
    if min(totals.values()) < 0 < max(totals.values()):
        return None
    base = sum(totals.values())
    return {party: Fraction(total, base) for party, total in totals.items()}


def _refuse_unusable(lines: Sequence[Line]) -> None:
    if not lines:
        raise ValueError("a deal shared by lines has no lines: add line items or choose another model")
    times = Counter(line.id for line in lines)
    if twice := sorted(line for line, count in times.items() if count > 1):
        raise ValueError(f"line {', '.join(twice)} comes twice: pass each line of the deal once")
