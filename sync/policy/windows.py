"""``[calendar]`` and ``[windows]``: business days, and how long each clock runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

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
    """Clocks. Business days for people's answers, calendar days for everything else; 0 days switch a clock off
    where its name says ``inactivity``, ``grace`` or ``reopen``."""

    review_business_days: int = Field(default=2, ge=0)
    answer_business_days: int = Field(default=10, ge=0)
    dispute_business_days: int = Field(default=2, ge=0)
    executive_business_days: int = Field(default=5, ge=0)
    appeal_business_days: int = Field(default=10, ge=0)
    invite_days: int = Field(default=14, ge=1)
    protection_days: Mapping[Tier, Annotated[int, Field(ge=1)]] = Field(default_factory=lambda: {Tier.SILVER: 90})
    protection_default_days: int = Field(default=90, ge=1)
    reminder_days: tuple[Annotated[int, Field(ge=1)], ...] = (30, 14, 7, 1)
    extension_days: int = Field(default=30, ge=1)
    extensions: int = Field(default=1, ge=0)
    protection_total_days: int = Field(default=120, ge=1)
    extension_activity_days: int = Field(default=30, ge=0)
    grace_days: int = Field(default=3, ge=0)
    inactivity_days: int = Field(default=45, ge=0)
    reopen_days: int = Field(default=30, ge=0)
    won_after_hours: int = Field(default=0, ge=0)
    sourcing_days: int = Field(default=14, ge=0)

    @model_validator(mode="after")
    def _the_executives_come_second(self) -> Self:
        if self.executive_business_days < self.dispute_business_days:
            raise ValueError(
                "executive_business_days is below dispute_business_days; "
                "give the executives at least as long as the working level"
            )
        return self

    def protection(self, tier: Tier | None) -> int:
        """Days of protection for a partner of this tier."""
        if tier is None:
            return self.protection_default_days
        return self.protection_days.get(tier, self.protection_default_days)

    def protection_limit(self, tier: Tier | None) -> int:
        """Days that a protection window of this tier may have with all its extensions."""
        return max(self.protection_total_days, self.protection(tier))
