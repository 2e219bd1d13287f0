"""The table of moves: every state a registration can be in, and every event that takes it to another."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sync.model.registration import State


class Event(StrEnum):
    """What can happen to a registration."""

    CREATE = "create"
    ADOPT = "adopt"
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
    REVOKE = "revoke"
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
    _move("DRAFT", Event.ADOPT, None, "People had decided this before dealsync took over: it stands."),
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
    _move("APPROVED WON", Event.REVOKE, State.REVOKED, "A person took the approval back."),
    _move(_ASKING + " APPROVED", Event.SUPERSEDE, State.SUPERSEDED, "An earlier registration says the same."),
    _move("APPROVED", Event.PROTECTION_END, State.EXPIRED, "The protection window ended with the deal still open."),
    _move("APPROVED", Event.OPP_WON, State.WON, "The deal was won."),
    _move("APPROVED", Event.OPP_LOST, State.LOST, "The deal was lost."),
)
"""Every legal move. What is not here cannot happen."""

_TABLE: Final = {(source, move.event): move for move in MOVES for source in move.sources}


def row_of(state: State, event: Event) -> Move | None:
    """The row of MOVES for an event in a state; ``None``: it cannot happen."""
    return _TABLE.get((state, event))


def allowed(state: State, event: Event) -> bool:
    """Whether the table has this move."""
    return (state, event) in _TABLE
