"""Everything a cycle works with, and what it reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from connector.crm import Crm
from sync.agreement import Agreement
from sync.mapping.fieldmap import Mappings
from sync.model.ids import digest
from sync.model.plan import Held, Limits, PlannedChange, Totals
from sync.policy import Policies
from sync.store.opening import Store

Result = TypeVar("Result")


class Step(Protocol):
    """How a step is run: a plain call, or a durable one."""

    def __call__(self, work: Callable[..., Result], *arguments: Any) -> Result: ...


def plainly(work: Callable[..., Result], *arguments: Any) -> Result:
    """The step of ``run --once``: just do it."""
    return work(*arguments)


class Progress(Protocol):
    """Who is told how far a cycle is."""

    def __call__(self, phase: str, done: int, total: int | None) -> None: ...


def quietly(phase: str, done: int, total: int | None) -> None:
    """Nobody is told."""


def at_once(_seconds: float) -> None:
    """Nobody is waited for."""


@dataclass(frozen=True, slots=True)
class World:
    """The store, the CRMs by connection name, the rules, and the brakes."""

    store: Store
    crms: Mapping[str, Crm]
    mappings: Mappings
    policies: Policies
    record_of: Mapping[str, str]  # our object to the connection of record
    limits: Limits = field(default_factory=Limits)
    observe: bool = False
    alerts: tuple[str, ...] = ()  # what changed in the CRMs' schemas, said once
    silent: Mapping[str, str] = field(default_factory=dict)  # connections that could not be signed in to, and why
    calls: Callable[[], Mapping[tuple[str, str], int]] = dict  # calls made so far, by connection and class
    tell: Progress = quietly
    worker: str = ""  # who this is, where several work on one store
    auto_link: bool = False  # accounts that look like one beyond doubt are linked without a person
    rest: Callable[[float], object] = at_once  # waits so many seconds for the other workers

    @property
    def rules(self) -> str:
        """The policies and mappings that everything is decided under."""
        return digest(self.policies.hash, self.mappings.hash)


@dataclass(slots=True)
class Report:
    """What one cycle did. ``complete``: nothing was left for a later run; if something was, ``notes`` says what."""

    run_id: str
    as_of: datetime
    pulled: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    groups: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    totals: Totals = field(default_factory=Totals)
    outcomes: Counter[str] = field(default_factory=Counter)
    filed: Counter[str] = field(default_factory=Counter)  # what became of what partners filed
    changes: list[PlannedChange] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    faults: list[tuple[PlannedChange, str]] = field(default_factory=list)
    unsafe: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    problems: Mapping[str, int] = field(default_factory=dict)
    calls: Mapping[tuple[str, str], int] = field(default_factory=dict)
    matched: set[str] = field(default_factory=set)  # approved changes that were still the same
    agreement: Agreement | None = None  # observe mode: what the rules say beside what people did
    complete: bool = True
    sent: bool = False


def calls_by_crm(calls: Mapping[tuple[str, str], int]) -> Counter[str]:
    """Calls of all classes together, by connection."""
    counted: Counter[str] = Counter()
    for (crm, _), number in calls.items():
        counted[crm] += number
    return counted
