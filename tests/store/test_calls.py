"""Two processes that call one CRM together stay below its limit, as one does alone."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from connector.budget import Bucket, day
from connector.errors import PauseUntil
from sync.store.calls import SharedCount
from sync.store.opening import Store

LIMITS = {"search": (Bucket(5, 60),), "general": (Bucket(100, 60), day(10)), "api": (day(10),)}


def counts(store: Store, number: int = 2) -> list[SharedCount]:
    """As many processes at work on the store, each with a count of its own."""
    found = [SharedCount(LIMITS, now=lambda: datetime.now(UTC)) for _ in range(number)]
    for count in found:
        count.share(store)
    return found


def test_what_one_process_took_the_other_waits_for(store: Store) -> None:
    first, second = counts(store)
    assert [first.take("hs", "search") for _ in range(3)] == [0, 0, 0]
    assert [second.take("hs", "search") for _ in range(2)] == [0, 0]
    assert 0 < second.take("hs", "search") <= 60
    assert 0 < first.take("hs", "search") <= 60
    assert (first.calls["hs", "search"], second.calls["hs", "search"]) == (3, 2)
    assert first.take("other", "search") == 0


def test_threads_of_two_processes_never_take_more_than_there_is(store: Store) -> None:
    own = counts(store)
    with ThreadPoolExecutor(4) as threads:
        waits = list(threads.map(lambda at: own[at % 2].take("hs", "search"), range(20)))
    assert waits.count(0) == 5


def test_a_process_that_begins_later_knows_of_the_calls_before_it(store: Store) -> None:
    [before] = counts(store, 1)
    for _ in range(5):
        assert before.take("hs", "search") == 0
    [after] = counts(store, 1)
    assert after.take("hs", "search") > 0


def test_calls_come_back_after_their_window(store: Store) -> None:
    count = SharedCount({"search": (Bucket(1, 0.05),)}, now=lambda: datetime.now(UTC))
    count.share(store)
    assert count.take("hs", "search") == 0
    while wait := count.take("hs", "search"):
        time.sleep(wait)
    assert count.calls["hs", "search"] == 2


def test_a_spent_day_books_no_second(store: Store) -> None:
    first, second = counts(store)
    for _ in range(8):
        assert first.take("hs", "general") == 0
    with pytest.raises(PauseUntil):
        first.take("hs", "general")
    assert [second.take("hs", "general") for _ in range(8)] == [0] * 8, "the CRM says what others spend of the day"
