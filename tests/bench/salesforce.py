"""Reading 25,000 opportunities beside three peers from one sandbox, and what polls and writes cost in calls."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import requests
from simple_salesforce import Salesforce

from connector.budget import CallCount
from connector.crm import Crm
from connector.record import Change, Cursor, Op
from connector.retry import Patient
from connector.salesforce import query
from connector.salesforce.crm import SalesforceCrm
from connector.salesforce.decode import long_id
from sync.cli import collect_seldom
from sync.mapping.fieldmap import FieldMap
from sync.pull import pull
from sync.store.opening import open_store
from tests.bench._salesforce_peers import AIO_SF, TAP, Tap, into_a_file, python_with
from tests.machine.office import shipped
from tests.sandbox.conftest import PlainHttp

DEALS, RUNS, MANY, PAGE = 25_000, 5, 10_000, 2_000
JOB = 3
"""A bulk job at the least: create, ask once, one page of results. The page before it says how much is left."""
SERVICE = {"flow": "client_credentials", "client_id": "dealsync", "client_secret": "sandbox-secret"}
DEAL = shipped().of("sf", "Opportunity")
RAW, AIO, TAPPED = "simple_salesforce, dicts, nothing kept", "aio-sf, into a file", "tap-salesforce, into a file"
DECODED, STORED = "decoded, as it chooses (a bulk job)", "decoded and stored, as it chooses"


@dataclass(frozen=True)
class Taken:
    """Seconds on the wall, seconds of the client's and of the sandbox's processor, and calls."""

    wall: float
    processor: float
    sandbox: float
    calls: int


class Bench:
    """A sandbox in a process of its own, and clients that come to it as if for the first time."""

    def __init__(self, url: str, process: int) -> None:
        self.url = url
        self._process = process

    def control(self, path: str, body: object = None, method: str = "POST") -> Any:
        return requests.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=60).json()

    def crm(self) -> Crm:
        """With as many calls as it likes; patience really waits."""
        adapter = SalesforceCrm("sf", {"url": self.url, **SERVICE}, ledger=CallCount({}, now=now))
        return Patient(adapter, sleep=time.sleep, now=now)

    def timed(self, work: Callable[[], int]) -> Taken:
        self.control("calls", method="DELETE")
        before = time.perf_counter(), spent(), self._spent()
        count = work()
        after = time.perf_counter(), spent(), self._spent()
        assert count == DEALS, f"{count} of {DEALS}"
        wall, processor, sandbox = (late - early for early, late in zip(before, after, strict=True))
        return Taken(wall, processor, sandbox, self.calls())

    def _spent(self) -> float:
        """Seconds of a processor that the sandbox has used so far; 0 where the system does not say."""
        stat = Path(f"/proc/{self._process}/stat")
        if not stat.exists():
            return 0
        ticks = stat.read_text("ascii").rpartition(")")[2].split()
        return (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")

    def calls(self) -> int:
        """Of the API, as Salesforce counts them: without sign-ins."""
        return sum(call["kind"] != "login" for call in self.control("calls", method="GET"))


def spent() -> float:
    """Seconds of a processor so far, of ours and of peers that have ended; the sandbox has not."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def now() -> datetime:
    return datetime.now(UTC)


def world(folder: Path, deals: int) -> Path:
    """Deals with most of their fields filled, ten to a customer, a thousand to a stamp."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        {
            "Id": deal_id(number),
            "Name": f"Deal {number}, renewal",
            "AccountId": f"001{number // 10:012}",
            "Type": "New Business",
            "StageName": "Proposal",
            "Amount": number * 7 + 0.5,
            "CloseDate": "2026-12-31",
            "LeadSource": "Partner Referral",
            "Direct_Engaged_At__c": "2026-01-05T09:30:00Z",
            "Partner_Count__c": number % 4,
            "Split_Summary__c": "Partner A 60 %, Partner B 40 %",
            "SystemModstamp": (start + timedelta(minutes=number // 1000)).isoformat(),
        }
        for number in range(deals)
    ]
    (folder / "salesforce.json").write_text(json.dumps({"objects": {"Opportunity": rows}}), "utf-8")
    return folder


@contextmanager
def served(folder: Path) -> Iterator[Bench]:
    command = [sys.executable, "-m", "connector.sandbox", "--world", str(folder), "--no-limits"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Bench(json.loads(process.stdout.readline())["salesforce"], process.pid)
    finally:
        process.terminate()
        process.wait()


def raw(bench: Bench, fields: tuple[str, ...]) -> int:
    """simple_salesforce as its manual says: every page, as dicts, nothing kept."""
    form = {"grant_type": "client_credentials", "client_id": "dealsync", "client_secret": "sandbox-secret"}
    token = requests.post(f"{bench.url}/services/oauth2/token", data=form, timeout=5).json()
    with requests.Session() as session:
        session.mount("https://127.0.0.1", PlainHttp())
        client = Salesforce(session_id=token["access_token"], instance_url=token["instance_url"], session=session)
        soql = f"SELECT Id, SystemModstamp, IsDeleted, {', '.join(fields)} FROM Opportunity"
        return sum(1 for _ in client.query_all_iter(f"{soql} ORDER BY SystemModstamp, Id"))


def decoded(bench: Bench, field_map: FieldMap) -> int:
    return sum(len(page.records) for page in bench.crm().changes(field_map.object, field_map.fields, None))


def stored(bench: Bench, field_map: FieldMap) -> int:
    with tempfile.TemporaryDirectory() as name:
        store = open_store("sqlite:///bench.db", Path(name))
        counted, left_out = pull(store, bench.crm(), field_map, now(), lambda done: None)
        store.close()
    assert left_out is None, left_out
    return counted["read"]


def by_rest(work: Callable[[], int]) -> int:
    """The same without bulk jobs."""
    worth, query.worth = query.worth, lambda left, page: False
    try:
        return work()
    finally:
        query.worth = worth


def polls(bench: Bench, field_map: FieldMap) -> None:
    """What later readings cost: an idle one of five objects, and one with a hundred changes."""
    crm = bench.crm()
    kinds = {field_map.object: field_map.fields, "Account": ("Name",), "Deal_Registration__c": ("Name",)}
    kinds |= {"Partner_Attribution__c": ("Name",), "OpportunityLineItem": ("ProductCode",)}
    cursors: dict[str, Cursor | None] = dict.fromkeys(kinds)

    def poll() -> int:
        bench.control("calls", method="DELETE")
        crm.ahead([(kind, fields, cursors[kind]) for kind, fields in kinds.items()])
        for kind, fields in kinds.items():
            cursors[kind] = [page.cursor for page in crm.changes(kind, fields, cursors[kind])][-1]
        return bench.calls()

    first = poll()
    bench.control("clock", {"offset_seconds": 1800})
    line("first reading of five objects", first, minimum=1 + 1 + JOB)
    line("idle poll of five objects", poll(), minimum=1)
    change(bench, 100)
    line("poll with 100 changes", poll(), minimum=1)
    bench.control("clock", {"offset_seconds": 3600})
    for start in range(0, MANY, 200):
        change(bench, 200, start)
    line("poll with 10,000 changes, deletion logs too", poll(), minimum=MANY // PAGE + len(kinds))
    bench.control("calls", method="DELETE")
    wanted = [
        Change(str(number), Op.UPDATE, field_map.object, deal_id(number), (("Split_Summary__c", f"new {number}"),))
        for number in range(MANY)
    ]
    assert all(outcome.fault is None for outcome in crm.write(wanted))
    line("10,000 writes", bench.calls(), minimum=5 + 1)
    bench.control("calls", method="DELETE")
    assert len(crm.read(field_map.object, [deal_id(number) for number in range(MANY)], ("Name",))) == MANY
    line("10,000 rows by their ids, 2,000 a call", bench.calls(), minimum=MANY // PAGE)


def deal_id(number: int) -> str:
    return long_id(f"006{number:012}")


def change(bench: Bench, number: int, start: int = 0) -> None:
    form = {"grant_type": "client_credentials", "client_id": "person", "client_secret": "sandbox"}
    token = requests.post(f"{bench.url}/services/oauth2/token", data=form, timeout=5).json()["access_token"]
    root, headers = f"{bench.url}/services/data/v62.0", {"Authorization": f"Bearer {token}"}
    rows = [
        {"attributes": {"type": "Opportunity"}, "Id": deal_id(each), "Amount": 1}
        for each in range(start, start + number)
    ]
    answer = requests.patch(f"{root}/composite/sobjects", json={"records": rows}, headers=headers, timeout=60)
    assert all(row["success"] for row in answer.json())


def line(what: str, calls: int, minimum: int) -> None:
    print(f"{what:<44} {calls:>4} calls, {minimum} at least: {calls / minimum:.2f}")  # noqa: T201


def rate(what: str, takes: list[Taken]) -> None:
    wall, processor, sandbox = (
        median(getattr(take, name) for take in takes) for name in ("wall", "processor", "sandbox")
    )
    print(  # noqa: T201
        f"{what:<40} {DEALS / wall:>7,.0f}/s {wall:6.2f} s, {processor * 100_000 / DEALS:6.2f} s CPU per 100,000"
        f" ({sandbox:.2f} s of the sandbox beside it), {takes[-1].calls} calls"
    )


def compared(takes: dict[str, list[Taken]]) -> None:
    """Ours against the fastest that keeps nothing, and against those that write all of it somewhere."""
    wall = {what: median(take.wall for take in found) for what, found in takes.items()}
    ours = wall[STORED]
    raw_readers = [seconds for what, seconds in wall.items() if what in (RAW, AIO)]
    print(f"stored, against the fastest reader of dicts: {ours / min(raw_readers):.2f}x its time (aim 1.5)")  # noqa: T201
    if TAPPED in wall:
        print(f"stored, against tap-salesforce: {wall[TAPPED] / ours:.1f} times as fast (aim 20)")  # noqa: T201


def works_on(
    bench: Bench, field_map: FieldMap, fields: tuple[str, ...], folder: Path
) -> dict[str, Callable[[], int]]:
    """Everything that reads all deals."""
    found = {
        RAW: lambda: raw(bench, fields),
        "decoded, by REST": lambda: by_rest(lambda: decoded(bench, field_map)),
        DECODED: lambda: decoded(bench, field_map),
        "decoded and stored, by REST": lambda: by_rest(lambda: stored(bench, field_map)),
        STORED: lambda: stored(bench, field_map),
    }
    if aio := python_with(AIO_SF):
        found[AIO] = lambda: into_a_file(bench.url, aio, fields)
    if singer := python_with(TAP):
        found[TAPPED] = Tap(bench.url, singer, folder, fields).run
    return found


def main() -> None:
    assert DEAL is not None
    collect_seldom()  # as the program itself does
    field_map = DEAL
    with tempfile.TemporaryDirectory() as name, served(world(Path(name), DEALS)) as bench:
        seen = {field.name for field in bench.crm().describe("Opportunity")}
        fields = tuple(field for field in field_map.fields if field in seen)
        works = works_on(bench, field_map, fields, Path(name))
        takes: dict[str, list[Taken]] = {what: [] for what in works}
        for _ in range(RUNS):
            for what, work in works.items():
                takes[what].append(bench.timed(work))
        print(f"{DEALS:,} opportunities, {len(fields)} fields, median of {RUNS}")  # noqa: T201
        for what, found in takes.items():
            rate(what, found)
        compared(takes)
        line("cold start, describe included", takes[DECODED][-1].calls, minimum=1 + 1 + JOB)
        polls(bench, field_map)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")  # noqa: T201


if __name__ == "__main__":
    main()
