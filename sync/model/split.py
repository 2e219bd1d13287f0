"""Who gets which part of a deal: exact weights, and the numbers that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from sync.model.ids import name
from sync.model.money import Money
from sync.model.rates import Conversion
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
    reported: Money | None = None  # its part in the reporting currency


@dataclass(frozen=True, slots=True)
class FrozenLine:
    """One line of a bundle when its split was locked, in minor units.

    ``worth`` is ``net`` with its part of the difference between header and lines; ``parts`` are exact, ``"p/q"``,
    and make 1. ``now`` is the net that was last followed, ``None`` when the line is gone.
    """

    id: str
    net: int
    worth: int
    parts: tuple[tuple[str, str], ...]
    now: int | None


@dataclass(frozen=True, slots=True)
class Split:
    """The credit of one deal: percent totals exactly 100.00, amounts total exactly the deal's amount.

    After the lock ``lines`` hold the parts of every line of a bundle, ``notes`` what does not count without a
    person, and ``waiting`` is what became of the deal after its amendment window (empty: nothing waits).
    """

    opportunity_id: str
    version: int
    status: SplitStatus
    model: str
    policy: str
    amount: Money | None
    portions: tuple[Portion, ...]
    arithmetic: tuple[str, ...] = ()
    decision_id: str = ""
    lines: tuple[FrozenLine, ...] = ()
    notes: tuple[str, ...] = ()
    waiting: str = ""
    said: str = ""  # the directive that stated it
    conversion: Conversion | None = None
    locks_at: datetime | None = None  # when it will be locked, if the deal is not won before


def versioned(split: Split, before: Split | None) -> Split:
    """The same split again keeps its version and its id; another one is the next version."""
    split = replace(split, version=0, decision_id="")
    if before and replace(before, version=0, decision_id="") == split:
        return before
    version = before.version + 1 if before else 1
    return replace(split, version=version, decision_id=name("spl", split.opportunity_id, str(version), repr(split)))
