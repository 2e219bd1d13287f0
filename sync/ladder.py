"""The tie-break ladder: who keeps an exclusive role. The first rung that separates two claims decides.

Never: the order in which we read them, a record id, or who is older as a partner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sync.claim import Claim, seniority
from sync.model.registration import Choice
from sync.model.ruling import Step


@dataclass(frozen=True, slots=True)
class Rung:
    """``winner`` is ``None`` when this rung does not separate the two."""

    winner: Claim | None
    text: str


def climb(one: Claim, other: Claim) -> tuple[tuple[Step, ...], Claim | None]:
    """Every rung asked, with its answer, and the claim that wins; ``None``: a person decides.

    The answer does not depend on which of the two is given first.
    """
    first, second = sorted((one, other), key=seniority)
    steps: list[Step] = []
    for name in first.policy.ladder.rungs:
        rung = LADDER[name](first, second)
        steps.append(Step(name, "decisive" if rung.winner else "not decisive", rung.text))
        if rung.winner:
            return tuple(steps), rung.winner
    return tuple(steps), None


def customer_choice(one: Claim, other: Claim) -> Rung:
    """The customer's written choice comes before everything else."""
    left, right = one.registration.customer_choice, other.registration.customer_choice
    for claim, rival, own, theirs in ((one, other, left, right), (other, one, right, left)):
        if own is Choice.CHOSEN and theirs is not Choice.CHOSEN:
            return Rung(claim, f"The customer chose {claim.partner.name} in writing.")
        if own is Choice.REFUSED and theirs is not Choice.REFUSED:
            return Rung(rival, f"The customer refused {claim.partner.name} in writing.")
    return Rung(None, "The customer has not chosen between them.")


def valid_protection(one: Claim, other: Claim) -> Rung:
    """Whoever held a valid protection window when the rival filed keeps the role."""
    first, second = one.protected_at(other.submitted_at), other.protected_at(one.submitted_at)
    if first and second:
        return Rung(None, "Both are protected.")
    for claim, rival, held in ((one, other, first), (other, one, second)):
        if held and claim.approved_at:
            since = claim.approved_at.date().isoformat()
            filed = rival.submitted_at.date().isoformat()
            who, whose = claim.partner.name, rival.partner.name
            return Rung(claim, f"{who} was protected since {since} when {whose} filed on {filed}.")
    return Rung(None, "Neither was protected when the other filed.")


def substantial_work(one: Claim, other: Claim) -> Rung:
    """Clearly more verified work on this deal decides."""
    first, second = one.evidence_points(), other.evidence_points()
    margin = one.policy.ladder.work_margin
    said = f"verified work: {one.partner.name} {first} points, {other.partner.name} {second} (margin {margin})"
    if abs(first - second) < margin:
        return Rung(None, f"Too close by {said}.")
    return Rung(one if first > second else other, f"By {said}.")


def first_submitted(one: Claim, other: Claim) -> Rung:
    """The earlier submission by the partners' own clocks decides, unless both came at practically the same time."""
    first, second = sorted((one, other), key=lambda claim: claim.submitted_at)
    gap, fair = second.submitted_at - first.submitted_at, one.policy.ladder.fair_gap_seconds
    if gap <= timedelta(seconds=fair):
        seconds = gap // timedelta(seconds=1)
        return Rung(None, f"Filed {seconds} seconds apart: within {fair} seconds that is the same time.")
    if first.backdated and not second.backdated:
        made = first.registration.created_at.date().isoformat()
        return Rung(None, f"{first.partner.name} says it filed on {_when(first)}, but made its row on {made}.")
    text = f"{first.partner.name} filed on {_when(first)}, {second.partner.name} on {_when(second)}."
    return Rung(first, text)


def incumbent(one: Claim, other: Claim) -> Rung:
    """Whoever sold this product family to the customer before keeps the role."""
    if one.incumbent == other.incumbent:
        return Rung(None, f"{'Both' if one.incumbent else 'Neither'} sold this to the customer before.")
    winner = one if one.incumbent else other
    return Rung(winner, f"{winner.partner.name} sold this to the customer before.")


def vertical(one: Claim, other: Claim) -> Rung:
    """A certificate for the customer's industry decides, where the programme names one for it."""
    account = one.account or other.account
    needed = one.policy.conflicts.verticals.get((account.industry or "") if account else "")
    day = one.policy.today(max(one.submitted_at, other.submitted_at))
    first, second = (needed in claim.partner.certified_on(day) for claim in (one, other))
    if first == second:
        return Rung(None, f"{'Both' if first else 'Neither'} is certified for the customer's industry.")
    winner = one if first else other
    return Rung(winner, f"{winner.partner.name} is certified for the customer's industry ({needed}).")


def tier(one: Claim, other: Claim) -> Rung:
    """The partner with the higher standing in the programme keeps the role."""
    first, second = (claim.partner.tier.rank if claim.partner.tier else -1 for claim in (one, other))
    if first == second:
        return Rung(None, "Both have the same standing in the programme.")
    winner = one if first > second else other
    return Rung(winner, f"{winner.partner.name} has the higher standing, {winner.partner.tier}.")


def person(_one: Claim, _other: Claim) -> Rung:
    """What no rule can separate, a person decides."""
    return Rung(None, "No rule separates them: a person decides.")


def _when(claim: Claim) -> str:
    return claim.submitted_at.strftime("%Y-%m-%d %H:%M:%S UTC")


LADDER: Final[Mapping[str, Callable[[Claim, Claim], Rung]]] = {
    "customer_choice": customer_choice,
    "valid_protection": valid_protection,
    "substantial_work": substantial_work,
    "first_submitted": first_submitted,
    "incumbent": incumbent,
    "vertical": vertical,
    "tier": tier,
    "person": person,
}
"""Rung name to its question; a policy orders them."""
