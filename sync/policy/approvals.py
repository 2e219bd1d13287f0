"""``[approvals]``: what must be filed, who says yes, in which order, and who may not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self

from iso4217 import Currency
from pydantic import Field, model_validator

from sync.model.money import Money
from sync.policy.section import Section

Amount = Annotated[Decimal, Field(ge=0)]


class Chain(Section):
    """Who approves deals worth less than ``below`` (in ``approvals.currency``); without it, all that are left."""

    below: Amount | None = None
    by: Annotated[tuple[str, ...], Field(min_length=1)]


class Delegation(Section):
    """``to`` decides for ``of`` from the first day through the last."""

    of: str
    to: str
    first: date
    last: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"last {self.last} is before first {self.first}; exchange them")
        return self


class Approvals(Section):
    """Who approves. Without a ``chain`` any person may; ``auto_below`` lets small undisputed registrations pass.

    ``people`` names who holds each role of the chain; ``paid`` those who never decide because the deals pay them.
    ``owner_may_decide``: whoever owns a deal in a CRM may rule on registrations for it.
    """

    required: tuple[Literal["country", "family", "value", "expected_close", "evidence"], ...] = ()
    auto_below: Amount | None = None
    auto_currency: str | None = None
    auto_evidence: int = Field(default=1, ge=0)
    chain: tuple[Chain, ...] = ()
    currency: str | None = None
    order: Literal["sequential", "parallel"] = "sequential"
    sla_business_days: int | None = Field(default=None, ge=0)
    people: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    delegations: tuple[Delegation, ...] = ()
    paid: tuple[str, ...] = ()
    owner_may_decide: bool = False

    @model_validator(mode="after")
    def _all_agree(self) -> Self:
        if faults := list(self._faults()):
            raise ValueError(", and ".join(faults))
        return self

    def _faults(self) -> Iterator[str]:
        if (self.auto_below is None) != (self.auto_currency is None):
            yield "approvals.auto_below needs approvals.auto_currency, and the reverse"
        for currency in filter(None, (self.auto_currency, self.currency)):
            try:
                Currency(currency)
            except ValueError:
                yield f"{currency!r} is not a currency of ISO 4217: use a code like EUR"
        limits = [row.below for row in self.chain]
        if any(limit is not None for limit in limits) and self.currency is None:
            yield "a chain with below needs approvals.currency"
        known = [limit for limit in limits if limit is not None]
        if self.chain and (limits[-1] is not None or len(known) != len(limits) - 1 or known != sorted(set(known))):
            yield "the chain's below must rise from row to row, and only its last row has none"
        for role in dict.fromkeys(role for row in self.chain for role in row.by):
            if not self.people.get(role):
                yield f"nobody is named in approvals.people for {role}"

    def steps(self, value: Money | None) -> tuple[str, ...]:
        """The roles whose yes a deal of this value needs, in order; an unknown value needs the last row's."""
        for row in self.chain:
            comparable = value is not None and value.currency == self.currency
            if row.below is None or (comparable and value is not None and value.major < row.below):
                return row.by
        return ()

    def holding(self, role: str, day: date) -> tuple[str, ...]:
        """Who may fill a role on a day: those who hold it, and who stands in for one of them."""
        holders = self.people.get(role, ())
        standing_in = (d.to for d in self.delegations if d.of in holders and d.first <= day <= d.last)
        return tuple(dict.fromkeys((*holders, *standing_in)))

    def acts_as(self, person: str, day: date) -> tuple[str, ...]:
        """The roles that a person may fill on a day, in person or for somebody else."""
        stands_for = {person, *(d.of for d in self.delegations if d.to == person and d.first <= day <= d.last)}
        return tuple(role for role, holders in self.people.items() if stands_for & {*holders})
