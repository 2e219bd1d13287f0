"""What is posted when a deal is won, and for everything that becomes of it afterwards."""

from __future__ import annotations

from collections import Counter

import pytest

from sync.model.deal import OpportunityType, Stage
from sync.model.directive import Act, StatedPart
from sync.model.ledger import Cause
from sync.model.money import Money
from sync.model.split import VENDOR
from tests.steps.books import THREE, Books, approved, won
from tests.steps.business import date_of, day, deal


def test_ex6_to_the_cent_from_the_close_to_the_credit_note() -> None:
    books = Books()
    assert books.book() == {}
    assert books.then(stage=Stage.WON, close_date=date_of(3)) == {
        "alpha": "45000.01",
        "beta": "35000.00",
        "gamma": "20000.00",
    }
    assert books.then(amount="90000.01") == {"alpha": "-4500.00", "beta": "-3500.00", "gamma": "-2000.00"}
    assert books.then(amount="-4999.99") == {"alpha": "-42750.00", "beta": "-33250.00", "gamma": "-19000.00"}
    assert books.causes == [Cause.CLOSE, Cause.AMOUNT_CHANGE, Cause.CREDIT]
    assert [entry.reason for entry in books.entries][::3] == [
        "Won at 100,000.01 EUR",
        "Amount from 100,000.01 EUR to 90,000.01 EUR",
        "Amount from 90,000.01 EUR to -4,999.99 EUR",
    ]


def test_an_entry_says_who_for_what_when_and_by_which_part() -> None:
    entry = next(entry for entry in won().entries if entry.party == "beta")
    assert (entry.name, entry.deal, entry.weight, entry.roles) == ("Beta", "Deal", "7/20", ("IMPLEMENT",))
    assert (entry.day, entry.at, entry.split_version) == (date_of(3), day(3), 2)


def test_a_deal_that_is_read_late_belongs_to_the_day_of_its_close_and_a_correction_to_its_own() -> None:
    books = Books()
    books.book()
    books.then(30, stage=Stage.WON, close_date=date_of(20))
    books.then(7, amount="90000.01")
    assert [entry.day for entry in books.entries][::3] == [date_of(20), date_of(39)]


def test_a_close_that_is_dated_ahead_is_posted_today() -> None:
    books = Books()
    books.then(1, stage=Stage.WON, close_date=date_of(300))
    assert {entry.day for entry in books.entries} == {date_of(3)}


def test_an_amount_that_disappears_takes_nothing_back() -> None:
    books = won()
    assert books.then(amount=None) == {}
    assert books.then(amount="100000.01") == {}


def test_another_currency_takes_all_back_and_posts_it_again() -> None:
    books = won()
    before = sum(entry.delta.minor for entry in books.entries)
    books.then(amount=Money(12_000_003, "USD"))
    sums = Counter[str]()
    for entry in books.entries:
        sums[entry.delta.currency] += entry.delta.minor
    assert (before, sums) == (10_000_001, {"EUR": 0, "USD": 12_000_003})
    assert books.causes == [Cause.CLOSE, Cause.CURRENCY]


def test_a_deal_won_by_mistake_is_taken_back_and_may_be_won_again_with_others() -> None:
    books = won()
    assert books.then(stage=Stage.LOST) == {"alpha": "-45000.01", "beta": "-35000.00", "gamma": "-20000.00"}
    books.claims = (*THREE, approved("D", "delta", "IMPLEMENT"))
    books.then(stage=Stage.QUALIFIED, close_date=None)
    posted = books.then(stage=Stage.WON, close_date=books.now.date())
    assert posted == {"alpha": "45000.01", "beta": "17500.00", "delta": "17500.00", "gamma": "20000.00"}
    assert books.causes == [Cause.CLOSE, Cause.REOPEN, Cause.CLOSE]


def test_a_credit_deal_is_posted_as_a_credit() -> None:
    on = deal(amount="-100.00", type=OpportunityType.CREDIT, stage=Stage.WON, close_date=date_of(2))
    books = Books(deal=on)
    assert books.book() == {"alpha": "-45.00", "beta": "-35.00", "gamma": "-20.00"}
    assert books.causes == [Cause.CREDIT]


def test_registrations_that_are_deleted_after_the_close_take_nothing_back() -> None:
    books = won()
    books.claims = ()
    assert books.then() == {}
    assert books.then(amount="90000.01") == {"alpha": "-4500.00", "beta": "-3500.00", "gamma": "-2000.00"}


def test_a_partner_that_people_revoke_leaves_its_part_to_the_vendor_and_nobody_else_moves() -> None:
    books = won()
    assert books.say(Act.REVOKE, "C") == {"gamma": "-20000.00", VENDOR: "20000.00"}
    assert books.causes == [Cause.CLOSE, Cause.WITHDRAWAL]
    assert books.then(amount="90000.01") == {"alpha": "-4500.00", "beta": "-3500.00", VENDOR: "-2000.00"}


def test_what_people_divide_anew_is_posted_as_the_difference() -> None:
    books = won()
    parts = (StatedPart("alpha", "1/2"), StatedPart("gamma", "1/2"))
    assert books.say(Act.SHARE, parts=parts) == {"alpha": "5000.00", "beta": "-35000.00", "gamma": "30000.00"}
    assert books.causes == [Cause.CLOSE, Cause.WITHDRAWAL]
    three = (StatedPart("alpha", "1/3"), StatedPart("beta", "1/3"), StatedPart("gamma", "1/3"))
    books.say(Act.SHARE, parts=three)
    assert books.causes[-1] is Cause.CORRECTION


def test_a_partner_approved_after_the_lock_has_no_part_before_people_say_so() -> None:
    books = won()
    books.claims = (*THREE, approved("D", "delta", "SUPPORT"))
    assert books.then() == {}
    assert any("Delta was approved after the lock" in note for note in books.split.notes)
    parts = (StatedPart("alpha", "1/2"), StatedPart("delta", "1/2"))
    assert books.say(Act.SHARE, parts=parts)["delta"] == "50000.00"


@pytest.mark.parametrize("act", [Act.AMEND, Act.ACQUIRED])
def test_what_is_said_after_the_close_takes_no_division_back(act: Act) -> None:
    books = won()
    books.say(Act.SHARE, parts=(StatedPart("alpha", "1/2"), StatedPart("delta", "1/2")))
    assert books.say(act, amount=books.deal.amount, winner=None) == {}
    assert books.split.model == "stated"
