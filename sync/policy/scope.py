"""Which registrations a policy judges, and what each role means in it."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, model_validator

from sync.model.deal import OpportunityType
from sync.policy.section import Section


class Scope(Section):
    """Which registrations this policy judges; an empty list is "all"."""

    regions: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    types: tuple[OpportunityType, ...] = ()


class RoleRules(Section):
    """One role: its pool (percent of the deal), and the scope within which only one partner may hold it.

    ``capacity``: how many partners may hold it side by side within its scope; without one, any number.
    """

    pool: Decimal = Field(default=Decimal(0), ge=0, le=100)
    exclusive: Literal["opportunity", "family", "line", "region", "none"] = "none"
    capacity: int | None = Field(default=None, ge=1)
    phase: Literal["pre-sales", "sale", "implementation", "post-sales"] | None = None
    credit: Literal["sourced", "fulfilled", "influenced"] = "influenced"

    @model_validator(mode="after")
    def _exclusive_is_one(self) -> Self:
        if self.exclusive != "none" and (self.capacity or 1) > 1:
            raise ValueError(f"an exclusive role has one holder; remove its capacity {self.capacity}")
        return self
