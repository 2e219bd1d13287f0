"""Every version of every policy: read from TOML, held against each other, and the one in force found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from pydantic import ValidationError

from sync.model.ids import digest
from sync.model.problem import Problem
from sync.model.rates import Rates
from sync.policy.policy import Policy
from sync.policy.scope import Scope
from sync.shape import shape_problem

HINT: Final = "sync/presets/README.md lists every key"


def parse(source: str, content: Mapping[str, Any]) -> tuple[Policy | None, list[Problem]]:
    """A policy from one TOML document; every fault of it as a Problem naming ``source`` and the key."""
    try:
        return Policy.model_validate(content), []
    except ValidationError as error:
        return None, [
            shape_problem(source, Policy, fault, HINT, whole="the whole policy", first=0)
            for fault in error.errors()
        ]


@dataclass(frozen=True, slots=True)
class Policies:
    """Every version of every policy."""

    all: tuple[Policy, ...]
    rates: Rates | None = None  # for reporting; nothing is decided by them

    def __post_init__(self) -> None:
        if not self.all:
            raise ValueError("at least one policy is needed")

    @property
    def hash(self) -> str:
        """Changes when any policy or rate does."""
        rates = [repr(self.rates)] if self.rates else []
        return digest(*sorted(policy.model_dump_json() for policy in self.all), *rates)

    def by_id(self, policy_id: str) -> Policy | None:
        return next((policy for policy in self.all if policy.id == policy_id), None)

    def at(self, moment: datetime, scope: Scope | None = None) -> Policy:
        """The policy in force at ``moment`` for what ``scope`` describes.

        The narrowest matching scope wins, then the newest version. Before the first policy took effect the
        oldest one judges: a registration is never without a rule.
        """
        asked = scope or Scope()
        fitting = [policy for policy in self.all if _fits(policy.scope, asked)] or list(self.all)
        day = moment.date()
        valid = [
            policy
            for policy in fitting
            if policy.effective_from <= day and (policy.effective_to is None or day < policy.effective_to)
        ]
        if not valid:
            return min(fitting, key=lambda policy: (policy.effective_from, policy.id))
        return max(valid, key=lambda policy: (_narrowness(policy.scope), policy.effective_from, policy.id))


def _fits(rule: Scope, asked: Scope) -> bool:
    def covers(allowed: Sequence[str], wanted: Sequence[str]) -> bool:
        return not allowed or bool(set(allowed) & set(wanted))

    return (
        covers(rule.regions, asked.regions)
        and covers(rule.families, asked.families)
        and covers(rule.types, asked.types)
    )


def _narrowness(scope: Scope) -> int:
    return sum(bool(part) for part in (scope.regions, scope.families, scope.types))


def lint(policies: Sequence[tuple[str, Policy]]) -> list[Problem]:
    """Faults between policies: the same version twice, two versions from one day."""
    seen: dict[str, str] = {}
    starts: dict[tuple[str, date], str] = {}
    problems = []
    for source, policy in policies:
        start = policy.name, policy.effective_from
        if policy.id in seen:
            what = f"{policy.id} is also defined in {seen[policy.id]}"
            problems.append(Problem(f"{source}: version", what, "give the newer one the next version number"))
        elif start in starts:
            what = f"{policy.id} takes effect on the same day as {starts[start]}"
            problems.append(Problem(f"{source}: effective_from", what, "let the newer one take effect later"))
        seen[policy.id] = source
        starts[start] = policy.id
    return problems
