"""Exchange rates as they are kept: a file, or the dated rates of a CRM; and one amount in another currency."""

from __future__ import annotations

import calendar
import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Final

from sync.model.deal import Opportunity, Stage
from sync.model.facts import Facts
from sync.model.money import Money, exponent, shortened
from sync.model.problem import Problem
from sync.model.rates import Conversion, RateDate, Rates, Span
from sync.model.split import Split, SplitStatus

COLUMNS: Final = ("currency", "from", "rate")


def read_rates(source: str, text: str) -> tuple[dict[str, tuple[Span, ...]], list[Problem]]:
    """A rates file: CSV with the columns ``currency,from,rate`` (one unit in the reporting currency), in any order.

    A rate holds until the currency's next one. Every fault is a Problem naming the line.
    """
    rows = csv.DictReader(text.splitlines())
    problems: list[Problem] = []
    if set(rows.fieldnames or ()) != set(COLUMNS):
        what = f"its columns are {', '.join(rows.fieldnames or ()) or 'missing'}"
        return {}, [Problem(source, what, f"the first line must be {','.join(COLUMNS)}")]
    found: dict[str, dict[date, Fraction]] = defaultdict(dict)
    for row in rows:
        place = f"{source}: line {rows.line_num}"
        try:
            currency, day, worth = _rate(row)
        except ValueError as error:
            problems.append(Problem(place, str(error), "write it like USD,2027-01-31,0.92"))
            continue
        if day in found[currency]:
            problems.append(Problem(place, f"{currency} has two rates from {day}", "keep one of them"))
        found[currency][day] = worth
    return {currency: tuple(_spans(days)) for currency, days in sorted(found.items())}, problems


def _rate(row: Mapping[str | Any, Any]) -> tuple[str, date, Fraction]:
    """Raises ValueError for a currency, day or rate that is none."""
    currency, day, text = (str(row[column] or "").strip() for column in COLUMNS)
    exponent(currency)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{shortened(text)} is not a rate") from None
    if not number.is_finite() or number <= 0 or abs(number.adjusted()) > 18:
        raise ValueError(f"{shortened(text)} is not a rate above 0")
    return currency, date.fromisoformat(day), Fraction(number)


def _spans(days: Mapping[date, Fraction]) -> Iterator[Span]:
    ordered = sorted(days)
    for day, after in zip(ordered, [*ordered[1:], None], strict=True):
        yield Span(day, after, days[day])


def spans_of(rows: Iterable[Mapping[str, Any]], base: str = "") -> dict[str, tuple[Span, ...]]:
    """Rows of a CRM's rates in our words, as spans in the currency ``base``.

    ``rate`` is how much of the currency one unit of the base is (Salesforce ``DatedConversionRate``, Object
    Reference), ``worth`` the reverse (HubSpot exchange rates); ``to`` is the first day without it. A row that says
    less than that, a rate that is not above 0, or one in another base, says nothing.
    """
    found: dict[str, list[Span]] = defaultdict(list)
    for row in rows:
        worth, first = _worth(row), row.get("from")
        if row.get("currency") and first and worth and row.get("base") in (None, base):
            found[row["currency"]].append(Span(first, row.get("to"), worth))
    return {currency: tuple(sorted(spans, key=lambda span: span.first)) for currency, spans in found.items()}


def _worth(row: Mapping[str, Any]) -> Fraction | None:
    rate, worth = row.get("rate"), row.get("worth")
    if rate and rate > 0:
        return 1 / Fraction(rate)
    return Fraction(worth) if worth and worth > 0 else None


def with_spans(rates: Rates, spans: Mapping[str, Sequence[Span]]) -> Rates:
    """The rates with those of a CRM; what the rates file says of a currency stands before them."""
    return replace(rates, spans={currency: tuple(own) for currency, own in spans.items()} | {**rates.spans})


def rate_day(deal: Opportunity, approvals: Iterable[datetime], rule: RateDate) -> date | None:
    """The day whose rate counts; ``None`` when the deal has no such day."""
    if rule is RateDate.APPROVAL:
        return min((moment.date() for moment in approvals), default=deal.close_date)
    if deal.close_date is None or rule is RateDate.CLOSE:
        return deal.close_date
    return deal.close_date.replace(day=calendar.monthrange(deal.close_date.year, deal.close_date.month)[1])


def convert(money: Money, by: Conversion) -> Money:
    """One amount in the reporting currency, rounded once, half-even (domain §5.6)."""
    units = Fraction(money.minor, 10 ** exponent(money.currency)) * Fraction(by.rate)
    return Money(round(units * 10 ** exponent(by.reporting)), by.reporting)


def missing_rates(facts: Facts, splits: Iterable[Split], rates: Rates | None) -> tuple[Problem, ...]:
    """Won deals that cannot be stated in the reporting currency, each with the rate it needs (C15)."""
    if rates is None:
        return ()
    deals = {deal.id: deal for deal in facts.opportunities}
    return tuple(
        Problem(
            str(deals[split.opportunity_id].members[0]),
            f"no rate from {split.amount.currency} to {rates.reporting} ({rates.rate_date.replace('_', ' ')})",
            f"add one from {deals[split.opportunity_id].close_date or 'that day'} or earlier",
        )
        for split in splits
        if split.status is SplitStatus.LOCKED
        and split.amount
        and split.conversion is None
        and deals[split.opportunity_id].stage is Stage.WON
    )
