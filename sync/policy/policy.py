"""One version of one policy: every section together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from sync.model.registration import Role
from sync.policy.approvals import Approvals
from sync.policy.attribution import Attribution
from sync.policy.conflicts import ConflictRules, Ladder
from sync.policy.incentives import IncentiveRule
from sync.policy.joint import JointRules
from sync.policy.scope import RoleRules, Scope
from sync.policy.section import Section
from sync.policy.windows import CalendarRules, Windows
from sync.workdays import Calendar


class Policy(Section):
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
    joint: JointRules = JointRules()
    incentives: Mapping[Role, IncentiveRule] = Field(default_factory=dict)

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
        return self
