"""What happens to a model's weights, in the fixed order of MODIFIERS.

Every modifier moves credit among the partners only: a part that the model left to the vendor stays the vendor's,
so the vendor neither gains by a partner's lateness nor pays for a bonus. Only a cap that too few partners reach
leaves more to the vendor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

from sync.attribution.levels import water_fill
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
    return Weighed(after, lambda: (f"{says} -> {whole(after)}",))


def tiers(weights: dict[str, Fraction], parties: Sequence[Party], terms: Terms) -> Weighed:
    """A partner's weight is multiplied by its tier's multiplier; tiers without one count 1."""
    times = {p.id: terms.tier_multipliers[p.tier] for p in parties if p.tier in terms.tier_multipliers}
    if all(multiplier == 1 for multiplier in times.values()):
        return Weighed(weights)
    after = _reweighed(weights, times)
    says = ", ".join(f"{party} times {number(times[party])}" for party in sorted(times))
    return Weighed(after, lambda: (f"Tier: {says} -> {whole(after)}",))


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
        nobody = f"Sourced bonus {part(bonus)}: nobody sourced the deal, so nobody gets it"
        return Weighed(weights, lambda: (nobody,))
    after = {party: (1 - bonus) * weight for party, weight in weights.items()}
    after[sourcers[0]] += bonus * summed(weights)
    says = f"Sourced bonus {part(bonus)} from everyone to {sourcers[0]}"
    return Weighed(after, lambda: (f"{says} -> {whole(after)}",))


def limits(weights: dict[str, Fraction], _parties: Sequence[Party], terms: Terms) -> Weighed:
    """No partner gets less than the floor or more than the cap; the others share the rest in proportion.

    A partner alone gets everything. Where all are at the cap the rest is the vendor's; floors that need more than
    there is are scaled down to it, all by the same factor.
    """
    if len(weights) == 1 or (terms.floor == 0 and terms.cap == 1):
        return Weighed(weights)
    total, before = summed(weights), proportional(weights)
    floor = min(terms.floor, Fraction(1, len(weights)))
    filled = water_fill(before, dict.fromkeys(before, floor), dict.fromkeys(before, terms.cap))
    capped = frozenset(party for party, weight in filled.items() if weight == terms.cap)
    if filled == before:
        return Weighed(weights, capped=capped)
    after = {party: weight * total for party, weight in filled.items()}
    lifted = [party for party, weight in filled.items() if before[party] < weight == floor]

    def explain() -> tuple[str, ...]:
        held = (("cap", terms.cap, sorted(capped)), ("floor", floor, sorted(lifted)))
        says = " and ".join(f"{name} {part(bound)} holds {', '.join(who)}" for name, bound, who in held if who)
        sentence = f"Of the partners' part, {says} -> {whole(after)}"
        if floor == terms.floor:
            return (sentence,)
        many = f"Floors of {part(terms.floor)} for {len(weights)} partners need more than 100%"
        return f"{many}: scaled down to {part(floor)}", sentence

    return Weighed(after, explain, capped)


def vendor_share(weights: dict[str, Fraction], _parties: Sequence[Party], terms: Terms) -> Weighed:
    """The vendor keeps its share and the partners' weights shrink by it."""
    if not terms.vendor_share:
        return Weighed(weights)
    after = {party: weight * (1 - terms.vendor_share) for party, weight in weights.items()}
    keeps = f"{VENDOR} keeps {part(terms.vendor_share)} of the partners' part"
    return Weighed(after, lambda: (f"{keeps} -> {whole(after)}",))


MODIFIERS: Final[tuple[Modifier, ...]] = (late_claims, tiers, sourced_bonus, limits, vendor_share)


def _reweighed(weights: dict[str, Fraction], factors: Weights) -> dict[str, Fraction]:
    """Multiplied, then back to the same total. Where nothing is left it stays nothing: the vendor's."""
    raw = {party: weight * factors.get(party, Fraction(1)) for party, weight in weights.items()}
    return proportional(raw, summed(weights)) if summed(raw) else raw
