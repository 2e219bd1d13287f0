"""How values read on a page: moments, counts, states; and every word explained where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any, Final

from sync.console.menu import menu
from sync.console.terms import explained


def when(value: str | datetime | None) -> str:
    """A moment to the minute, in UTC; ``-`` for none."""
    if not value:
        return "-"
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def day(value: str | date | None) -> str:
    """A day; ``-`` for none."""
    return str(value)[:10] if value else "-"


def ago(value: str | datetime | None, now: datetime) -> str:
    """How far a moment lies from ``now``, in the largest unit that says something."""
    if not value:
        return "-"
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    seconds = int((moment - now).total_seconds())
    size = abs(seconds)
    unit, length = next(((u, n) for u, n in _UNITS if size >= n), ("s", 1))
    text = f"{size // length} {unit}"
    return f"in {text}" if seconds > 0 else f"{text} ago"


def past(value: str | datetime | None, now: datetime) -> bool:
    """Whether a moment has come."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment is not None and moment <= now


_UNITS: Final = (("d", 86400), ("h", 3600), ("min", 60))


def number(value: int | Decimal) -> str:
    """A count or an amount with its thousands apart."""
    return f"{value:,}"


_KIND: Final = re.compile(r"[CM]\d\d")


def plain(value: Any) -> str:
    """A word of the code as a person writes it: ``IN_CONFLICT`` is ``in conflict``; ``C02`` stays as it is."""
    text = str(value)
    return text if _KIND.fullmatch(text) else text.replace("_", " ").lower()


_ids: Final = count(1)


def fresh_id() -> str:
    """An id that no other element of any page has."""
    return f"n{next(_ids)}"


_TONES: Final = {
    "good": ("APPROVED", "WON", "RESOLVED", "LOCKED", "ACTIVE", "ok", "done"),
    "wait": (
        "SUBMITTED",
        "UNDER_REVIEW",
        "ACTION_REQUIRED",
        "OPEN",
        "WAITING",
        "WARN",
        "waiting",
        "working",
        "paused",
    ),
    "bad": ("IN_CONFLICT", "REJECTED", "REVOKED", "REFUSED", "BLOCK", "wrong"),
}


def tone(word: Any) -> str:
    """How a state stands: ``good``, ``wait`` or ``bad``; nothing when it is neither."""
    return next((name for name, words in _TONES.items() if str(word) in words), "")


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "when": when,
    "day": day,
    "ago": ago,
    "number": number,
    "past": past,
    "plain": plain,
    "tone": tone,
}

GLOBALS: Final[Mapping[str, Any]] = {"explained": explained, "fresh_id": fresh_id, "menu": menu}
