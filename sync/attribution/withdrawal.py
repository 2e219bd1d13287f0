"""What becomes of a partner's weight when it leaves before the split is locked."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction

from sync.attribution.trace import Weighed, listed, part
from sync.attribution.weights import VENDOR, Weights, proportional, summed


class Withdrawal(StrEnum):
    """Who gets the weight that a leaving partner gives up."""

    REDISTRIBUTE = "redistribute"  # the other partners, in proportion to their weights
    VENDOR = "vendor"
    VEST = "vest"  # the leaver keeps what it earned, the rest is redistributed


def withdraw(weights: Weights, leaver: str, rule: Withdrawal, vested: Fraction = Fraction(0)) -> Weighed:
    """``weights`` (adding up to 1, with the vendor's) after ``leaver`` left; they add up to 1 again.

    ``vested`` is the part of its weight that the leaver has earned by completed milestones; only VEST reads it.
    The vendor's own part grows only by the rule VENDOR, or when no other partner has a weight. Raises ValueError
    for a leaver without weight or a part outside 0..1.
    """
    if leaver not in weights or leaver == VENDOR:
        raise ValueError(f"{leaver} cannot withdraw: the split is {listed(weights)}")
    if not 0 <= vested <= 1:
        raise ValueError(f"{leaver}: vested part {vested} must be from 0 to 1")
    kept = weights[leaver] * vested if rule is Withdrawal.VEST else Fraction()
    others = {party: weight for party, weight in weights.items() if party not in (leaver, VENDOR)}
    if rule is not Withdrawal.VENDOR and summed(others):
        others = proportional(others, summed(others) + weights[leaver] - kept)
    after = others | ({leaver: kept} if kept else {})
    if rest := 1 - summed(after):
        after[VENDOR] = rest
    says = f"{leaver} withdrew and keeps {part(kept)} of {part(weights[leaver])}"
    return Weighed(after, (f"{says} -> {listed(after)}",))
