"""Whole units from exact weights: largest remainder, so that the parts always add up to the whole."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

from sync.attribution.weights import VENDOR, Weights, scaled, summed


class Parts:
    """Exact weights made ready to be shared out, once for every precision that somebody asks for.

    Raises ValueError that names the parties when the weights cannot be shared by: one below 0, or not 1 together.
    """

    __slots__ = ("_capped", "_counts", "_turns", "_whole")

    def __init__(self, weights: Weights, tie_order: Sequence[str], capped: Collection[str] = ()) -> None:
        counts, whole = scaled(weights)
        if sum(counts.values()) != whole or min(counts.values()) < 0:
            _refuse(weights)
        # reversed, so that a party listed twice has its better place
        rank = {party: place for place, party in reversed(tuple(enumerate(tie_order)))}
        last = len(tie_order)
        self._turns = sorted(
            counts, key=lambda party: (-counts[party], rank.get(party, last), party == VENDOR, party)
        )
        self._counts, self._whole, self._capped = counts, whole, frozenset(capped)

    def of(self, units: int) -> dict[str, int]:
        """``units`` shared out by largest remainder (Hamilton); the result adds up to ``units`` exactly.

        Nobody is a whole unit or more away from its exact part, ``-units`` gives the mirrored result, and weight 0
        gives 0 units. Equal remainders go to the larger weight, then to whoever stands first in the tie order;
        parties it does not list follow by id, the vendor last. Capped parties take a left-over unit only when
        nobody else has a remainder.
        """
        size, whole, capped = abs(units), self._whole, self._capped
        parts, rests, left = {}, {}, size
        for party, count in self._counts.items():
            parts[party], rests[party] = divmod(size * count, whole)
            left -= parts[party]
        if left:
            # a capped remainder counts for less than the smallest free one, and for more than none
            turns = sorted(self._turns, key=lambda party: -rests[party] * (1 if party in capped else whole))
            for party in turns[:left]:
                parts[party] += 1
        return parts if units >= 0 else {party: -count for party, count in parts.items()}

    def percent(self) -> dict[str, Decimal]:
        """Percent with two decimals, adding up to 100.00: a Salesforce Percent field of scale 2."""
        return {party: Decimal(count).scaleb(-2) for party, count in self.of(10_000).items()}

    def fractions(self) -> dict[str, Decimal]:
        """Fractions with eight decimals, adding up to 1.00000000: a HubSpot deal split (at most 8 decimals)."""
        return {party: Decimal(count).scaleb(-8) for party, count in self.of(100_000_000).items()}


def apportion(
    units: int, weights: Weights, tie_order: Sequence[str], capped: Collection[str] = ()
) -> dict[str, int]:
    """``units`` shared out once: see `Parts`."""
    return Parts(weights, tie_order, capped).of(units)


def share_ppm(weights: Weights, tie_order: Sequence[str], capped: Collection[str] = ()) -> dict[str, int]:
    """Parts per million, adding up to 1,000,000."""
    return apportion(1_000_000, weights, tie_order, capped)


def percent_2dp(weights: Weights, tie_order: Sequence[str], capped: Collection[str] = ()) -> dict[str, Decimal]:
    """Percent with two decimals: see `Parts.percent`."""
    return Parts(weights, tie_order, capped).percent()


def hubspot_8dp(weights: Weights, tie_order: Sequence[str], capped: Collection[str] = ()) -> dict[str, Decimal]:
    """Fractions with eight decimals: see `Parts.fractions`."""
    return Parts(weights, tie_order, capped).fractions()


def amount_minor(
    base: int | None, weights: Weights, tie_order: Sequence[str], capped: Collection[str] = ()
) -> dict[str, int] | None:
    """Money in minor units of the deal's currency, adding up to ``base``; ``None`` for a deal without amount."""
    return None if base is None else apportion(base, weights, tie_order, capped)


def _refuse(weights: Weights) -> None:
    if negative := sorted(party for party, weight in weights.items() if weight < 0):
        raise ValueError(f"weights below 0 for {', '.join(f'{p} ({weights[p]})' for p in negative)}")
    parties = ", ".join(f"{party} {weights[party]}" for party in sorted(weights)) or "no parties"
    raise ValueError(f"weights add up to {summed(weights)}, not to 1: {parties}")
