"""Every conflict among some claims found, ruled on and carried out, in the order of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sync.claim import Claim
from sync.conflicts.catalogue import CATALOGUE, Detector, detect
from sync.conflicts.finding import Finding
from sync.lifecycle import Event, Why, allowed, move
from sync.model.ruling import Case, CaseState, Resolution, Severity, Step
from sync.resolve import Effect, Ruling, resolve


def judge(
    claims: Sequence[Claim], before: Mapping[str, Case], now: datetime
) -> tuple[list[Claim], tuple[Case, ...]]:
    """The claims after every ruling, and every case that is open, was opened, or ended now.

    A case whose facts are gone (the rival withdrew, the window ended) ends as not a conflict.
    """
    by_id = {claim.id: claim for claim in claims}
    cases: dict[str, Case] = {}
    for detector in CATALOGUE:
        _settle(detector, by_id, cases, before, now)
    for case in before.values():
        if case.id not in cases:
            cases[case.id] = _ended(case)
    settled = tuple(cases[case_id] for case_id in sorted(cases))
    return [_hold_or_clear(by_id[claim.id], settled, now) for claim in claims], settled


def _settle(
    detector: Detector, by_id: dict[str, Claim], cases: dict[str, Case], before: Mapping[str, Case], now: datetime
) -> None:
    """Every finding of one kind, in rounds.

    In a round only those win who lose to nobody, for whoever is out holds nothing against others. What is left
    when a round settles nothing (three who beat each other in a circle) waits for a person. So the outcome does
    not depend on the order of the pairs.
    """
    while True:
        rulings = _rulings(detector, by_id, cases, before)
        losers = {effect.claim_id for _, ruling in rulings if ruling.winner for effect in ruling.effects}
        ready = [
            (finding, ruling) for finding, ruling in rulings if ruling.resolution and ruling.winner not in losers
        ]
        for finding, ruling in ready:
            case = cases[finding.case_id] = _case(finding, ruling, before.get(finding.case_id), now)
            for effect in ruling.effects:
                by_id[effect.claim_id] = _carry_out(by_id[effect.claim_id], effect, case, now)
        if not ready:
            for finding, ruling in rulings:
                cases[finding.case_id] = _case(finding, _waiting(ruling), before.get(finding.case_id), now)
            return


def _rulings(
    detector: Detector, by_id: Mapping[str, Claim], cases: Mapping[str, Case], before: Mapping[str, Case]
) -> list[tuple[Finding, Ruling]]:
    """What is found among the claims as they stand, without what was settled already, and how each would end."""
    found = []
    for finding in detect(detector, list(by_id.values())):
        if finding.case_id not in cases:
            known = before.get(finding.case_id)
            still_open = known if known and known.state is CaseState.OPEN else None
            found.append((finding, resolve(finding, by_id, still_open)))
    return found


def _waiting(ruling: Ruling) -> Ruling:
    if ruling.resolution is None:
        return ruling
    step = Step("person", "not decisive", "The rivals beat each other in a circle: a person decides.")
    return Ruling(None, (*ruling.steps, step))


def _case(finding: Finding, ruling: Ruling, known: Case | None, now: datetime) -> Case:
    return Case(
        id=finding.case_id,
        kind=finding.kind,
        severity=finding.severity,
        state=CaseState.RESOLVED if ruling.resolution else CaseState.OPEN,
        registrations=finding.claims,
        opportunity_id=finding.opportunity_id,
        scope=finding.about,
        text=finding.text,
        detected_at=known.detected_at if known else now,
        resolution=ruling.resolution,
        winner=ruling.winner,
        trace=ruling.steps,
    )


def _ended(case: Case) -> Case:
    if case.state is CaseState.RESOLVED:
        return case
    step = Step(case.kind, "pass", "What was found is no longer so.")
    return replace(
        case,
        state=CaseState.RESOLVED,
        resolution=Resolution.NOT_A_CONFLICT,
        trace=(*case.trace, step),
    )


def _carry_out(claim: Claim, effect: Effect, case: Case, now: datetime) -> Claim:
    if not allowed(claim.state, effect.event):
        return claim
    left = {"roles": effect.roles, "line_ids": effect.line_ids}
    changed = {field: value for field, value in left.items() if value is not None}
    why = Why(effect.reason, effect.text, effect.message, case.trace, case_id=case.id)
    return move(claim, effect.event, now, why, **changed)


def blocking(claim: Claim, cases: Sequence[Case]) -> Case | None:
    """The first open case that keeps this claim from being approved."""
    for case in cases:
        if case.severity is Severity.BLOCK and case.state is CaseState.OPEN and claim.id in case.registrations:
            return case
    return None


def _hold_or_clear(claim: Claim, cases: Sequence[Case], now: datetime) -> Claim:
    case = blocking(claim, cases)
    if case and allowed(claim.state, Event.CONFLICT_FOUND):
        message = "Your registration is in review together with another one."
        return move(
            claim, Event.CONFLICT_FOUND, now, Why(case.kind, case.text, message, case.trace, case_id=case.id)
        )
    if not case and allowed(claim.state, Event.CONFLICT_CLEARED):
        return move(claim, Event.CONFLICT_CLEARED, now, Why())
    return claim
