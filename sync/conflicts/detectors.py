"""The detectors of this version: each docstring is the sentence that console, command line and README show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import combinations

from sync.claim import Claim, joint, meet_in_scope, overlap
from sync.conflicts.finding import Finding, between
from sync.model.registration import Role, State
from sync.model.ruling import Severity


def same_partner_twice(claims: Sequence[Claim]) -> Iterator[Finding]:
    """The same partner registered the same business twice."""
    for one, other in _pairs(claims):
        shared = [role for role in one.roles if role in other.roles]
        if one.partner.id == other.partner.id and shared and overlap(one, other):
            text = f"{one.partner.name} registered {', '.join(shared)} twice for {_deal(one, other)}."
            yield between("C01", Severity.WARN, (one, other), "; ".join(shared), text)


def exclusive_role_twice(claims: Sequence[Claim]) -> Iterator[Finding]:
    """Two partners claim a role that only one of them can hold."""
    for one, other in _pairs(claims):
        if one.partner.id == other.partner.id or joint(one, other) or not overlap(one, other):
            continue
        roles = [role for role in one.roles if role in other.roles and meet_in_scope(one, other, role)]
        if roles:
            names = " and ".join(sorted((one.partner.name, other.partner.name)))
            text = f"{names} both claim {', '.join(roles)} on {_deal(one, other)}."
            yield between("C02", Severity.BLOCK, (one, other), "; ".join(roles), text)


def direct_sales_first(claims: Sequence[Claim]) -> Iterator[Finding]:
    """The vendor's own sales were already working on the deal when a partner claimed to have brought it."""
    for claim in claims:
        rules, deal = claim.policy.conflicts, claim.opportunity
        if rules.teaming or claim.state is State.APPROVED or Role.SOURCE not in claim.roles:
            continue
        if deal is None or deal.direct_engaged_at is None:
            continue
        oldest = claim.submitted_at - timedelta(days=rules.direct_lookback_days)
        if oldest <= deal.direct_engaged_at < claim.submitted_at:
            when = deal.direct_engaged_at.date().isoformat()
            text = f"Direct sales worked on {deal.name} since {when}; {claim.partner.name} registered later."
            yield between("C04", Severity.BLOCK, (claim,), Role.SOURCE, text)


def closed_deal(claims: Sequence[Claim]) -> Iterator[Finding]:
    """The deal was already closed when the registration was filed, or before anybody approved it."""
    for claim in claims:
        deal = claim.opportunity
        if not deal or not deal.stage.closed or claim.state is State.APPROVED:
            continue
        approved = claim.approved_at
        if approved and (deal.close_date is None or approved.date() <= deal.close_date):
            continue
        when = f" on {deal.close_date.isoformat()}" if deal.close_date else ""
        text = f"{deal.name} is {deal.stage.lower()}{when}; {claim.partner.name}'s registration was not approved."
        yield between("C07", Severity.BLOCK, (claim,), deal.stage, text)


def same_line_twice(claims: Sequence[Claim]) -> Iterator[Finding]:
    """Two partners claim the same line of a deal for a role that a line has once."""
    for one, other in _pairs(claims):
        if one.partner.id == other.partner.id or joint(one, other) or not overlap(one, other):
            continue
        roles = [r for r in one.roles if r in other.roles and one.policy.role(r).exclusive == "line"]
        lines = disputed_lines(one, other)
        if roles and lines:
            names = " and ".join(sorted((one.partner.name, other.partner.name)))
            text = f"{names} both claim {', '.join(roles)} on {_lines(lines)} of {_deal(one, other)}."
            yield between("C13", Severity.BLOCK, (one, other), "; ".join(lines), text)


ALL_LINES = "all lines"


def disputed_lines(one: Claim, other: Claim) -> tuple[str, ...]:
    """Lines that both claim; a claim that names none claims them all."""
    if not one.line_ids and not other.line_ids:
        return (ALL_LINES,)
    mine, theirs = set(one.line_ids or other.line_ids), set(other.line_ids or one.line_ids)
    return tuple(sorted(mine & theirs))


def _pairs(claims: Sequence[Claim]) -> Iterator[tuple[Claim, Claim]]:
    return combinations(claims, 2)


def _deal(one: Claim, other: Claim) -> str:
    deal = one.opportunity or other.opportunity
    if deal:
        return deal.name
    return (one.account and one.account.name) or one.registration.customer_name or one.place


def _lines(lines: Sequence[str]) -> str:
    return lines[0] if lines == (ALL_LINES,) else f"line {', '.join(lines)}"
