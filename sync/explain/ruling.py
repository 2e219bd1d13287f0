"""The ruling on one registration: every rule asked, what it looked at, what decided, what would change it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

import msgspec

from sync.claim import Claim
from sync.conflicts.catalogue import CATALOGUE
from sync.counterfactual import Flip, counterfactuals
from sync.decide import gather
from sync.lifecycle import MOVES, Ask, Event, asks, next_reminder
from sync.model.facts import History
from sync.model.registration import Registration, Standing
from sync.model.ruling import Case, Decision, Step
from sync.page import Judged
from sync.policy import Policies


@dataclass(frozen=True, slots=True)
class Ruling:
    """``moves``: every decision with its trace, and whether it is still to be recorded; ``checks``: each kind of
    conflict that was asked about; ``decisive``: what the present state rests on; ``asks``: who decides next;
    ``reminder``: when the partner is reminded of the end of its protection; ``phases``: in which phase of the
    deal each of its roles works, where the policy says so."""

    moves: tuple[tuple[bool, Decision], ...]
    checks: tuple[Step, ...]
    decisive: tuple[Step, ...]
    declined: tuple[Step, ...]
    flips: tuple[Flip, ...]
    asks: tuple[Ask, ...] = ()
    reminder: date | None = None
    phases: Mapping[str, str] = field(default_factory=dict)

    @property
    def last(self) -> Decision | None:
        """The move that led to where it stands."""
        return self.moves[-1][1] if self.moves else None


def rulings(
    judged: Judged, recorded: Iterable[Decision], policies: Policies, now: datetime, shown: Iterable[str]
) -> dict[str, Ruling]:
    """The ruling on each registration of ``shown``; ``recorded`` are the decisions that the store has on them."""
    known = list(recorded)
    ids = {decision.id for decision in known}
    moves = [(False, decision) for decision in known]
    moves += [(True, decision) for decision in judged.verdict.decisions if decision.id not in ids]
    standings = {standing.registration_id: standing for standing in judged.verdict.standings}
    claims = {claim.id: claim for claim in gather(judged.facts, History(standings=standings), policies)}
    found = {}
    for entry in judged.facts.registrations:
        if entry.id in set(shown):
            own = tuple(
                (pending, traced(move, entry, standings[entry.id]))
                for pending, move in moves
                if move.subject == entry.id
            )
            flips = counterfactuals(judged.facts, judged.verdict, policies, now, entry.id)
            claim, standing = claims[entry.id], standings[entry.id]
            ruling = _ruling(entry, own, judged.verdict.cases, flips)
            reminder = next_reminder(standing, claim.policy, now)
            found[entry.id] = replace(ruling, asks=asks(claim, now), reminder=reminder, phases=_phases(claim))
    return found


def _phases(claim: Claim) -> dict[str, str]:
    meant = {role: claim.policy.role(role).phase for role in claim.roles}
    return {role.value: phase for role, phase in meant.items() if phase}


def _ruling(
    entry: Registration, moves: Sequence[tuple[bool, Decision]], cases: Iterable[Case], flips: tuple[Flip, ...]
) -> Ruling:
    own = [case for case in cases if entry.id in case.registrations]
    steps = list(moves[-1][1].trace) if moves else []
    return Ruling(
        moves=tuple(moves),
        checks=tuple(_check(kind.kind, kind.title, own) for kind in CATALOGUE),
        decisive=tuple(step for step in steps if step.result == "decisive") or tuple(steps[-1:]),
        declined=tuple(step for step in steps if step.result == "not decisive"),
        flips=flips,
    )


def _check(kind: str, title: str, cases: Sequence[Case]) -> Step:
    found = [case for case in cases if case.kind == kind]
    return Step(kind, "hit" if found else "pass", "; ".join(case.text for case in found) or title)


def traced(decision: Decision, entry: Registration, standing: Standing) -> Decision:
    """A decision with its trace: that of a routine move is its row of the table, and the facts that it rests on."""
    if decision.trace:
        return decision
    return replace(decision, trace=(Step(decision.event, "pass", _routine(decision, entry, standing)),))


def _routine(decision: Decision, entry: Registration, standing: Standing) -> str:
    facts = _FACTS.get(decision.event)
    used = facts(entry, standing) if facts else ""
    return " ".join(part for part in (decision.text or _SENTENCES.get(decision.event, ""), used) if part)


_SENTENCES: Final[Mapping[str, str]] = {move.event: move.sentence for move in MOVES}

_FACTS: Final[Mapping[str, Callable[[Registration, Standing], str]]] = {
    Event.CREATE: lambda entry, _: f"Its row is {entry.ref}, created {entry.created_at.isoformat()}.",
    Event.SUBMIT: lambda entry, standing: (
        f"Filed {standing.submitted_at.isoformat()} for {', '.join(entry.roles)}: judged by {standing.policy}."
    ),
    Event.PICK_UP: lambda _, standing: f"Due {standing.review_due.isoformat()}." if standing.review_due else "",
    Event.APPROVE: lambda _, standing: (
        f"Protected from {standing.protection_start} to {standing.protection_end}."
        if standing.protection_end
        else ""
    ),
}
"""The facts that a routine move rests on, read from where they lie: the store keeps them once."""


def ruling_view(ruling: Ruling) -> dict[str, Any]:
    """A ruling as plain values."""
    last = ruling.last
    return {
        "by": ("person " + last.actor if last.person else "rule") if last else None,
        "at": last.at.isoformat() if last else None,
        "event": last.event if last else None,
        "decisive": [_step(step) for step in ruling.decisive],
        "declined": [_step(step) for step in ruling.declined],
        "checks": [_step(step) for step in ruling.checks],
        "decides_next": [msgspec.to_builtins(ask) for ask in ruling.asks],
        "next_reminder": ruling.reminder.isoformat() if ruling.reminder else None,
        "would_change": [
            {"if": flip.text, "then": flip.state, "roles": list(flip.roles), "to_the_partner": flip.partner_text}
            for flip in ruling.flips
        ],
    }


def _step(step: Step) -> dict[str, str]:
    return {"rule": step.rule, "result": step.result, "text": step.text}
