"""kill -9 at random instants, on both databases, of one worker and of three: both CRMs end as undisturbed."""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench._service import CHANGES, Served, Worker, installed, run_once, served, world
from tests.store.server import NoServer, server

FINISHED: Final = ("done", "nothing to write")
LAST: Final = 8
"""Runs in which what the kills left must be settled."""


@dataclass
class Storm:
    """What came of all kills of one set-up."""

    kills: int = 0
    working: int = 0  # kills while something was left to write
    worlds: int = 0
    differ: int = 0
    doubled: int = 0
    again: int = 0
    last: int = 0  # runs that were needed after the last kill


def calm(folder: Path, home: Path) -> tuple[list[str], float, int]:
    """What undisturbed runs leave, how long the first takes (seconds), and how many calls write."""
    with served(folder) as crms, installed(home, crms, "sqlite"):
        began = time.monotonic()
        run_once(home)
        seconds = time.monotonic() - began
        settle(home)
        return crms.written(), seconds, crms.sent()


def settle(home: Path) -> int:
    """Undisturbed runs until one has nothing to write; how many. Raises RuntimeError where they never end."""
    for number in range(1, LAST + 1):
        report = run_once(home)
        if report["complete"] and not report["changes"]:
            return number
    raise RuntimeError(f"after {LAST} undisturbed runs there is still something to write: {report['notes']}")


def storm(workers: list[Worker], dice: random.Random, seconds: float, most: int) -> tuple[int, int]:
    """Kill one of the workers again and again, within ``seconds`` of the last kill, until all is written.

    Returns how many were killed, and how many of them while something was left to write.
    """
    for worker in workers:
        worker.start()
    killed = working = 0
    while killed < most and not any(word in worker.said() for worker in workers for word in FINISHED):
        victim = dice.choice(workers)
        until = time.monotonic() + dice.uniform(0, seconds)
        while time.monotonic() < until and victim.alive():
            time.sleep(0.005)
        working += not any(word in worker.said() for worker in workers for word in FINISHED)
        killed += victim.alive()
        victim.end(signal.SIGKILL)
        victim.start()
    for worker in workers:
        worker.end(signal.SIGTERM)
    return killed, working


def team(home: Path, number: int) -> list[Worker]:
    """One ``run --once``, or several workers of the service."""
    if number == 1:
        return [Worker(home, ("run", "--once"), home / "log")]
    return [Worker(home, ("worker", "--name", f"w{at}"), home / f"log{at}") for at in range(number)]


def weather(folder: Path, expected: tuple[list[str], float, int], store: str, number: int, kills: int) -> Storm:
    """New worlds, each with kills until all is written, until there were so many kills."""
    rows, seconds, calls = expected
    dice = random.Random(f"{store} {number}")
    found = Storm()
    while found.kills < kills:
        with (
            tempfile.TemporaryDirectory() as name,
            served(folder) as crms,
            installed(Path(name, "home"), crms, store) as home,
        ):
            killed, working = storm(team(home, number), dice, seconds, kills - found.kills)
            found.last = max(found.last, settle(home))
            found.kills += killed
            found.working += working
            found.worlds += 1
            compare(found, crms, rows, calls)
    return found


def compare(found: Storm, crms: Served, rows: list[str], calls: int) -> None:
    """What differs from calm, which keys are there twice, and how many writing calls more there were."""
    left = Counter(rows)
    left.subtract(crms.written())
    found.differ += sum(map(abs, left.values()))
    found.doubled += sum(number - 1 for number in Counter(crms.keys()).values())
    found.again += max(0, crms.sent() - calls)


def main(changes: int, kills: int, stores: list[str], workers: list[int]) -> int:
    """Prints a line for each set-up; 1 when a kill anywhere left another state than calm does."""
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "world")
        folder.mkdir()
        world(folder, changes // CHANGES)
        expected = calm(folder, Path(name, "calm"))
        say(f"{changes} changes; calm: {expected[1]:.1f} s, {expected[2]} writing calls, {len(expected[0])} rows")
        say(f"{'store':<11} workers  kills  at work  worlds  differ  doubled  calls again  runs after")
        for store in stores:
            for number in workers:
                found = weather(folder, expected, store, number, kills)
                counts = (
                    f"{found.kills:>6} {found.working:>8} {found.worlds:>7} {found.differ:>7} {found.doubled:>8}"
                )
                say(f"{store:<11} {number:>7} {counts} {found.again:>12} {found.last:>11}")
                bad += found.differ + found.doubled
    return int(bad > 0)


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--changes", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=50, help="of each set-up")
    parser.add_argument("--stores", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 3])
    options = parser.parse_args()
    if "postgresql" in options.stores:
        try:
            server()
        except NoServer as reason:
            sys.exit(str(reason))
    sys.exit(main(options.changes, options.kills, options.stores, options.workers))
