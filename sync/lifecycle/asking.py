"""Who decides next on a registration, until when, and who may not: the approval chain before anybody has voted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sync.claim import Claim
from sync.lifecycle.approving import may_decide
from sync.model.registration import State


@dataclass(frozen=True, slots=True)
class Ask:
    """One yes that is still to come; where the programme has no chain ``role`` is empty, and anybody may give it.

    ``people``: who may give it; ``excluded``: why others may not, in words. ``due``: until when, where it is asked
    for now; ``business_days``: the time that the programme gives for it.
    """

    role: str
    people: tuple[str, ...]
    excluded: tuple[str, ...]
    due: datetime | None
    business_days: int | None


def asks(claim: Claim, now: datetime) -> tuple[Ask, ...]:
    """Who decides next on a claim, in the order of the chain; nobody once it is approved or over."""
    rules, standing, days = claim.policy.approvals, claim.standing, claim.policy.windows.review_business_days
    if standing is None or not claim.live or claim.state is State.APPROVED:
        return ()
    if not rules.chain:
        return (Ask("", (), _excluded(claim, _concerned(claim)), standing.review_due, days),)
    found: list[Ask] = []
    for role in claim.lacking:
        holders = rules.holding(role, claim.policy.today(now))
        asked_now = not found or rules.order == "parallel"
        due, given = (standing.review_due if asked_now else None), (days if asked_now else rules.sla_business_days)
        free = tuple(person for person in holders if not _objection(claim, person))
        found.append(Ask(role, free, _excluded(claim, holders), due, given))
    return tuple(found)


def _concerned(claim: Claim) -> Iterable[str]:
    deal = claim.opportunity
    people = (*deal.owners, *deal.managers) if deal else ()
    refused = claim.standing.refused_by if claim.standing else ""
    return dict.fromkeys(filter(None, (*people, *claim.policy.approvals.paid, refused)))


def _excluded(claim: Claim, people: Iterable[str]) -> tuple[str, ...]:
    return tuple(why for person in people if (why := _objection(claim, person)))


def _objection(claim: Claim, person: str) -> str:
    given = [approval.by for approval in claim.standing.approvals] if claim.standing else []
    return may_decide(claim, person) or (f"{person} has said yes already" if person in given else "")
