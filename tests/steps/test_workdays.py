"""Business days: the same wall time, no weekend and no public holiday, across daylight saving."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.workdays import Calendar, add_business_days, add_business_time, business_hours_between

BERLIN = Calendar("Europe/Berlin", "DE")
quick = settings(deadline=None, max_examples=60)
moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
calendars = st.sampled_from(
    [BERLIN, Calendar("UTC"), Calendar("America/New_York", "us"), Calendar("Asia/Jerusalem", "IL")]
)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-11-24T09:30", 2, "2026-11-26T09:30"),  # Tuesday
        ("2026-11-27T15:00", 2, "2026-12-01T15:00"),  # Friday over the weekend
        ("2026-11-28T15:00", 2, "2026-12-02T00:00"),  # Saturday counts from Monday's start
        ("2026-11-28T15:00", 0, "2026-11-30T00:00"),
        ("2026-11-24T09:30", 0, "2026-11-24T09:30"),
        ("2026-12-24T12:00", 1, "2026-12-28T12:00"),  # Christmas is a Friday
        ("2026-04-02T12:00", 1, "2026-04-07T12:00"),  # Good Friday to Easter Monday
        ("2026-03-27T12:00", 1, "2026-03-30T12:00"),  # the clocks go forward on Sunday
        ("2026-12-31T12:00", 1, "2027-01-04T12:00"),  # into the next year
        ("2026-11-24T09:30", 10, "2026-12-08T09:30"),
    ],
)
def test_due_dates_in_germany(start: str, days: int, due: str) -> None:
    assert add_business_days(berlin(start), days, BERLIN) == berlin(due)


def test_the_calendar_of_the_policy_decides_what_day_it_is() -> None:
    late_friday = datetime(2026, 11, 27, 23, 30, tzinfo=UTC)  # Saturday 00:30 in Berlin
    assert add_business_days(late_friday, 1, BERLIN) == berlin("2026-12-01T00:00")
    assert add_business_days(late_friday, 1, Calendar("UTC")) == datetime(2026, 11, 30, 23, 30, tzinfo=UTC)


def test_regions_and_weekends_of_other_countries() -> None:
    epiphany = berlin("2026-01-05T09:00")
    assert add_business_days(epiphany, 1, Calendar("Europe/Berlin", "DE-BY")) == berlin("2026-01-07T09:00")
    assert add_business_days(epiphany, 1, BERLIN) == berlin("2026-01-06T09:00")
    thursday = datetime(2026, 11, 26, 8, tzinfo=UTC)
    assert add_business_days(thursday, 1, Calendar("Asia/Jerusalem", "IL")) == datetime(2026, 11, 29, 8, tzinfo=UTC)


def test_an_observed_holiday_of_the_next_year_counts() -> None:
    thursday = datetime(2027, 12, 30, 17, tzinfo=UTC)  # Friday 31 December stands in for New Year's Day 2028
    due = add_business_days(thursday, 1, Calendar("America/New_York", "US"))
    assert due == datetime(2028, 1, 3, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2026-11-24T09:00", "2026-11-24T11:30", 150),
        ("2026-11-27T12:00", "2026-11-30T12:00", 24 * 60),  # half of Friday, half of Monday
        ("2026-11-28T12:00", "2026-11-29T12:00", 0),  # a weekend
        ("2026-12-24T00:00", "2026-12-28T01:00", 25 * 60),
        ("2026-03-27T00:00", "2026-03-31T00:00", 48 * 60),  # Sunday has 23 hours and does not count
        ("2026-11-24T09:00", "2026-11-24T09:00", 0),
    ],
)
def test_business_hours_in_germany(start: str, end: str, minutes: int) -> None:
    assert business_hours_between(berlin(start), berlin(end), BERLIN) == timedelta(minutes=minutes)


def test_the_hour_that_comes_twice_is_an_hour() -> None:
    new_york = ZoneInfo("America/New_York")
    every_day = Calendar("America/New_York", "SA")  # Sunday is a business day in Saudi Arabia
    first = datetime(2026, 11, 1, 1, 30, tzinfo=new_york)
    again = first.replace(fold=1)
    assert business_hours_between(first, again, every_day) == timedelta(hours=1)


@quick
@given(moments, st.integers(0, 40), calendars)
def test_a_due_date_is_a_business_day_that_many_days_later(start: datetime, days: int, calendar: Calendar) -> None:
    zone = ZoneInfo(calendar.zone)
    begins = add_business_days(start, 0, calendar)
    due = add_business_days(start, days, calendar)
    passed = (begins.astimezone(zone).date() + timedelta(days=n) for n in range(1, 120))
    counted = [day for day in passed if day <= due.astimezone(zone).date() and calendar.works(day)]
    assert start <= begins <= due
    assert calendar.works(due.astimezone(zone).date())
    assert len(counted) == days


@quick
@given(moments, st.timedeltas(timedelta(), timedelta(20)), st.timedeltas(timedelta(), timedelta(20)), calendars)
def test_business_hours_add_up(start: datetime, first: timedelta, second: timedelta, calendar: Calendar) -> None:
    middle, end = start + first, start + first + second
    parts = business_hours_between(start, middle, calendar) + business_hours_between(middle, end, calendar)
    assert business_hours_between(start, end, calendar) == parts
    assert timedelta() <= parts <= first + second


@pytest.mark.parametrize(
    ("zone", "country", "message"),
    [
        ("Europe/Berln", "DE", "zone 'Europe/Berln' is unknown"),
        ("", "DE", "zone '' is unknown"),
        ("../etc/passwd", None, "zone '../etc/passwd' is unknown"),
        ("Europe", None, "zone 'Europe' is unknown"),
        ("UTC", "Germany", "country 'Germany' is unknown"),
        ("UTC", "DE-XX", "country 'DE-XX' is unknown"),
    ],
)
def test_an_unknown_place_is_refused_by_name(zone: str, country: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Calendar(zone, country)


def test_moments_that_cannot_be_counted_are_refused() -> None:
    start = berlin("2026-11-24T09:30")
    naive = start.replace(tzinfo=None)
    with pytest.raises(ValueError, match="-1 business days"):
        add_business_days(start, -1, BERLIN)
    with pytest.raises(ValueError, match="without time zone"):
        add_business_days(naive, 1, BERLIN)
    with pytest.raises(ValueError, match="without time zone"):
        business_hours_between(naive, start, BERLIN)
    with pytest.raises(ValueError, match="before the start"):
        business_hours_between(start, start - timedelta(seconds=1), BERLIN)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-24T09:30", 0, "2026-11-24T09:30"),
        ("2026-11-24T09:30", 48, "2026-11-26T09:30"),
        ("2026-11-27T15:00", 9, "2026-11-28T00:00"),  # the last moment of Friday
        ("2026-11-27T15:00", 10, "2026-11-30T01:00"),
        ("2026-11-28T15:00", 1, "2026-11-30T01:00"),
        ("2026-12-24T12:00", 24, "2026-12-28T12:00"),
    ],
)
def test_business_time_passes_on_working_days_only(start: str, hours: int, end: str) -> None:
    assert add_business_time(berlin(start), timedelta(hours=hours), BERLIN) == berlin(end)


@quick
@given(moments, st.timedeltas(timedelta(0), timedelta(days=30)), calendars)
def test_adding_business_time_is_the_reverse_of_measuring_it(
    start: datetime, span: timedelta, calendar: Calendar
) -> None:
    end = add_business_time(start, span, calendar)
    assert business_hours_between(start, end, calendar) == span
    if span:
        assert business_hours_between(start, end - timedelta(microseconds=1), calendar) < span


def test_business_time_is_counted_forward_from_an_aware_moment() -> None:
    with pytest.raises(ValueError, match="count forward"):
        add_business_time(berlin("2026-11-24T09:30"), timedelta(-1), BERLIN)
    with pytest.raises(ValueError, match="without time zone"):
        add_business_time(datetime(2026, 11, 24), timedelta(1), BERLIN)  # noqa: DTZ001
