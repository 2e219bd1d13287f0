"""Everybody with a part in one deal: those credited, those who left, and those whose agreed part still waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property

from sync.attribution.agreed import Agreement, agreement_of
from sync.attribution.programme import percent, programme
from sync.attribution.withdrawal import Withdrawal
from sync.claim import Claim
from sync.credit.members import Member, members_of, source_of, tie_order
from sync.credit.renewal import Renewal
from sync.model.deal import Opportunity
from sync.model.registration import State
from sync.model.ruling import Joint
from sync.policy import Policy


@dataclass(frozen=True)
class Team:
    """The partners of ``deal`` by id. ``members`` are credited now; ``leavers`` withdrew after their approval, with
    the part of their weight that they had earned; ``pending`` agreed on a part and are not approved yet.
    """

    deal: Opportunity
    policy: Policy
    members: dict[str, Member]
    leavers: dict[str, tuple[Member, Fraction]]
    pending: dict[str, Member]
    agreement: Agreement | None
    lock_at: datetime | None = None  # when the weights are locked, if the deal is not closed before
    renewal: Renewal | None = None  # where the policy credits what is repeated and what is added apart

    @cached_property
    def everybody(self) -> dict[str, Member]:
        return self.members | {who: member for who, (member, _) in self.leavers.items()} | self.pending

    @cached_property
    def order(self) -> list[str]:
        """In which order ties fall."""
        return tie_order(self.everybody)

    @cached_property
    def names(self) -> dict[str, str]:
        return {partner: member.name for partner, member in self.everybody.items()}

    @property
    def record(self) -> Team:
        """Those of it who sold before what the deal repeats."""
        sellers = self.renewal.sellers if self.renewal else frozenset()
        members = {who: member for who, member in self.members.items() if who in sellers}
        leavers = {who: left for who, left in self.leavers.items() if who in sellers}
        return replace(self, members=members, leavers=leavers)

    @property
    def agreed(self) -> bool:
        """Whether the members' own shares are what divides the deal."""
        return self.agreement is not None and not self.agreement.objections

    @property
    def disputed(self) -> bool:
        """Whether something stands against the shares that the members filed (conflict C18)."""
        return self.agreement is not None and bool(self.agreement.objections)

    @property
    def undecided(self) -> bool:
        """Whether the policy waits for the members' shares, and there are members who could agree on some."""
        return self.agreement is None and self.policy.attribution.model == "negotiated" and len(self.members) > 1

    @property
    def rule(self) -> Withdrawal:
        """Who gets what a leaver gives up."""
        return _rule(self.policy)


def team_of(deal: Opportunity, claims: Sequence[Claim], joint: Sequence[Joint]) -> Team | None:
    """The team of ``deal`` from the ``claims`` on it; ``None`` when nobody is credited and no leaver earned any."""
    credited = [claim for claim in claims if claim.state.credited]
    partners = {claim.partner.id for claim in credited}
    left = [claim for claim in claims if _left(claim) and claim.partner.id not in partners]
    if not credited and not left:
        return None
    policy = programme(credited or left)
    leavers = {who: (member, _earned(member, policy)) for who, member in members_of(deal, left).items()}
    if not credited and not any(earned for _, earned in leavers.values()):
        return None
    agreement = agreement_of(deal, claims, joint)
    if agreement and not agreement.objections:
        # what the members agreed on was made with whoever left or waits
        stays = {who: entry for who, entry in leavers.items() if who in agreement.parts}
        missing = agreement.parts.keys() - partners - stays.keys()
        waits = members_of(deal, (claim for claim in claims if claim.partner.id in missing))
    else:
        stays, waits = ({} if _rule(policy) is Withdrawal.REDISTRIBUTE else leavers), {}
    members = members_of(deal, credited, source_of(deal, credited))
    return Team(deal, policy, members, stays, waits, agreement, _lock_at(deal, policy, joint))


def _lock_at(deal: Opportunity, policy: Policy, joint: Sequence[Joint]) -> datetime | None:
    """Domain §3.3: some days after the deal's start, and not before all members had agreed."""
    days = policy.attribution.lock_days
    if days is None:
        return None
    return max([deal.created_at + timedelta(days), *(group.active_at for group in joint if group.active_at)])


def _rule(policy: Policy) -> Withdrawal:
    return Withdrawal(policy.attribution.withdrawal)


def _left(claim: Claim) -> bool:
    return claim.state is State.WITHDRAWN and claim.approved_at is not None


def _earned(member: Member, policy: Policy) -> Fraction:
    """The part of its weight that a leaver had earned: its approval, and verified evidence of each kind once."""
    if _rule(policy) is not Withdrawal.VEST:
        return Fraction()
    done = {"APPROVAL"}
    for claim in member.claims:
        gone = claim.standing.since if claim.standing else claim.submitted_at
        done |= {piece.kind for piece in claim.registration.evidence if piece.verified and piece.at <= gone}
    return sum((percent(part) for kind, part in policy.attribution.vesting.items() if kind in done), Fraction())
