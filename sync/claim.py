"""A claim: one registration with everything needed to judge it, and the moves made on it so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from sync.model.deal import Opportunity
from sync.model.directive import Directive
from sync.model.ids import digest
from sync.model.money import Money
from sync.model.parties import Account, Partner
from sync.model.registration import Evidence, Registration, Response, Role, Standing, State, Vote
from sync.model.ruling import Decision
from sync.policy import Policy

EVIDENCE_POINTS: Final = {"POC": 5, "MEETING": 3, "QUOTE": 3, "NDA": 2, "EMAIL": 1}
"""What one verified piece of evidence weighs; one of a kind a week counts."""


@dataclass(frozen=True, slots=True)
class Claim:
    """``standing`` is where the registration stands after ``decisions``; ``None`` before its first move."""

    registration: Registration
    partner: Partner
    policy: Policy
    opportunity: Opportunity | None
    account: Account | None
    standing: Standing | None
    decisions: tuple[Decision, ...] = ()
    directives: tuple[Directive, ...] = ()  # what people said about it, oldest first

    @property
    def id(self) -> str:
        return self.registration.id

    @property
    def state(self) -> State:
        return self.standing.state if self.standing else State.DRAFT

    @property
    def live(self) -> bool:
        return self.state.live

    @property
    def submitted_at(self) -> datetime:
        """When the partner filed it, by the partner's clock: the first time ever seen, or now filed."""
        if self.standing:
            return self.standing.submitted_at
        return self.registration.submitted_at or self.registration.created_at

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles still asked for or granted: as filed, less what rulings took away."""
        return self.standing.roles if self.standing else self.registration.roles

    @property
    def line_ids(self) -> tuple[str, ...]:
        """The lines still asked for or granted; empty means all."""
        return self.standing.line_ids if self.standing else self.registration.line_ids

    @property
    def place(self) -> str:
        """What the claim is about when it names no opportunity: its account, else the domain it was filed for."""
        if self.account:
            return self.account.id
        return f"domain:{self.registration.customer_domain}" if self.registration.customer_domain else self.id

    @property
    def value(self) -> Money | None:
        """What the deal is worth: the CRM's amount, else the partner's word."""
        return (self.opportunity and self.opportunity.amount) or self.registration.declared_value

    @property
    def approved_at(self) -> datetime | None:
        """When a person or rule approved it, or a person's vote that is still to take effect."""
        if self.standing and self.standing.approved_at:
            return self.standing.approved_at
        if self.registration.vote is Vote.APPROVE and self.live and self.new_vote:
            return self.registration.voted_at
        return None

    @property
    def new_vote(self) -> str:
        """A name for the vote that still has to take effect; empty when there is none."""
        vote = self.registration.vote
        if vote is None:
            return ""
        name = f"{vote}@{self.registration.voted_at or ''}"
        return "" if self.standing and self.standing.vote_seen == name else name

    @property
    def unheard(self) -> tuple[Directive, ...]:
        """The directives that have not taken effect yet."""
        heard = self.standing.heard if self.standing else 0
        return tuple(directive for directive in self.directives if directive.seq > heard)

    def protected_at(self, moment: datetime) -> bool:
        """Whether a valid protection window covered ``moment``; its last day counts whole."""
        start = self.approved_at
        if start is None or not self.live or moment < start:
            return False
        window = timedelta(days=self.policy.windows.protection(self.partner.tier))
        end = (self.standing and self.standing.protection_end) or self.policy.today(start) + window
        return self.policy.today(moment) <= end

    def evidence_points(self) -> int:
        """Verified evidence, one of a kind a week (domain: substantial work)."""
        counted = {
            (piece.kind, piece.at.isocalendar()[:2]) for piece in self.registration.evidence if piece.verified
        }
        return sum(EVIDENCE_POINTS.get(kind, 0) for kind, _ in counted)

    def first_evidence(self) -> Evidence | None:
        """The earliest verified evidence."""
        verified = [piece for piece in self.registration.evidence if piece.verified]
        return min(verified, key=lambda piece: (piece.at, piece.kind), default=None)


def filed_digest(registration: Registration) -> str:
    """Changes when the partner changes what is asked for; votes and answers do not count."""
    asked = replace(
        registration,
        vote=None,
        voter=None,
        voted_at=None,
        vote_reason=None,
        joint_response=None,
        withdrawn=False,
        submitted_at=None,
    )
    return digest(repr(asked))


def joint(one: Claim, other: Claim) -> bool:
    """Whether both have accepted the same joint registration."""
    left, right = one.registration, other.registration
    return (
        left.joint_key is not None
        and left.joint_key == right.joint_key
        and left.joint_response is Response.ACCEPTED
        and right.joint_response is Response.ACCEPTED
    )


def overlap(one: Claim, other: Claim) -> bool:
    """Whether two claims can be about the same business (domain §4, `overlap`)."""
    if one.opportunity and other.opportunity:
        if one.opportunity.id != other.opportunity.id:
            return False
    elif one.place != other.place:
        return False
    left, right = one.registration, other.registration
    if not _meet(left.families, right.families) or not _meet(left.regions, right.regions):
        return False
    if left.expected_close and right.expected_close:
        apart = abs((left.expected_close - right.expected_close).days)
        return apart <= one.policy.conflicts.overlap_days
    return True


def _meet(left: Iterable[str], right: Iterable[str]) -> bool:
    """Whether two scopes share something; an empty scope is everything."""
    ours, theirs = set(left), set(right)
    return not ours or not theirs or bool(ours & theirs)


def meet_in_scope(one: Claim, other: Claim, role: Role) -> bool:
    """Whether two claims on ``role`` touch within the scope in which the policy makes it exclusive."""
    match one.policy.role(role).exclusive:
        case "opportunity":
            return True
        case "family":
            return _meet(one.registration.families, other.registration.families)
        case "region":
            return _meet(one.registration.regions, other.registration.regions)
        case _:
            return False


def values_differ(one: Claim, other: Claim, fraction: Decimal) -> bool:
    """Whether two declared values are further apart than ``fraction`` of the larger; unknown ones do not differ."""
    left, right = one.registration.declared_value, other.registration.declared_value
    if left is None or right is None:
        return False
    if left.currency != right.currency:
        return True
    largest = max(abs(left.minor), abs(right.minor))
    return largest > 0 and Decimal(abs(left.minor - right.minor)) > fraction * largest
