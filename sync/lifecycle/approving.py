"""Who may approve a registration, what passes without a person, and what an approval grants."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sync.claim import Claim
from sync.domains import tells_apart
from sync.lifecycle.moves import Event
from sync.lifecycle.moving import Why, move
from sync.model.parties import PartnerStatus
from sync.model.registration import Approval
from sync.objections import interest
from sync.workdays import add_business_days


def may_decide(claim: Claim, person: str) -> str:
    """Why a person may not rule on this claim, in words; empty when it may: nobody decides on what pays them."""
    if why := interest(claim, person):
        return why
    if claim.standing and claim.standing.reopened_by and person == claim.standing.refused_by:
        return f"{person} ended this registration before: somebody else decides the appeal"
    return ""


def may_approve(claim: Claim, person: str, at: datetime) -> str:
    """Why this person's yes at ``at`` would not count, in words; empty when it would."""
    return may_decide(claim, person) or _out_of_chain(claim, person, at)


def _out_of_chain(claim: Claim, person: str, at: datetime) -> str:
    lacking, rules = claim.lacking, claim.policy.approvals
    if not rules.chain or not lacking:
        return ""
    if claim.standing and person in (approval.by for approval in claim.standing.approvals):
        return f"{person} has said yes already: {' and '.join(lacking)} is still to say it"
    wanted = lacking if rules.order == "parallel" else lacking[:1]
    if set(wanted) & {*rules.acts_as(person, claim.policy.today(at))}:
        return ""
    return f"a yes by {' or '.join(wanted)} is needed now, and {person} is not"


def with_yes(claim: Claim, person: str, at: datetime) -> tuple[Approval, ...]:
    """The approvals with one person's yes, which `may_approve` has let in."""
    given = claim.standing.approvals if claim.standing else ()
    acts = claim.policy.approvals.acts_as(person, claim.policy.today(at))
    role = next((role for role in claim.lacking if role in acts), "")
    return (*given, Approval(person, at, role))


def lacking_after(claim: Claim, person: str, at: datetime) -> tuple[str, ...]:
    """The roles of the chain that are still needed after one person's yes."""
    given = {approval.role for approval in with_yes(claim, person, at)}
    return tuple(role for role in claim.lacking if role not in given)


def endorse(claim: Claim, now: datetime, at: datetime, why: Why, **more: Any) -> Claim:
    """A person said yes, and that is not all that is needed. Each of a chain has the time that the policy gives."""
    assert claim.standing is not None and why.person is not None
    approvals = with_yes(claim, why.person, at)
    left = lacking_after(claim, why.person, at)
    text = f"{why.person} said yes; still to come: {', '.join(left)}." if left else f"{why.person} said yes."
    why = replace(why, reason=claim.standing.reason, text=why.text or text)
    if left and (days := claim.policy.approvals.sla_business_days) is not None:
        more["review_due"] = add_business_days(at, days, claim.policy.business_days)
    return move(claim, Event.ENDORSE, now, why, approvals=approvals, **more)


def approve(claim: Claim, now: datetime, at: datetime, why: Why, **more: Any) -> Claim:
    """The claim approved as of ``at``; its terms are frozen, and its window ends with the partner's agreement."""
    start = claim.policy.today(at)
    end = start + timedelta(days=claim.policy.windows.protection(claim.partner.tier))
    if claim.partner.agreement_end and claim.partner.agreement_end < end:
        end = max(start, claim.partner.agreement_end)
    message = f"Approved as {', '.join(claim.roles)}; protected until {end.isoformat()}."
    granted = {
        "approved_at": at,
        "protection_start": start,
        "protection_end": end,
        "granted": claim.filed_terms,
        "approver": why.person or "",
        "approvals": (),
        "reopened_by": "",
    }
    return move(claim, Event.APPROVE, now, replace(why, message=message), **granted, **more)


def passes_by_itself(claim: Claim, now: datetime) -> bool:
    """Whether the policy approves a claim that nothing warns of: small, evidenced, known and eligible."""
    rules, value = claim.policy.approvals, claim.value
    return (
        rules.auto_below is not None
        and value is not None
        and value.currency == rules.auto_currency
        and value.major < rules.auto_below
        and _known_customer(claim)
        and _eligible(claim, now)
        and sum(piece.verified for piece in claim.registration.evidence) >= rules.auto_evidence
        and not (claim.standing and claim.standing.reopened_by)
    )


def _known_customer(claim: Claim) -> bool:
    """An account that we know, or a new customer named by a domain of its own."""
    named = claim.registration.customer_domain
    return claim.account is not None or (named is not None and tells_apart(named))


def _eligible(claim: Claim, now: datetime) -> bool:
    partner, today = claim.partner, claim.policy.today(now)
    first, last = partner.agreement_start or today, partner.agreement_end or today
    return partner.status is PartnerStatus.ACTIVE and first <= today <= last
