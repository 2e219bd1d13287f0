"""A statement adds up: what stood before, every entry of the period, what stands after, in each currency."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.cli.statements import as_lines, statement_view
from sync.model.ledger import Cause, LedgerEntry
from sync.model.money import Money
from sync.model.problem import BadInput
from sync.statement import Period, period, restated, statement
from tests.steps.business import day, patient

FIRST, LAST = date(2027, 1, 1), date(2027, 3, 31)
QUARTER = Period(FIRST, LAST, "2027Q1")


def entry(minor: int, on: date, currency: str = "EUR", **more: Any) -> LedgerEntry:
    plain: dict[str, Any] = {"cause": Cause.CLOSE, "day": on, "at": day(0), "split_version": 1, "weight": "1/2"}
    return LedgerEntry("led", "deal", "alpha", Money(minor, currency), **plain, deal="Deal", name="Alpha", **more)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2027", date(2027, 1, 1), date(2027, 12, 31)),
        ("2027Q1", FIRST, LAST),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        (" 2027-01-31..2027-02-01 ", date(2027, 1, 31), date(2027, 2, 1)),
    ],
)
def test_a_period_is_said_in_four_ways(text: str, first: date, last: date) -> None:
    found = period(text)
    assert (found.first, found.last, found.after) == (first, last, last + timedelta(days=1))


@pytest.mark.parametrize(
    "text", ["", "27", "2027Q5", "2027-13", "2027-02-30..2027-03-01", "2027-03-02..2027-03-01"]
)
def test_what_is_no_period_is_refused_with_the_four_ways(text: str) -> None:
    with pytest.raises(BadInput, match="write 2026, 2026Q4, 2026-11"):
        period(text)


def test_the_first_and_the_last_day_belong_to_the_period() -> None:
    entries = [entry(1, FIRST - timedelta(1)), entry(10, FIRST), entry(100, LAST), entry(1000, LAST + timedelta(1))]
    (account,) = statement("alpha", "Alpha", QUARTER, entries).accounts
    assert (account.opening.minor, [own.delta.minor for own in account.entries]) == (1, [10, 100])
    assert account.closing.minor == 111


def test_an_account_without_anything_is_not_shown_and_one_that_only_opens_is() -> None:
    before = {"EUR": 500, "USD": 0}
    accounts = statement("alpha", "Alpha", QUARTER, [], before).accounts
    assert [(account.currency, account.opening.minor, account.closing.minor) for account in accounts] == [
        ("EUR", 500, 500)
    ]


DAYS = st.integers(-60, 150).map(lambda days: FIRST + timedelta(days))
ENTRIES = st.lists(
    st.builds(entry, st.integers(-(10**9), 10**9), DAYS, st.sampled_from(["EUR", "JPY"])), max_size=12
)


@patient
@given(ENTRIES)
def test_opening_and_entries_are_the_closing_and_the_next_opening(entries: list[LedgerEntry]) -> None:
    found = statement("alpha", "Alpha", QUARTER, entries)
    for account in found.accounts:
        own = [e for e in entries if e.delta.currency == account.currency]
        assert account.opening.minor + sum(e.delta.minor for e in account.entries) == account.closing.minor
        assert account.closing.minor == sum(e.delta.minor for e in own if e.day <= LAST)
    after = Period(LAST + timedelta(1), LAST + timedelta(90), "next")
    opens = {a.currency: a.opening.minor for a in statement("alpha", "Alpha", after, entries).accounts}
    assert all(opens.get(a.currency, 0) == a.closing.minor for a in found.accounts)


@patient
@given(ENTRIES)
def test_what_stood_before_may_be_counted_by_the_store(entries: list[LedgerEntry]) -> None:
    before: dict[str, int] = {}
    for own in entries:
        if own.day < FIRST:
            before[own.delta.currency] = before.get(own.delta.currency, 0) + own.delta.minor
    inside = [own for own in entries if own.day >= FIRST]
    whole = statement("alpha", "Alpha", QUARTER, entries)
    assert statement("alpha", "Alpha", QUARTER, inside, before) == whole


def test_in_the_reporting_currency_only_what_was_stated_in_it_counts() -> None:
    entries = [
        entry(100, FIRST, reported=Money(110, "USD")),
        entry(0, LAST, "JPY", reported=Money(7, "USD")),
        entry(50, LAST),
        entry(60, LAST, reported=Money(70, "GBP")),
    ]
    (account,) = statement("alpha", "Alpha", QUARTER, restated(entries, "USD")).accounts
    assert (account.currency, account.closing.minor, len(account.entries)) == ("USD", 117, 2)


def test_the_forms_of_a_statement_say_the_same_numbers() -> None:
    found = statement("alpha", "Alpha", QUARTER, [entry(-12345, FIRST, reason="Won, at last")], {"EUR": 20000})
    view = statement_view(found)["accounts"][0]
    assert (view["opening"], view["entries"][0]["balance"], view["closing"]) == ("200.00", "76.55", "76.55")
    opening, only, closing = as_lines([found]).splitlines()[1:]
    assert opening.startswith("Alpha,2027-01-01,EUR,,200.00,opening")
    assert '"Won, at last"' in only
    assert closing.startswith("Alpha,2027-03-31,EUR,,76.55,closing")
