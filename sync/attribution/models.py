"""The attribution models: how partners share a deal before any modifier. A row of MODELS is a model."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Final

from sync.attribution.coalitions import lines, shapley
from sync.attribution.grounds import Grounds, Unusable
from sync.attribution.party import Party
from sync.attribution.positions import first_touch, last_touch, time_decay, u_shape, w_shape
from sync.attribution.terms import Terms, Unfilled
from sync.attribution.trace import Weighed, listed, number, part, whole
from sync.attribution.weights import VENDOR, Weights, proportional, scaled, summed

TOLERANCE: Final = Fraction(1, 100)
"""How far an agreed split may be from 100 % and still be taken as rounding."""

Model = Callable[[Sequence[Party], Terms, Grounds], Weighed]
"""Partners (at least one, each once), terms and grounds to weights of the partners; the rest to 1 is the vendor's.

Raises `Unusable` where the grounds do not carry it.
"""


def equal(parties: Sequence[Party], _terms: Terms, _grounds: Grounds) -> Weighed:
    """Every partner gets the same part."""
    weights = {party.id: Fraction(1, len(parties)) for party in parties}
    return Weighed(weights, lambda: (f"Equal parts among {len(parties)} -> {listed(weights)}",))


def role_pools(parties: Sequence[Party], terms: Terms, _grounds: Grounds) -> Weighed:
    """Every role has a pool that its holders share by contribution; the policy says who gets unfilled pools."""
    pools, _ = scaled({role: pool for role, pool in terms.pools.items() if pool})
    held = _holders(parties, pools)
    totals = {role: sum(holders.values()) for role, holders in held.items()}
    kept = terms.unfilled is Unfilled.VENDOR or not held
    size = sum(pools.values()) if kept else sum(pools[role] for role in held)
    common = lcm(*totals.values())
    counts = {party.id: 0 for party in parties}
    for role, holders in held.items():
        for party, count in holders.items():
            counts[party] += pools[role] * count * (common // totals[role])
    weights = {party: Fraction(count, (size or 1) * common) for party, count in counts.items()}
    return Weighed(weights, lambda: _pool_by_pool(terms, held, kept, weights))


def _holders(parties: Sequence[Party], pools: Collection[str]) -> dict[str, dict[str, int]]:
    """Who shares the pool of each role that somebody holds, and in which proportion."""
    counts, _ = scaled({party.id: 1 if party.contribution is None else party.contribution for party in parties})
    held: dict[str, dict[str, int]] = {}
    for party in parties:
        for role in party.roles:
            if role in pools:
                held.setdefault(role, {})[party.id] = counts[party.id]
    return {role: who if any(who.values()) else dict.fromkeys(who, 1) for role, who in held.items()}


def _pool_by_pool(
    terms: Terms, held: Mapping[str, Mapping[str, int]], kept: bool, weights: Weights
) -> Iterator[str]:
    pools = {role: pool for role, pool in sorted(terms.pools.items()) if pool}
    counts, unit = scaled(pools)
    sum_ = sum(counts.values()) if kept else sum(counts[role] for role in held)
    size = Fraction(sum_, unit)
    of = number(size) if kept else f"{number(size)} filled"
    for role, holders in sorted(held.items()):
        total = sum_ * sum(holders.values())
        parts = {party: Fraction(counts[role] * count, total) for party, count in holders.items()}
        yield f"{role} pool {number(pools[role])} of {of} -> {listed(parts)}"
    if unfilled := {role: pool for role, pool in pools.items() if role not in held}:
        names = ", ".join(f"{role} {number(pool)}" for role, pool in unfilled.items())
        yield (
            f"Unfilled of {number(size)}: {names} -> {VENDOR} {part(summed(unfilled) / size)}"
            if kept
            else f"Unfilled, shared by the filled pools in proportion: {names}"
        )
    yield f"All pools together -> {whole(weights)}"


def contribution(parties: Sequence[Party], terms: Terms, grounds: Grounds) -> Weighed:
    """Every partner gets a part in proportion to its verified contribution; with none at all, equal parts."""
    units = {party.id: party.contribution or Fraction() for party in parties}
    total = summed(units)
    if not total:
        same = equal(parties, terms, grounds)
        return Weighed(same.weights, lambda: ("No contribution is recorded, so the parts are equal", *same.trace))
    weights = proportional(units)

    def explain() -> Iterator[str]:
        for party in sorted(units):
            yield f"Contribution {number(units[party])} of {number(total)} -> {party} {part(weights[party])}"

    return Weighed(weights, explain)


def negotiated(parties: Sequence[Party], terms: Terms, grounds: Grounds) -> Weighed:
    """Every partner gets the part that the members agreed on; a sum within 1 % of the whole is scaled to it.

    Raises `Unusable` with every objection when the agreement cannot be used.
    """
    agreed = grounds.agreed
    if faults := objections({party.id for party in parties}, terms, agreed):
        raise Unusable("agreed", "; ".join(faults), "return the agreed split to the lead partner")
    total = summed(agreed)
    weights = {party.id: agreed[party.id] / total for party in parties}

    def explain() -> Iterator[str]:
        yield f"Agreed by the members -> {listed(agreed)}"
        if total != 1:
            yield f"The agreed parts add up to {part(total)} and are scaled to 100% -> {whole(weights)}"

    return Weighed(weights, explain)


def objections(members: Iterable[str], terms: Terms, agreed: Weights) -> tuple[str, ...]:
    """Everything that is wrong with the agreed split (conflict C18), one clause each; empty when it stands."""
    return tuple(_objections(set(members), terms, agreed))


def _objections(members: set[str], terms: Terms, agreed: Weights) -> Iterator[str]:
    if abs(summed(agreed) - 1) > TOLERANCE:
        yield f"the parts add up to {part(summed(agreed))}, agree on 100%"
    yield from (f"{i} has a part and is not a member" for i in sorted(agreed.keys() - members - {VENDOR}))
    yield from (f"{i} is a member without a part, enter one (0 counts)" for i in sorted(members - agreed.keys()))
    yield from (f"{i} has {part(agreed[i])}, a part cannot be below 0" for i in sorted(agreed) if agreed[i] < 0)
    partners = {i: agreed[i] for i in sorted(members & agreed.keys())}
    if len(partners) > 1 and min(partners.values()) >= 0:
        yield from _outside(proportional(partners), terms)


def _outside(partners: Weights, terms: Terms) -> Iterator[str]:
    for partner, weight in partners.items():
        if weight < terms.floor:
            yield f"{partner} has {part(weight)} of the partners' part, below the floor of {part(terms.floor)}"
        if weight > terms.cap:
            yield f"{partner} has {part(weight)} of the partners' part, above the cap of {part(terms.cap)}"


MODELS: Final[Mapping[str, Model]] = {
    "equal": equal,
    "role_pools": role_pools,
    "first_touch": first_touch,
    "last_touch": last_touch,
    "u_shape": u_shape,
    "w_shape": w_shape,
    "time_decay": time_decay,
    "contribution": contribution,
    "lines": lines,
    "shapley": shapley,
    "negotiated": negotiated,
}
"""The models by the name a policy uses; a row's first docstring line is what is shown of it."""
