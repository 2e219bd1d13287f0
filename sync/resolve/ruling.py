"""What a ruling is: how a case ends or why it waits, and what that does to each claim in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sync.claim import Claim
from sync.conflicts.finding import Finding
from sync.lifecycle import Event
from sync.model.directive import Directive
from sync.model.registration import Role
from sync.model.ruling import Case, Resolution, Step


@dataclass(frozen=True, slots=True)
class Effect:
    """What a ruling does to one claim. ``roles`` and ``line_ids`` are what is left after a NARROW."""

    claim_id: str
    event: Event
    reason: str
    text: str
    message: str
    roles: tuple[Role, ...] | None = None
    line_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """``resolution`` is ``None`` while the case waits for a person; ``steps`` say why either way."""

    resolution: Resolution | None
    steps: tuple[Step, ...]
    effects: tuple[Effect, ...] = ()
    winner: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What stood before: the cases by id, and what people said about them."""

    cases: Mapping[str, Case]
    told: Mapping[str, Directive] = field(default_factory=dict)


Ruler = Callable[[Finding, Sequence[Claim]], Ruling]
"""How one kind of conflict ends, given the claims in it, the senior one first."""


def wait(rule: str, text: str) -> Ruling:
    """A person decides, and why."""
    return Ruling(None, (Step(rule, "not decisive", f"{text} A person decides.".strip()),))


def note(rule: str, text: str) -> Ruling:
    """It is on record; nothing has to be settled."""
    return Ruling(Resolution.NOTED, (Step(rule, "pass", text),))


def decided(
    finding: Finding, resolution: Resolution, text: str, *effects: Effect, winner: str | None = None
) -> Ruling:
    """A rule ends it, by one sentence."""
    return Ruling(resolution, (Step(finding.kind, "decisive", text),), effects, winner)
