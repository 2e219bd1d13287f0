"""A partner's account over a period: what stood before, every entry, what stands after, in each currency. Pure."""

from __future__ import annotations

import calendar
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from sync.model.ledger import LedgerEntry
from sync.model.money import Money
from sync.model.problem import BadInput, Problem

NOTHING: Final[Mapping[str, int]] = {}


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day to the last, both included."""

    first: date
    last: date
    label: str

    @property
    def after(self) -> date:
        """The day after it."""
        return self.last + timedelta(days=1)


_SHAPES: Final = re.compile(
    r"(?P<year>\d{4})(?:Q(?P<quarter>[1-4])|-(?P<month>\d{2}))?|(?P<first>\d{4}-\d\d-\d\d)\.\.(?P<last>\d{4}-\d\d-\d\d)"
)


def period(text: str) -> Period:
    """``2026``, ``2026Q4``, ``2026-11`` or ``2026-11-01..2026-11-15``. Raises BadInput for anything else."""
    match = _SHAPES.fullmatch(text.strip())
    try:
        if match and match["first"]:
            first, last = date.fromisoformat(match["first"]), date.fromisoformat(match["last"])
        elif match:
            first, last = _calendar(int(match["year"]), match["quarter"], match["month"])
        else:
            raise ValueError("it is none of the four shapes")
        if last < first:
            raise ValueError("it ends before it begins")
    except ValueError as error:
        fix = "write 2026, 2026Q4, 2026-11 or 2026-11-01..2026-11-15"
        raise BadInput([Problem(f"--period {text}", f"this is no period: {error}", fix)]) from error
    return Period(first, last, text.strip())


def _calendar(year: int, quarter: str | None, month: str | None) -> tuple[date, date]:
    start = 3 * int(quarter) - 2 if quarter else int(month or 1)
    end = 3 * int(quarter) if quarter else int(month or 12)
    return date(year, start, 1), date(year, end, calendar.monthrange(year, end)[1])


@dataclass(frozen=True, slots=True)
class Account:
    """One currency of a statement. ``opening`` plus all entries is ``closing``, to the minor unit."""

    currency: str
    opening: Money
    entries: tuple[LedgerEntry, ...]
    closing: Money


@dataclass(frozen=True, slots=True)
class Statement:
    """One party's accounts over one period, a currency each, by its code."""

    party: str
    name: str
    period: Period
    accounts: tuple[Account, ...]


def statement(
    party: str, name: str, over: Period, entries: Iterable[LedgerEntry], before: Mapping[str, int] = NOTHING
) -> Statement:
    """The statement of ``party``; ``entries`` are all of it that belong to days up to the period's last.

    ``before``: minor units by currency that stand for entries before the period, which then are not needed.
    """
    opening: Counter[str] = Counter(before)
    inside: dict[str, list[LedgerEntry]] = {currency: [] for currency in before}
    for entry in entries:
        currency = entry.delta.currency
        inside.setdefault(currency, [])
        if entry.day < over.first:
            opening[currency] += entry.delta.minor
        elif entry.day <= over.last:
            inside[currency].append(entry)
    accounts = (
        Account(
            currency,
            Money(opening[currency], currency),
            tuple(own),
            Money(opening[currency] + sum(entry.delta.minor for entry in own), currency),
        )
        for currency, own in sorted(inside.items())
    )
    shown = (account for account in accounts if account.entries or account.opening.minor)
    return Statement(party, name, over, tuple(shown))


def restated(entries: Iterable[LedgerEntry], currency: str) -> Iterator[LedgerEntry]:
    """The entries in the reporting currency, by the rates that stand with them; those without one are left out."""
    for entry in entries:
        if entry.reported and entry.reported.currency == currency:
            yield replace(entry, delta=entry.reported)
