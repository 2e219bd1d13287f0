"""A claim: one registration with everything needed to judge it, and the moves made on it so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from sync.model.deal import Opportunity
from sync.model.directive import Directive
from sync.model.money import Money
from sync.model.parties import Account, Partner
from sync.model.registration import Evidence, Granted, Registration, Response, Role, Standing, State, Vote
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
    vote_ahead: datetime | None = None  # the vote that was left out, because it is dated later than now
    ignored: str = ""  # why the vote that stands in the CRM does not count
    outside: bool = False  # it names a joint registration whose members have not let it in
    lent: tuple[Evidence, ...] = ()  # evidence of the partner's other registrations of the same business
    incumbent: bool = False  # the customer bought this through the partner before

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
    def families(self) -> tuple[str, ...]:
        """The product families asked for, or granted: after the approval an edit changes nothing."""
        return self._terms.families

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions asked for, or granted."""
        return self._terms.regions

    @property
    def contribution(self) -> Decimal | None:
        """The contribution declared, or granted."""
        return self._terms.contribution

    @property
    def filed_terms(self) -> Granted:
        """What an approval would grant now."""
        filed = self.registration
        return Granted(filed.families, filed.regions, filed.contribution)

    @property
    def _terms(self) -> Granted:
        return (self.standing and self.standing.granted) or self.filed_terms

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
        """When a person or rule approved it, or a person's yes that is still to take effect."""
        standing = self.standing
        if standing and standing.approved_at:
            return standing.approved_at
        if self.registration.vote is Vote.APPROVE and self.live and self.new_vote:
            return self.registration.voted_at
        if standing and standing.approvals and self.live and not self.lacking:
            return standing.approvals[-1].at
        return None

    @property
    def lacking(self) -> tuple[str, ...]:
        """The roles of the approval chain whose yes has not come, in their order."""
        given = {approval.role for approval in self.standing.approvals} if self.standing else set()
        return tuple(role for role in self.policy.approvals.steps(self.value) if role not in given)

    @property
    def spoken_for(self) -> bool:
        """Whether a person wants it to stand (approved it, voted for it, let its appeal in): no rule ends that."""
        standing = self.standing
        if self.registration.vote is Vote.APPROVE and self.new_vote:
            return True
        if standing is None or not standing.state.live:
            return False
        if standing.approvals or standing.reopened_by:
            return True
        return standing.state is State.APPROVED and bool(standing.approver or standing.by_person)

    @property
    def vote_name(self) -> str:
        """A name for the vote that stands in the CRM; empty when there is none."""
        return f"{self.registration.vote}@{self.registration.voted_at or ''}" if self.registration.vote else ""

    @property
    def unseen_vote(self) -> str:
        """The name of the vote that has not taken effect, whether it counts or not; empty when there is none."""
        name = self.vote_name
        return "" if self.standing and self.standing.vote_seen == name else name

    @property
    def new_vote(self) -> str:
        """The name of the vote that still has to take effect; empty when there is none."""
        return "" if self.ignored else self.unseen_vote

    @property
    def unheard(self) -> tuple[Directive, ...]:
        """The directives that have not taken effect yet."""
        heard = self.standing.heard if self.standing else 0
        return tuple(directive for directive in self.directives if directive.seq > heard)

    @property
    def backdated(self) -> bool:
        """Whether it says it was filed long before its row was made: then its date decides nothing by itself."""
        allowance = timedelta(hours=self.policy.conflicts.backdated_hours)
        return self.submitted_at < self.registration.created_at - allowance

    def protected_at(self, moment: datetime) -> bool:
        """Whether a valid protection window covered ``moment``; its last day counts whole."""
        start = self.approved_at
        if start is None or not self.live or moment < start:
            return False
        if self.standing and self.standing.extension_due:
            return True  # asked for in time: that nobody has answered is not the partner's fault
        window = timedelta(days=self.policy.windows.protection(self.partner.tier))
        end = (self.standing and self.standing.protection_end) or self.policy.today(start) + window
        return self.policy.today(moment) <= end

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What was filed with it, and what the partner filed with its other registrations of the same business."""
        return (*self.registration.evidence, *self.lent)

    @property
    def last_activity(self) -> datetime | None:
        """The latest verified evidence, or the approval; ``None`` before both."""
        moments = [piece.at for piece in self.evidence if piece.verified]
        approved = self.standing.approved_at if self.standing else None
        return max([*moments, *([approved] if approved else [])], default=None)

    def evidence_points(self) -> int:
        """Verified evidence, one of a kind a week (domain: substantial work)."""
        counted = {(piece.kind, piece.at.isocalendar()[:2]) for piece in self.evidence if piece.verified}
        return sum(EVIDENCE_POINTS.get(kind, 0) for kind, _ in counted)

    def first_evidence(self) -> Evidence | None:
        """The earliest verified evidence."""
        verified = [piece for piece in self.evidence if piece.verified]
        return min(verified, key=lambda piece: (piece.at, piece.kind), default=None)


def seniority(claim: Claim) -> tuple[datetime, str, str]:
    """Sorts claims: the first one's policy judges what is between them. That is the policy of the earliest
    submission, and of one moment the older version."""
    return (claim.submitted_at, claim.policy.id, claim.id)


def joint(one: Claim, other: Claim) -> bool:
    """Whether both have accepted the same joint registration."""
    left, right = one.registration, other.registration
    return (
        not (one.outside or other.outside)
        and left.joint_key is not None
        and left.joint_key == right.joint_key
        and left.joint_response is Response.ACCEPTED
        and right.joint_response is Response.ACCEPTED
    )


def allied(one: Claim, other: Claim) -> bool:
    """Whether two partners have a standing alliance for what both ask for, on the day the later one filed."""
    first, last = sorted((one, other), key=seniority)
    return alliance_of([first, last], last.submitted_at) is not None


def alliance_of(claims: Sequence[Claim], at: datetime) -> Mapping[str, Fraction] | None:
    """How the standing alliance of these claims' partners divides a deal: by partner id, of 1. ``None``: they have
    none; empty: it has no division of its own, or not all of its partners are here.
    """
    policy = min(claims, key=seniority).policy if claims else None
    partners = {claim.partner.id: _names(claim.partner) for claim in claims}
    for alliance in policy.joint.alliances if policy else ():
        scoped = all(_meet(alliance.families, c.families) and _meet(alliance.regions, c.regions) for c in claims)
        if policy and scoped and alliance.holds_on(policy.today(at)) and alliance.covers(partners):
            return alliance.division(partners)
    return None


def _names(partner: Partner) -> frozenset[str]:
    return frozenset({partner.id, partner.name, *(ref.id for ref in partner.members)})


def overlap(one: Claim, other: Claim) -> bool:
    """Whether two claims can be about the same business (domain §4, `overlap`)."""
    if one.opportunity and other.opportunity:
        if one.opportunity.id != other.opportunity.id:
            return False
    elif one.place != other.place:
        return False
    if not _meet(one.families, other.families) or not _meet(one.regions, other.regions):
        return False
    left, right = one.registration, other.registration
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
            return _meet(one.families, other.families)
        case "region":
            return _meet(one.regions, other.regions)
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
