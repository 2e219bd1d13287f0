"""One move of one registration, with the decision that records it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sync.claim import Claim
from sync.lifecycle.clocks import clocks
from sync.lifecycle.moves import Event, row_of
from sync.model.ids import name
from sync.model.registration import Standing, State, filed_digest
from sync.model.ruling import Decision, Step


@dataclass(frozen=True, slots=True)
class Why:
    """What a move is recorded with: a code, a sentence for us, one for the partner, the trace, and who did it."""

    reason: str = ""
    text: str = ""
    message: str = ""
    trace: tuple[Step, ...] = ()
    person: str | None = None
    case_id: str | None = None
    timer: str = ""  # which clock ended when: one clock ends once, however often we look


def move(claim: Claim, event: Event, now: datetime, why: Why, **dates: Any) -> Claim:
    """The claim after one legal move, with its decision. ``dates`` are further fields of the standing.

    The review clock stands still while the partner or a case is waited for; a dispute has clocks of its own.

    A move without a target of its own (`Event.ADOPT`) may name one as ``state``.

    Raises ValueError for a move that MOVES does not have: that is a fault of the caller, not of the data.
    """
    row = row_of(claim.state, event)
    if row is None:
        raise ValueError(f"{claim.id}: no move {event} from {claim.state}")
    before = claim.standing
    target = row.target or dates.pop("state", claim.state)
    decision = Decision(
        id=_id(claim, event, target, why),
        subject=claim.id,
        event=event,
        from_state=before.state if before else None,
        to_state=target,
        at=now,
        actor=why.person or "rule",
        person=why.person is not None,
        policy=claim.policy.id,
        reason=why.reason,
        text=why.text or row.sentence,
        trace=why.trace,
        case_id=why.case_id,
    )
    fields = {
        "state": target,
        "since": before.since if before and before.state is target else now,
        "decision_id": decision.id,
        "reason": why.reason,
        "message": why.message or (row.sentence if row.target else before.message if before else ""),
        "by_person": decision.person,
        **clocks(claim, target, now),
    }
    if event in (Event.REJECT, Event.REVOKE):
        fields["refused_by"] = why.person or ""
    standing = replace(before or _first_standing(claim, now), **{**fields, **dates})
    return replace(claim, standing=standing, decisions=(*claim.decisions, decision))


def _id(claim: Claim, event: Event, target: State, why: Why) -> str:
    if why.timer:
        return name("dec", claim.id, event, why.timer)
    last = claim.standing.decision_id if claim.standing else ""
    return name("dec", claim.id, event, last, target, why.reason, why.case_id or "")


def _first_standing(claim: Claim, now: datetime) -> Standing:
    return Standing(
        registration_id=claim.id,
        state=State.DRAFT,
        since=now,
        submitted_at=claim.submitted_at,
        policy=claim.policy.id,
        decision_id="",
        roles=claim.registration.roles,
        line_ids=claim.registration.line_ids,
        filed=filed_digest(claim.registration),
    )
