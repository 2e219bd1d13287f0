"""The policy that divides a deal, and its section ``[attribution]`` as the terms of a division."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from sync.attribution.terms import Terms, Unfilled
from sync.attribution.weights import Weights
from sync.claim import Claim
from sync.policy import Attribution, Policy


def programme(claims: Iterable[Claim]) -> Policy:
    """One deal is divided by one policy: that of the earliest submission (``claims``: at least one)."""
    return min(claims, key=lambda claim: (claim.submitted_at, claim.id)).policy


class _Same:
    """A policy as a key: policies are never edited, so the same object means the same terms."""

    __slots__ = ("policy",)

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def __hash__(self) -> int:
        return id(self.policy)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.policy is other.policy


def terms(policy: Policy) -> Terms:
    """The terms by which ``policy`` divides, made once for all its deals."""
    return _terms(_Same(policy))


@lru_cache(maxsize=256)
def _terms(same: _Same) -> Terms:
    return terms_of(same.policy.attribution, same.policy.pools)


def terms_of(rules: Attribution, pools: Weights) -> Terms:
    """Percents become parts of 1, factors stay factors."""
    return Terms(
        model=rules.model,
        pools=pools,
        unfilled=Unfilled(rules.unfilled),
        half_life=Fraction(rules.half_life_days),
        late_factor=Fraction(rules.late_factor),
        tier_multipliers={tier.value: Fraction(times) for tier, times in rules.tier_multipliers.items()},
        sourced_bonus=percent(rules.sourced_bonus),
        floor=percent(rules.floor),
        cap=percent(rules.cap),
        vendor_share=percent(rules.vendor_share),
    )


def percent(number: Decimal) -> Fraction:
    """A percentage as a part of 1."""
    return Fraction(number) / 100
