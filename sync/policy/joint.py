"""``[joint]``: joint registrations, and the standing alliances of the programme."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Self

from pydantic import Field, model_validator

from sync.policy.section import Section


class Alliance(Section):
    """Partners with a standing agreement. ``partners``: names, our ids or ids of their CRM records.

    ``shares`` divides a deal on which all of them registered; percent, all make 100. Empty ``families`` are all.
    """

    name: str
    partners: Annotated[tuple[str, ...], Field(min_length=2)]
    families: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    shares: Mapping[str, Annotated[Decimal, Field(ge=0)]] = Field(default_factory=dict)
    valid_from: date | None = None
    valid_to: date | None = None

    @model_validator(mode="after")
    def _shares_are_of_the_partners(self) -> Self:
        if self.shares and set(self.shares) != set(self.partners):
            raise ValueError(f"the shares of {self.name} must name its partners; give each of them one")
        if self.shares and (total := sum(self.shares.values())) != 100:
            raise ValueError(f"the shares of {self.name} add up to {total} percent; they must make 100")
        return self

    def holds_on(self, day: date) -> bool:
        """Whether the agreement holds on a day; its last day counts whole."""
        return (self.valid_from or day) <= day <= (self.valid_to or day)

    def covers(self, partners: Mapping[str, frozenset[str]]) -> bool:
        """Whether some partners (id to every name of it) are two or more, and all of this alliance."""
        return len(partners) > 1 and all(names & {*self.partners} for names in partners.values())

    def division(self, partners: Mapping[str, frozenset[str]]) -> dict[str, Fraction]:
        """The shares, of 1, by partner id; empty when not all of its partners are here."""
        called = {key: name for key, names in partners.items() for name in self.shares if name in names}
        if len(called) < len(self.partners):
            return {}
        return {key: Fraction(self.shares[name]) / 100 for key, name in called.items()}


class JointRules(Section):
    """How many partners may register jointly, from when on who belongs is fixed, and who is allied."""

    max_members: int = Field(default=10, ge=2)
    lock_days: int = Field(default=14, ge=0)
    alliances: tuple[Alliance, ...] = ()
