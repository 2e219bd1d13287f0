"""When a registration was decided, and how much business time that took. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sync.workdays import Calendar, business_hours_between


@dataclass(frozen=True, slots=True)
class Moved:
    """One move of a registration, as far as time is measured by it."""

    event: str
    state: str
    person: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Decided:
    """The first yes or no to a registration: ``minutes`` of business time after its submission, pauses left out."""

    event: str = ""
    at: datetime | None = None
    minutes: int | None = None
    person: bool = False
    returns: int = 0


_PAUSED: Final = ("ACTION_REQUIRED", "IN_CONFLICT")


def decided(submitted: datetime, moves: Sequence[Moved], calendar: Calendar) -> Decided:
    """When and how a registration was decided; without a date while it was not."""
    returns = sum(move.event == "request_info" for move in moves)
    first = next((move for move in moves if move.event in ("approve", "reject")), None)
    if first is None:
        return Decided(returns=returns)
    spent, since, paused = timedelta(), submitted, False
    for move in [entry for entry in moves if submitted <= entry.at <= first.at]:
        until = max(since, move.at)  # the clock may have been stepped back in between
        if not paused:
            spent += business_hours_between(since, until, calendar)
        since, paused = until, move.state in _PAUSED
    return Decided(first.event, first.at, spent // timedelta(minutes=1), first.person, returns)
