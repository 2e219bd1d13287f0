"""A person's vote inside the CRM, and what passes without one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sync.claim import Claim
from sync.lifecycle.moves import Event, allowed
from sync.lifecycle.moving import Why, move
from sync.model.registration import State, Vote
from sync.workdays import add_business_days


def vote_against(claim: Claim, now: datetime) -> Claim:
    """The claim after a person's vote to reject it or send it back: that needs no conflict to be settled first."""
    registration, cast = claim.registration, claim.new_vote
    said = registration.vote_reason or ""
    why = Why("VOTED", said, said, person=_voter(claim))
    if cast and registration.vote is Vote.REJECT and allowed(claim.state, Event.REJECT):
        return move(claim, Event.REJECT, now, why, vote_seen=cast)
    if cast and registration.vote is Vote.RETURN and allowed(claim.state, Event.REQUEST_INFO):
        due = add_business_days(now, claim.policy.windows.answer_business_days, claim.policy.business_days)
        return move(claim, Event.REQUEST_INFO, now, why, answer_due=due, vote_seen=cast)
    return claim


def vote_for(claim: Claim, now: datetime) -> Claim:
    """The claim after a person's approving vote, or the policy's own; only a claim that nothing blocks is here."""
    if claim.state is not State.UNDER_REVIEW:
        return claim
    registration = claim.registration
    if registration.vote is Vote.APPROVE and (cast := claim.new_vote):
        why = Why("VOTED", registration.vote_reason or "", person=_voter(claim))
        return _approve(claim, now, registration.voted_at or now, why, vote_seen=cast)
    if _passes_by_itself(claim):
        return _approve(claim, now, now, Why("BELOW_THRESHOLD", "Undisputed, evidenced and below the threshold."))
    return claim


def _voter(claim: Claim) -> str:
    return claim.registration.voter or "unnamed"


def _passes_by_itself(claim: Claim) -> bool:
    rules, value = claim.policy.approvals, claim.value
    return (
        rules.auto_below is not None
        and value is not None
        and value.currency == rules.auto_currency
        and value.major < rules.auto_below
        and claim.account is not None
        and claim.first_evidence() is not None
    )


def _approve(claim: Claim, now: datetime, at: datetime, why: Why, **more: Any) -> Claim:
    start = claim.policy.today(at)
    end = start + timedelta(days=claim.policy.windows.protection(claim.partner.tier))
    if claim.partner.agreement_end and claim.partner.agreement_end < end:
        end = max(start, claim.partner.agreement_end)
    message = f"Approved as {', '.join(claim.roles)}; protected until {end.isoformat()}."
    why = replace(why, message=message)
    dates = {"approved_at": at, "protection_start": start, "protection_end": end}
    return move(claim, Event.APPROVE, now, why, **dates, **more)
