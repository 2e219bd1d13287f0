"""Who is credited on one deal: all credited claims of one partner taken together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sync.attribution.party import Party
from sync.claim import Claim
from sync.model.deal import Opportunity
from sync.model.registration import Role
from sync.objections import late_for


@dataclass(frozen=True, slots=True)
class Member:
    """One partner with its claims that count on the deal."""

    party: Party
    name: str
    roles: tuple[Role, ...]
    claims: tuple[Claim, ...]
    approved_at: datetime

    @property
    def line_ids(self) -> frozenset[str]:
        """The lines that it claimed by name."""
        return frozenset(line for claim in self.claims for line in claim.line_ids)


def members_of(deal: Opportunity, claims: Iterable[Claim], source: str | None = None) -> dict[str, Member]:
    """``claims`` partner by partner, by partner id; ``source`` is the partner that sourced the deal."""
    by_partner: dict[str, list[Claim]] = defaultdict(list)
    for claim in sorted(claims, key=lambda claim: claim.id):
        by_partner[claim.partner.id].append(claim)
    return {partner: _member(deal, group, partner == source) for partner, group in sorted(by_partner.items())}


def _member(deal: Opportunity, group: Sequence[Claim], source: bool) -> Member:
    held = {role for claim in group for role in claim.roles}
    declared = [claim.contribution for claim in group if claim.contribution is not None]
    partner = group[0].partner
    party = Party(
        id=partner.id,
        roles=frozenset(role.value for role in held),
        contribution=max(sum(map(Fraction, declared), Fraction()), Fraction()) if declared else None,
        tier=partner.tier or "",
        late=all(late_for(claim, deal) for claim in group),
        sourcing=source,
    )
    approved = min(claim.approved_at or claim.submitted_at for claim in group)
    return Member(party, partner.name, tuple(role for role in Role if role in held), tuple(group), approved)


def source_of(deal: Opportunity, credited: Iterable[Claim]) -> str | None:
    """The one partner that sourced the deal: the first of those who pass the sourced test (I7)."""
    passing = [claim for claim in credited if _sourced(deal, claim)]
    first = min(passing, key=lambda claim: (claim.submitted_at, claim.id), default=None)
    return first.partner.id if first else None


def _sourced(deal: Opportunity, claim: Claim) -> bool:
    """Domain §3.3, the sourced test: there before direct sales, and not long after the deal was opened."""
    if Role.SOURCE not in claim.roles:
        return False
    evidence = claim.first_evidence()
    first = min(claim.submitted_at, evidence.at) if evidence else claim.submitted_at
    before_direct = deal.direct_engaged_at is None or first < deal.direct_engaged_at
    return before_direct and not late_for(claim, deal)


def tie_order(members: Mapping[str, Member]) -> list[str]:
    """Domain §5.2: the source first, then by role, then by approval, then by partner id."""
    places = {role: place for place, role in enumerate(Role)}

    def rank(partner: str) -> tuple[bool, list[int], datetime, str]:
        member = members[partner]
        roles = [places[role] for role in member.roles]
        return (Role.SOURCE not in member.roles, roles, member.approved_at, partner)

    return sorted(members, key=rank)
