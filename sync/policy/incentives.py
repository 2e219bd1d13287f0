"""``[incentives.ROLE]``: what a role earns beside its credit, and when."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from sync.model.money import Money, exponent
from sync.policy.section import Section


class IncentiveRule(Section):
    """What one role earns. ``percent`` is of what the partner transacted (margin), of its part (rebate), or of the
    whole deal (finders_fee); ``amount`` is fixed, in ``currency``, once a deal. ``earned``: at the close, or when
    verified evidence of one kind is there as well.
    """

    kind: Literal["margin", "rebate", "finders_fee"]
    percent: Decimal | None = Field(default=None, gt=0, le=100, decimal_places=12)
    amount: Decimal | None = Field(default=None, gt=0)
    currency: str = ""
    earned: str = Field(default="close", pattern="^(close|milestone:(POC|MEETING|QUOTE|NDA|EMAIL|OTHER))$")

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, currency: str) -> str:
        if currency:
            exponent(currency)
        return currency

    @model_validator(mode="after")
    def _either_a_part_or_an_amount(self) -> Self:
        if (self.percent is None) == (self.amount is None):
            raise ValueError("an incentive is a percent or an amount; set one of them")
        if (self.amount is None) != (not self.currency):
            raise ValueError("an amount needs its currency, and a percent has that of the deal; correct currency")
        if self.amount is not None and Money.parse(str(self.amount), self.currency).major != self.amount:
            raise ValueError(f"{self.amount} has more digits than {self.currency} has; round it")
        return self

    @property
    def milestone(self) -> str:
        """The kind of evidence that it takes; empty: none."""
        return self.earned.removeprefix("milestone:") if self.earned != "close" else ""
