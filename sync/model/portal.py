"""What partners and the vendor's people say to each other about a registration, beside what is filed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class NoteKind(StrEnum):
    """What a note is for."""

    NOTE = "NOTE"  # read by everybody who works on the deal, and by the vendor
    STEP = "STEP"  # the same, with a day by which it should be done
    APPEAL = "APPEAL"  # why a ruling should be looked at again: the vendor's people let it in or not
    FAIR = "FAIR"  # feedback on a ruling
    UNFAIR = "UNFAIR"


@dataclass(frozen=True, slots=True)
class Note:
    """One thing somebody said about a registration; ``partner`` is empty for the vendor's own people.

    ``rule``: of feedback, the rule that decided, by which feedback is counted. ``shared``: those who were in an
    active joint registration with it when it was written read it, too; nobody who joins later does.
    """

    id: str
    registration: str
    partner: str
    by: str
    at: datetime
    kind: NoteKind
    text: str
    due: date | None = None
    rule: str = ""
    shared: bool = False


class Answer(StrEnum):
    """What an invited person said."""

    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"


@dataclass(frozen=True, slots=True)
class Invitation:
    """One partner asks somebody of another to register jointly. ``key`` is the word both registrations carry.

    Whoever invites consents to be named; beside that the invited person is told ``customer`` and nothing else.
    """

    id: str
    key: str
    registration: str
    partner: str
    name: str  # of the partner that invites
    customer: str
    to: str  # the login of who is invited
    by: str
    at: datetime
    answer: Answer = Answer.OPEN
