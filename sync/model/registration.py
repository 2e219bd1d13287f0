"""What partners ask for: registrations, and where each one stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from connector.record import Ref
from sync.model.ids import digest
from sync.model.money import Money


class Role(StrEnum):
    """What a partner does in a deal; the order is the order of ties. Parameters of each role are policy."""

    SOURCE = "SOURCE"
    RESELL = "RESELL"
    PRESALES = "PRESALES"
    IMPLEMENT = "IMPLEMENT"
    ADVISE = "ADVISE"
    SUPPORT = "SUPPORT"
    DISTRIBUTE = "DISTRIBUTE"
    SOLUTION = "SOLUTION"
    TRAIN = "TRAIN"
    REFER = "REFER"


class State(StrEnum):
    """Where a registration stands (the moves between them: `sync.lifecycle.MOVES`)."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    UNDER_REVIEW = "UNDER_REVIEW"
    ACTION_REQUIRED = "ACTION_REQUIRED"
    IN_CONFLICT = "IN_CONFLICT"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    WITHDRAWN = "WITHDRAWN"
    SUPERSEDED = "SUPERSEDED"
    WON = "WON"
    LOST = "LOST"

    @property
    def live(self) -> bool:
        """Still asking for, or holding, a place in the deal (I1)."""
        return self in _LIVE

    @property
    def credited(self) -> bool:
        """Takes part in the split."""
        return self in (State.APPROVED, State.WON)


_LIVE = frozenset({State.SUBMITTED, State.UNDER_REVIEW, State.ACTION_REQUIRED, State.IN_CONFLICT, State.APPROVED})


class Vote(StrEnum):
    """A person's ruling made inside the CRM."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"
    RETURN = "RETURN"


class Response(StrEnum):
    """A member's answer to a joint registration."""

    INVITED = "INVITED"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"


class Choice(StrEnum):
    """The customer's written word about this partner."""

    CHOSEN = "CHOSEN"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing a partner did for the deal. Counts only when ``verified`` by vendor staff."""

    kind: str  # POC, MEETING, QUOTE, NDA, EMAIL, OTHER
    at: datetime
    ref: str = ""
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Registration:
    """One partner's claim on one deal, as filed. ``submitted_at`` is the partner's clock, not ours."""

    id: str
    ref: Ref
    partner_id: str
    created_at: datetime
    opportunity_id: str | None = None
    customer_name: str | None = None
    customer_domain: str | None = None
    customer_country: str | None = None
    roles: tuple[Role, ...] = ()
    families: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    line_ids: tuple[str, ...] = ()
    contribution: Decimal | None = None
    lead: bool = False
    sourcing: bool = False
    tender_published_on: date | None = None
    customer_choice: Choice | None = None
    declared_value: Money | None = None
    expected_close: date | None = None
    submitted_at: datetime | None = None
    joint_key: str | None = None
    joint_response: Response | None = None
    proposed_share: Decimal | None = None
    evidence: tuple[Evidence, ...] = ()
    withdrawn: bool = False
    extension_requested_at: datetime | None = None
    vote: Vote | None = None
    voter: str | None = None
    voted_at: datetime | None = None
    vote_reason: str | None = None
    paid: Money | None = None  # finance's word: what was paid of the roles' incentives
    paid_on: date | None = None


def filed_digest(registration: Registration) -> str:
    """Changes when the partner changes what is asked for.

    Votes, answers and what the vendor's staff notes on it (the customer's choice, whether evidence is verified)
    do not count.
    """
    evidence = tuple(replace(piece, verified=False) for piece in registration.evidence)
    return digest(*(repr(getattr(registration, name)) for name in _ASKED), repr(evidence))


_ASKED: Final = (
    "partner_id",
    "opportunity_id",
    "customer_name",
    "customer_domain",
    "customer_country",
    "roles",
    "families",
    "regions",
    "line_ids",
    "contribution",
    "sourcing",
    "tender_published_on",
    "declared_value",
    "expected_close",
    "joint_key",
)
"""What a partner asks for; a new field of the registration does not make every claim look amended."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What an approval granted, beside roles and lines: a later edit of the registration moves no money."""

    families: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    contribution: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's yes. ``role``: the step of the approval chain that it fills; empty where there is no chain."""

    by: str
    at: datetime
    role: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one registration stands, and the dates that follow from it. Rebuilt from its decisions."""

    registration_id: str
    state: State
    since: datetime
    submitted_at: datetime  # the first one seen: frozen
    policy: str  # the policy in force at submission, name/version
    decision_id: str
    reason: str = ""
    message: str = ""  # what the partner may read
    review_due: datetime | None = None
    answer_due: datetime | None = None
    approved_at: datetime | None = None
    protection_start: date | None = None
    protection_end: date | None = None
    roles: tuple[Role, ...] = ()  # the roles granted or still asked for, after rulings
    line_ids: tuple[str, ...] = ()  # the lines granted or still asked for; empty: all
    filed: str = ""  # digest of what was filed when it was last judged
    vote_seen: str = ""  # the vote that last took effect: a vote counts once
    by_person: bool = False
    heard: int = 0  # the last directive that was considered: each takes effect once
    adopted: bool = False  # people had decided it before dealsync took over
    approver: str = ""  # the person who approved it, and everybody before in its chain; empty: a rule did
    approvals: tuple[Approval, ...] = ()  # every yes so far that still waits for another, or for a case to end
    granted: Granted | None = None  # frozen at the approval
    paused_since: datetime | None = None  # the review clock stands still since then
    dispute_due: datetime | None = None  # until when a case should be ruled on at the working level
    executive_due: datetime | None = None  # until when by the executives
    breached_at: datetime | None = None  # when a clock of people's work ended without it, whenever we looked
    extension_asked: datetime | None = None  # the request that was last considered
    extension_due: datetime | None = None  # a request waits for a person: until when it should be answered
    extended_days: tuple[int, ...] = ()  # the extensions that were given
    grace_end: date | None = None  # an expired registration: rivals are told after this day
    quiet_since: datetime | None = None  # the last activity before the lapses
    lapses: int = 0  # how often nothing happened for too long; the second time a person should revoke
    reopened_by: str = ""  # the person who let an appeal in: no rule ends it before a person has
    refused_by: str = ""  # the person who rejected or revoked it: somebody else decides an appeal
    vote_ignored: str = ""  # why the vote that stands in the CRM does not count
    wakes: datetime | None = None  # when its next clock ends
