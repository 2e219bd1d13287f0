"""1, 2 and 4 workers on PostgreSQL, one backlog, CRMs that answer in 50 ms: how much faster, each group once."""

from __future__ import annotations

import argparse
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from sync.config import load
from sync.store.opening import Store, open_store
from tests.bench._service import CHANGES, Served, Worker, installed, run_once, served, world
from tests.store.server import NoServer, server

SLOW = 0.05
"""Seconds that every call to a CRM takes at least."""
LONGEST = 1800.0
GROUPS = "SELECT count(DISTINCT group_id) FROM outbox"
TWICE = """
SELECT count(*) FROM (SELECT 1 FROM decision GROUP BY subject, event, to_state HAVING count(*) > 1) AS again
"""


@dataclass(frozen=True, slots=True)
class Shift:
    """What some workers made of the backlog."""

    seconds: float  # from the first group decided to the last write answered
    helped: int  # groups that others than the leader decided
    groups: int  # with something to write
    decided_twice: int
    written: list[str]


def shift(folder: Path, workers: int) -> Shift:
    """A new world, decided and written by so many workers."""
    with (
        tempfile.TemporaryDirectory() as name,
        served(folder) as crms,
        installed(Path(name, "home"), crms, "postgresql") as home,
    ):
        team = [Worker(home, ("worker", "--name", f"w{at}"), home / f"log{at}") for at in range(workers)]
        slow(crms)
        with closing(open_store(load(home).store_url, home)) as store:
            for worker in team:
                worker.start()
            wait(team, lambda: count(store, "SELECT count(*) FROM outbox") > 0)
            began = time.monotonic()
            wait(team, lambda: any(finished(worker) for worker in team))
            seconds = time.monotonic() - began
            for worker in team:
                worker.end(signal.SIGTERM)
            groups, twice = count(store, GROUPS), count(store, TWICE)
        left = run_once(home)
        assert left["changes"] == [], f"{len(left['changes'])} changes were left"
        helped = [
            int(number) for worker in team for number in re.findall(r"helped with (\d+) groups", worker.said())
        ]
        return Shift(seconds, sum(helped), groups, twice, crms.written())


def slow(crms: Served) -> None:
    for crm in crms.urls:
        crms.ask("POST", crm, "faults", {"delay": SLOW, "times": 1_000_000})


def finished(worker: Worker) -> bool:
    """Whether this worker led the run and says that it is done."""
    return any(" done" in line and "helped" not in line for line in worker.said().splitlines())


def wait(team: list[Worker], enough: Callable[[], bool]) -> None:
    """Raises TimeoutError with what the workers said."""
    until = time.monotonic() + LONGEST
    while not enough():
        if time.monotonic() > until:
            raise TimeoutError("\n".join(worker.said() for worker in team))
        time.sleep(0.05)


def count(store: Store, query: str) -> int:
    with store.read() as connection:
        return int(connection.scalar(text(query)) or 0)


def main(changes: int, teams: list[int]) -> int:
    """Prints a line for each number of workers; 1 when anything was decided twice or written otherwise."""
    with tempfile.TemporaryDirectory() as name:
        world(Path(name), changes // CHANGES)
        print(f"{changes} changes, PostgreSQL, every call takes {1000 * SLOW:.0f} ms")  # noqa: T201
        print("workers  seconds  changes/s  ratio  groups  by helpers  decided twice  same rows")  # noqa: T201
        shifts = {}
        for number in teams:
            shifts[number] = found = shift(Path(name), number)
            first = shifts[teams[0]]
            same = found.written == first.written
            rate, ratio = changes / found.seconds, first.seconds / found.seconds
            counts = f"{found.groups:>7} {found.helped:>11} {found.decided_twice:>14}  {'yes' if same else 'NO'}"
            print(f"{number:>7} {found.seconds:>8.1f} {rate:>10.1f} {ratio:>6.2f} {counts}", flush=True)  # noqa: T201
    return int(any(s.decided_twice or s.written != first.written for s in shifts.values()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--changes", type=int, default=5000)
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2, 4])
    options = parser.parse_args()
    try:
        server()
    except NoServer as reason:
        sys.exit(str(reason))
    sys.exit(main(options.changes, options.workers))
