"""``[calendar]`` and ``[windows]``: business days, and how long each clock runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from sync.model.parties import Tier
from sync.policy.section import Section
from sync.workdays import Calendar


class CalendarRules(Section):
    """Business days: IANA zone and the country whose public holidays count."""

    zone: str = "UTC"
    holidays: str | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        Calendar(self.zone, self.holidays)
        return self


class Windows(Section):
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
