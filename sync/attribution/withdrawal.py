"""What becomes of a partner's weight when it leaves before the split is locked."""

from __future__ import annotations

from enum import StrEnum

from sync.attribution.trace import Weighed, listed, part
from sync.attribution.weights import VENDOR, Weights, proportional, summed


class Withdrawal(StrEnum):
    """Who gets the weight that a leaving partner gives up."""

    REDISTRIBUTE = "redistribute"  # the other partners, in proportion to their weights
    VENDOR = "vendor"
    VEST = "vest"  # the leaver keeps what it earned, the rest is redistributed


def withdraw(weights: Weights, leavers: Weights, rule: Withdrawal) -> Weighed:
    """``weights`` (adding up to 1, with the vendor's) after all ``leavers`` left; they add up to 1 again.

    ``leavers`` says which part of its weight each has earned by completed milestones; only VEST reads it. The
    vendor's own part grows only by the rule VENDOR, or when no other partner has a weight. Raises ValueError for a
    leaver without weight or a part outside 0..1.
    """
    for leaver, vested in leavers.items():
        if leaver not in weights or leaver == VENDOR:
            raise ValueError(f"{leaver} cannot withdraw: the split is {listed(weights)}")
        if not 0 <= vested <= 1:
            raise ValueError(f"{leaver}: vested part {vested} must be from 0 to 1")
    earned = leavers if rule is Withdrawal.VEST else {}
    kept = {leaver: weights[leaver] * earned.get(leaver, 0) for leaver in leavers}
    others = {party: weight for party, weight in weights.items() if party not in leavers and party != VENDOR}
    if rule is not Withdrawal.VENDOR and summed(others):
        others = proportional(others, 1 - weights.get(VENDOR, 0) - summed(kept))
    after = others | {leaver: weight for leaver, weight in kept.items() if weight}
    if rest := 1 - summed(after):
        after[VENDOR] = rest

    def explain() -> tuple[str, ...]:
        says = (f"{i} withdrew and keeps {part(kept[i])} of {part(weights[i])}" for i in sorted(leavers))
        return (f"{'; '.join(says)} -> {listed(after)}",)

    return Weighed(after, explain)
