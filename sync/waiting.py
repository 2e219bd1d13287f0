"""What waits for a person in judged groups, as lists show it: cases, requests for more time, approvals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from connector.record import datetime_text
from sync.claim import Claim
from sync.decide import gather
from sync.lifecycle import room
from sync.model.facts import History
from sync.model.ruling import Case, CaseState
from sync.page import Judged
from sync.policy import Policies
from sync.store.inbox import APPROVAL, CASE, REQUEST, Waiting
from sync.store.known import REVIEWED


def waiting_in(judged: Judged, policies: Policies) -> Iterator[Waiting]:
    """Everything that waits for a person in one group."""
    cases = [case for case in judged.verdict.cases if case.state is CaseState.OPEN]
    standings = judged.verdict.standings
    if not (cases or any(own.state in REVIEWED or own.extension_due for own in standings)):
        return
    claims = claims_of(judged, policies)
    yield from (_case(judged.group_id, case, claims) for case in cases)
    for claim in claims.values():
        if claim.standing and claim.standing.extension_due:
            yield _request(judged.group_id, claim)
        if claim.state in REVIEWED:
            yield _approval(judged.group_id, claim)


def things_in(judged: Judged) -> Iterator[str]:
    """The ids of everything in a group that may wait, or may have waited."""
    yield from (entry.id for entry in judged.facts.registrations)
    yield from judged.history.cases
    yield from (case.id for case in judged.verdict.cases if case.id not in judged.history.cases)


def claims_of(judged: Judged, policies: Policies) -> dict[str, Claim]:
    """Every claim of a group as it stands now, by id."""
    known = History(standings={standing.registration_id: standing for standing in judged.verdict.standings})
    return {claim.id: claim for claim in gather(judged.facts, known, policies) if claim.standing}


def earliest(moments: Iterable[datetime | None]) -> str | None:
    """The first of some moments as text; ``None`` when none is known."""
    known = [moment for moment in moments if moment]
    return datetime_text(min(known)) if known else None


def _case(group: str, case: Case, claims: Mapping[str, Claim]) -> Waiting:
    involved = [claims[own] for own in case.registrations if own in claims]
    standings = [claim.standing for claim in involved if claim.standing]
    due = earliest(standing.dispute_due for standing in standings)
    shown = {
        "id": case.id,
        "kind": case.kind,
        "severity": case.severity,
        "deal": _deal(involved),
        "text": case.text,
        "partners": [claim.partner.name for claim in involved],
        "due": due,
        "breached": earliest(standing.breached_at for standing in standings),
    }
    return Waiting(CASE, case.id, group, case.kind, due, shown)


def _deal(claims: Sequence[Claim]) -> str | None:
    return next((claim.opportunity.name for claim in claims if claim.opportunity), None)


def _request(group: str, claim: Claim) -> Waiting:
    standing = claim.standing
    assert standing is not None
    due = earliest([standing.extension_due])
    shown = {
        "registration": claim.id,
        "partner": claim.partner.name,
        "deal": _deal([claim]),
        "protected_until": standing.protection_end.isoformat() if standing.protection_end else None,
        "days_at_most": room(claim),
        "due": due,
    }
    return Waiting(REQUEST, claim.id, group, "", due, shown)


def _approval(group: str, claim: Claim) -> Waiting:
    standing = claim.standing
    assert standing is not None
    due = earliest([standing.review_due])
    shown = {
        "registration": claim.id,
        "partner": claim.partner.name,
        "roles": list(claim.roles),
        "deal": _deal([claim]) or claim.registration.customer_name or None,
        "amount": str(claim.value) if claim.value else None,
        "still_to_say_yes": list(claim.lacking),
        "due": due,
        "breached": earliest([standing.breached_at]),
    }
    return Waiting(APPROVAL, claim.id, group, "", due, shown)
