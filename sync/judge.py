"""Every conflict among some claims found, ruled on and carried out, in the order of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sync.claim import Claim
from sync.conflicts.catalogue import CATALOGUE, KINDS, Detector, detect
from sync.conflicts.finding import Finding
from sync.conflicts.incumbents import with_past
from sync.conflicts.situation import Situation, Surroundings
from sync.lifecycle import Event, Why, allowed, move
from sync.model.directive import Directive
from sync.model.facts import Facts
from sync.model.ruling import Case, CaseState, Resolution, Severity, Step
from sync.resolve import Effect, Known, Ruling, resolve

NOTHING_SAID: Final[Mapping[str, Directive]] = {}
NOTHING_AROUND: Final = Surroundings(Facts())


class _Docket:
    """The claims while they are judged. What detectors look at is worked out once for as long as no claim moves."""

    def __init__(self, claims: Sequence[Claim], now: datetime, around: Surroundings) -> None:
        self.now, self._around = now, around
        self.claims = {claim.id: claim for claim in with_past(Situation(claims, now, around))}
        self._situation: Situation | None = None

    @property
    def situation(self) -> Situation:
        if self._situation is None:
            self._situation = Situation(tuple(self.claims.values()), self.now, self._around)
        return self._situation

    def put(self, claim: Claim) -> None:
        if claim is not self.claims[claim.id]:
            self.claims[claim.id], self._situation = claim, None


def judge(
    claims: Sequence[Claim],
    before: Mapping[str, Case],
    now: datetime,
    told: Mapping[str, Directive] = NOTHING_SAID,
    around: Surroundings = NOTHING_AROUND,
) -> tuple[list[Claim], tuple[Case, ...]]:
    """The claims after every ruling, and every case that is open, was opened, or ended now.

    ``told`` has what people said about a case, by its id; that stands before every rule. ``around``: the facts that
    are not claims. A case whose facts are gone (the rival withdrew, the window ended) ends as not a conflict.
    """
    docket = _Docket(claims, now, around)
    cases: dict[str, Case] = {}
    known = Known(before, told)
    while True:
        ended = len(cases)
        waiting: dict[str, Case] = {}
        for detector in CATALOGUE:
            waiting |= _settle(detector, docket, cases, known)
        if len(cases) == ended:
            break  # until then a later kind may have taken away what an earlier one waits for
    cases |= waiting
    for case in before.values():
        if case.id not in cases:
            cases[case.id] = _ended(case)
    settled = tuple(cases[case_id] for case_id in sorted(cases))
    return [_hold_or_clear(docket.claims[claim.id], settled, now) for claim in claims], settled


def _settle(detector: Detector, docket: _Docket, cases: dict[str, Case], known: Known) -> dict[str, Case]:
    """Every finding of one kind, in rounds; what ends goes into ``cases``, what waits for a person comes back.

    In a round only those win who lose to nobody, for whoever is out holds nothing against others. What is left
    when a round settles nothing (three who beat each other in a circle) waits for a person. So the outcome does
    not depend on the order of the pairs.
    """
    by_id = docket.claims
    while rulings := _rulings(detector, docket, cases, known):
        progress = False
        for finding, ruling in sorted(_ready(rulings, by_id), key=_narrows):
            if all(_applies(by_id[effect.claim_id], effect) for effect in ruling.effects):
                progress = True
                case = cases[finding.case_id] = _case(finding, ruling, known, docket)
                for effect in ruling.effects:
                    docket.put(_carry_out(by_id[effect.claim_id], effect, case, (docket.now, ruling.person)))
        if not progress:
            return {finding.case_id: _case(finding, _waiting(ruling), known, docket) for finding, ruling in rulings}
    return {}


def _ready(
    rulings: Sequence[tuple[Finding, Ruling]], by_id: Mapping[str, Claim]
) -> Iterator[tuple[Finding, Ruling]]:
    """What no other ruling of this round puts in question: a winner that loses elsewhere has not won."""
    losers = {effect.claim_id for _, ruling in rulings if ruling.winner for effect in ruling.effects}
    undivided, stripped = _undivided(rulings), _stripped(rulings, by_id)
    for finding, ruling in rulings:
        lost = {effect.claim_id for effect in ruling.effects}
        won = ruling.winner not in losers if ruling.winner else undivided.isdisjoint(finding.claims)
        if ruling.resolution and won and stripped.isdisjoint(lost):
            yield finding, ruling


def _narrows(ready: tuple[Finding, Ruling]) -> bool:
    """Whether a ruling leaves the loser something: those come last, for whoever is out loses nothing more."""
    return any(effect.event is Event.NARROW for effect in ready[1].effects)


def _stripped(rulings: Sequence[tuple[Finding, Ruling]], by_id: Mapping[str, Claim]) -> set[str]:
    """Approved claims that this round would leave without a role: each ruling may narrow them, none may reject."""
    left = _left_by_all(rulings, lambda effect: effect.roles)
    return {claim for claim, roles in left.items() if not roles and not allowed(by_id[claim].state, Event.REJECT)}


def _left_by_all(
    rulings: Sequence[tuple[Finding, Ruling]], part: Callable[[Effect], Iterable[str] | None]
) -> dict[str, set[str]]:
    """What the narrowings of one round leave of each claim, taken together."""
    left: dict[str, set[str]] = {}
    for effect in (effect for _, ruling in rulings for effect in ruling.effects):
        if (kept := part(effect)) is not None:
            left[effect.claim_id] = left.get(effect.claim_id, set(kept)) & set(kept)
    return left


def _undivided(rulings: Sequence[tuple[Finding, Ruling]]) -> set[str]:
    """Claims whose lines a person divides, because one of them, or one that shares a line with it, would keep none.

    Taking one line first would favour whoever is asked first; narrowing only the neighbours would hand the line in
    dispute to the one who has no other.
    """
    left = _left_by_all(rulings, lambda effect: effect.line_ids)
    found = {claim_id for claim_id, lines in left.items() if not lines}
    by_line = [(finding, ruling) for finding, ruling in rulings if finding.lines]
    found |= {claim_id for finding, ruling in by_line if not ruling.resolution for claim_id in finding.claims}
    together = [set(finding.claims) for finding, ruling in by_line if not ruling.winner]
    while more := {claim_id for claims in together if claims & found for claim_id in claims} - found:
        found |= more
    return found


def _rulings(
    detector: Detector, docket: _Docket, cases: Mapping[str, Case], known: Known
) -> list[tuple[Finding, Ruling]]:
    """What is found among the claims as they stand, without what was settled already, and how each would end."""
    found = []
    for finding in detect(detector, docket.situation):
        if finding.case_id not in cases:
            found.append((finding, resolve(finding, docket.claims, known)))
    return found


def _waiting(ruling: Ruling) -> Ruling:
    if ruling.resolution is None:
        return ruling
    circle = "The rivals beat each other in a circle: a person decides."
    crowded = "Each line is fair to take away, all of them together are not: a person decides."
    step = Step("person", "not decisive", circle if ruling.winner else crowded)
    return replace(ruling, resolution=None, steps=(*ruling.steps, step), effects=(), winner=None)


def _opened(finding: Finding, docket: _Docket) -> datetime:
    """A case is opened after every vote that was there when it was found: who cast it had not seen the case."""
    votes = (docket.claims[claim_id].registration.voted_at for claim_id in finding.claims)
    return max([docket.now, *(voted for voted in votes if voted)])


def _case(finding: Finding, ruling: Ruling, known: Known, docket: _Docket) -> Case:
    before = known.cases.get(finding.case_id)
    return Case(
        id=finding.case_id,
        kind=finding.kind,
        severity=finding.severity,
        state=CaseState.RESOLVED if ruling.resolution else CaseState.OPEN,
        registrations=finding.claims,
        opportunity_id=finding.opportunity_id,
        scope=finding.about,
        text=finding.text,
        detected_at=before.detected_at if before else _opened(finding, docket),
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


def _left(claim: Claim, effect: Effect) -> dict[str, tuple[str, ...]]:
    """What an effect leaves of the claim as it stands now, after the other rulings of the round."""
    left: dict[str, tuple[str, ...]] = {}
    if effect.roles is not None:
        left["roles"] = tuple(role for role in effect.roles if role in claim.roles)
    if effect.line_ids is not None:
        left["line_ids"] = tuple(line for line in effect.line_ids if not claim.line_ids or line in claim.line_ids)
    return left


def _applies(claim: Claim, effect: Effect) -> bool:
    """Whether an effect still fits the claim; one that would leave nothing is ruled on again in the next round.

    A claim that another ruling of this round took out is out whatever else is ruled on it.
    """
    return not claim.live or (allowed(claim.state, effect.event) and all(_left(claim, effect).values()))


def _carry_out(claim: Claim, effect: Effect, case: Case, by: tuple[datetime, str | None]) -> Claim:
    if not claim.live:
        return claim  # it lost to somebody else in this round
    now, person = by
    why = Why(effect.reason, effect.text, effect.message, case.trace, person, case.id)
    return move(claim, effect.event, now, why, **_left(claim, effect))


_ORDER: Final = {detector.kind: place for place, detector in enumerate(CATALOGUE)}


def blocking(claim: Claim, cases: Sequence[Case]) -> Case | None:
    """The first open case, in the order of the catalogue, that keeps this claim from being approved."""
    found = [
        case
        for case in cases
        if case.severity is Severity.BLOCK and case.state is CaseState.OPEN and claim.id in case.registrations
    ]
    return min(found, key=lambda case: (_ORDER.get(case.kind, len(_ORDER)), case.id), default=None)


def held(cases: Iterable[Case]) -> frozenset[str]:
    """The deals whose credit stands still: merged with a rival's, or perhaps one with a deal in another CRM."""
    waiting = [case for case in cases if case.state is CaseState.OPEN]
    twins = {deal for case in waiting if case.kind == "C17" for deal in case.scope.split("; ")}
    return frozenset(
        twins | {case.opportunity_id for case in waiting if case.kind == "C14" and case.opportunity_id}
    )


def _hold_or_clear(claim: Claim, cases: Sequence[Case], now: datetime) -> Claim:
    case = blocking(claim, cases)
    if case and allowed(claim.state, Event.CONFLICT_FOUND):
        why = Why(case.kind, case.text, KINDS[case.kind].held, case.trace, case_id=case.id)
        return move(claim, Event.CONFLICT_FOUND, now, why)
    if not case and allowed(claim.state, Event.CONFLICT_CLEARED):
        return move(claim, Event.CONFLICT_CLEARED, now, Why())
    return claim
