"""From the numbers of a division to what each party is shown: percent, amount, and three numbers beside them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypedDict

from sync.attribution.apportion import Parts
from sync.attribution.lines import Line as NetLine
from sync.attribution.lines import spread
from sync.claim import Claim
from sync.credit.division import Division
from sync.credit.facts import one_currency
from sync.credit.team import Team
from sync.model.deal import Opportunity
from sync.model.money import Money
from sync.model.split import Portion

NOTHING: Final = Decimal("0.00")


class Numbers(TypedDict, total=False):
    """Domain §5.1: three numbers that are never mixed with the split, nor with each other."""

    sourced: bool
    influenced: bool
    fulfilled: bool
    sourced_amount: Money | None
    influenced_amount: Money | None
    fulfilled_amount: Money | None


def portions_of(team: Team, division: Division) -> tuple[Portion, ...]:
    """Members first, in the order in which ties fall, then leavers that kept a part, the vendor last."""
    deal, weights = team.deal, division.weights or {}
    parts = Parts(division.weights, team.order, division.capped) if division.weights else None
    ppm, percent = (parts.of(1_000_000), parts.percent()) if parts else ({}, {})
    minor = division.amounts or (parts.of(deal.amount.minor) if parts and deal.amount else {})
    known = weights.keys() | minor.keys()
    shown = [who for who in team.order if who in team.members or who in known]
    everybody = team.everybody
    return tuple(
        Portion(
            party=party,
            roles=everybody[party].roles if party in everybody else (),
            weight=str(weights.get(party, Fraction())),
            share_ppm=ppm.get(party, 0) if parts else None,
            percent=percent.get(party, NOTHING) if parts else None,
            amount=Money(minor.get(party, 0), deal.amount.currency) if deal.amount else None,
            **_numbers(team, party),
        )
        for party in [*shown, *sorted(known - {*shown})]
    )


def _numbers(team: Team, party: str) -> Numbers:
    member = team.members.get(party)
    if member is None:
        return {}
    kinds = {team.policy.role(role).credit for role in member.roles}
    return _valued(team, party, (member.party.sourcing, "influenced" in kinds, "fulfilled" in kinds))


def _valued(team: Team, party: str, counts: tuple[bool, bool, bool]) -> Numbers:
    """The one place where they get their value: the full deal twice, and the lines that a partner transacted."""
    sourced, influenced, fulfilled = counts
    amount = team.deal.amount
    return {
        "sourced": sourced,
        "influenced": influenced,
        "fulfilled": fulfilled,
        "sourced_amount": amount if sourced else None,
        "influenced_amount": amount if influenced else None,
        "fulfilled_amount": _transacted(team.deal, _sales(team, party)) if fulfilled else None,
    }


def _sales(team: Team, party: str) -> list[Claim]:
    """The claims by which a partner transacts the deal, whatever else it does on it."""
    claims = team.members[party].claims if party in team.members else ()
    return [claim for claim in claims if any(team.policy.role(role).credit == "fulfilled" for role in claim.roles)]


def _transacted(deal: Opportunity, sellers: list[Claim]) -> Money | None:
    """The value of the lines that these claims cover, after each line's part of the header difference."""
    if deal.amount is None or not one_currency(deal):
        return None
    if not deal.lines:
        return deal.amount
    nets = [NetLine(line.id, line.net.minor if line.net else 0) for line in deal.lines]
    spread_ = spread(nets, deal.amount.minor)
    covered = {line for claim in sellers for line in _covered(deal, claim)}
    return Money(sum(line.net + spread_[line.id] for line in nets if line.id in covered), deal.amount.currency)


def _covered(deal: Opportunity, claim: Claim) -> list[str]:
    """The lines of a claim: those it names, else those of its families; all where neither is known."""
    families = claim.families
    if claim.line_ids:
        return [line.id for line in deal.lines if line.id in claim.line_ids]
    if not families or not any(line.family for line in deal.lines):
        return [line.id for line in deal.lines]
    return [line.id for line in deal.lines if line.family in families]


def valued(portion: Portion, deal: Opportunity, team: Team | None) -> Portion:
    """A portion of a locked split: who counts for what stays, only the values follow the deal."""
    if team is not None and portion.party in team.members:
        flags = (portion.sourced, portion.influenced, portion.fulfilled)
        return replace(portion, **_valued(team, portion.party, flags))
    return replace(
        portion,
        sourced_amount=deal.amount if portion.sourced else None,
        influenced_amount=deal.amount if portion.influenced else None,
    )
