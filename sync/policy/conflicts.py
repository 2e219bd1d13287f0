"""``[conflicts]`` and ``[ladder]``: what the detectors and the tie-break ladder may vary."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pydantic import Field

from sync.model.ruling import Severity
from sync.policy.section import Section


class ConflictRules(Section):
    """What the detectors and the ladder may vary."""

    overlap_days: int = Field(default=180, ge=0)
    direct_lookback_days: int = Field(default=180, ge=0)
    teaming: bool = False
    person_above: Decimal | None = None
    amend_business_days: int = Field(default=5, ge=0)
    duplicate_values_within: Decimal = Field(default=Decimal("0.25"), ge=0, le=1)
    severity: Mapping[str, Severity] = Field(default_factory=dict)
    off: tuple[str, ...] = ()


class Ladder(Section):
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
