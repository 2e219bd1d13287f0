"""What a partner files: is it whole, is it new, was it taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sync.claim import Claim, filed_digest
from sync.lifecycle.moves import Event, allowed
from sync.lifecycle.moving import Why, move
from sync.model.registration import Registration, State
from sync.workdays import add_business_days


def missing(registration: Registration) -> tuple[str, ...]:
    """What a registration still lacks before it can be submitted, in words."""
    lacks = []
    if not registration.opportunity_id and not (registration.customer_name or registration.customer_domain):
        lacks.append("the opportunity, or the customer's name or domain")
    if not registration.roles:
        lacks.append("at least one role")
    if registration.declared_value and registration.declared_value.minor < 0:
        lacks.append("a declared value that is not negative")
    return tuple(lacks)


def submit(claim: Claim, now: datetime) -> Claim:
    """A draft that has everything is submitted and taken into review; one that has not says what it lacks."""
    if claim.state is not State.DRAFT:
        return claim
    lacks = missing(claim.registration)
    if lacks:
        message = f"Please fill in: {'; '.join(lacks)}."
        assert claim.standing is not None
        return replace(claim, standing=replace(claim.standing, reason="INCOMPLETE", message=message))
    windows = claim.policy.windows
    submitted = claim.registration.submitted_at or claim.registration.created_at
    due = add_business_days(submitted, windows.review_business_days, claim.policy.business_days)
    filed = {"filed": filed_digest(claim.registration), "policy": claim.policy.id}
    asked = {"roles": claim.registration.roles, "line_ids": claim.registration.line_ids}
    claim = move(claim, Event.SUBMIT, now, Why(), submitted_at=submitted, review_due=due, **filed, **asked)
    return move(claim, Event.PICK_UP, now, Why())


def amend(claim: Claim, now: datetime) -> Claim:
    """What the partner changed since it was last judged is judged afresh; the first date counts."""
    standing = claim.standing
    asking = claim.live and claim.state is not State.APPROVED
    if standing is None or not asking or standing.filed == filed_digest(claim.registration):
        return claim
    event = Event.RESUBMIT if claim.state is State.ACTION_REQUIRED else Event.AMEND
    return move(
        claim,
        event,
        now,
        Why(),
        filed=filed_digest(claim.registration),
        roles=claim.registration.roles,
        line_ids=claim.registration.line_ids,
        answer_due=None,
    )


def withdraw(claim: Claim, now: datetime) -> Claim:
    """The partner took it back."""
    if claim.registration.withdrawn and allowed(claim.state, Event.WITHDRAW):
        return move(claim, Event.WITHDRAW, now, Why("WITHDRAWN", person=f"partner:{claim.partner.id}"))
    return claim
