"""What people told dealsync about a registration takes effect, once, in the order in which it was said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sync.claim import Claim
from sync.lifecycle.approving import endorse, may_approve, may_decide
from sync.lifecycle.extending import answer
from sync.lifecycle.moves import Event, allowed
from sync.lifecycle.moving import Why, move
from sync.lifecycle.votes import confirm, refuse, send_back
from sync.model.directive import Act, Directive
from sync.model.registration import State
from sync.model.ruling import RejectReason
from sync.workdays import add_business_days


def adopt(claim: Claim, now: datetime) -> Claim:
    """What people had decided before dealsync took over comes before anything that it would do itself."""
    for directive in claim.unheard:
        if directive.act is not Act.ADOPT:
            break
        claim = _heard(claim, directive, now)
    return claim


def obey(claim: Claim, now: datetime) -> Claim:
    """The claim after every directive on it that was not considered yet.

    One that does not fit any more (the claim has moved on since it was given) is considered and changes nothing:
    whoever gave it was told so, or the registration moved in the same moment.
    """
    for directive in claim.unheard:
        claim = _heard(claim, directive, now)
    return claim


def _heard(claim: Claim, directive: Directive, now: datetime) -> Claim:
    if effect := _EFFECTS.get(directive.act):
        claim = effect(claim, directive, now)
    assert claim.standing is not None
    return replace(claim, standing=replace(claim.standing, heard=directive.seq))


def _why(said: Directive) -> Why:
    return Why(said.act.value, said.reason, said.message, person=said.by)


def _over_votes(claim: Claim, said: Directive) -> dict[str, str]:
    """A vote in the CRM that is older than the directive is answered by it."""
    voted = claim.registration.voted_at
    return {"vote_seen": claim.vote_name} if claim.vote_name and (voted is None or voted <= said.at) else {}


def _approve(claim: Claim, said: Directive, now: datetime) -> Claim:
    """A yes. It approves as soon as nothing blocks the claim: an open case is never decided by the way."""
    if may_approve(claim, said.by, said.at):
        return claim
    if claim.state is State.APPROVED:
        return confirm(claim, now, _why(said), **_over_votes(claim, said))
    if claim.state is State.ACTION_REQUIRED:
        claim = move(claim, Event.RESUME, now, _why(said), answer_due=None)
    if not allowed(claim.state, Event.ENDORSE):
        return claim
    return endorse(claim, now, said.at, Why(text=said.reason, person=said.by), **_over_votes(claim, said))


def _reject(claim: Claim, said: Directive, now: datetime) -> Claim:
    if may_decide(claim, said.by):
        return claim
    return refuse(claim, now, _reasoned(said), **_over_votes(claim, said))


def _reasoned(said: Directive) -> Why:
    """The reason may begin with a word of the closed list; the rest is text for us, and not for the partner."""
    first = said.reason.partition(":")[0].strip().upper()
    code = first if first in RejectReason.__members__ else RejectReason.OTHER
    return Why(code, said.reason, said.message, person=said.by)


def _return(claim: Claim, said: Directive, now: datetime) -> Claim:
    if not allowed(claim.state, Event.REQUEST_INFO):
        return claim
    why = replace(_why(said), message=said.message or said.reason)  # what is asked is addressed to the partner
    return send_back(claim, now, why, **_over_votes(claim, said))


def _extend(claim: Claim, said: Directive, now: datetime) -> Claim:
    return answer(claim, said.days, now, Why(text=said.reason, message=said.message, person=said.by))


def _revoke(claim: Claim, said: Directive, now: datetime) -> Claim:
    if not allowed(claim.state, Event.REVOKE) or may_decide(claim, said.by):
        return claim
    return move(claim, Event.REVOKE, now, _reasoned(said), **_over_votes(claim, said))


def _withdraw(claim: Claim, said: Directive, now: datetime) -> Claim:
    if not allowed(claim.state, Event.WITHDRAW):
        return claim
    return move(claim, Event.WITHDRAW, now, _why(said), **_over_votes(claim, said))


def _reopen(claim: Claim, said: Directive, now: datetime) -> Claim:
    """An appeal: judged once more from the beginning, by somebody else, with its first date."""
    if not allowed(claim.state, Event.REOPEN) or said.at > appeal_until(claim):
        return claim
    due = add_business_days(said.at, claim.policy.windows.review_business_days, claim.policy.business_days)
    afresh = {
        "review_due": due,
        "roles": claim.registration.roles,
        "line_ids": claim.registration.line_ids,
        "approved_at": None,
        "protection_start": None,
        "protection_end": None,
        "granted": None,
        "approver": "",
        "breached_at": None,
        "reopened_by": said.by,
    }
    return move(claim, Event.REOPEN, now, _why(said), **afresh, **_over_votes(claim, said))


def appeal_until(claim: Claim) -> datetime:
    """Until when a claim that was rejected or revoked may be appealed."""
    assert claim.standing is not None
    return add_business_days(
        claim.standing.since, claim.policy.windows.appeal_business_days, claim.policy.business_days
    )


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
        "vote_seen": claim.vote_name,
        "extension_asked": claim.registration.extension_requested_at,
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
    return {
        "approved_at": approved,
        "protection_start": start,
        "protection_end": end,
        "granted": claim.filed_terms,
        "approver": said.by,
    }


_EFFECTS: Final[Mapping[Act, Callable[[Claim, Directive, datetime], Claim]]] = {
    Act.ADOPT: _adopt,
    Act.APPROVE: _approve,
    Act.REJECT: _reject,
    Act.RETURN: _return,
    Act.EXTEND: _extend,
    Act.REVOKE: _revoke,
    Act.WITHDRAW: _withdraw,
    Act.REOPEN: _reopen,
}
"""What each act does to a registration."""
