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
    RESUME = "resume"
    AMEND = "amend"
    ANSWER_DUE = "answer_due"
    CONFLICT_FOUND = "conflict_found"
    CONFLICT_CLEARED = "conflict_cleared"
    NARROW = "narrow"
    ENDORSE = "endorse"
    OVERDUE = "overdue"
    APPROVE = "approve"
    CONFIRM = "confirm"
    REQUEST_EXTENSION = "request_extension"
    EXTEND = "extend"
    REFUSE_EXTENSION = "refuse_extension"
    INACTIVE = "inactive"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    REVOKE = "revoke"
    REOPEN = "reopen"
    SUPERSEDE = "supersede"
    PROTECTION_END = "protection_end"
    OPP_WON = "opp_won"
    OPP_LOST = "opp_lost"
    OPP_REOPENED = "opp_reopened"


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
    _move("ACTION_REQUIRED", Event.RESUME, State.UNDER_REVIEW, "The reviewer needs no answer any more."),
    _move(_ASKING, Event.AMEND, None, "The partner changed what is asked for: it is judged afresh."),
    _move("ACTION_REQUIRED", Event.ANSWER_DUE, State.WITHDRAWN, "No answer came before the answer clock ended."),
    _move("SUBMITTED UNDER_REVIEW", Event.CONFLICT_FOUND, State.IN_CONFLICT, "An open case blocks the approval."),
    _move("IN_CONFLICT", Event.CONFLICT_CLEARED, State.UNDER_REVIEW, "No open case blocks the approval any more."),
    _move(_ASKING + " APPROVED", Event.NARROW, None, "A ruling took a role or a line away; the rest goes on."),
    _move(_ASKING, Event.ENDORSE, None, "A person said yes; it waits for the others, or for a case to end."),
    _move("SUBMITTED UNDER_REVIEW IN_CONFLICT APPROVED", Event.OVERDUE, None, "People did not answer in time."),
    _move("UNDER_REVIEW", Event.APPROVE, State.APPROVED, "Approved: the protection window starts."),
    _move("APPROVED", Event.CONFIRM, None, "A person confirmed it, with what was edited since."),
    _move("APPROVED", Event.REQUEST_EXTENSION, None, "The partner asks for more time: a person answers."),
    _move("APPROVED", Event.EXTEND, None, "A person gave more time."),
    _move("APPROVED", Event.REFUSE_EXTENSION, None, "The protection window stays as long as it was."),
    _move(
        "APPROVED", Event.INACTIVE, None, "Nothing was done for too long; the second time a person should revoke."
    ),
    _move(_ASKING, Event.REJECT, State.REJECTED, "Rejected, with the reason and what would have passed."),
    _move(
        "DRAFT " + _ASKING + " APPROVED",
        Event.WITHDRAW,
        State.WITHDRAWN,
        "Withdrawn by the partner, or by a person for it.",
    ),
    _move("APPROVED WON", Event.REVOKE, State.REVOKED, "A person took the approval back."),
    _move("REJECTED REVOKED", Event.REOPEN, State.UNDER_REVIEW, "An appeal was let in: somebody else decides."),
    _move(_ASKING + " APPROVED", Event.SUPERSEDE, State.SUPERSEDED, "An earlier registration says the same."),
    _move("APPROVED", Event.PROTECTION_END, State.EXPIRED, "The protection window ended with the deal still open."),
    _move("APPROVED", Event.OPP_WON, State.WON, "The deal was won."),
    _move("APPROVED", Event.OPP_LOST, State.LOST, "The deal was lost."),
    _move("LOST", Event.OPP_REOPENED, State.APPROVED, "The deal was opened again within its window."),
)
"""Every legal move. What is not here cannot happen."""

_TABLE: Final = {(source, move.event): move for move in MOVES for source in move.sources}


def row_of(state: State, event: Event) -> Move | None:
    """The row of MOVES for an event in a state; ``None``: it cannot happen."""
    return _TABLE.get((state, event))


def allowed(state: State, event: Event) -> bool:
    """Whether the table has this move."""
    return (state, event) in _TABLE
