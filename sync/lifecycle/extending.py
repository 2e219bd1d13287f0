"""More time for an approved registration: the partner asks, rules may only refuse, a person answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sync.claim import Claim
from sync.lifecycle.moves import Event
from sync.lifecycle.moving import Why, move
from sync.model.registration import Standing, State
from sync.workdays import add_business_days


def ask(claim: Claim, now: datetime) -> Claim:
    """The partner's request: it waits for a person, or is refused with the reason. Each request counts once."""
    standing, asked = claim.standing, claim.registration.extension_requested_at
    if standing is None or claim.state is not State.APPROVED or asked is None:
        return claim
    if asked == standing.extension_asked or asked > now:
        return claim
    fields: dict[str, Any] = {"extension_asked": asked, "reason": standing.reason}
    if why := _too_late(claim, standing, asked) or cannot_extend(claim) or _idle(claim, asked):
        told = f"Your protection is not extended: {why}."
        return move(claim, Event.REFUSE_EXTENSION, now, Why(text=f"Not extended: {why}.", message=told), **fields)
    due = add_business_days(asked, claim.policy.windows.review_business_days, claim.policy.business_days)
    return move(
        claim, Event.REQUEST_EXTENSION, now, Why(person=f"partner:{claim.partner.id}"), extension_due=due, **fields
    )


def _too_late(claim: Claim, standing: Standing, asked: datetime) -> str:
    if standing.approved_at and asked < standing.approved_at:
        return "it was asked for before the approval"
    if standing.protection_end and claim.policy.today(asked) > standing.protection_end:
        return f"it was asked for after {standing.protection_end.isoformat()}"
    return ""


def cannot_extend(claim: Claim) -> str:
    """Why this window cannot become longer, in words; empty when it can."""
    standing, windows = claim.standing, claim.policy.windows
    if standing is None or standing.state is not State.APPROVED or standing.protection_end is None:
        return "only an approved registration with a protection window can be extended"
    if len(standing.extended_days) >= windows.extensions:
        return f"the programme gives {windows.extensions} extensions, and it has had {len(standing.extended_days)}"
    if room(claim) <= 0:
        limit = windows.protection_limit(claim.partner.tier)
        return f"with all extensions a window lasts {limit} days at most"
    return ""


def room(claim: Claim) -> int:
    """How many days this window may still become longer."""
    standing = claim.standing
    if standing is None or standing.protection_end is None or standing.protection_start is None:
        return 0
    limit = timedelta(days=claim.policy.windows.protection_limit(claim.partner.tier))
    ends = [standing.protection_start + limit]
    if claim.partner.agreement_end:
        ends.append(claim.partner.agreement_end)
    return (min(ends) - standing.protection_end).days


def _idle(claim: Claim, asked: datetime) -> str:
    """A window is extended for those who use it: verified evidence, and not the approval itself."""
    days = claim.policy.windows.extension_activity_days
    recent = asked - timedelta(days=days)
    if any(piece.verified and piece.at >= recent for piece in claim.evidence) or not days:
        return ""
    return f"no verified activity in the {days} days before"


def answer(claim: Claim, days: int | None, now: datetime, why: Why) -> Claim:
    """A person's answer: so many days more (``None``: the policy's), as far as there is room; 0 days refuse."""
    standing = claim.standing
    if standing is None or claim.state is not State.APPROVED or standing.protection_end is None:
        return claim
    fields: dict[str, Any] = {
        "extension_due": None,
        "extension_asked": claim.registration.extension_requested_at,
        "reason": standing.reason,
    }
    given = min(claim.policy.windows.extension_days if days is None else days, room(claim))
    if given <= 0 or cannot_extend(claim):
        return move(claim, Event.REFUSE_EXTENSION, now, why, **fields)
    end = standing.protection_end + timedelta(days=given)
    fields |= {
        "protection_end": end,
        "extended_days": (*standing.extended_days, given),
        "approver": why.person or "",
    }
    told = Why(
        why.reason, why.text, why.message or f"Extended: protected until {end.isoformat()}.", person=why.person
    )
    return move(claim, Event.EXTEND, now, told, **fields)
