"""What was found and what was decided: cases, decisions, joint registrations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sync.model.registration import Response, State


class Severity(StrEnum):
    INFO = "INFO"  # noted
    WARN = "WARN"  # somebody should look
    BLOCK = "BLOCK"  # nothing is approved before it is settled


class CaseState(StrEnum):
    OPEN = "OPEN"  # waits for a person
    RESOLVED = "RESOLVED"


class Resolution(StrEnum):
    AWARD_ONE = "AWARD_ONE"
    CO_REGISTER = "CO_REGISTER"
    REJECT_ALL = "REJECT_ALL"
    REASSIGN_SCOPE = "REASSIGN_SCOPE"
    SUPERSEDED = "SUPERSEDED"
    CUSTOMER_CHOICE = "CUSTOMER_CHOICE"
    NOT_A_CONFLICT = "NOT_A_CONFLICT"


@dataclass(frozen=True, slots=True)
class Step:
    """One rule asked on the way to a decision: what it looked at and what it answered."""

    rule: str
    result: str  # pass, hit, decisive, not decisive
    text: str


@dataclass(frozen=True, slots=True)
class Decision:
    """One move of one registration, with who made it, under which policy and why. Append-only."""

    id: str
    subject: str
    event: str
    to_state: State
    at: datetime
    actor: str  # "rule" or the person's id
    person: bool
    policy: str
    reason: str
    text: str
    trace: tuple[Step, ...] = ()
    from_state: State | None = None
    case_id: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A conflict: who is in it, what was found, how it ended. The same facts never open it twice."""

    id: str
    kind: str  # C01 … C26
    severity: Severity
    state: CaseState
    registrations: tuple[str, ...]
    opportunity_id: str | None
    scope: str
    text: str
    detected_at: datetime
    resolution: Resolution | None = None
    winner: str | None = None
    trace: tuple[Step, ...] = ()


class JointState(StrEnum):
    PROPOSED = "PROPOSED"  # nobody has accepted yet
    PARTIAL = "PARTIAL"  # some have
    ACTIVE = "ACTIVE"  # all have
    DISSOLVED = "DISSOLVED"  # fewer than two are left


@dataclass(frozen=True, slots=True)
class Joint:
    """A joint registration: several partners on one deal who know of each other. ``key`` is empty on a proposal."""

    id: str
    opportunity_id: str
    key: str
    state: JointState
    members: tuple[tuple[str, str, Response], ...]  # registration id, partner id, answer
    text: str = ""
