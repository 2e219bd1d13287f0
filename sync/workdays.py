"""Business days of one place, for the clocks that people are measured by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where a clock runs: an IANA time zone, and the country whose weekends and public holidays count.

    ``country`` is ISO 3166 (``DE``) or a part of it (``DE-BY``); ``None`` is Monday to Friday without holidays.
    Raises ValueError for a zone or a country that is not known.
    """

    zone: str
    country: str | None = None

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as cause:
            raise ValueError(f"calendar zone {self.zone!r} is unknown: use a name like Europe/Berlin") from cause
        code, part = _place(self.country)
        known = holidays.list_supported_countries()
        if code and (code not in known or (part and part not in known[code])):
            raise ValueError(f"calendar country {self.country!r} is unknown: use a code like DE, DE-BY or US-CA")

    def works(self, day: date) -> bool:
        """Whether ``day`` is a business day here."""
        return _holidays_of(self.country, day.year).is_working_day(day)

    def midnight(self, day: date) -> datetime:
        """When ``day`` begins here, in UTC."""
        return datetime.combine(day, time.min, ZoneInfo(self.zone)).astimezone(UTC)


def add_business_days(start: datetime, days: int, calendar: Calendar) -> datetime:
    """The moment ``days`` business days after ``start`` (aware), at the same local wall time, in UTC.

    A start on a day off counts from the beginning of the next business day. Raises ValueError for a naive start
    or for days below 0.
    """
    if days < 0:
        raise ValueError(f"{days} business days: count forward from the earlier moment")
    local = _local(start, calendar)
    if not calendar.works(local.date()):
        local = datetime.combine(_next(local.date(), calendar), time.min, local.tzinfo)
    day = local.date()
    for _ in range(days):
        day = _next(day, calendar)
    return datetime.combine(day, local.timetz()).astimezone(UTC)


def add_business_time(start: datetime, span: timedelta, calendar: Calendar) -> datetime:
    """The first moment (UTC) by which ``span`` of business time has passed since ``start``; the reverse of
    `business_hours_between`. A start on a day off counts from the beginning of the next business day.
    Raises ValueError for a naive start or a span below zero.
    """
    if span < timedelta():
        raise ValueError(f"{span} of business time: count forward from the earlier moment")
    day, moment = _local(start, calendar).date(), start.astimezone(UTC)
    while True:
        end = calendar.midnight(day + DAY)
        if calendar.works(day):
            if span <= end - moment:
                return moment + span
            span -= end - moment
        day, moment = day + DAY, end


def business_hours_between(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """How much of the time from ``start`` to ``end`` (both aware) falls on business days; all 24 hours count.

    Exact, as a timedelta: divide by ``timedelta(hours=1)`` to show hours. Raises ValueError for a naive moment or
    an end before its start.
    """
    day, last = _local(start, calendar).date(), _local(end, calendar).date()
    # in UTC, because two moments of one zone are compared by their wall time, which repeats in autumn
    begin, finish = start.astimezone(UTC), end.astimezone(UTC)
    if finish < begin:
        raise ValueError(f"the end {end.isoformat()} is before the start {start.isoformat()}: swap them")
    spent = timedelta()
    while day <= last:
        if calendar.works(day):
            spent += min(finish, calendar.midnight(day + DAY)) - max(begin, calendar.midnight(day))
        day += DAY
    return spent


def _local(moment: datetime, calendar: Calendar) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"a datetime without time zone: {moment!r}")
    return moment.astimezone(ZoneInfo(calendar.zone))


def _next(day: date, calendar: Calendar) -> date:
    day += DAY
    while not calendar.works(day):
        day += DAY
    return day


def _place(country: str | None) -> tuple[str, str]:
    code, _, part = (country or "").upper().partition("-")
    return code, part


@cache
def _holidays_of(country: str | None, year: int) -> holidays.HolidayBase:
    # one complete year at a time: a table that fills itself on first use is not safe between threads
    code, part = _place(country)
    if not code:
        return holidays.HolidayBase(years=year, expand=False)
    return holidays.country_holidays(code, subdiv=part or None, years=year, expand=False)
