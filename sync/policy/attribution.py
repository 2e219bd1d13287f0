"""``[attribution]``: how the credit of a deal is divided."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from sync.policy.section import Section


class Attribution(Section):
    """How credit is divided. Percents are of the whole deal."""

    model: Literal["role_pools", "equal", "contribution"] = "role_pools"
    bundles: Literal["lines", "off"] = "lines"
    unfilled: Literal["redistribute", "vendor"] = "redistribute"
    sourced_bonus: Decimal = Field(default=Decimal(0), ge=0, le=100)
    floor: Decimal = Field(default=Decimal(0), ge=0, le=100)
    cap: Decimal = Field(default=Decimal(100), ge=0, le=100)
    vendor_share: Decimal = Field(default=Decimal(0), ge=0, le=100)
