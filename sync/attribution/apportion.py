"""Whole units from exact weights: largest remainder, so that the parts always add up to the whole."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

from sync.attribution.weights import VENDOR, Weights, summed


def apportion(
    units: int, weights: Weights, tie_order: Sequence[str], capped: Collection[str] = ()
) -> dict[str, int]:
    """Share out ``units`` by largest remainder (Hamilton); the result adds up to ``units`` exactly.

    Nobody is a whole unit or more away from its exact part, ``-units`` gives the mirrored result, and weight 0
    gives 0 units. Equal remainders go to the larger weight, then to whoever stands first in ``tie_order``;
    parties it does not list follow by id, the vendor last. Parties in ``capped`` take a left-over unit only when
    nobody else has a remainder. Raises ValueError that names the parties when the weights cannot be shared by.
    """
    _refuse_unusable(weights)
    quotas = {party: abs(units) * weight for party, weight in weights.items()}
    parts = {party: int(quota) for party, quota in quotas.items()}
    # reversed, so that a party listed twice has its better place
    rank = {party: place for place, party in reversed(tuple(enumerate(tie_order)))}

    def turn(party: str) -> tuple[object, ...]:
        remainder = quotas[party] - parts[party]
        place = rank.get(party, len(tie_order))
        return not remainder, party in capped, -remainder, -weights[party], place, party == VENDOR, party

    left = abs(units) - sum(parts.values())
    for party in sorted(weights, key=turn)[:left]:
        parts[party] += 1
    return parts if units >= 0 else {party: -count for party, count in parts.items()}


def share_ppm(weights: Weights, tie_order: Sequence[str], capped: Collection[str] = ()) -> dict[str, int]:
    """Parts per million, adding up to 1,000,000."""
    return apportion(1_000_000, weights, tie_order, capped)


def percent_2dp(weights: Weights, tie_order: Sequence[str], capped: Collection[str] = ()) -> dict[str, Decimal]:
    """Percent with two decimals, adding up to 100.00: a Salesforce Percent field of scale 2."""
    return _scaled(apportion(10_000, weights, tie_order, capped), 2)


def hubspot_8dp(weights: Weights, tie_order: Sequence[str], capped: Collection[str] = ()) -> dict[str, Decimal]:
    """Fractions with eight decimals, adding up to 1.00000000: a HubSpot deal split (at most 8 decimals)."""
    return _scaled(apportion(100_000_000, weights, tie_order, capped), 8)


def amount_minor(
    base: int | None, weights: Weights, tie_order: Sequence[str], capped: Collection[str] = ()
) -> dict[str, int] | None:
    """Money in minor units of the deal's currency, adding up to ``base``; ``None`` for a deal without amount."""
    return None if base is None else apportion(base, weights, tie_order, capped)


def _scaled(units: dict[str, int], decimals: int) -> dict[str, Decimal]:
    return {party: Decimal(count).scaleb(-decimals) for party, count in units.items()}


def _refuse_unusable(weights: Weights) -> None:
    if negative := sorted(party for party, weight in weights.items() if weight < 0):
        raise ValueError(f"weights below 0 for {', '.join(f'{p} ({weights[p]})' for p in negative)}")
    if (found := summed(weights)) != 1:
        parties = ", ".join(f"{party} {weights[party]}" for party in sorted(weights)) or "no parties"
        raise ValueError(f"weights add up to {found}, not to 1: {parties}")
