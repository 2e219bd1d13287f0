"""Who gets which part of a deal: exact weights, and the numbers that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from sync.model.money import Money
from sync.model.registration import Role

VENDOR: Final = "VENDOR"
"""The party that stands for the vendor's own share."""


class SplitStatus(StrEnum):
    DRAFT = "DRAFT"  # somebody on the deal is still under review
    PROPOSED = "PROPOSED"  # all are approved, not all have agreed
    AGREED = "AGREED"  # all are approved and agreed
    LOCKED = "LOCKED"  # weights no longer change


@dataclass(frozen=True, slots=True)
class Portion:
    """One party's part. ``weight`` is exact, ``"p/q"``; percent and amount are each apportioned from it.

    The amounts at the end are not parts of the deal: they overlap, and no two of them may be added (domain §5.1).
    """

    party: str
    roles: tuple[Role, ...]
    weight: str
    share_ppm: int | None  # None: some lines above zero and some below, amounts only
    percent: Decimal | None
    amount: Money | None
    sourced: bool = False
    influenced: bool = False
    fulfilled: bool = False
    sourced_amount: Money | None = None  # the full deal, for the one partner that sourced it
    influenced_amount: Money | None = None  # the full deal, once for each partner that influenced it
    fulfilled_amount: Money | None = None  # the lines that the partner transacted


@dataclass(frozen=True, slots=True)
class Split:
    """The credit of one deal: percent totals exactly 100.00, amounts total exactly the deal's amount."""

    opportunity_id: str
    version: int
    status: SplitStatus
    model: str
    policy: str
    amount: Money | None
    portions: tuple[Portion, ...]
    arithmetic: tuple[str, ...] = ()
    decision_id: str = ""
