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
    NOTED = "NOTED"  # on record, and nothing to settle


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

    @property
    def warns(self) -> bool:
        """Whether it is open, and more than a note."""
        return self.state is CaseState.OPEN and self.severity is not Severity.INFO


class RejectReason(StrEnum):
    """Why a registration is rejected: the closed list; everything else is OTHER with a text."""

    DUPLICATE_REGISTRATION = "DUPLICATE_REGISTRATION"
    EXISTING_DIRECT_PIPELINE = "EXISTING_DIRECT_PIPELINE"
    EXISTING_CUSTOMER = "EXISTING_CUSTOMER"
    NAMED_ACCOUNT = "NAMED_ACCOUNT"
    TERRITORY = "TERRITORY"
    NOT_AUTHORISED = "NOT_AUTHORISED"
    AGREEMENT_EXPIRED = "AGREEMENT_EXPIRED"
    NOT_QUALIFIED = "NOT_QUALIFIED"
    NO_RELATIONSHIP = "NO_RELATIONSHIP"
    INSUFFICIENT_EVIDENCE = "INSUFFICIENT_EVIDENCE"
    PUBLIC_TENDER = "PUBLIC_TENDER"
    CLOSED_OPPORTUNITY = "CLOSED_OPPORTUNITY"
    OUT_OF_SCOPE_PRODUCT = "OUT_OF_SCOPE_PRODUCT"
    CUSTOMER_OBJECTION = "CUSTOMER_OBJECTION"
    INCOMPLETE = "INCOMPLETE"
    OTHER = "OTHER"


class JointState(StrEnum):
    PROPOSED = "PROPOSED"  # nobody has accepted yet
    PARTIAL = "PARTIAL"  # some have
    ACTIVE = "ACTIVE"  # all have
    LOCKED = "LOCKED"  # the lock date has passed: only a person's directive changes who belongs
    CLOSED = "CLOSED"  # the deal has ended with it
    DISSOLVED = "DISSOLVED"  # fewer than two are left

    @property
    def agreed(self) -> bool:
        """All its members have accepted, and know of each other."""
        return self in (JointState.ACTIVE, JointState.LOCKED, JointState.CLOSED)


class JointKind(StrEnum):
    DEAL = "DEAL"  # one deal
    BUNDLE = "BUNDLE"  # a deal whose lines name the partners they need
    ALLIANCE = "ALLIANCE"  # partners with a standing agreement of the programme
    GLOBAL_ACCOUNT = "GLOBAL_ACCOUNT"  # one key on several deals of a customer, each in its own regions


class Seat(StrEnum):
    """Where one member of a joint registration stands."""

    INVITED = "INVITED"
    ACCEPTED = "ACCEPTED"
    PROPOSED = "PROPOSED"  # accepted after the others had agreed: waits for those whose share falls
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"  # no answer came before the invitation ended
    WITHDRAWN = "WITHDRAWN"  # its registration was withdrawn
    REMOVED = "REMOVED"  # its registration was rejected, revoked or superseded, or the joint is full


@dataclass(frozen=True, slots=True)
class Membership:
    """One member of a joint registration, since when, and until when it may answer."""

    registration_id: str
    partner_id: str
    seat: Seat
    invited_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Joint:
    """A joint registration: several partners on one deal who know of each other. ``key`` is empty on a proposal."""

    id: str
    opportunity_id: str
    key: str
    state: JointState
    members: tuple[tuple[str, str, Response], ...]  # registration id, partner id, answer
    text: str = ""
    kind: JointKind = JointKind.DEAL
    lead: str | None = None  # the partner that leads it
    memberships: tuple[Membership, ...] = ()
    active_at: datetime | None = None  # when all had accepted for the first time
    seated: tuple[str, ...] = ()  # the registrations that belong since then
    lock_at: datetime | None = None
    parent: str = ""  # what the regional children of one global account have in common
    shares: tuple[tuple[str, str], ...] = ()  # an alliance's own division: partner id, weight "p/q"; all make 1
    wakes: datetime | None = None  # when its next clock ends
