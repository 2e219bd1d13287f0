"""One canonical spelling for every value that crosses the door."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.record import ABSENT, FieldInfo, FieldType, Ref, datetime_text, number_text, value_text
from connector.spelling import problem, spelt

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=6)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1234.50", "1234.5"),
        ("-3", "-3"),
        ("0", "0"),
        ("-0.00", "0"),
        ("100", "100"),
        ("1E+3", "1000"),
        ("1E-7", "0.0000001"),
        ("12345678901234567890.12", "12345678901234567890.12"),
    ],
)
def test_numbers(number: str, text: str) -> None:
    assert number_text(Decimal(number)) == text


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_cannot_be_stored_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        number_text(Decimal(number))


@given(NUMBERS)
def test_a_number_keeps_its_value_and_has_one_spelling(number: Decimal) -> None:
    text = number_text(number)
    assert Decimal(text) == number
    assert number_text(Decimal(text)) == text
    assert "E" not in text
    assert not text.endswith(".")


@given(NUMBERS, NUMBERS)
def test_equal_numbers_are_spelt_alike(one: Decimal, other: Decimal) -> None:
    assert (number_text(one) == number_text(other)) == (one == other)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 24, 9, 30, tzinfo=UTC), "2026-11-24T09:30:00Z"),
        (datetime(2026, 11, 24, 9, 30, 0, 250_000, tzinfo=UTC), "2026-11-24T09:30:00.250000Z"),
        (datetime(2026, 11, 24, 1, 0, tzinfo=timezone(timedelta(hours=5, minutes=30))), "2026-11-23T19:30:00Z"),
    ],
)
def test_moments_are_utc(moment: datetime, text: str) -> None:
    assert datetime_text(moment) == text


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without time zone"):
        datetime_text(datetime(2026, 11, 24))  # noqa: DTZ001 naive on purpose


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_keeps_its_value(moment: datetime) -> None:
    assert datetime.fromisoformat(datetime_text(moment)) == moment


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("", None),
        ([], None),
        ("x", "x"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (Decimal("0.10"), "0.1"),
        (date(2026, 11, 24), "2026-11-24"),
        (datetime(2026, 11, 24, tzinfo=UTC), "2026-11-24T00:00:00Z"),
        (("b", "a"), "b;a"),
    ],
)
def test_any_value(value: str | bool | int | Decimal | date | list[str] | None, text: str | None) -> None:
    assert value_text(value) == text


def test_absent_is_not_empty() -> None:
    others: list[object] = [None, "", "absent"]
    assert ABSENT not in others


def test_a_reference_is_told_in_three_words() -> None:
    assert str(Ref("sf", "Opportunity", "006")) == "sf:Opportunity:006"


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (FieldType.NUMBER, "-1234.5", "1,5"),
        (FieldType.NUMBER, "0", "NaN"),
        (FieldType.BOOLEAN, "true", "True"),
        (FieldType.DATE, "2026-11-24", "24.11.2026"),
        (FieldType.DATE, "2026-02-28", "2026-02-30"),
        (FieldType.DATE, "2026-11-24", "20261124"),
        (FieldType.DATETIME, "2026-11-24T09:30:00Z", "2026-11-24T09:30:00"),
    ],
)
def test_spelling(kind: FieldType, good: str, bad: str) -> None:
    assert spelt(kind, good)
    assert not spelt(kind, bad)


@pytest.mark.parametrize(
    ("info", "text", "said"),
    [
        (FieldInfo("f", "F", FieldType.TEXT), "anything; at all", None),
        (FieldInfo("f", "F", FieldType.TEXT, length=3), "long", "takes 3 characters, not 4"),
        (FieldInfo("f", "F", FieldType.TEXT, writable=False), "x", "is read-only"),
        (FieldInfo("f", "F", FieldType.TEXT, required=True), None, "must have a value"),
        (FieldInfo("f", "F", FieldType.TEXT), None, None),
        (FieldInfo("f", "F", FieldType.CHOICE, options=("a", "b")), "a", None),
        (FieldInfo("f", "F", FieldType.CHOICE, options=("a", "b")), "a;b", "'a;b' is none of a, b"),
        (FieldInfo("f", "F", FieldType.CHOICES, options=("a", "b")), "a;b", None),
        (FieldInfo("f", "F", FieldType.CHOICES, options=("a", "b")), "a;c", "'a;c' is none of a, b"),
        (FieldInfo("f", "F", FieldType.NUMBER), "x", "'x' is no number"),
    ],
)
def test_what_is_wrong_with_a_value(info: FieldInfo, text: str | None, said: str | None) -> None:
    assert problem(info, text) == said
