"""The shape of one line of ``split --jsonl``: what may be asked, checked as a whole before anything is divided."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, field_validator, model_validator

from sync.attribution.apportion import Parts
from sync.attribution.touch import Milestone
from sync.attribution.weights import VENDOR
from sync.model.money import exponent
from sync.model.parties import Tier
from sync.model.registration import Role
from sync.policy import Attribution

NUMBER: Final = re.compile(r"[+-]?\d{1,100}(\.\d{1,30}|/\d{1,100})?")
LARGEST: Final = 10**100
POOLS: Final = {
    Role.SOURCE: 10,
    Role.RESELL: 30,
    Role.PRESALES: 10,
    Role.IMPLEMENT: 25,
    Role.ADVISE: 15,
    Role.SUPPORT: 10,
}
"""The catalogue's pools in percent (domain §2.4), where a question brings none."""


def exact(value: object) -> Fraction:
    """An exact number from a JSON number or text: ``12``, ``12.5``, ``"25/2"``. Raises ValueError otherwise."""
    text = value if isinstance(value, str) else str(value) if isinstance(value, int | Decimal) else ""
    if isinstance(value, bool) or not NUMBER.fullmatch(text.strip()):
        raise ValueError('not a number; write digits like 12.5, or a fraction like "25/2"')
    try:
        return Fraction(text.strip())
    except ZeroDivisionError:
        raise ValueError("a fraction of nothing; the number below the line must not be 0") from None


def _not_below_0(number: Fraction) -> Fraction:
    if number < 0:
        raise ValueError(f"{number} is below 0; enter 0 or more")
    return number


def _at_most_1(number: Fraction) -> Fraction:
    if number > 1:
        raise ValueError(f"{number} is above 1; enter a part of 1")
    return number


def _not_the_vendor(partner: str) -> str:
    if partner == VENDOR:
        raise ValueError(f"{VENDOR} is the vendor's own part; use the partner's id")
    return partner


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _once(ids: Iterable[str], what: str) -> None:
    if twice := sorted(name for name, count in Counter(ids).items() if count > 1):
        raise ValueError(f"{', '.join(twice)} comes twice; give each {what} once")


Exact = Annotated[Fraction, PlainValidator(exact)]
Count = Annotated[Exact, AfterValidator(_not_below_0)]
Moment = Annotated[datetime, AfterValidator(_in_utc)]
PartnerId = Annotated[str, Field(min_length=1), AfterValidator(_not_the_vendor)]
Minor = Annotated[int, Field(strict=True, gt=-LARGEST, lt=LARGEST)]


class Shape(BaseModel):
    """Frozen; an unknown field is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Rules(Attribution):
    """The policy's section ``[attribution]``, with the role pools (any unit) beside it."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    pools: Mapping[Role, Count] = Field(default_factory=lambda: {role: Fraction(n) for role, n in POOLS.items()})

    @model_validator(mode="after")
    def _vesting_goes_with_its_rule(self) -> Self:
        """A question says itself what each leaver had earned."""
        return self


class Partner(Shape):
    id: PartnerId
    roles: frozenset[Role] = frozenset()
    contribution: Count | None = None
    tier: Tier | None = None
    late: bool = False
    sourcing: bool = False


class Line(Shape):
    """``net`` in major units of the question's currency; the parts of those it needs, or just who they are."""

    id: str
    net: Exact
    needs: tuple[str, ...] = ()
    parts: Mapping[str, Count] = Field(default_factory=dict)


class Touched(Shape):
    partner: str
    at: Moment
    kind: str = "OTHER"
    milestone: Milestone | None = None
    verified: bool = True


class Coalition(Shape):
    partners: frozenset[str]
    worth: Exact


class Question(Shape):
    """Either ``weights`` (parts of 1), or ``partners`` with all that the policy's model reads."""

    id: str | int | None = None
    explain: bool = False
    tie_order: tuple[str, ...] = ()
    capped: frozenset[str] = frozenset()
    total_minor: Minor | None = None
    exponent: int | None = Field(default=None, ge=0, le=9)
    amount: Exact | None = None
    currency: str | None = None
    weights: Mapping[str, Exact] | None = None
    policy: Rules = Field(default_factory=Rules)
    partners: tuple[Partner, ...] | None = None
    lines: tuple[Line, ...] = ()
    touches: tuple[Touched, ...] = ()
    lock_at: Moment | None = None
    opened_at: Moment | None = None
    coalitions: tuple[Coalition, ...] = ()
    agreed: Mapping[str, Exact] = Field(default_factory=dict)
    leavers: Mapping[str, Annotated[Count, AfterValidator(_at_most_1)]] = Field(default_factory=dict)

    @field_validator("currency")
    @classmethod
    def _known(cls, currency: str | None) -> str | None:
        if currency is not None:
            exponent(currency)
        return currency

    @field_validator("weights")
    @classmethod
    def _parts_of_one(cls, weights: Mapping[str, Fraction] | None) -> Mapping[str, Fraction] | None:
        if weights is not None:
            Parts(weights, ())
        return weights

    @field_validator("partners")
    @classmethod
    def _each_once(cls, partners: tuple[Partner, ...] | None) -> tuple[Partner, ...] | None:
        _once((partner.id for partner in partners or ()), "partner")
        if len(sources := [partner.id for partner in partners or () if partner.sourcing]) > 1:
            raise ValueError(f"{', '.join(sources)} are all sourcing; only one partner can have sourced a deal")
        return partners

    @field_validator("lines")
    @classmethod
    def _each_line_once(cls, lines: tuple[Line, ...]) -> tuple[Line, ...]:
        _once((line.id for line in lines), "line")
        return lines

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.weights is None) == (self.partners is None):
            raise ValueError("weights: there must be either weights or partners; give one of them")
        if self.amount is not None and self.currency is None:
            raise ValueError("currency: missing beside the amount; add its code of ISO 4217")
        if self.amount is not None and self.total_minor is not None:
            raise ValueError("amount: there beside total_minor; give one of them")
        if self.lines and self.currency is None:
            raise ValueError("currency: missing beside the lines; add its code of ISO 4217")
        strangers = sorted(self.leavers.keys() - {partner.id for partner in self.partners or ()})
        if strangers:
            raise ValueError(f"leavers: {', '.join(strangers)} no partner; list whoever left under partners too")
        return self
