"""What the members of a joint registration agreed on, and what is wrong with it (conflict C18)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sync.attribution.models import objections
from sync.attribution.programme import percent, programme, terms
from sync.attribution.trace import named
from sync.claim import Claim
from sync.model.deal import Opportunity
from sync.model.registration import Response, State
from sync.model.ruling import Joint, Seat
from sync.policy import Policy


@dataclass(frozen=True, slots=True)
class Agreement:
    """The parts (of 1) by partner id, as the members filed them, and every objection to them in words."""

    parts: dict[str, Fraction]
    objections: tuple[str, ...]


def objections_of(deal: Opportunity, claims: Sequence[Claim], joint: Iterable[Joint]) -> tuple[str, ...]:
    """What stands against the shares that the members of ``deal``'s joint registration propose; empty: nothing.

    ``claims`` are those on the deal. Empty as well where nobody proposed a share, where the members have not all
    accepted, or where the policy does not divide by agreed shares.
    """
    agreement = agreement_of(deal, claims, joint)
    return agreement.objections if agreement else ()


def agreement_of(deal: Opportunity, claims: Sequence[Claim], joint: Iterable[Joint]) -> Agreement | None:
    """The shares by which the active joint registrations divide ``deal``; ``None`` where nobody agreed on any.

    What the members filed, where the policy reads it, else what their standing alliance says. The members are those
    who accepted, with whoever left after its approval: what a leaver agreed to is dealt with by the rule of
    withdrawal, and is no reason to agree anew.
    """
    groups = [group for group in joint if group.key and group.opportunity_id == deal.id and group.state.agreed]
    members = [claim for group in groups for claim in claims if _belongs(claim, group)]
    if not members:
        return None
    credited = [claim for claim in claims if claim.state.credited]
    policy = programme(credited or members)
    parts = (_filed(members) if by_agreement(policy) else {}) or _allied(groups)
    if not parts:
        return None
    names = {claim.partner.id: claim.partner.name for claim in (*members, *credited)}
    found = objections(names, terms(policy), parts)
    return Agreement(parts, named(found, names))


def by_agreement(policy: Policy) -> bool:
    """Whether this policy divides by the members' own shares where they filed some."""
    return policy.attribution.model == "negotiated" or policy.attribution.joint_shares == "agreed"


def _filed(members: Iterable[Claim]) -> dict[str, Fraction]:
    parts: dict[str, Fraction] = {}
    for claim in members:
        if (share := claim.registration.proposed_share) is not None:
            parts[claim.partner.id] = parts.get(claim.partner.id, Fraction()) + percent(share)
    return parts


def _allied(groups: Iterable[Joint]) -> dict[str, Fraction]:
    return {partner: Fraction(weight) for group in groups for partner, weight in group.shares}


def _belongs(claim: Claim, group: Joint) -> bool:
    """Whether the claim's partner takes part in what ``group`` agreed on, or left it after its approval."""
    if claim.registration.joint_key != group.key or claim.registration.joint_response is not Response.ACCEPTED:
        return False
    seats = {membership.registration_id: membership.seat for membership in group.memberships}
    left = claim.state is State.WITHDRAWN and claim.approved_at is not None
    return left or (
        claim.state not in _OVER and not claim.outside and seats.get(claim.id, Seat.ACCEPTED) is Seat.ACCEPTED
    )


_OVER = frozenset({State.REJECTED, State.REVOKED, State.SUPERSEDED, State.WITHDRAWN})
