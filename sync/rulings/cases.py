"""What waits for a person: cases with their clocks and their claims side by side, and requests for more time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from connector.record import datetime_text
from sync.claim import Claim
from sync.lifecycle import asks, room
from sync.model.ruling import Case, CaseState
from sync.page import judge_page
from sync.rulings.choices import registration_choices
from sync.rulings.subjects import Subject, subject_of
from sync.store.known import (
    REVIEWED,
    count_reviews,
    groups_with_cases,
    groups_with_requests,
    groups_with_reviews,
)
from sync.store.rows import chunks
from sync.waiting import earliest
from sync.world import World


def cases_view(world: World, now: datetime, *, only_open: bool = True, kind: str | None = None) -> dict[str, Any]:
    """``cases``: the oldest clock first; ``requests``: extensions that were asked for and not answered.

    Both as they stand now: a case that is over since the last run is not among the open ones.
    """
    with world.store.read() as connection:
        cases = groups_with_cases(connection, only_open=only_open, kind=kind)
        requests = [] if kind else groups_with_requests(connection)
    found, asked = [], []
    for subject in _subjects(world, sorted({*cases, *requests}), now):
        claims = subject.claims
        wanted = (case for case in subject.judged.verdict.cases if _wanted(case, only_open, kind))
        found += [_case(case, claims, now) for case in wanted]
        asked += [_request(claim) for claim in claims.values() if claim.standing and claim.standing.extension_due]
    return {
        "cases": sorted(found, key=lambda case: (case["due"] or "9", case["opened"], case["id"])),
        "requests": [] if kind else sorted(asked, key=lambda request: (request["due"], request["registration"])),
    }


def case_view(world: World, ident: str | Subject, now: datetime) -> dict[str, Any]:
    """One case as `cases_view` shows it, with its deal. Raises BadInput when ``ident`` names no case."""
    subject = ident if isinstance(ident, Subject) else subject_of(world, ident, now, ("case",))
    deals = {deal.id: deal for deal in subject.judged.facts.opportunities}
    deal = deals.get(subject.case.opportunity_id or "")
    plain = (
        {
            "id": deal.id,
            "row": str(deal.members[0]),
            "stage": deal.stage,
            "amount": str(deal.amount) if deal.amount else None,
            "owners": list(deal.owners),
        }
        if deal
        else None
    )
    return _case(subject.case, subject.claims, now) | {"opportunity": plain, "scope": subject.case.scope}


def registration_view(world: World, ident: str, now: datetime) -> dict[str, Any]:
    """One registration as a person decides on it. Raises BadInput when ``ident`` names no registration."""
    subject = subject_of(world, ident, now, ("registration",))
    claim = subject.claims[subject.id]
    open_cases = [
        {"id": case.id, "kind": case.kind, "text": case.text}
        for case in subject.judged.verdict.cases
        if claim.id in case.registrations and case.state is CaseState.OPEN
    ]
    return _asking(claim, now) | {
        "opportunity": claim.opportunity.id if claim.opportunity else None,
        "message": claim.standing.message if claim.standing else "",
        "evidence": [
            {"kind": piece.kind, "at": datetime_text(piece.at), "ref": piece.ref, "verified": piece.verified}
            for piece in claim.registration.evidence
        ],
        "joint": claim.registration.joint_key,
        "days_at_most": room(claim),
        "cases": open_cases,
        "choices": registration_choices(claim),
    }


def approvals_view(world: World, now: datetime, page: int = 0) -> dict[str, Any]:
    """Registrations that wait for a yes or no, the earliest due first, `PAGE` a page, and how many wait."""
    with world.store.read() as connection:
        total = count_reviews(connection)
        groups = groups_with_reviews(connection, PAGE, page * PAGE)
    found = [
        _asking(claim, now)
        for subject in _subjects(world, groups, now)
        for claim in subject.claims.values()
        if claim.state in REVIEWED
    ]
    return {"total": total, "page": page, "size": PAGE, "approvals": sorted(found, key=_by_clock)}


PAGE: Final = 30
"""Groups whose registrations are shown at once."""


def _by_clock(entry: dict[str, Any]) -> tuple[str, str]:
    return entry["due"] or "9", entry["registration"]


def _asking(claim: Claim, now: datetime) -> dict[str, Any]:
    standing = claim.standing
    assert standing is not None
    return _claim(claim, now) | {
        "deal": claim.opportunity.name if claim.opportunity else None,
        "customer_name": claim.registration.customer_name,
        "amount": str(claim.value) if claim.value else None,
        "due": datetime_text(standing.review_due) if standing.review_due else None,
        "breached": datetime_text(standing.breached_at) if standing.breached_at else None,
    }


def _subjects(world: World, groups: Iterable[str], now: datetime) -> Iterator[Subject]:
    for page in chunks(list(groups)):
        for judged in judge_page(world, page, now):
            yield Subject("group", judged.group_id, judged, world.policies)


def _wanted(case: Case, only_open: bool, kind: str | None) -> bool:
    return (case.state is CaseState.OPEN or not only_open) and kind in (None, case.kind)


def _case(case: Case, claims: dict[str, Claim], now: datetime) -> dict[str, Any]:
    involved = [claims[own] for own in case.registrations if own in claims]
    standings = [claim.standing for claim in involved if claim.standing]
    deal = next((claim.opportunity.name for claim in involved if claim.opportunity), None)
    return {
        "id": case.id,
        "kind": case.kind,
        "severity": case.severity,
        "state": case.state,
        "deal": deal,
        "text": case.text,
        "opened": datetime_text(case.detected_at),
        "due": earliest(standing.dispute_due for standing in standings),
        "executives": earliest(standing.executive_due for standing in standings),
        "breached": earliest(standing.breached_at for standing in standings),
        "resolution": case.resolution,
        "winner": case.winner,
        "claims": [_claim(claim, now) for claim in involved],
        "asked": [{"rule": step.rule, "result": step.result, "text": step.text} for step in case.trace],
    }


def _claim(claim: Claim, now: datetime) -> dict[str, Any]:
    """One side: everything on which a person decides."""
    standing = claim.standing
    assert standing is not None
    return {
        "registration": claim.id,
        "row": str(claim.registration.ref),
        "partner": claim.partner.name,
        "tier": claim.partner.tier,
        "state": claim.state,
        "roles": list(claim.roles),
        "lines": list(claim.line_ids),
        "submitted": datetime_text(claim.submitted_at),
        "protected_until": standing.protection_end.isoformat() if standing.protection_end else None,
        "work": claim.evidence_points(),
        "customer": claim.registration.customer_choice,
        "declared": str(claim.registration.declared_value) if claim.registration.declared_value else None,
        "approved_by": standing.approver or None,
        "said_yes": [approval.by for approval in standing.approvals],
        "still_to_say_yes": list(claim.lacking),
        "vote_ignored": standing.vote_ignored or None,
        "decides_next": [msgspec.to_builtins(ask) for ask in asks(claim, now)],
    }


def _request(claim: Claim) -> dict[str, Any]:
    standing = claim.standing
    assert standing is not None and standing.extension_due is not None
    return {
        "registration": claim.id,
        "row": str(claim.registration.ref),
        "partner": claim.partner.name,
        "deal": claim.opportunity.name if claim.opportunity else None,
        "protected_until": standing.protection_end.isoformat() if standing.protection_end else None,
        "due": datetime_text(standing.extension_due),
        "days_at_most": room(claim),
        "work": claim.evidence_points(),
    }
