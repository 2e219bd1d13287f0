"""Money is whole minor units of a known currency: read exactly, shown exactly, never a float."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.model.money import Money, exponent
from tests.steps.business import patient


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("249999.99", "USD", 24_999_999),
        ("0.1", "EUR", 10),
        ("-0.01", "EUR", -1),
        ("1000", "JPY", 1000),
        ("1.2345", "KWD", 1234),  # half to even
        ("1.2355", "KWD", 1236),
        ("0.005", "EUR", 0),
        ("0.015", "EUR", 2),
        ("0.025", "EUR", 2),
        ("-0.015", "EUR", -2),
        ("1e3", "EUR", 100_000),
        ("2.5", "JPY", 2),
        ("9999999999999999.99", "EUR", 999_999_999_999_999_999),
        ("0.005000000000000000000000000000000000001", "EUR", 1),  # one rounding, not two
        ("1E-999999", "EUR", 0),
    ],
)
def test_an_amount_is_read_to_the_smallest_coin(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize("text", ["", "ten", "1,000", "NaN", "Infinity", "-inf", "1.2.3"])
def test_what_is_no_amount_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="is not an amount") as refusal:
        Money.parse(text, "EUR")
    assert repr(text) in str(refusal.value)


@pytest.mark.parametrize("text", ["9" * 60, "1e17", "10000000000000000", "-1E+999999", "9999999999999999.995"])
def test_an_amount_that_no_crm_can_hold_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ValueError, match="too large for an amount: at most 18 digits") as refusal:
        Money.parse(text, "EUR")
    assert len(str(refusal.value)) < 120


@pytest.mark.parametrize("currency", ["", "EURO", "eur", "ABC", "ZZZ"])
def test_an_unknown_currency_is_refused_by_name(currency: str) -> None:
    with pytest.raises(ValueError, match="is not a currency of ISO 4217"):
        Money.parse("1", currency)


@pytest.mark.parametrize("currency", ["XAU", "XXX"])
def test_what_has_no_coin_is_no_currency_of_a_deal(currency: str) -> None:
    with pytest.raises(ValueError, match="has no minor unit"):
        exponent(currency)


@pytest.mark.parametrize(
    ("money", "shown"),
    [
        (Money(24_999_999, "USD"), "249,999.99 USD"),
        (Money(-5, "EUR"), "-0.05 EUR"),
        (Money(0, "EUR"), "0.00 EUR"),
        (Money(1000, "JPY"), "1,000 JPY"),
        (Money(1, "KWD"), "0.001 KWD"),
        (Money(10**32 + 1, "EUR"), "1,000,000,000,000,000,000,000,000,000,000.01 EUR"),
    ],
)
def test_an_amount_is_shown_with_its_coins(money: Money, shown: str) -> None:
    assert str(money) == shown


@patient
@given(st.integers(-(10**18) + 1, 10**18 - 1), st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_what_is_written_is_read_back_exactly(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert isinstance(money.major, Decimal)
    assert Money.parse(str(money.major), currency) == money
