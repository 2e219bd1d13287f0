"""Floors and caps by exact water-filling: one level that scales every weight, held between its bounds."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from sync.attribution.weights import Weights, summed


def water_fill(weights: Weights, floors: Weights, caps: Weights) -> dict[str, Fraction]:
    """Weights (adding up to 1) scaled by one exact level and held between floor and cap, adding up to 1 again.

    They add up to less only when every party with a weight is at its cap. Floors that add up to more than 1 are
    all scaled down by the same factor. Raises ValueError for a floor below 0 or above its cap.
    """
    if crossed := sorted(i for i in floors if not 0 <= floors[i] <= caps[i]):
        pairs = ", ".join(f"{i} floor {floors[i]} cap {caps[i]}" for i in crossed)
        raise ValueError(f"a floor must be from 0 to its cap: {pairs}")
    least = max(summed(floors), Fraction(1))
    floors = {i: floor / least for i, floor in floors.items()}

    def at(level: Fraction) -> dict[str, Fraction]:
        return {i: min(max(level * weight, floors[i]), caps[i]) for i, weight in weights.items()}

    bends = {bound[i] / weight for i, weight in weights.items() if weight for bound in (floors, caps)}
    levels = sorted(bends | {Fraction()})
    for low, high in pairwise(levels):
        below, above = summed(at(low)), summed(at(high))
        if below < 1 <= above:
            # between two bends the sum is a straight line
            return at(low + (1 - below) * (high - low) / (above - below))
    return at(levels[0] if summed(floors) == 1 else levels[-1])
