"""Exchange rates: what one unit of a currency was worth from one day to another, exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction


class RateDate(StrEnum):
    """The day whose rate counts for a deal."""

    CLOSE = "close"
    APPROVAL = "approval"  # the first approval on the deal
    MONTH_END = "month_end"  # the last day of the month of the close


@dataclass(frozen=True, slots=True)
class Span:
    """``worth``: of one unit in the base currency, from ``first`` to before ``after`` (``None``: for good)."""

    first: date
    after: date | None
    worth: Fraction


@dataclass(frozen=True, slots=True)
class Conversion:
    """How one deal is stated in the reporting currency. Kept with its split: later rates change no history.

    ``rate`` is exact, ``"p/q"``: one unit of ``currency`` in units of ``reporting``.
    """

    currency: str
    reporting: str
    rate: str
    day: date


@dataclass(frozen=True, slots=True)
class Rates:
    """Every known rate, by currency, each currency's oldest first. The base currency is always worth 1."""

    reporting: str
    rate_date: RateDate = RateDate.CLOSE
    base: str = ""
    spans: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)

    def worth(self, currency: str, day: date) -> Fraction | None:
        """What one unit was worth on a day; ``None`` where nothing says so."""
        if currency == self.base:
            return Fraction(1)
        found = [span for span in self.spans.get(currency, ()) if span.first <= day]
        latest = found[-1] if found else None
        return latest.worth if latest and (latest.after is None or day < latest.after) else None

    def conversion(self, currency: str, day: date) -> Conversion | None:
        """From ``currency`` to the reporting one on a day; ``None`` when a rate is missing: nothing is guessed."""
        if currency == self.reporting:
            return Conversion(currency, self.reporting, "1", day)
        one, other = self.worth(currency, day), self.worth(self.reporting, day)
        return Conversion(currency, self.reporting, str(one / other), day) if one and other else None
