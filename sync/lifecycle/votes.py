"""A person's vote inside the CRM, and what passes without one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sync.claim import Claim
from sync.lifecycle.approving import approve, endorse, lacking_after, may_approve, may_decide, passes_by_itself
from sync.lifecycle.moves import Event, allowed
from sync.lifecycle.moving import Why, move
from sync.model.registration import State, Vote
from sync.workdays import add_business_days


def heed(claim: Claim, now: datetime) -> Claim:
    """The claim with its vote weighed: one that does not count (yet) is ignored, and the standing says why.

    A vote from the future waits until its time has come: it must not stand in the way of those that come before.
    """
    filed = claim.registration
    if filed.vote and filed.voted_at and filed.voted_at > now:
        without = replace(filed, vote=None, voter=None, voted_at=None)
        claim = replace(claim, registration=without, vote_ahead=filed.voted_at)
    elif filed.vote and claim.vote_ahead:
        claim = replace(claim, vote_ahead=None)
    why = _ignored(claim, now) if claim.live or claim.state is State.DRAFT else ""
    return _noted(claim if claim.ignored == why else replace(claim, ignored=why), why)


def _noted(claim: Claim, why: str) -> Claim:
    if claim.standing is None or claim.standing.vote_ignored == why:
        return claim
    return replace(claim, standing=replace(claim.standing, vote_ignored=why))


def _ignored(claim: Claim, now: datetime) -> str:
    if claim.vote_ahead:
        return f"the vote is dated {claim.vote_ahead.date().isoformat()}, and counts from then on"
    vote = claim.registration.vote if claim.unseen_vote else None
    if vote is Vote.APPROVE and claim.state is not State.APPROVED:
        return may_approve(claim, voter(claim), claim.registration.voted_at or now)
    return may_decide(claim, voter(claim)) if vote in (Vote.APPROVE, Vote.REJECT) else ""


def voter(claim: Claim) -> str:
    """Who cast the vote that stands in the CRM."""
    return claim.registration.voter or "unnamed"


def resume(claim: Claim, now: datetime) -> Claim:
    """A claim that was sent back and is voted for without an answer goes on: the reviewer needs none any more."""
    if claim.state is State.ACTION_REQUIRED and claim.registration.vote is Vote.APPROVE and claim.new_vote:
        return move(claim, Event.RESUME, now, Why(person=voter(claim)), answer_due=None)
    return claim


def vote_against(claim: Claim, now: datetime) -> Claim:
    """The claim after a person's vote to reject it or send it back: that needs no conflict to be settled first.

    A vote to reject what is approved takes the approval back.
    """
    registration, cast = claim.registration, claim.new_vote
    said = registration.vote_reason or ""
    why = Why("VOTED", said, said, person=voter(claim))
    if cast and registration.vote is Vote.REJECT:
        return refuse(claim, now, why, vote_seen=cast)
    if cast and registration.vote is Vote.RETURN and allowed(claim.state, Event.REQUEST_INFO):
        return send_back(claim, now, why, vote_seen=cast)
    return claim


def refuse(claim: Claim, now: datetime, why: Why, **more: object) -> Claim:
    """Rejected, or revoked where it is approved; a claim that has ended stays as it ended."""
    if claim.state is State.APPROVED:
        return move(claim, Event.REVOKE, now, why, **more)
    return move(claim, Event.REJECT, now, why, **more) if allowed(claim.state, Event.REJECT) else claim


def send_back(claim: Claim, now: datetime, why: Why, **more: object) -> Claim:
    """Back to the partner; the answer clock runs from now on business days."""
    due = add_business_days(now, claim.policy.windows.answer_business_days, claim.policy.business_days)
    return move(claim, Event.REQUEST_INFO, now, why, answer_due=due, approvals=(), **more)


def vote_for(claim: Claim, now: datetime, warned: bool = False) -> Claim:
    """The claim after what people said for it, or after the policy's own yes; only a claim that nothing blocks is
    approved here. ``warned``: an open case speaks against letting it pass by itself.
    """
    cast = claim.new_vote if claim.registration.vote is Vote.APPROVE else ""
    if cast and claim.state is State.APPROVED:
        return confirm(claim, now, Why("VOTED", person=voter(claim)), vote_seen=cast)
    if claim.state is not State.UNDER_REVIEW or claim.standing is None:
        return claim
    if cast:
        return _count(claim, now, cast)
    if (given := claim.standing.approvals) and not claim.lacking:
        return approve(claim, now, given[-1].at, Why("APPROVED", person=given[-1].by), vote_seen=claim.vote_name)
    if passes_by_itself(claim, now) and not warned:
        return approve(claim, now, now, Why("BELOW_THRESHOLD", "Undisputed, evidenced and below the threshold."))
    return claim


def _count(claim: Claim, now: datetime, cast: str) -> Claim:
    at = claim.registration.voted_at or now
    why = Why("VOTED", claim.registration.vote_reason or "", person=voter(claim))
    if lacking_after(claim, voter(claim), at):
        return endorse(claim, now, at, why, vote_seen=cast)
    return approve(claim, now, at, why, vote_seen=cast)


def confirm(claim: Claim, now: datetime, why: Why, **more: object) -> Claim:
    """A person's yes to what is approved already: what was edited since is granted with it."""
    assert claim.standing is not None
    fields = {"granted": claim.filed_terms, "approver": why.person or "", "reason": claim.standing.reason}
    return move(claim, Event.CONFIRM, now, why, **fields, **more)
