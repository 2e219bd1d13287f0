"""What a lock holds: lines of a bundle, partners that come later, and the window in which a deal may change."""

from __future__ import annotations

from decimal import Decimal

from sync.model.deal import Stage
from sync.model.directive import Act, Directive, StatedPart
from sync.model.ledger import Cause
from sync.model.money import Money
from sync.model.split import VENDOR, SplitStatus
from tests.steps.books import POOLS, THREE, Books, bundle, won
from tests.steps.business import date_of, day, deal, line, policy

EX3 = (
    line("plc", "640000.00", ("alpha",)),
    line("cells", "820500.00", ("beta",)),
    line("custom", "410000.00", ("gamma",)),
    line("fat", "200000.00", ("alpha", "beta", "gamma")),
    line("safety", "50000.01", ("alpha", "beta")),
)


def test_ex3_a_refund_of_the_robot_cells_touches_their_partner_only() -> None:
    books = bundle(*EX3, amount="2015000.00")
    assert {entry.party: str(entry.delta.major) for entry in books.entries} == {
        "alpha": "695264.49",
        "beta": "866784.17",
        "gamma": "452951.34",
    }
    without = tuple(entry for entry in EX3 if entry.id != "cells")
    assert books.then(lines=without, amount="1235321.86") == {"beta": "-779678.14"}
    assert (books.causes, books.entries[-1].reason.endswith("cells taken back")) == (
        [Cause.CLOSE, Cause.REFUND],
        True,
    )


def test_half_a_line_taken_back_takes_half_of_its_worth_back() -> None:
    books = bundle(line("a", "100.00", ("alpha",)), line("b", "50.00", ("beta",)), amount="150.00")
    half = (line("a", "50.00", ("alpha",)), line("b", "50.00", ("beta",)))
    assert books.then(lines=half, amount="100.00") == {"alpha": "-50.00"}
    assert books.causes[-1] is Cause.REFUND


def test_a_discount_on_the_whole_goes_over_all_lines_by_size() -> None:
    books = bundle(line("a", "100.00", ("alpha",)), line("b", "50.00", ("beta",)), amount="150.00")
    assert books.then(amount="135.00") == {"alpha": "-10.00", "beta": "-5.00"}
    assert books.causes[-1] is Cause.AMOUNT_CHANGE


def test_the_partners_of_a_line_are_frozen_with_the_deal() -> None:
    books = bundle(line("a", "100.00", ("alpha",)), line("b", "50.00", ("beta",)), amount="150.00")
    swapped = (line("a", "100.00", ("beta",)), line("b", "50.00", ("alpha",)))
    assert books.then(lines=swapped) == {}


def test_a_line_that_comes_after_the_lock_pays_only_who_was_there() -> None:
    books = bundle(line("a", "100.00", ("alpha",)), amount="100.00")
    later = (line("a", "100.00", ("alpha",)), line("c", "40.00", ("alpha", "delta")))
    assert books.then(lines=later, amount="140.00") == {"alpha": "20.00", VENDOR: "20.00"}


def test_over_refunding_is_mirrored() -> None:
    books = bundle(line("a", "100.00", ("alpha",)), line("b", "50.00", ("beta",)), amount="150.00")
    mixed = (line("a", "100.00", ("alpha",)), line("b", "-70.00", ("beta",)))
    assert books.then(lines=mixed, amount="30.00") == {"beta": "-120.00"}
    assert {portion.percent for portion in books.split.portions} == {None}


def test_when_every_line_is_gone_the_whole_is_divided_as_it_was() -> None:
    books = bundle(line("a", "100.00", ("alpha",)), line("b", "50.00", ("beta",)), amount="150.00")
    assert books.then(lines=(), amount="75.00") == {"alpha": "-50.00", "beta": "-25.00"}


# The lock, and the amendment window.


def test_by_default_the_weights_move_until_the_close() -> None:
    books = Books(claims=THREE[:2])
    books.book()
    books.claims = THREE
    books.then(50)
    assert (len(books.split.portions), books.split.status) == (3, SplitStatus.AGREED)


def test_a_programme_may_lock_before_the_close_and_post_at_it() -> None:
    rules = policy(roles={role: {"pool": pool} for role, pool in POOLS.items()}, attribution={"lock_days": 14})
    books = Books(claims=THREE[:2], rules=rules)
    books.book()
    assert books.split.locks_at == day(9)
    books.then(9)
    assert books.split.status is SplitStatus.LOCKED
    books.claims = THREE
    assert books.then() == {}
    assert [portion.party for portion in books.split.portions] == ["alpha", "beta"]
    assert books.then(stage=Stage.WON, close_date=books.now.date()) == {"alpha": "56250.01", "beta": "43750.00"}


def test_after_the_window_a_change_waits_for_a_person_with_its_amount() -> None:
    books = won()
    assert books.then(90, amount="90000.01") != {}
    assert books.then(1, amount="80000.01") == {}
    assert books.split.amount == Money(9_000_001, "EUR")
    assert "from 90,000.01 EUR to 80,000.01 EUR (-10,000.00 EUR), more than 90 days" in books.split.waiting
    assert books.say(Act.AMEND, amount=Money(7_000_001, "EUR")) == {}, "another amount was accepted"
    assert books.say(Act.AMEND, amount=Money(8_000_001, "EUR")) == {
        "alpha": "-4500.00",
        "beta": "-3500.00",
        "gamma": "-2000.00",
    }
    assert books.split.waiting == ""
    assert books.then(1, amount="70000.01") == {}, "what was accepted was one change, not every later one"


def test_a_programme_may_never_close_its_window() -> None:
    rules = policy(roles={role: {"pool": pool} for role, pool in POOLS.items()}, attribution={"amendment_days": 0})
    books = won(rules=rules)
    assert books.then(4000, amount="90000.01") != {}


def test_a_deal_opened_again_after_the_window_waits_too() -> None:
    books = won()
    assert books.then(91, stage=Stage.LOST) == {}
    assert "No longer won (lost): 100,000.01 EUR would be taken back" in books.split.waiting
    assert books.say(Act.AMEND, amount=Money(0, "EUR"))["alpha"] == "-45000.01"
    assert books.causes == [Cause.CLOSE, Cause.REOPEN]


def test_lines_taken_back_after_the_window_wait_even_when_the_amount_stays() -> None:
    books = bundle(line("a", "100.00", ("alpha",)), line("b", "50.00", ("beta",)), amount="150.00")
    later = (line("a", "50.00", ("alpha",)), line("b", "100.00", ("beta",)))
    assert books.then(91, lines=later) == {}
    assert "lines of the deal changed" in books.split.waiting
    assert books.say(Act.AMEND, amount=Money(15_000, "EUR")) == {"alpha": "-50.00", "beta": "50.00"}


def test_people_may_divide_anew_after_the_window_while_an_amount_waits() -> None:
    books = won()
    books.then(91, amount="80000.01")
    parts = (StatedPart("alpha", "1/2"), StatedPart("beta", "1/2"))
    posted = books.say(Act.SHARE, parts=parts)
    assert sum(map(Decimal, posted.values())) == 0
    assert books.split.waiting


def test_what_was_won_before_dealsync_came_is_posted_at_its_close_and_amended_by_people_only() -> None:
    parts = (StatedPart("alpha", "1/2"), StatedPart("beta", "1/2"))
    adopted = Directive("said-1", Act.ADOPT, "deal", "people", day(300), parts=parts, seq=1)
    books = Books(deal=deal(amount="100.01", stage=Stage.WON, close_date=date_of(1)), said=[adopted], now=day(300))
    assert books.book() == {"alpha": "50.01", "beta": "50.00"}
    assert {entry.day for entry in books.entries} == {date_of(1)}
    assert books.then(amount="90.01") == {}
