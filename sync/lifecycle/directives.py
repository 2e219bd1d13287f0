"""What people told dealsync about a registration takes effect, once, in the order in which it was said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sync.claim import Claim
from sync.lifecycle.moves import Event, allowed
from sync.lifecycle.moving import Why, move
from sync.model.directive import Act, Directive
from sync.model.registration import State
from sync.workdays import add_business_days


def obey(claim: Claim, now: datetime) -> Claim:
    """The claim after every directive on it that was not considered yet.

    One that does not fit any more (the claim has moved on since it was given) is considered and changes nothing:
    whoever gave it was told so, or the registration moved in the same moment.
    """
    for directive in claim.unheard:
        if effect := _EFFECTS.get(directive.act):
            claim = effect(claim, directive, now)
        if claim.standing:
            claim = replace(claim, standing=replace(claim.standing, heard=directive.seq))
    return claim


def _adopt(claim: Claim, said: Directive, now: datetime) -> Claim:
    """Where people had left it when dealsync took over. Dates that the CRM did not hold follow from the policy."""
    if said.state is None or not allowed(claim.state, Event.ADOPT):
        return claim
    submitted = said.submitted_at or claim.submitted_at
    windows, calendar = claim.policy.windows, claim.policy.business_days
    review = said.review_due or add_business_days(submitted, windows.review_business_days, calendar)
    dates = {
        "state": said.state,
        "adopted": True,
        "message": said.message,
        "submitted_at": submitted,
        "review_due": review if said.state.live and said.state is not State.APPROVED else None,
        "answer_due": _answer_due(claim, now) if said.state is State.ACTION_REQUIRED else None,
        "vote_seen": claim.new_vote,
    }
    if said.state in (State.APPROVED, State.WON, State.LOST, State.EXPIRED, State.REVOKED):
        dates |= _protection(claim, said)
    why = Why(said.reason, f"Adopted as it stood on {said.at.date().isoformat()}.", person=said.by)
    return move(claim, Event.ADOPT, now, why, **dates)


def _answer_due(claim: Claim, now: datetime) -> datetime:
    return add_business_days(now, claim.policy.windows.answer_business_days, claim.policy.business_days)


def _protection(claim: Claim, said: Directive) -> dict[str, object]:
    """A window without an end runs from the day of the adoption: nobody loses protection on the first day."""
    approved = said.approved_at or said.submitted_at or claim.submitted_at
    start = said.protection_start or claim.policy.today(approved)
    end = said.protection_end
    if end is None and said.state is State.APPROVED:
        window = timedelta(days=claim.policy.windows.protection(claim.partner.tier))
        end = max(start, claim.policy.today(said.at)) + window
    return {"approved_at": approved, "protection_start": start, "protection_end": end}


_EFFECTS: Final[Mapping[Act, Callable[[Claim, Directive, datetime], Claim]]] = {
    Act.ADOPT: _adopt,
}
"""What each act does to a registration."""
