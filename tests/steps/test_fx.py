"""Amounts in the reporting currency: one rate a deal, converted once, and never a guess."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.fx import convert, missing_rates, rate_day, read_rates, spans_of, with_spans
from sync.model.deal import Stage
from sync.model.facts import Facts
from sync.model.ledger import Cause, Posted
from sync.model.money import Money
from sync.model.rates import Conversion, RateDate, Rates, Span
from tests.steps.books import THREE, Books
from tests.steps.business import date_of, day, deal, patient, policy

THIRDS = policy(attribution={"model": "contribution"})


def rates(text: str, reporting: str = "USD", **more: Any) -> Rates:
    spans, problems = read_rates("rates.csv", text)
    assert problems == []
    return Rates(reporting, base=reporting, spans=spans, **more)


EURO = "currency,from,rate\nEUR,2027-01-01,1.08735\nEUR,2027-03-01,1.2\n"


def won(text: str | None, amount: str = "100000.06", **more: Any) -> Books:
    claims = tuple(
        replace(claim, contribution=Decimal(units)) for claim, units in zip(THREE, (2, 2, 1), strict=True)
    )
    books = Books(deal=deal(amount=amount), claims=claims, rules=THIRDS)
    books.rates = rates(text, **more) if text else None
    books.book()
    books.then(stage=Stage.WON, close_date=date_of(3))
    return books


def stated(books: Books) -> dict[str, str]:
    return {portion.party: str(portion.reported.major) for portion in books.split.portions if portion.reported}


def test_ex8_the_whole_is_converted_once_and_divided_by_the_same_weights() -> None:
    books = won(EURO)
    assert stated(books) == {"alpha": "43494.03", "beta": "43494.03", "gamma": "21747.01"}
    assert {e.party: str(e.reported.major) for e in books.entries if e.reported} == stated(books)
    each = [convert(portion.amount, books.split.conversion) for portion in books.split.portions if portion.amount]  # type: ignore[arg-type]
    assert sum(money.minor for money in each) == 10_873_506, "converting the parts would lose a cent"


def test_the_rate_stands_with_the_split_and_later_rates_change_no_history() -> None:
    books = won(EURO)
    assert books.split.conversion == Conversion("EUR", "USD", "21747/20000", date_of(3))
    books.rates = rates("currency,from,rate\nEUR,2027-01-01,2\n")
    assert books.then() == {}
    books.then(amount="50000.00")
    assert sum(Decimal(text) for text in stated(books).values()) == Decimal("54367.50")
    assert books.split.conversion == Conversion("EUR", "USD", "21747/20000", date_of(3))


def test_without_a_rate_nothing_is_guessed_and_the_deal_is_posted_in_its_own_currency() -> None:
    books = won("currency,from,rate\nEUR,2027-03-01,1.2\n")
    assert (books.split.conversion, stated(books)) == (None, {})
    (problem,) = missing_rates(books.facts, [books.split], books.rates)
    assert (problem.where, problem.what) == ("sf:Opportunity:deal", "no rate from EUR to USD (close)")
    assert sum(entry.delta.minor for entry in books.entries) == 10_000_006


def test_a_rate_that_comes_later_states_what_was_posted_on_the_day_of_the_close() -> None:
    books = won("currency,from,rate\nEUR,2027-03-01,1.2\n")
    books.rates = rates(EURO)
    assert books.then(9) == {"alpha": "0.00", "beta": "0.00", "gamma": "0.00"}
    assert {(entry.cause, entry.day) for entry in books.entries[3:]} == {(Cause.RATE, date_of(3))}
    assert sum(entry.reported.minor for entry in books.entries if entry.reported) == 10_873_507
    assert missing_rates(books.facts, [books.split], books.rates) == ()


def test_another_currency_of_the_deal_takes_the_old_statement_back() -> None:
    books = won(EURO + "JPY,2027-01-01,0.007\n")
    books.then(amount=Money(15_000_000, "JPY"))
    assert books.split.conversion and books.split.conversion.currency == "JPY"
    assert sum(entry.reported.minor for entry in books.entries if entry.reported) == 10_500_000


def test_a_deal_that_is_opened_again_leaves_nothing_stated() -> None:
    books = won(EURO)
    books.then(stage=Stage.LOST)
    assert sum(entry.reported.minor for entry in books.entries if entry.reported) == 0


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (RateDate.CLOSE, date(2027, 2, 4)),
        (RateDate.APPROVAL, date(2027, 2, 2)),
        (RateDate.MONTH_END, date(2027, 2, 28)),
    ],
)
def test_the_programme_says_whose_day_counts(rule: RateDate, expected: date) -> None:
    closed = deal(close_date=date_of(3))
    assert rate_day(closed, [day(4), day(1)], rule) == expected
    assert rate_day(deal(), [], rule) is None


def test_a_crm_says_how_much_of_a_currency_the_corporate_one_is() -> None:
    rows: list[dict[str, Any]] = [
        {"currency": "USD", "rate": Decimal("1.25"), "from": date(2027, 1, 1), "to": date(2027, 2, 1)},
        {"currency": "USD", "rate": Decimal("1.6"), "from": date(2027, 2, 1), "to": None},
        {"currency": "GBP", "rate": Decimal("0.8"), "from": date(2027, 1, 1), "to": None},
        {"currency": "CHF", "rate": None, "from": date(2027, 1, 1)},
    ]
    known = with_spans(Rates("GBP", base="EUR"), spans_of(rows))
    found = [known.conversion("USD", date(2027, month, 1)) for month in (1, 2)]
    assert [by.rate if by else None for by in found] == ["16/25", "1/2"]
    assert known.conversion("EUR", date(2027, 1, 1)) == Conversion("EUR", "GBP", "4/5", date(2027, 1, 1))
    assert known.conversion("CHF", date(2027, 1, 1)) is None
    assert known.conversion("USD", date(2026, 12, 31)) is None


def test_a_crm_that_says_what_a_currency_is_worth_is_heard_in_the_base_only() -> None:
    rows: list[dict[str, Any]] = [
        {"currency": "EUR", "worth": Decimal("1.1"), "base": "USD", "from": date(2027, 1, 1)},
        {"currency": "EUR", "worth": Decimal("0.9"), "base": "GBP", "from": date(2027, 1, 2)},
        {"currency": "EUR", "worth": Decimal(0), "base": "USD", "from": date(2027, 1, 3)},
    ]
    assert spans_of(rows, "USD") == {"EUR": (Span(date(2027, 1, 1), None, Fraction("1.1")),)}


def test_a_rate_is_over_on_the_day_that_says_so() -> None:
    span = Span(date(2027, 1, 1), date(2027, 2, 1), Fraction(2))
    known = Rates("EUR", base="EUR", spans={"USD": (span,)})
    assert [known.worth("USD", date(2027, *when)) for when in ((1, 31), (2, 1))] == [2, None]


def test_every_fault_of_a_rates_file_is_said_with_its_line() -> None:
    text = "currency,from,rate\nEURO,2027-01-01,1\nUSD,soon,1\nUSD,2027-01-01,-1\nUSD,2027-01-01,1E99\n"
    text += "USD,2027-01-01,1.1\nUSD,2027-01-01,1.2\n"
    _, problems = read_rates("rates.csv", text)
    assert [problem.where for problem in problems] == [f"rates.csv: line {line}" for line in (2, 3, 4, 5, 7)]
    _, (problem,) = read_rates("rates.csv", "a,b\n1,2\n")
    assert problem.fix == "the first line must be currency,from,rate"


@patient
@given(
    st.integers(-(10**15), 10**15), st.fractions(Fraction(1, 1000), 1000), st.sampled_from(["JPY", "USD", "KWD"])
)
def test_a_conversion_is_mirrored_and_off_by_half_a_coin_at_most(minor: int, rate: Fraction, into: str) -> None:
    by = Conversion("EUR", into, str(rate), date(2027, 1, 1))
    found, mirrored = (convert(Money(units, "EUR"), by).minor for units in (minor, -minor))
    digits = {"JPY": 0, "USD": 2, "KWD": 3}[into]
    assert found == -mirrored
    assert abs(found - Fraction(minor, 100) * rate * 10**digits) <= Fraction(1, 2)


def test_a_programme_without_a_reporting_currency_states_nothing(tmp_path: Path) -> None:
    books = won(None)
    assert (stated(books), missing_rates(Facts(), [], None), Posted().reported) == ({}, (), {})
