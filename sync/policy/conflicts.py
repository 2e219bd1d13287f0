"""``[conflicts]`` and ``[ladder]``: what the detectors and the tie-break ladder may vary."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sync.model.money import exponent
from sync.model.parties import Tier
from sync.model.registration import Role
from sync.model.ruling import Severity
from sync.policy.section import Section

Kind = Annotated[str, StringConstraints(pattern=r"^C(0[1-9]|1[0-9]|2[0-6])$")]
Part = Annotated[Decimal, Field(ge=0, le=1)]


class Requirement(Section):
    """What a partner must have to take a role: at least this tier, and every one of these certificates."""

    tier: Tier | None = None
    certifications: tuple[str, ...] = ()


class ConflictRules(Section):
    """What the detectors may vary. Days are calendar days unless the name says business days; parts are of 1."""

    overlap_days: int = Field(default=180, ge=0)
    direct_lookback_days: int = Field(default=180, ge=0)
    teaming: bool = False
    incumbent_months: int = Field(default=36, ge=0)
    incumbent_answer_business_days: int = Field(default=5, ge=0)
    amend_business_days: int = Field(default=5, ge=0)
    named_roles: tuple[Role, ...] = (Role.SOURCE, Role.RESELL)
    requirements: Mapping[Role, Requirement] = Field(default_factory=dict)
    verticals: Mapping[str, str] = Field(default_factory=dict)
    tender: Literal["reject", "equal_treatment", "ask"] = "reject"
    twin_amounts_within: Part = Decimal("0.10")
    twin_days: int = Field(default=30, ge=0)
    twin_names: Part = Decimal("0.75")
    live_limit: int = Field(default=25, ge=1)
    backdated_hours: int = Field(default=24, ge=0)
    person_above: Decimal | None = Field(default=None, ge=0)
    person_currency: str | None = None
    duplicate_values_within: Part = Decimal("0.25")
    values_within: Part = Decimal("0.30")
    severity: Mapping[Kind, Severity] = Field(default_factory=dict)
    off: tuple[Kind, ...] = ()

    @model_validator(mode="after")
    def _limit_and_currency_go_together(self) -> Self:
        if (self.person_above is None) != (self.person_currency is None):
            raise ValueError("person_above needs person_currency, and the reverse; set both, or neither")
        if self.person_currency is not None:
            exponent(self.person_currency)
        return self

    @model_validator(mode="after")
    def _off_or_of_a_severity(self) -> Self:
        if both := sorted(set(self.off) & set(self.severity)):
            raise ValueError(f"{both[0]} is off and has a severity; remove one of the two")
        return self


class Ladder(Section):
    """The tie-break ladder: the rungs in their order, and the margins two of them need."""

    rungs: tuple[str, ...] = (
        "customer_choice",
        "valid_protection",
        "substantial_work",
        "first_submitted",
        "incumbent",
        "vertical",
        "tier",
        "person",
    )
    work_margin: int = Field(default=5, ge=1)
    fair_gap_seconds: int = Field(default=60, ge=0)
