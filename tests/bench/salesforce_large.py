"""1,000,000 opportunities, ours alone, from pages made before: speed, and memory that does not grow with them."""

from __future__ import annotations

import gzip
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import requests

from connector.budget import CallCount
from connector.crm import Crm
from connector.retry import Patient
from connector.salesforce.bulk import ROWS_PER_CALL
from connector.salesforce.crm import SalesforceCrm
from connector.sandbox.serve import start
from connector.sandbox.world import load_world
from sync.cli import collect_seldom
from sync.mapping.fieldmap import FieldMap
from sync.pull import pull
from sync.store.opening import open_store
from tests.bench.salesforce import DEAL, SERVICE, deal_id, now, spent, world

DEALS = int(sys.argv[1]) if sys.argv[1:] else 1_000_000
BY_REST, STEPS, MOST = 2_000, 4, 300
"""Deals of the page that comes before the job; how often memory is looked at; MiB that all of it may take."""
JOB = {"id": "7505e0000000001AAA", "state": "UploadComplete"}
START = datetime(2026, 1, 1, tzinfo=UTC)
Reply = tuple[bytes, dict[str, str]]


class Pages:
    """A stand-in org of a few deals that says it has many, and the results of the job that reads the others."""

    def __init__(self, folder: Path, org: str) -> None:
        self._folder, self._org = folder, org
        self._starts = range(BY_REST, DEALS, ROWS_PER_CALL)

    def reply(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        where = urlsplit(path)
        if where.path.endswith("/results"):
            return self._results(int(parse_qs(where.query).get("locator", ["0"])[0]))
        if where.path.endswith("/resultPages"):
            return json.dumps(self._named(int(parse_qs(where.query).get("locator", ["0"])[0]))).encode(), {}
        if "/jobs/query" in path:
            ended = {"state": "JobComplete", "numberRecordsProcessed": DEALS - BY_REST} if method == "GET" else {}
            return json.dumps(JOB | ended).encode(), {}
        passed = {name: value for name, value in headers.items() if name.lower() != "accept-encoding"}
        answer = requests.request(method, self._org + path, headers=passed, data=body, timeout=60)
        if "/query/?q=" not in path:
            return answer.content, {}
        self._render(parse_qs(where.query)["q"][0])
        more = {"done": False, "totalSize": DEALS, "nextRecordsUrl": "/services/data/v62.0/query/unused"}
        return json.dumps(answer.json() | more).encode(), {}

    def _named(self, first: int) -> dict[str, object]:
        """Five pages at once, as Salesforce names them."""
        job = f"/services/data/v62.0/jobs/query/{JOB['id']}"
        there = range(len(self._starts))[first : first + 5]
        urls = [{"resultUrl": f"{job}/results?locator={number}"} for number in there]
        done = first + 5 >= len(self._starts)
        return {"resultPages": urls, "done": done, "nextRecordUrl": f"{job}/resultPages?locator={first + 5}"}

    def _results(self, number: int) -> Reply:
        more = str(number + 1) if number + 1 < len(self._starts) else "null"
        count = min(ROWS_PER_CALL, DEALS - self._starts[number])
        headers = {"Content-Encoding": "gzip", "Sforce-Locator": more, "Sforce-NumberOfRecords": str(count)}
        return (self._folder / f"{number}.csv.gz").read_bytes(), headers

    def _render(self, soql: str) -> None:
        """Every page of the job's results, once, compressed as Salesforce sends them."""
        names = soql.removeprefix("SELECT ").partition(" FROM ")[0].split(", ")
        for number, first in enumerate(self._starts):
            path = self._folder / f"{number}.csv.gz"
            if path.exists():
                return
            with gzip.open(path, "wt", compresslevel=1, encoding="utf-8", newline="") as file:
                file.write(",".join(f'"{name}"' for name in names) + "\n")
                for deal in map(values, range(first, min(first + ROWS_PER_CALL, DEALS))):
                    file.write(",".join(f'"{deal.get(name, "")}"' for name in names) + "\n")


def values(number: int) -> dict[str, str]:
    """A deal with most of its fields filled, as a bulk result spells them."""
    return {
        "Id": deal_id(number),
        "SystemModstamp": f"{START + timedelta(minutes=number // 1000):%Y-%m-%dT%H:%M:%S}.000Z",
        "IsDeleted": "false",
        "Name": f"Deal {number}, renewal",
        "AccountId": f"001{number // 10:012}AAA",
        "Type": "New Business",
        "StageName": "Proposal",
        "IsClosed": "false",
        "IsWon": "false",
        "Amount": f"{number * 7}.5",
        "CloseDate": "2026-12-31",
        "CreatedDate": "2026-01-01T09:30:00.000Z",
        "LeadSource": "Partner Referral",
        "OwnerId": "0055e0000003quuAAA",
        "Direct_Engaged_At__c": "2026-01-05T09:30:00.000Z",
        "Partner_Count__c": f"{number % 4}",
        "Split_Summary__c": "Partner A 60 %, Partner B 40 %",
    }


def handler(pages: Pages) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            content, headers = pages.reply(self.command, self.path, dict(self.headers), body)
            self.send_response(200)
            for name, value in ({"Content-Length": str(len(content))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer  # noqa: N815 the library's words

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Says nothing."""

    return Handler


def serve(folder: Path, told: Connection) -> None:
    """In a process of its own, whose memory and time are not ours."""
    with start(load_world(world(folder, BY_REST), now())) as sandbox:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler(Pages(folder, sandbox.salesforce_url)))
        told.send(f"http://127.0.0.1:{server.server_port}")
        server.serve_forever()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(folder, theirs))
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def crm(url: str) -> Crm:
    adapter = SalesforceCrm("sf", {"url": url, **SERVICE}, ledger=CallCount({}, now=now))
    return Patient(adapter, sleep=time.sleep, now=now)


def peak() -> int:
    """The most memory that this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def watched(seen: dict[int, int]) -> Callable[[int], None]:
    """Notes the peak when another part of all deals is in."""

    def tell(done: int) -> None:
        seen.setdefault(done * STEPS // DEALS, peak())

    return tell


def into_store(url: str, folder: Path, field_map: FieldMap) -> dict[int, int]:
    """The peak of memory after each part of the reading."""
    seen: dict[int, int] = {}
    store = open_store("sqlite:///bench.db", folder)
    counted, left_out = pull(store, crm(url), field_map, now(), watched(seen))
    store.close()
    assert left_out is None, left_out
    assert counted["read"] == counted["changed"] == DEALS, counted
    return seen


def main() -> int:
    assert DEAL is not None
    collect_seldom()  # as the program itself does
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as url:
        next(crm(url).changes(DEAL.object, DEAL.fields, None))  # whoever answers it has made every page
        wall, processor = time.perf_counter(), spent()
        peaks = into_store(url, Path(name), DEAL)
        wall, processor = time.perf_counter() - wall, spent() - processor
    print(f"{DEALS:,} opportunities into the store: {DEALS / wall:,.0f}/s, {wall:.1f} s")  # noqa: T201
    print(f"{processor * 100_000 / DEALS:.2f} s CPU per 100,000")  # noqa: T201
    parts = ", ".join(f"{DEALS * part // STEPS:,}: {mib}" for part, mib in sorted(peaks.items()))
    print(f"peak memory in MiB, at most {MOST}, after {parts}")  # noqa: T201
    return 0 if peak() < MOST else 1


if __name__ == "__main__":
    sys.exit(main())
