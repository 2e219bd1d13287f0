"""A split that people stated, here or in the CRM before dealsync took over: it stands until people change it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from sync.attribution.apportion import apportion, percent_2dp, share_ppm
from sync.attribution.trace import part
from sync.attribution.weights import VENDOR
from sync.claim import Claim
from sync.model.deal import Opportunity, Stage
from sync.model.directive import Act, Directive
from sync.model.money import Money
from sync.model.split import Portion, Split, SplitStatus, versioned


def stated(deal: Opportunity, claims: Sequence[Claim], said: Directive, before: Split | None) -> Split:
    """The split of ``deal`` with the parts of ``said`` (at least one, making 1).

    A partner that was credited since is named and gets nothing until people say so: no rule divides anew what a
    person divided.
    """
    weights = {entry.party: Fraction(entry.weight) for entry in said.parts}
    order = [entry.party for entry in said.parts if entry.party != VENDOR]
    ppm, percent = share_ppm(weights, order), percent_2dp(weights, order)
    minor = apportion(deal.amount.minor, weights, order) if deal.amount else {}
    newcomers = _newcomers(claims, weights)
    portions = tuple(
        Portion(
            party=entry.party,
            roles=entry.roles,
            weight=str(weights[entry.party]),
            share_ppm=ppm[entry.party],
            percent=percent[entry.party],
            amount=Money(minor[entry.party], deal.amount.currency) if deal.amount else None,
            sourced=entry.sourced,
            influenced=entry.influenced,
            fulfilled=entry.fulfilled,
        )
        for entry in said.parts
    )
    split = Split(
        opportunity_id=deal.id,
        version=0,
        status=_status(deal, newcomers),
        model="adopted" if said.act is Act.ADOPT else "stated",
        policy=_policy(claims),
        amount=deal.amount,
        portions=portions,
        arithmetic=(_sentence(said), *newcomers),
        said=said.id,
    )
    return versioned(split, before)


def _newcomers(claims: Sequence[Claim], weights: dict[str, Fraction]) -> tuple[str, ...]:
    credited = {claim.partner.id: claim.partner.name for claim in claims if claim.state.credited}
    return tuple(
        f"{partner} was approved since and has no part: a person states the split anew, or leaves it to the policy."
        for party, partner in sorted(credited.items())
        if party not in weights
    )


def _status(deal: Opportunity, newcomers: Sequence[str]) -> SplitStatus:
    if deal.stage is Stage.WON:
        return SplitStatus.LOCKED
    return SplitStatus.PROPOSED if newcomers else SplitStatus.AGREED


def _policy(claims: Sequence[Claim]) -> str:
    earliest = min(claims, key=lambda claim: (claim.submitted_at, claim.id), default=None)
    return earliest.policy.id if earliest else ""


def _sentence(said: Directive) -> str:
    parts = ", ".join(part(Fraction(entry.weight)) for entry in said.parts)
    how = "Adopted from the CRM" if said.act is Act.ADOPT else "Stated"
    return f"{how} by {said.by} on {said.at.date().isoformat()}: {parts}."
