"""The attribution models: how partners share a deal before any modifier. A row of MODELS is a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final

from sync.attribution.party import Party
from sync.attribution.terms import Terms, Unfilled
from sync.attribution.trace import Weighed, listed, number, part, whole
from sync.attribution.weights import VENDOR, Weights, added, proportional, summed

TOLERANCE: Final = Fraction(1, 100)
"""How far an agreed split may be from 100 % and still be taken as rounding."""

Model = Callable[[Sequence[Party], Terms], Weighed]
"""Partners (at least one, each once) and terms to weights of the partners; the rest to 1 is the vendor's."""


def equal(parties: Sequence[Party], _terms: Terms) -> Weighed:
    """Every partner gets the same part."""
    weights = {party.id: Fraction(1, len(parties)) for party in parties}
    return Weighed(weights, (f"Equal parts among {len(parties)} -> {listed(weights)}",))


def role_pools(parties: Sequence[Party], terms: Terms) -> Weighed:
    """Every role has a pool that its holders share by contribution; the policy says who gets unfilled pools."""
    pools = {role: pool for role, pool in sorted(terms.pools.items()) if pool}
    held = {role: _declared(parties, role) for role in pools}
    filled = [role for role in pools if held[role]]
    kept = terms.unfilled is Unfilled.VENDOR or not filled
    size = summed(pools if kept else {role: pools[role] for role in filled})
    parts = {role: proportional(held[role], pools[role] / size) for role in filled}
    weights = added([{party.id: Fraction() for party in parties}, *parts.values()])
    of = number(size) if kept else f"{number(size)} filled"
    trace = [f"{role} pool {number(pools[role])} of {of} -> {listed(parts[role])}" for role in filled]
    trace += _unfilled({role: pools[role] for role in pools if not held[role]}, size, kept)
    return Weighed(weights, (*trace, f"All pools together -> {whole(weights)}"))


def contribution(parties: Sequence[Party], terms: Terms) -> Weighed:
    """Every partner gets a part in proportion to its verified contribution; with none at all, equal parts."""
    units = {party.id: party.contribution or Fraction() for party in parties}
    total = summed(units)
    if not total:
        same = equal(parties, terms)
        return Weighed(same.weights, ("No contribution is recorded, so the parts are equal", *same.trace))
    weights = proportional(units)
    trace = (f"Contribution {number(units[i])} of {number(total)} -> {i} {part(weights[i])}" for i in sorted(units))
    return Weighed(weights, tuple(trace))


def negotiated(parties: Sequence[Party], terms: Terms) -> Weighed:
    """Every partner gets the part that the members agreed on; a sum within 1 % of the whole is scaled to it.

    Raises ValueError with every objection when the agreement cannot be used.
    """
    if faults := objections(parties, terms):
        raise ValueError(f"agreed split, return it to the lead partner: {'; '.join(faults)}")
    total = summed(terms.agreed)
    weights = {party.id: terms.agreed[party.id] / total for party in parties}
    says = f"Agreed by the members -> {listed(terms.agreed)}"
    if total == 1:
        return Weighed(weights, (says,))
    scaled = f"The agreed parts add up to {part(total)} and are scaled to 100% -> {whole(weights)}"
    return Weighed(weights, (says, scaled))


def objections(parties: Sequence[Party], terms: Terms) -> tuple[str, ...]:
    """Everything that is wrong with the agreed split (conflict C18), one clause each; empty when it stands."""
    return tuple(_objections({party.id for party in parties}, terms))


def _objections(members: set[str], terms: Terms) -> Iterator[str]:
    agreed = terms.agreed
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
    "contribution": contribution,
    "negotiated": negotiated,
}
"""The models by the name a policy uses; a row's first docstring line is what is shown of it."""


def _declared(parties: Sequence[Party], role: str) -> dict[str, Fraction]:
    return {
        party.id: Fraction(1) if party.contribution is None else party.contribution
        for party in parties
        if role in party.roles
    }


def _unfilled(pools: Weights, size: Fraction, kept: bool) -> list[str]:
    """One sentence about every pool that nobody fills."""
    if not pools:
        return []
    names = ", ".join(f"{role} {number(pool)}" for role, pool in pools.items())
    if kept:
        return [f"Unfilled of {number(size)}: {names} -> {VENDOR} {part(summed(pools) / size)}"]
    return [f"Unfilled, shared by the filled pools in proportion: {names}"]
