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
    RATE = "RATE"  # a rate came to be known: the same amount, now in the reporting currency too
    REOPEN = "REOPEN"  # the deal is not won any more: all back
    ACQUIRED = "ACQUIRED"  # the partner became part of another, which inherits its account
    MERGED = "MERGED"  # the deal turned out to be another one: all back, it is counted there


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
    reported: Money | None = None  # the same in the reporting currency, by the rate that stands with the split


@dataclass(frozen=True, slots=True)
class Posted:
    """What has been posted for one deal: how many entries, and their sum by party and currency (minor units).

    ``since`` is the day of the first entry: that of the close. ``cause`` is that of the latest.
    """

    entries: int = 0
    balances: Mapping[tuple[str, str], int] = field(default_factory=dict)
    since: date | None = None
    cause: Cause | None = None
    reported: Mapping[tuple[str, str], Money] = field(default_factory=dict)  # by party and currency of the deal

    @property
    def taken_back(self) -> bool:
        """Whether the deal was opened again after it was won, and not won since."""
        return self.cause is Cause.REOPEN

    @property
    def open(self) -> bool:
        """Whether anything is posted that was not taken back."""
        return any(self.balances.values())
