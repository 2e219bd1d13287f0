"""What is due is due on time, by clocks that do not care how a moment is spelt."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from sync.store import due
from sync.store.opening import Store
from sync.store.rows import upsert
from sync.store.tables import record
from tests.machine.office import START


def stored(store: Store, *groups: str, kind: str = "registration") -> None:
    words = dict.fromkeys(("connection", "object", "thing", "stamp", "mapping", "raw"), "")
    rows = [words | {"key": g, "id": g, "kind": kind, "deleted": False, "group_id": g} for g in groups]
    with store.write() as connection:
        upsert(connection, record, rows)


def due_at(store: Store, now: datetime) -> list[str]:
    with store.read() as connection:
        return [group for page in due.pages_due(connection, now, 2) for group in page]


def test_pages_hold_every_due_group_once_in_the_order_of_names(store: Store) -> None:
    stored(store, *"edcba")
    with store.write() as connection:
        due.make_due(connection, "cadbe", START)
        assert due.count_due(connection, START) == 5
    assert due_at(store, START) == list("abcde")


def test_a_group_without_anything_to_judge_is_passed_over_and_forgotten(store: Store) -> None:
    stored(store, "deal", kind="opportunity")
    with store.write() as connection:
        due.set_due(connection, "deal", START)
        due.make_due(connection, ["deal", "never heard of"], START)
    assert due_at(store, START) == []


def test_new_rules_make_everything_due_that_can_be_judged(store: Store) -> None:
    stored(store, "claim")
    stored(store, "row", kind="attribution")
    stored(store, "deal", kind="opportunity")
    with store.write() as connection:
        due.make_all_due(connection, START)
    assert due_at(store, START) == ["claim", "row"]


@pytest.mark.parametrize("at", [START, START + timedelta(microseconds=500_000)])
@pytest.mark.parametrize("late", [0, 1, 499_999, 500_000, 999_999])
def test_a_clock_rings_at_its_moment_and_not_before(store: Store, at: datetime, late: int) -> None:
    stored(store, "claim")
    with store.write() as connection:
        due.set_due(connection, "claim", at)
    assert due_at(store, at + timedelta(microseconds=late)) == ["claim"]
    assert due_at(store, at - timedelta(microseconds=late + 1)) == []


def test_a_group_that_waits_for_nothing_is_not_due(store: Store) -> None:
    with store.write() as connection:
        due.set_due(connection, "claim", START)
        due.set_due(connection, "claim", None)
    assert due_at(store, START) == []


def test_news_come_before_a_clock_that_still_runs(store: Store) -> None:
    stored(store, "claim")
    with store.write() as connection:
        due.set_due(connection, "claim", START + timedelta(days=90))
        due.make_due(connection, ["claim"], START)
    assert due_at(store, START) == ["claim"]
