"""``[attribution]``: how the credit of a deal is divided."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from sync.model.parties import Tier
from sync.policy.section import Section

Percent = Annotated[Decimal, Field(ge=0, le=100, decimal_places=12)]
Multiplier = Annotated[Decimal, Field(ge=0, le=100, decimal_places=12)]
Proof = Literal["APPROVAL", "POC", "MEETING", "QUOTE", "NDA", "EMAIL", "OTHER"]
"""What a partner can have completed before it leaves: its approval, or verified evidence of one kind."""


class Attribution(Section):
    """How credit is divided. Percents are of the whole deal; ``late_factor`` and multipliers are factors.

    The weights are locked at the close, or ``lock_days`` after the deal's start. ``amendment_days`` after the close
    no change of the deal counts by itself; 0 is never. ``renewals`` apart: what a renewal repeats goes to those who
    sold it before, and only what it adds to everybody.
    """

    model: Literal[
        "role_pools",
        "equal",
        "contribution",
        "first_touch",
        "last_touch",
        "u_shape",
        "w_shape",
        "time_decay",
        "lines",
        "shapley",
        "negotiated",
    ] = "role_pools"
    bundles: Literal["lines", "off"] = "lines"
    joint_shares: Literal["agreed", "off"] = "off"
    renewals: Literal["whole", "apart"] = "whole"
    unfilled: Literal["redistribute", "vendor"] = "redistribute"
    half_life_days: Decimal = Field(default=Decimal(30), ge=1, le=3650, decimal_places=12)
    late_factor: Decimal = Field(default=Decimal(1), ge=0, le=1, decimal_places=12)
    tier_multipliers: Mapping[Tier, Multiplier] = Field(default_factory=dict)
    sourced_bonus: Percent = Decimal(0)
    floor: Percent = Decimal(0)
    cap: Percent = Decimal(100)
    vendor_share: Percent = Decimal(0)
    withdrawal: Literal["redistribute", "vendor", "vest"] = "redistribute"
    vesting: Mapping[Proof, Percent] = Field(default_factory=dict)
    lock_days: int | None = Field(default=None, ge=0)
    amendment_days: int = Field(default=90, ge=0)

    @field_validator("vesting")
    @classmethod
    def _nobody_earns_more_than_everything(cls, vesting: Mapping[Proof, Decimal]) -> Mapping[Proof, Decimal]:
        if (total := sum(vesting.values())) > 100:
            raise ValueError(f"the milestones add up to {total} percent; lower them so that they make at most 100")
        return vesting

    @model_validator(mode="after")
    def _vesting_goes_with_its_rule(self) -> Self:
        if (self.withdrawal == "vest") != bool(self.vesting):
            raise ValueError('withdrawal = "vest" needs vesting, and the reverse; set both, or neither')
        return self
