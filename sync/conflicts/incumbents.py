"""Who sold to this customer before: incumbent partners, and the partner of record of what is renewed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from sync.claim import Claim, overlap
from sync.conflicts.finding import Finding, between
from sync.conflicts.situation import Situation
from sync.model.deal import Opportunity, OpportunityType
from sync.model.money import Money
from sync.model.parties import PartnerStatus
from sync.model.registration import Evidence, Role
from sync.model.ruling import Severity
from sync.workdays import add_business_days


def incumbent_partner(situation: Situation) -> Iterator[Finding]:
    """The customer bought this product family through another partner, who may still answer the new claim."""
    for claim in situation.asking if situation.sold else ():
        deal, rules = claim.opportunity, claim.policy.conflicts
        if Role.RESELL not in claim.roles or (deal and deal.type is OpportunityType.RENEWAL):
            continue
        days, calendar = rules.incumbent_answer_business_days, claim.policy.business_days
        sellers = {sold.partner.id: sold.partner.name for sold in bought_before(claim, situation)}
        answer_due = add_business_days(claim.submitted_at, days, calendar)
        if sellers and claim.partner.id not in sellers and situation.now <= answer_due:
            before = ", ".join(sorted(sellers.values()))
            text = f"{before} sold this to the customer before; {claim.partner.name} is new there."
            yield between("C05", Severity.WARN, (claim,), Role.RESELL, text)


def bought_before(claim: Claim, situation: Situation) -> Iterator[Claim]:
    """The won sales of a product family that ``claim`` names to its customer, within the programme's months."""
    account = claim.account.id if claim.account else None
    months = claim.policy.conflicts.incumbent_months
    for sold in situation.sold:
        deal = sold.opportunity
        if deal is None or deal.close_date is None or account is None or deal.account_id != account:
            continue
        age = _months(deal.close_date, claim.policy.today(claim.submitted_at))
        if 0 <= age < months and _families_meet(claim, sold):
            yield sold


def _months(first: date, later: date) -> int:
    """The whole months from one day to another."""
    return (later.year - first.year) * 12 + later.month - first.month - (later.day < first.day)


def _families_meet(claim: Claim, sold: Claim) -> bool:
    return not claim.families or not sold.families or not set(claim.families).isdisjoint(sold.families)


def renewal_of_another(situation: Situation) -> Iterator[Finding]:
    """The deal renews what another partner sold: that partner keeps the base, what is added is open."""
    for claim in situation.asking:
        deal = claim.opportunity
        before = situation.around.deals.get(deal.renewal_of or "") if deal else None
        if (
            deal is None
            or before is None
            or deal.type is not OpportunityType.RENEWAL
            or Role.RESELL not in claim.roles
        ):
            continue
        record = [sold for sold in situation.sold if sold.opportunity and sold.opportunity.id == before.id]
        base = base_lines(deal, before)
        claimed = [line for line in base if not claim.line_ids or line in claim.line_ids]
        if record and claim.partner.id not in {sold.partner.id for sold in record} and (claimed or not deal.lines):
            text = f"{deal.name} renews what {record[0].partner.name} sold in {before.name}."
            active = any(sold.partner.status is PartnerStatus.ACTIVE for sold in record)
            waits = "" if active else f"{record[0].partner.name} is no longer an active partner."
            found = between("C16", Severity.BLOCK, (claim,), Role.RESELL, text)
            yield replace(found, lines=tuple(claimed), waits=waits)


def base_lines(deal: Opportunity, before: Opportunity) -> tuple[str, ...]:
    """The lines of a renewal whose product was part of the deal before; the others are expansion."""
    known = {line.code or line.family for line in before.lines}
    return tuple(line.id for line in deal.lines if (line.code or line.family) in known)


def base_and_expansion(deal: Opportunity, before: Opportunity) -> tuple[Money, Money] | None:
    """The worth of a renewal's base and of what it adds, which make the deal's amount.

    With lines: the net of those that were there before, the rest is expansion. Without: as much as the deal before
    was worth, at most all of this one. ``None`` where an amount is missing or the currencies differ.
    """
    total, old = deal.amount, before.amount
    if total is None:
        return None
    if deal.lines:
        nets = [line.net for line in deal.lines if line.id in base_lines(deal, before)]
        if any(net is None or net.currency != total.currency for net in nets):
            return None
        base = sum(net.minor for net in nets if net)
    elif old is None or old.currency != total.currency:
        return None
    else:
        base = min(old.minor, total.minor)
    return Money(base, total.currency), Money(total.minor - base, total.currency)


def with_past(situation: Situation) -> list[Claim]:
    """Every claim with what only others know: evidence filed with them, and whether its partner sold before."""
    by_partner: dict[str, list[Claim]] = defaultdict(list)
    for claim in situation.everyone:
        by_partner[claim.partner.id].append(claim)
    return [
        replace(
            claim,
            lent=_lent(claim, by_partner[claim.partner.id]),
            incumbent=any(sold.partner.id == claim.partner.id for sold in bought_before(claim, situation)),
        )
        if len(by_partner[claim.partner.id]) > 1
        else claim
        for claim in situation.everyone
    ]


def _lent(claim: Claim, own: Sequence[Claim]) -> tuple[Evidence, ...]:
    """What the partner filed with other registrations of the same business; work is done, whatever came of it."""
    others = [other for other in own if other.id != claim.id and overlap(claim, other)]
    pieces = [piece for other in others for piece in other.registration.evidence]
    return tuple(sorted(pieces, key=lambda piece: (piece.at, piece.kind, piece.ref, piece.verified)))
