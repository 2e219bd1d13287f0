"""A first cycle over many deals and a quiet second one, beside what plain sqlite3 takes for the same rows."""

from __future__ import annotations

import json
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from connector.record import Page
from sync.cycle import cycle
from sync.reading import pull_all
from sync.world import Report
from tests.machine.office import START, Office, usd

DEALS = 10_000
REGISTERED = 50  # one deal in so many has registrations
Result = TypeVar("Result")


def fill(office: Office, deals: int, registered: int = REGISTERED) -> None:
    """Ten deals a customer; one deal in so many is claimed by two partners, and both are voted for."""
    partners = [office.put("sf", "account", name=f"Partner {number}", is_partner=True) for number in range(20)]
    customers = [
        office.put("sf", "account", name=f"Customer {number}", domain=f"customer{number}.example")
        for number in range(deals // 10 + 1)
    ]
    for number in range(deals):
        account = customers[number // 10]
        deal = office.put(
            "sf", "opportunity", name=f"Deal {number}", account=account, stage="QUALIFIED", amount=usd(number)
        )
        for role in ("RESELL", "IMPLEMENT") if number % registered == 0 else ():
            partner = partners[(number // registered + len(role)) % len(partners)]
            claim = {"opportunity": deal, "partner": partner, "roles": (role,), "submitted_at": START}
            office.put("sf", "registration", **claim, vote="APPROVE", voter="jo", voted_at=START)


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def read(office: Office) -> list[Page]:
    """Every page, read and thrown away: what the CRM itself takes."""
    return [
        page
        for crm in office.crms.values()
        for field_map in office.mappings.of_connection(crm.name)
        for page in crm.changes(field_map.object, field_map.fields, None)
    ]


def plain(folder: Path, pages: list[Page]) -> int:
    """The same rows, a commit a page, by hand: no groups, no problems, no mapping."""
    connection = sqlite3.connect(folder / "plain.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE record (key TEXT PRIMARY KEY, raw TEXT, group_id TEXT)")
    for page in pages:
        connection.execute("BEGIN IMMEDIATE")
        rows = [(str(entry.ref), json.dumps(entry.values), str(entry.ref)) for entry in page.records]
        connection.executemany("INSERT OR REPLACE INTO record VALUES (?, ?, ?)", rows)
        connection.execute("COMMIT")
    connection.close()
    return sum(len(page.records) for page in pages)


def line(what: str, number: int, seconds: float, baseline: float) -> None:
    rate = f"{number / seconds:10,.0f}/s" if number else " " * 12
    print(f"{what:<34} {number:>8,} {seconds:8.2f} s {rate} {seconds / baseline:8.1f} x")  # noqa: T201


def main(deals: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        office = Office(Path(name))
        filling, _ = timed(lambda: fill(office, deals))
        reading, pages = timed(lambda: read(office))
        baseline, rows = timed(lambda: plain(Path(name), pages))
        office.passes(minutes=1)
        taking, _ = timed(lambda: pull_all(office.world, Report("run", office.moment), office.moment))
        office.passes(minutes=20)
        first, report = timed(lambda: cycle(office.world, office.moment))
        assert report.outcomes == {"done": report.totals.changes}, report.outcomes
        office.passes(minutes=20)
        cycle(office.world, office.moment)  # what we created is read back once
        office.passes(minutes=20)
        quiet, second = timed(lambda: cycle(office.world, office.moment))
        assert (second.groups, second.totals.changes) == (0, 0)
        office.close()
    print(f"{'':<34} {'number':>8} {'time':>10} {'':>12} {'to plain':>10}")  # noqa: T201
    line("people fill the CRM in memory", rows, filling, baseline)
    line("the CRM in memory is read", rows, reading, baseline)
    line("plain sqlite3, a commit a page", rows, baseline, baseline)
    line("rows into the store", rows, taking, baseline)
    line("groups decided, planned, written", report.groups, first, baseline)
    line("writes among them", report.totals.changes, first, baseline)
    line("a quiet cycle", 0, quiet, baseline)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else DEALS)
