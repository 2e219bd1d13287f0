"""What `decide` is given and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sync.model.deal import Opportunity
from sync.model.directive import Directive
from sync.model.ledger import LedgerEntry, Posted
from sync.model.parties import Account, Partner
from sync.model.problem import Problem
from sync.model.registration import Registration, Standing
from sync.model.ruling import Case, Decision, Joint
from sync.model.split import Split


@dataclass(frozen=True, slots=True)
class Facts:
    """One connected group as the CRMs show it now: everything that can conflict, and nothing else."""

    accounts: tuple[Account, ...] = ()
    opportunities: tuple[Opportunity, ...] = ()
    registrations: tuple[Registration, ...] = ()
    partners: tuple[Partner, ...] = ()
    problems: tuple[Problem, ...] = ()  # rows that could not be understood
    directives: tuple[Directive, ...] = ()  # what people said about any of these, or about a case of theirs
    apart: tuple[tuple[str, str], ...] = ()  # deals that people said are two
    elsewhere: tuple[
        tuple[str, Opportunity], ...
    ] = ()  # account here, and a deal at one elsewhere that looks like it
    load: Mapping[str, int] = field(default_factory=dict)  # live registrations of a partner anywhere: warns at most


@dataclass(frozen=True, slots=True)
class History:
    """What was decided before about this group, by id."""

    standings: Mapping[str, Standing] = field(default_factory=dict)
    cases: Mapping[str, Case] = field(default_factory=dict)
    joints: Mapping[str, Joint] = field(default_factory=dict)
    splits: Mapping[str, Split] = field(default_factory=dict)
    posted: Mapping[str, Posted] = field(default_factory=dict)  # by deal


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one group: the state after deciding; ``decisions`` are the moves made now."""

    decisions: tuple[Decision, ...] = ()
    standings: tuple[Standing, ...] = ()
    cases: tuple[Case, ...] = ()
    joints: tuple[Joint, ...] = ()
    splits: tuple[Split, ...] = ()
    entries: tuple[LedgerEntry, ...] = ()  # posted now
