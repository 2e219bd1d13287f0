"""One number and how many rows it rests on: rates, quantiles, amounts, and words where there are too few. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from sync.metrics.counts import Counts
from sync.model.money import Money
from sync.workdays import Calendar

ENOUGH: Final = 30
"""Below so many there is no verdict, only the count."""

TOO_FEW: Final = f"fewer than {ENOUGH}: too few for a verdict"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that a figure is made of: a list (registrations, deals, parts), and what they have in common."""

    of: str
    only: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """One number: ``value`` is plain text in ``unit``, empty where there is nothing to say; it rests on ``n``."""

    section: str
    key: str
    title: str
    of: str
    value: str
    unit: str
    n: int
    note: str = ""
    rows: Rows | None = None


def few(n: int) -> str:
    """What is said beside a number that rests on ``n`` rows."""
    return "" if n >= ENOUGH else TOO_FEW if n else "none yet"


def rounded(part: int, whole: int, digits: str = "0.1") -> Decimal:
    """``part`` of ``whole``, half-even."""
    return (Decimal(part) / Decimal(whole)).quantize(Decimal(digits), ROUND_HALF_EVEN)


def percent(part: int, whole: int) -> str:
    """``part`` of ``whole`` in percent; empty where there is no whole."""
    return str(rounded(100 * part, whole)) if whole else ""


def interval(part: int, whole: int) -> tuple[Decimal, Decimal]:
    """Where the true rate lies in 95 of 100 cases, in percent (Wilson's score interval). ``whole`` is above 0."""
    z, n, p = Decimal("1.96"), Decimal(whole), Decimal(part) / Decimal(whole)
    middle = p + z * z / (2 * n)
    reach = z * (p * (1 - p) / n + z * z / (4 * n * n)).sqrt()
    low, high = [100 * (middle + sign * reach) / (1 + z * z / n) for sign in (-1, 1)]
    one = Decimal("0.1")
    return max(Decimal("0.0"), low.quantize(one)), min(Decimal("100.0"), high.quantize(one))


def quantile(counted: Mapping[int, int], part: Decimal) -> int | None:
    """The smallest value that ``part`` of all do not exceed; ``None`` of nothing. ``counted``: value to number."""
    wanted = Decimal(sum(counted.values())) * part
    reached = 0
    for value, number in sorted(counted.items()):
        reached += number
        if reached >= wanted:
            return value
    return None


HALF: Final = Decimal("0.5")
NINE_TENTHS: Final = Decimal("0.9")


@dataclass(frozen=True, slots=True)
class Measuring:
    """What every number is made from: the counts, the moment, and the calendar of the programme."""

    counts: Counts
    now: datetime
    calendar: Calendar


Numbers = Iterator[Figure]


def rate(place: tuple[str, str, str], part: int, whole: int, rows: Rows | None = None, of: str = "") -> Figure:
    """A part of a whole in percent, with its interval, or with the words that there are too few."""
    section, key, title = place
    note = few(whole)
    if whole:
        low, high = interval(part, whole)
        note = f"{part} of {whole}; {note or f'95 %: {low} to {high}'}"
    return Figure(section, key, title, of, percent(part, whole), "percent", whole, note, rows)


def money(minor: int, currency: str) -> str:
    """An exact amount as plain text, without its currency."""
    return str(Money(minor, currency).major)
