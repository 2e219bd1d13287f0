"""What the split of a won deal was worth to each party, and every change since: entries that are only added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from sync.model.money import Money
from sync.model.registration import Role


class Cause(StrEnum):
    """Why an amount moved."""

    CLOSE = "CLOSE"  # the deal was won
    CREDIT = "CREDIT"  # a credit deal, or a deal whose amount fell below zero
    AMOUNT_CHANGE = "AMOUNT_CHANGE"  # the amount was corrected after the close
    REFUND = "REFUND"  # lines of a bundle were taken back: only their partners pay
    WITHDRAWAL = "WITHDRAWAL"  # somebody left, or was taken out
    CORRECTION = "CORRECTION"  # people divided the deal anew
    CURRENCY = "CURRENCY"  # the deal was entered in another currency: all back, and again
    REOPEN = "REOPEN"  # the deal is not won any more: all back
    ACQUIRED = "ACQUIRED"  # the partner became part of another


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One amount that moved, for one party of one deal. The entries of a party add up to its present amount (I6).

    ``day`` is the day it belongs to: that of the close for what a deal was won at, else that of the posting.
    ``deal`` and ``name`` say what deal and party were called then.
    """

    id: str
    opportunity_id: str
    party: str
    delta: Money
    cause: Cause
    day: date
    at: datetime
    split_version: int
    weight: str
    roles: tuple[Role, ...] = ()
    reason: str = ""
    deal: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Posted:
    """What has been posted for one deal: how many entries, and their sum by party and currency (minor units)."""

    entries: int = 0
    balances: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Whether anything is posted that was not taken back."""
        return any(self.balances.values())
