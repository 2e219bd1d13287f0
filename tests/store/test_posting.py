"""The ledger in the store: entries are only added, once each, and come back as balances and as accounts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from sync.model.facts import Facts, History
from sync.model.ledger import Cause, LedgerEntry, Posted
from sync.model.money import Money
from sync.store import ledger
from sync.store.opening import Store
from sync.store.tables import ledger as table
from tests.steps.business import deal

NOW = datetime(2027, 2, 1, 9, 0, tzinfo=UTC)


def entry(ident: str, party: str, minor: int, day: int = 1, **more: Any) -> LedgerEntry:
    plain: dict[str, Any] = {"opportunity_id": "deal", "cause": Cause.CLOSE, "split_version": 1, "weight": "1/2"}
    own = {"day": date(2027, 2, day), "at": NOW, "delta": Money(minor, "EUR"), "name": party.title()}
    return LedgerEntry(id=ident, party=party, **{**plain, **own, **more})


CLOSE = (entry("1", "alpha", 6_000), entry("2", "beta", 4_000))
LATER = (
    entry("3", "alpha", -600, 9, cause=Cause.AMOUNT_CHANGE),
    entry("4", "beta", -400, 9, cause=Cause.AMOUNT_CHANGE),
)


def add(store: Store, *entries: LedgerEntry) -> None:
    with store.write() as connection:
        ledger.add_entries(connection, entries)


def test_what_was_posted_comes_back_as_balances_with_its_first_day_and_its_last_cause(store: Store) -> None:
    add(store, *CLOSE)
    add(store, *LATER, entry("5", "gamma", 7, 3, opportunity_id="other", delta=Money(7, "USD")))
    with store.read() as connection:
        posted = ledger.load_posted(connection, ["deal", "other", "nothing"])
    assert posted == {
        "deal": Posted(4, {("alpha", "EUR"): 5_400, ("beta", "EUR"): 3_600}, date(2027, 2, 1), Cause.AMOUNT_CHANGE),
        "other": Posted(1, {("gamma", "USD"): 7}, date(2027, 2, 3), Cause.CLOSE),
    }


def test_posting_again_after_a_crash_posts_nothing_twice(store: Store) -> None:
    add(store, *CLOSE)
    add(store, *CLOSE, entry("1", "alpha", 99))
    with store.read() as connection:
        assert [own.delta.minor for own in ledger.entries_of_deal(connection, "deal")] == [6_000, 4_000]
        assert ledger.totals(connection) == {("alpha", "EUR"): 6_000, ("beta", "EUR"): 4_000}


@pytest.mark.parametrize("change", [update(table).values(minor=0), delete(table)])
def test_nobody_changes_or_deletes_an_entry(store: Store, change: Any) -> None:
    add(store, *CLOSE)
    with pytest.raises(IntegrityError, match="ledger entry is never"), store.write() as connection:
        connection.execute(change)


def test_an_account_is_read_by_day_with_what_stood_before(store: Store) -> None:
    add(store, *LATER, *CLOSE)
    with store.read() as connection:
        assert ledger.balances_before(connection, "alpha", date(2027, 2, 2)) == {"EUR": 6_000}
        assert ledger.balances_before(connection, "alpha", date(2027, 2, 1)) == {}
        found = list(ledger.entries_of_party(connection, "alpha", date(2027, 2, 1), date(2027, 2, 10)))
        assert [own.id for own in found] == ["1", "3"], "by day, not by posting"
        assert not list(ledger.entries_of_party(connection, "alpha", date(2027, 2, 2), date(2027, 2, 9)))
        assert ledger.parties(connection) == {"alpha": "Alpha", "beta": "Beta"}


def test_a_deal_brings_along_what_was_posted_for_those_it_absorbed(store: Store) -> None:
    add(store, *CLOSE)
    facts = Facts(opportunities=(deal("survivor", also=("deal",)),))
    with store.read() as connection:
        (history,) = ledger.with_posted(connection, [History()], [facts])
    assert history.posted.keys() == {"deal"}


def test_what_was_posted_in_the_reporting_currency_comes_back_too(store: Store) -> None:
    add(store, entry("1", "alpha", 100, reported=Money(110, "USD")), entry("2", "beta", 50))
    add(store, entry("3", "alpha", -40, reported=Money(-44, "USD")))
    with store.read() as connection:
        assert ledger.load_posted(connection, ["deal"])["deal"].reported == {("alpha", "EUR"): Money(66, "USD")}


def test_a_party_is_called_by_its_latest_name_even_when_its_record_was_merged_away(store: Store) -> None:
    add(store, entry("1", "beta", 1, name="Beta"), entry("2", "VENDOR", 1, name="VENDOR"))
    add(store, entry("3", "beta", 1, name="Beta Ltd"), entry("4", "beta", -2, name="beta"))
    with store.read() as connection:
        assert ledger.parties(connection) == {"beta": "Beta Ltd", "VENDOR": "VENDOR"}
