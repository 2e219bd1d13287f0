"""Where a registration may go next, and what moves it when nobody disputes it: filing, votes, clocks, the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sync.claim import Claim, filed_digest
from sync.model.deal import Stage
from sync.model.ids import name
from sync.model.registration import Registration, Standing, State, Vote
from sync.model.ruling import Decision, Step
from sync.workdays import add_business_days


class Event(StrEnum):
    """What can happen to a registration."""

    CREATE = "create"
    SUBMIT = "submit"
    PICK_UP = "pick_up"
    REQUEST_INFO = "request_info"
    RESUBMIT = "resubmit"
    AMEND = "amend"
    ANSWER_DUE = "answer_due"
    CONFLICT_FOUND = "conflict_found"
    CONFLICT_CLEARED = "conflict_cleared"
    NARROW = "narrow"
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    SUPERSEDE = "supersede"
    PROTECTION_END = "protection_end"
    OPP_WON = "opp_won"
    OPP_LOST = "opp_lost"


@dataclass(frozen=True, slots=True)
class Move:
    """One row of MOVES: from where, on what event, to where (``None``: it stays), and why in one sentence."""

    sources: frozenset[State]
    event: Event
    target: State | None
    sentence: str


def _move(sources: str, event: Event, target: State | None, sentence: str) -> Move:
    return Move(frozenset(State(word) for word in sources.split()), event, target, sentence)


_ASKING = "SUBMITTED UNDER_REVIEW ACTION_REQUIRED IN_CONFLICT"

MOVES: Final = (
    _move("DRAFT", Event.CREATE, State.DRAFT, "A registration appeared in the CRM."),
    _move("DRAFT", Event.SUBMIT, State.SUBMITTED, "Everything that is required has been filed."),
    _move("SUBMITTED", Event.PICK_UP, State.UNDER_REVIEW, "The review clock runs from the submission."),
    _move("SUBMITTED UNDER_REVIEW", Event.REQUEST_INFO, State.ACTION_REQUIRED, "A reviewer asks for information."),
    _move("ACTION_REQUIRED", Event.RESUBMIT, State.UNDER_REVIEW, "The partner answered; the first date counts."),
    _move(_ASKING, Event.AMEND, None, "The partner changed what is asked for: it is judged afresh."),
    _move("ACTION_REQUIRED", Event.ANSWER_DUE, State.WITHDRAWN, "No answer came before the answer clock ended."),
    _move("SUBMITTED UNDER_REVIEW", Event.CONFLICT_FOUND, State.IN_CONFLICT, "An open case blocks the approval."),
    _move("IN_CONFLICT", Event.CONFLICT_CLEARED, State.UNDER_REVIEW, "No open case blocks the approval any more."),
    _move(_ASKING + " APPROVED", Event.NARROW, None, "A ruling took a role or a line away; the rest goes on."),
    _move("UNDER_REVIEW", Event.APPROVE, State.APPROVED, "Approved: the protection window starts."),
    _move(_ASKING, Event.REJECT, State.REJECTED, "Rejected, with the reason and what would have passed."),
    _move("DRAFT " + _ASKING + " APPROVED", Event.WITHDRAW, State.WITHDRAWN, "Withdrawn by the partner."),
    _move(_ASKING + " APPROVED", Event.SUPERSEDE, State.SUPERSEDED, "An earlier registration says the same."),
    _move("APPROVED", Event.PROTECTION_END, State.EXPIRED, "The protection window ended with the deal still open."),
    _move("APPROVED", Event.OPP_WON, State.WON, "The deal was won."),
    _move("APPROVED", Event.OPP_LOST, State.LOST, "The deal was lost."),
)
"""Every legal move. What is not here cannot happen."""

_TABLE: Final = {(source, move.event): move for move in MOVES for source in move.sources}


def allowed(state: State, event: Event) -> bool:
    """Whether the table has this move."""
    return (state, event) in _TABLE


@dataclass(frozen=True, slots=True)
class Why:
    """What a move is recorded with: a code, a sentence for us, one for the partner, the trace, and who did it."""

    reason: str = ""
    text: str = ""
    message: str = ""
    trace: tuple[Step, ...] = ()
    person: str | None = None
    case_id: str | None = None


def move(claim: Claim, event: Event, now: datetime, why: Why, **dates: Any) -> Claim:
    """The claim after one legal move, with its decision. ``dates`` are further fields of the standing.

    Raises ValueError for a move that MOVES does not have: that is a fault of the caller, not of the data.
    """
    row = _TABLE.get((claim.state, event))
    if row is None:
        raise ValueError(f"{claim.id}: no move {event} from {claim.state}")
    before = claim.standing
    target = row.target or claim.state
    decision = Decision(
        id=name(
            "dec", claim.id, event, before.decision_id if before else "", target, why.reason, why.case_id or ""
        ),
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
    standing = replace(
        before or _first_standing(claim, now),
        state=target,
        since=before.since if before and before.state is target else now,
        decision_id=decision.id,
        reason=why.reason,
        message=why.message or (row.sentence if row.target else before.message if before else ""),
        by_person=decision.person,
        **dates,
    )
    return replace(claim, standing=standing, decisions=(*claim.decisions, decision))


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


def advance(claim: Claim, now: datetime) -> Claim:
    """The claim after every move that needs nobody's ruling: filing, withdrawal, clocks, the end of the deal."""
    if claim.standing is None:
        claim = move(claim, Event.CREATE, now, Why())
    for step in _STEPS:
        claim = step(claim, now)
    return claim


def _withdraw(claim: Claim, now: datetime) -> Claim:
    if claim.registration.withdrawn and allowed(claim.state, Event.WITHDRAW):
        return move(claim, Event.WITHDRAW, now, Why("WITHDRAWN", person=f"partner:{claim.partner.id}"))
    return claim


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


def _submit(claim: Claim, now: datetime) -> Claim:
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


def _amend(claim: Claim, now: datetime) -> Claim:
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


def _answer_clock(claim: Claim, now: datetime) -> Claim:
    standing = claim.standing
    if claim.state is State.ACTION_REQUIRED and standing and standing.answer_due and now > standing.answer_due:
        return move(claim, Event.ANSWER_DUE, now, Why("NO_RESPONSE"))
    return claim


def _deal_end(claim: Claim, now: datetime) -> Claim:
    stage = claim.opportunity.stage if claim.opportunity else None
    if claim.state is State.APPROVED and stage is Stage.WON:
        return move(claim, Event.OPP_WON, now, Why())
    if claim.state is State.APPROVED and stage is Stage.LOST:
        return move(claim, Event.OPP_LOST, now, Why())
    return claim


def _protection_clock(claim: Claim, now: datetime) -> Claim:
    standing = claim.standing
    if claim.state is not State.APPROVED or standing is None or standing.protection_end is None:
        return claim
    if claim.policy.today(now) <= standing.protection_end:
        return claim
    return move(claim, Event.PROTECTION_END, now, Why("PROTECTION_ENDED"))


_STEPS: Final[tuple[Callable[[Claim, datetime], Claim], ...]] = (
    _withdraw,
    _submit,
    _amend,
    _answer_clock,
    _deal_end,
    _protection_clock,
)


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
