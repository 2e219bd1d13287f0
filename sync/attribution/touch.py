"""Touches: what a partner did on a deal and when, and which of it counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Milestone(StrEnum):
    """What a touch brought about. The first and the closing touch follow from the times."""

    FIRST = "FIRST"
    REGISTRATION_APPROVED = "REGISTRATION_APPROVED"
    OPP_CREATED = "OPP_CREATED"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True)
class Touch:
    """One thing that ``partner`` did on the deal (domain §2.11); ``at`` is in the zone whose days count.

    ``kind`` is the evidence's kind, or what the programme itself recorded: REGISTRATION, APPROVAL.
    """

    partner: str
    at: datetime
    kind: str
    milestone: Milestone | None = None
    verified: bool = True

    @property
    def text(self) -> str:
        return f"{self.partner} {self.kind} on {self.at.date().isoformat()}"


@dataclass(frozen=True, slots=True)
class Counted:
    """The touches that count, oldest first, and the others with why not."""

    touches: tuple[Touch, ...]
    left_out: tuple[str, ...]


def counted(touches: Iterable[Touch], partners: Collection[str], lock: datetime | None) -> Counted:
    """The touches of ``partners`` that are verified and not after ``lock``; one of a kind a day and partner."""
    once: dict[tuple[str, str, date], Touch] = {}
    left_out = []
    for touch in sorted(touches, key=_order):
        if touch.partner not in partners:
            continue
        if not touch.verified:
            left_out.append(f"Not verified, not counted: {touch.text}")
        elif lock is not None and touch.at > lock:
            left_out.append(f"After the lock, not counted: {touch.text}")
        else:
            key = touch.partner, touch.kind, touch.at.date()
            if key not in once or (touch.milestone and not once[key].milestone):
                once[key] = touch
    return Counted(tuple(sorted(once.values(), key=_order)), tuple(left_out))


def _order(touch: Touch) -> tuple[datetime, str, str, str, bool]:
    return touch.at, touch.partner, touch.kind, touch.milestone or "", touch.verified
