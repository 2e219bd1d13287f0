"""What a partner files: is it whole, is it new, was it taken back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from sync.claim import Claim
from sync.lifecycle.moves import Event, allowed
from sync.lifecycle.moving import Why, move
from sync.model.registration import Registration, State, filed_digest
from sync.workdays import add_business_days


def missing(registration: Registration, required: Collection[str], today: date) -> tuple[str, ...]:
    """What a registration still lacks before it can be submitted, in words. ``required``: what the policy adds."""
    lacks = []
    if not registration.opportunity_id and not (registration.customer_name or registration.customer_domain):
        lacks.append("the opportunity, or the customer's name or domain")
    if not registration.roles:
        lacks.append("at least one role")
    if registration.declared_value and registration.declared_value.minor < 0:
        lacks.append("a declared value that is not negative")
    return (
        *lacks,
        *(words for key, (there, words) in _MORE.items() if key in required and not there(registration, today)),
    )


_MORE: Final[Mapping[str, tuple[Callable[[Registration, date], bool], str]]] = {
    "country": (lambda filed, _: bool(filed.customer_country or filed.opportunity_id), "the customer's country"),
    "family": (lambda filed, _: bool(filed.families), "at least one product family"),
    "value": (lambda filed, _: filed.declared_value is not None, "the declared value"),
    "expected_close": (
        lambda filed, today: filed.expected_close is not None and filed.expected_close >= today,
        "an expected close that is not over",
    ),
    "evidence": (lambda filed, _: bool(filed.evidence), "a piece of evidence"),
}
"""What a policy may require besides."""


def submit(claim: Claim, now: datetime) -> Claim:
    """A draft that has everything is submitted and taken into review; one that has not says what it lacks."""
    if claim.state is not State.DRAFT:
        return claim
    lacks = missing(claim.registration, claim.policy.approvals.required, claim.policy.today(now))
    if lacks:
        message = f"Please fill in: {'; '.join(lacks)}."
        assert claim.standing is not None
        return replace(claim, standing=replace(claim.standing, reason="INCOMPLETE", message=message))
    windows = claim.policy.windows
    was_incomplete = claim.standing is not None and claim.standing.reason == "INCOMPLETE"
    created = now if was_incomplete else claim.registration.created_at
    submitted = claim.registration.submitted_at or created  # an empty record holds no place in the queue
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
        approvals=(),  # who said yes said it to what was asked for then
    )


def withdraw(claim: Claim, now: datetime) -> Claim:
    """The partner took it back."""
    if claim.registration.withdrawn and allowed(claim.state, Event.WITHDRAW):
        return move(claim, Event.WITHDRAW, now, Why("WITHDRAWN", person=f"partner:{claim.partner.id}"))
    return claim
