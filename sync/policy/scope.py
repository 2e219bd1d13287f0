"""Which registrations a policy judges, and what each role means in it."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from sync.model.deal import OpportunityType
from sync.policy.section import Section


class Scope(Section):
    """Which registrations this policy judges; an empty list is "all"."""

    regions: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    types: tuple[OpportunityType, ...] = ()


class RoleRules(Section):
    """One role: its pool (percent of the deal), and the scope within which only one partner may hold it."""

    pool: Decimal = Field(default=Decimal(0), ge=0, le=100)
    exclusive: Literal["opportunity", "family", "line", "region", "none"] = "none"
    credit: Literal["sourced", "fulfilled", "influenced"] = "influenced"
