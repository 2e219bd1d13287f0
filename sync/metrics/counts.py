"""The plain counts that numbers are made from, as the store gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

KINDS: Final = ("direct", "one partner", "2 partners", "3 partners", "4 or more partners")
"""Deals by how many partners are credited."""


@dataclass(frozen=True, slots=True)
class DealCount:
    """Deals of one kind, outcome and currency. ``minor`` is their amount in all; ``sized`` of them have one."""

    kind: str
    outcome: str
    currency: str
    number: int
    sized: int = 0
    minor: int = 0
    sourced: int = 0
    influenced: int = 0
    fulfilled: int = 0


@dataclass(frozen=True, slots=True)
class PartCount:
    """Parts of splits by one thing (a partner, a role), outcome and currency, in minor units."""

    of: str
    name: str
    outcome: str
    currency: str
    number: int
    minor: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Everything that the numbers are made from; days are days, minutes are business minutes."""

    states: Mapping[str, int] = field(default_factory=dict)
    decided: Mapping[str, int] = field(default_factory=dict)  # approve, reject
    minutes: Mapping[int, int] = field(default_factory=dict)
    late: int = 0
    overdue: int = 0
    by_rule: int = 0
    returned: int = 0
    conflicted: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    endings: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)  # open reviews by the day since when
    protected: Mapping[str, int] = field(default_factory=dict)  # approved, by the day on which protection ends
    deals: Sequence[DealCount] = ()
    middles: Mapping[tuple[str, str], int] = field(default_factory=dict)  # kind, currency: median of won, minor
    days: Mapping[str, Mapping[int, int]] = field(default_factory=dict)  # kind: days to the win
    partners: Sequence[PartCount] = ()
    roles: Sequence[PartCount] = ()
    joined: Sequence[tuple[str, str | None]] = ()  # of each partner: day of its first registration, first approval

    @property
    def submitted(self) -> int:
        return sum(number for state, number in self.states.items() if state != "DRAFT")
