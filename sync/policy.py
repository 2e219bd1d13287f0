"""The programme's rules as data: versioned, dated, scoped, checked as a whole before anything is judged by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from sync.model.deal import OpportunityType
from sync.model.ids import digest
from sync.model.parties import Tier
from sync.model.problem import Problem
from sync.model.registration import Role
from sync.model.ruling import Severity
from sync.workdays import Calendar


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Scope(_Frozen):
    """Which registrations this policy judges; an empty list is "all"."""

    regions: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    types: tuple[OpportunityType, ...] = ()


class CalendarRules(_Frozen):
    """Business days: IANA zone and the country whose public holidays count."""

    zone: str = "UTC"
    holidays: str | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        Calendar(self.zone, self.holidays)
        return self


class RoleRules(_Frozen):
    """One role: its pool (percent of the deal), and the scope within which only one partner may hold it."""

    pool: Decimal = Field(default=Decimal(0), ge=0, le=100)
    exclusive: Literal["opportunity", "family", "line", "region", "none"] = "none"
    credit: Literal["sourced", "fulfilled", "influenced"] = "influenced"


class Windows(_Frozen):
    """Clocks. Business days for people's answers, calendar days for protection."""

    review_business_days: int = Field(default=2, ge=0)
    answer_business_days: int = Field(default=10, ge=0)
    protection_days: Mapping[Tier, int] = Field(default_factory=lambda: {Tier.SILVER: 90})
    protection_default_days: int = Field(default=90, ge=1)
    sourcing_days: int = Field(default=14, ge=0)

    def protection(self, tier: Tier | None) -> int:
        """Days of protection for a partner of this tier."""
        if tier is None:
            return self.protection_default_days
        return self.protection_days.get(tier, self.protection_default_days)


class ConflictRules(_Frozen):
    """What the detectors and the ladder may vary."""

    overlap_days: int = Field(default=180, ge=0)
    direct_lookback_days: int = Field(default=180, ge=0)
    teaming: bool = False
    person_above: Decimal | None = None
    amend_business_days: int = Field(default=5, ge=0)
    duplicate_values_within: Decimal = Field(default=Decimal("0.25"), ge=0, le=1)
    severity: Mapping[str, Severity] = Field(default_factory=dict)
    off: tuple[str, ...] = ()


class Ladder(_Frozen):
    """The tie-break ladder: the rungs in their order, and the margins two of them need."""

    rungs: tuple[str, ...] = (
        "customer_choice",
        "valid_protection",
        "substantial_work",
        "first_submitted",
        "person",
    )
    work_margin: int = Field(default=5, ge=1)
    fair_gap_seconds: int = Field(default=60, ge=0)


class Attribution(_Frozen):
    """How credit is divided. Percents are of the whole deal."""

    model: Literal["role_pools", "equal", "contribution"] = "role_pools"
    bundles: Literal["lines", "off"] = "lines"
    unfilled: Literal["redistribute", "vendor"] = "redistribute"
    sourced_bonus: Decimal = Field(default=Decimal(0), ge=0, le=100)
    floor: Decimal = Field(default=Decimal(0), ge=0, le=100)
    cap: Decimal = Field(default=Decimal(100), ge=0, le=100)
    vendor_share: Decimal = Field(default=Decimal(0), ge=0, le=100)


class Approvals(_Frozen):
    """Who approves. A person always may; ``auto_below`` lets small undisputed registrations pass by themselves."""

    auto_below: Decimal | None = None
    auto_currency: str | None = None


class Policy(_Frozen):
    """One version of one policy: never edited, only followed by the next version."""

    name: str
    version: int = Field(ge=1)
    effective_from: date
    effective_to: date | None = None
    title: str = ""
    scope: Scope = Scope()
    calendar: CalendarRules = CalendarRules()
    roles: Mapping[Role, RoleRules]
    windows: Windows = Windows()
    conflicts: ConflictRules = ConflictRules()
    ladder: Ladder = Ladder()
    attribution: Attribution = Attribution()
    approvals: Approvals = Approvals()

    @property
    def id(self) -> str:
        return f"{self.name}/{self.version}"

    @cached_property
    def business_days(self) -> Calendar:
        """The calendar on which this policy's clocks run."""
        return Calendar(self.calendar.zone, self.calendar.holidays)

    def today(self, moment: datetime) -> date:
        """The calendar day of ``moment`` where the programme is run."""
        return moment.astimezone(ZoneInfo(self.calendar.zone)).date()

    def role(self, role: Role) -> RoleRules:
        """The rules of one role; a role the policy does not name has no pool and excludes nobody."""
        return self.roles.get(role, RoleRules())

    @property
    def pools(self) -> dict[str, Fraction]:
        """Role to its pool, in percent of the deal."""
        return {role.value: Fraction(rules.pool) for role, rules in self.roles.items() if rules.pool}

    @field_validator("roles")
    @classmethod
    def _pools_add_up(cls, roles: Mapping[Role, RoleRules]) -> Mapping[Role, RoleRules]:
        total = sum((rules.pool for rules in roles.values()), Decimal(0))
        if total != 100:
            raise ValueError(f"the role pools add up to {total} percent; change them so that they make 100")
        return roles

    @field_validator("ladder")
    @classmethod
    def _a_person_is_last(cls, ladder: Ladder) -> Ladder:
        unknown = [rung for rung in ladder.rungs if rung not in Ladder().rungs]
        if unknown:
            raise ValueError(f"unknown rung {unknown[0]!r}; known: {', '.join(Ladder().rungs)}")
        if not ladder.rungs or ladder.rungs[-1] != "person":
            raise ValueError('the last rung must be "person": somebody has to decide what no rule can')
        return ladder

    @model_validator(mode="after")
    def _dates_and_limits_agree(self) -> Self:
        if self.effective_to and self.effective_to <= self.effective_from:
            raise ValueError("effective_to must be later than effective_from")
        if self.attribution.floor > self.attribution.cap:
            raise ValueError("attribution.floor is above attribution.cap; lower the floor or raise the cap")
        if (self.approvals.auto_below is None) != (self.approvals.auto_currency is None):
            raise ValueError("approvals.auto_below needs approvals.auto_currency, and the reverse")
        return self


def parse(source: str, content: Mapping[str, Any]) -> tuple[Policy | None, list[Problem]]:
    """A policy from one TOML document; every fault of it as a Problem naming ``source`` and the key."""
    try:
        return Policy.model_validate(content), []
    except ValidationError as error:
        return None, [_problem(source, fault["loc"], fault["msg"]) for fault in error.errors()]


def _problem(source: str, place: tuple[int | str, ...], message: str) -> Problem:
    key = ".".join(str(part) for part in place) or "the whole policy"
    text = message.removeprefix("Value error, ")
    if text.startswith("Extra inputs"):
        return Problem(f"{source}: {key}", "unknown key", "remove it or correct its spelling")
    what, _, fix = text.partition("; ")
    return Problem(f"{source}: {key}", what, fix or "correct the value; sync/presets/README.md lists every key")


@dataclass(frozen=True, slots=True)
class Policies:
    """Every version of every policy."""

    all: tuple[Policy, ...]

    def __post_init__(self) -> None:
        if not self.all:
            raise ValueError("at least one policy is needed")

    @property
    def hash(self) -> str:
        """Changes when any policy does."""
        return digest(*sorted(policy.model_dump_json() for policy in self.all))

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
