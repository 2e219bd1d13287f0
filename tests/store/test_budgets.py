"""Workers that share a store share the limits of its CRMs."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from connector.budget import Bucket, Limits, day
from connector.errors import PauseUntil
from sync.store import runs
from sync.store.budgets import LONGEST, Shared, StoreLedger
from sync.store.opening import Store, open_store

LIMITS: Limits = {
    "few": (Bucket(40, 3600),),
    "api": (day(1000),),
    "search": (Bucket(5, 60),),
    "general": (Bucket(2000, 60), day(1000)),
}
WORKER = """
import sys, pathlib
from datetime import UTC, datetime
from connector.budget import Bucket
from sync.store.budgets import StoreLedger
from sync.store.opening import open_store
store = open_store(sys.argv[1], pathlib.Path(sys.argv[2]))
from connector.budget import day
from connector.errors import PauseUntil
limits = {"few": (Bucket(40, 3600),), "api": (day(1000),), "general": (Bucket(2000, 60), day(1000))}
ledger = StoreLedger(lambda: datetime.now(UTC), limits=limits)
ledger.share(store)
made = 0
try:
    for _ in range(int(sys.argv[4])):
        made += ledger.take("crm", sys.argv[3]) == 0
except PauseUntil:
    pass
print(made)
ledger.release()
"""


class Clock:
    def __init__(self) -> None:
        self.moment = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.moment


def ledger_of(store: Store, clock: Clock | None = None, **percent: int) -> StoreLedger:
    ledger = StoreLedger(clock or Clock(), percent, LIMITS)
    ledger.share(store)
    return ledger


def made(ledger: StoreLedger, limit: str, most: int) -> int:
    """How many of so many calls may be made now."""
    count = 0
    for _ in range(most):
        try:
            count += ledger.take("sf", limit) == 0
        except PauseUntil:
            break
    return count


@pytest.mark.parametrize(
    ("limit", "allowed", "lot"), [("few", 40, 2), ("api", 800, 50), ("general", 800, 50)], ids=str
)
def test_two_processes_together_make_as_many_calls_as_one_may(
    store_url: str, tmp_path: Path, limit: str, allowed: int, lot: int
) -> None:
    """Seconds, Salesforce's day, and HubSpot's day under its seconds."""
    open_store(store_url, tmp_path).close()
    command = [sys.executable, "-c", WORKER, store_url, str(tmp_path), limit, str(allowed)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    counts = [int(process.communicate()[0]) for process in started]
    assert sum(counts) <= allowed
    assert sum(counts) > allowed - lot, "only what one had reserved and not made may be missing"


def test_threads_of_two_processes_never_take_more_than_there_is(store: Store) -> None:
    own = [StoreLedger(lambda: datetime.now(UTC), limits=LIMITS) for _ in range(2)]
    for ledger in own:
        ledger.share(store)
    with ThreadPoolExecutor(4) as threads:
        waits = list(threads.map(lambda at: own[at % 2].take("hs", "search"), range(20)))
    assert waits.count(0) == 5
    assert all(0 < wait <= 61 for wait in waits if wait)
    assert own[0].take("other", "search") == 0


def test_calls_come_back_after_their_window(store: Store) -> None:
    ledger = StoreLedger(lambda: datetime.now(UTC), limits={"search": (Bucket(1, 0.05),)})
    ledger.share(store)
    assert ledger.take("hs", "search") == 0
    while wait := ledger.take("hs", "search"):
        time.sleep(wait)
    assert ledger.calls["hs", "search"] == 2


def test_calls_of_an_hour_that_the_clock_lives_twice_count_as_made_just_now(store: Store) -> None:
    """The database's clock was stepped back by an hour: what was booked then lies ahead of it."""
    made(ledger_of(store), "search", 5)
    made(ledger_of(store), "api", 800)
    with store.write() as connection:
        for limit in ("search", "api"):
            kept = msgspec.json.decode(runs.recall(connection, f"calls sf {limit}") or "", type=Shared)
            kept.spent = {
                seconds: {str(int(at) + 3_600_000): calls for at, calls in slots.items()}
                for seconds, slots in kept.spent.items()
            }
            runs.remember(connection, f"calls sf {limit}", msgspec.json.encode(kept).decode())
    later = ledger_of(store)
    assert 59 < later.take("sf", "search") < 61
    with pytest.raises(PauseUntil):
        later.take("sf", "api")


def test_what_was_reserved_is_not_good_for_longer_when_the_clock_is_stepped_back(store: Store) -> None:
    clock = Clock()
    ledger = ledger_of(store, clock)
    assert made(ledger, "few", 1) == 1
    clock.moment -= timedelta(hours=1)
    assert made(ledger, "few", 40) == 39, "the old lot was given back before a new one was reserved"


def test_what_one_worker_has_spent_of_a_day_the_other_does_not_have(store: Store) -> None:
    first, second = ledger_of(store, sf=50), ledger_of(store, sf=50)
    assert made(first, "api", 300) == 300
    first.release()
    assert made(second, "api", 1000) == 200
    with pytest.raises(PauseUntil, match="the day's 500 api calls are spent"):
        first.take("sf", "api")


def test_what_is_reserved_and_not_made_is_given_back(store: Store) -> None:
    first, second = ledger_of(store), ledger_of(store)
    assert made(first, "few", 1) == 1
    first.release()
    assert made(second, "few", 40) == 39


def test_what_a_dead_worker_had_reserved_is_little(store: Store) -> None:
    assert made(ledger_of(store), "few", 1) == 1
    assert made(ledger_of(store), "few", 40) == 38


def test_calls_that_were_reserved_are_not_made_after_their_time(store: Store) -> None:
    clock = Clock()
    ledger = ledger_of(store, clock)
    assert made(ledger, "api", 1) == 1
    clock.moment += timedelta(seconds=LONGEST)
    assert made(ledger, "api", 799) == 799
    assert made(ledger, "api", 1) == 0


def test_what_a_crm_says_of_its_day_is_known_to_all(store: Store) -> None:
    first, second = ledger_of(store), ledger_of(store)
    first.learn("sf", "api", used=60, allowed=100)
    assert made(second, "api", 100) == 20, "80 without the reserve, less 60 of others"


def test_calls_before_the_store_was_open_count_for_all(store: Store) -> None:
    early = StoreLedger(Clock(), limits=LIMITS)
    assert made(early, "few", 30) == 30
    early.share(store)
    assert early.calls["sf", "few"] == 30
    assert made(ledger_of(store), "few", 40) == 10


def test_many_calls_cost_few_commits_and_little_space(store: Store) -> None:
    ledger = ledger_of(store)
    assert made(ledger, "api", 400) == 400
    with store.read() as connection:
        kept = runs.recall(connection, "calls sf api") or ""
    assert '"said":null' in kept
    assert len(kept) < 200
