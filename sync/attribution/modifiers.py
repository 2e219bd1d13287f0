"""What happens to a model's weights, in the fixed order of MODIFIERS.

Every modifier moves credit among the partners only: a part that the model left to the vendor stays the vendor's,
so the vendor neither gains by a partner's lateness nor pays for a bonus.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

from sync.attribution.party import Party
from sync.attribution.terms import Terms
from sync.attribution.trace import Weighed, number, part, whole
from sync.attribution.weights import VENDOR, Weights, proportional, summed

Modifier = Callable[[dict[str, Fraction], Sequence[Party], Terms], Weighed]


def late_claims(weights: dict[str, Fraction], parties: Sequence[Party], terms: Terms) -> Weighed:
    """A late claim counts only the policy's late factor; the others gain in proportion."""
    late = sorted(party.id for party in parties if party.late)
    if not late or terms.late_factor == 1:
        return Weighed(weights)
    after = _reweighed(weights, dict.fromkeys(late, terms.late_factor))
    says = f"Late claim: {', '.join(late)} at {part(terms.late_factor)} of the model's weight"
    return Weighed(after, (f"{says} -> {whole(after)}",))


def tiers(weights: dict[str, Fraction], parties: Sequence[Party], terms: Terms) -> Weighed:
    """A partner's weight is multiplied by its tier's multiplier; tiers without one count 1."""
    times = {p.id: terms.tier_multipliers[p.tier] for p in parties if p.tier in terms.tier_multipliers}
    if all(multiplier == 1 for multiplier in times.values()):
        return Weighed(weights)
    after = _reweighed(weights, times)
    says = ", ".join(f"{party} times {number(times[party])}" for party in sorted(times))
    return Weighed(after, (f"Tier: {says} -> {whole(after)}",))


def sourced_bonus(weights: dict[str, Fraction], parties: Sequence[Party], terms: Terms) -> Weighed:
    """Every partner gives the same part of its weight to the partner that sourced the deal, if there is one.

    Raises ValueError when two partners are marked as sourcing.
    """
    bonus = terms.sourced_bonus
    sourcers = sorted(party.id for party in parties if party.sourcing)
    if len(sourcers) > 1:
        raise ValueError(
            f"{', '.join(sourcers)} are all marked as sourcing: only one partner can have sourced a deal"
        )
    if not bonus:
        return Weighed(weights)
    if not sourcers:
        return Weighed(weights, (f"Sourced bonus {part(bonus)}: nobody sourced the deal, so nobody gets it",))
    after = {party: (1 - bonus) * weight for party, weight in weights.items()}
    after[sourcers[0]] += bonus * summed(weights)
    return Weighed(after, (f"Sourced bonus {part(bonus)} from everyone to {sourcers[0]} -> {whole(after)}",))


def limits(weights: dict[str, Fraction], _parties: Sequence[Party], terms: Terms) -> Weighed:
    """No partner gets less than the floor or more than the cap; the others share the rest in proportion.

    A partner alone gets everything. Raises ValueError when floors or caps cannot hold.
    """
    total = summed(weights)
    if len(weights) == 1 or (terms.floor == 0 and terms.cap == 1):
        return Weighed(weights)
    before = proportional(weights)
    filled = water_fill(before, dict.fromkeys(before, terms.floor), dict.fromkeys(before, terms.cap))
    capped = frozenset(party for party, weight in filled.items() if weight == terms.cap)
    if filled == before:
        return Weighed(weights, capped=capped)
    after = {party: weight * total for party, weight in filled.items()}
    lifted = [party for party, weight in filled.items() if before[party] < weight == terms.floor]
    held = (("cap", terms.cap, sorted(capped)), ("floor", terms.floor, sorted(lifted)))
    says = " and ".join(f"{name} {part(bound)} holds {', '.join(who)}" for name, bound, who in held if who)
    return Weighed(after, (f"Of the partners' part, {says} -> {whole(after)}",), capped)


def vendor_share(weights: dict[str, Fraction], _parties: Sequence[Party], terms: Terms) -> Weighed:
    """The vendor keeps its share and the partners' weights shrink by it."""
    if not terms.vendor_share:
        return Weighed(weights)
    after = {party: weight * (1 - terms.vendor_share) for party, weight in weights.items()}
    return Weighed(after, (f"{VENDOR} keeps {part(terms.vendor_share)} of the partners' part -> {whole(after)}",))


MODIFIERS: Final[tuple[Modifier, ...]] = (late_claims, tiers, sourced_bonus, limits, vendor_share)


def water_fill(weights: Weights, floors: Weights, caps: Weights) -> dict[str, Fraction]:
    """Weights (adding up to 1) scaled by one exact level and held between floor and cap, adding up to 1 again.

    They add up to less only when every party with a weight is at its cap. Raises ValueError with the numbers
    when the floors add up to more than 1, the caps to less, or a floor is above its cap.
    """
    _refuse_infeasible(floors, caps)

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


def _refuse_infeasible(floors: Weights, caps: Weights) -> None:
    if (least := summed(floors)) > 1:
        raise ValueError(f"floors of {len(floors)} partners add up to {part(least)}, over 100%: lower the floor")
    if (most := summed(caps)) < 1:
        raise ValueError(f"caps of {len(caps)} partners add up to {part(most)}, under 100%: raise the cap")
    if crossed := sorted(i for i in floors if not 0 <= floors[i] <= caps[i]):
        pairs = ", ".join(f"{i} floor {floors[i]} cap {caps[i]}" for i in crossed)
        raise ValueError(f"a floor must be from 0 to its cap: {pairs}")


def _reweighed(weights: dict[str, Fraction], factors: Weights) -> dict[str, Fraction]:
    """Multiplied, then back to the same total. Where nothing is left it stays nothing: the vendor's."""
    raw = {party: weight * factors.get(party, Fraction(1)) for party, weight in weights.items()}
    return proportional(raw, summed(weights)) if summed(raw) else raw
