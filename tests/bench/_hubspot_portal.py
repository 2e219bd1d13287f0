"""The portal that HubSpot's benchmarks read and write: a sandbox in another process, and a store beside it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from os import sysconf
from pathlib import Path

from connector.crm import Ledger
from connector.hubspot.crm import HubSpotCrm
from sync.mapping.fieldmap import FieldMap
from sync.pull import pull
from sync.store.opening import open_store

COMPANIES = 1_000
NOW = datetime(2026, 11, 24, tzinfo=UTC)
OLD = "2026-10-01T00:00:00Z"
OLDEST = datetime(2026, 10, 1, tzinfo=UTC)
FIRST = 1_000_000
"""The id of the first deal; the others follow it."""


class Calls(Ledger):
    """Counts by class, lets all pass."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()

    def take(self, connection: str, limit: str, calls: int = 1) -> float:
        self.taken[limit] += calls
        return 0.0

    def learn(self, connection: str, limit: str, *, used: int, allowed: int) -> None:
        """Limits are off."""


def world(folder: Path, count: int) -> None:
    """Every deal has a company, a tenth of them a second one under the plain label."""
    companies = [
        {"id": str(number), "properties": {"name": f"Company {number}", "hs_lastmodifieddate": OLD}}
        for number in range(1, COMPANIES + 1)
    ]
    deals = [
        {"id": str(FIRST + number), "properties": _deal(number), "associations": _linked(number)}
        for number in range(count)
    ]
    (folder / "salesforce.json").write_text("{}")
    (folder / "hubspot.json").write_text(json.dumps({"objects": {"companies": companies, "deals": deals}}))


def _deal(number: int) -> dict[str, str]:
    return {
        "dealname": f"Deal {number}",
        "pipeline": "default",
        "dealstage": "contractsent",
        "amount": f"{number}.50",
        "deal_currency_code": "EUR",
        "closedate": "2026-12-31T12:00:00.120Z",
        "dealtype": "newbusiness",
        "hubspot_owner_id": "77",
        "hs_lastmodifieddate": f"{OLDEST + timedelta(seconds=number):%Y-%m-%dT%H:%M:%SZ}",  # or the tap never ends
    }


def _linked(number: int) -> dict[str, list[str]]:
    first, second = str(number % COMPANIES + 1), str((number + 1) % COMPANIES + 1)
    return {"companies#Primary": [first]} | ({"companies#": [second]} if number % 10 == 0 else {})


@dataclass(frozen=True)
class Served:
    """A portal: its address, and the process that serves it."""

    url: str
    process: int

    def spent(self) -> float:
        """Processor seconds of the sandbox so far."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / sysconf("SC_CLK_TCK")


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    command = [sys.executable, "-m", "connector.sandbox", "--world", str(folder), "--no-limits"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield Served(str(json.loads(process.stdout.readline())["hubspot"]), process.pid)
        process.terminate()


class Kept:
    """A store that is read into again and again."""

    def __init__(self, url: str, field_map: FieldMap, folder: Path) -> None:
        self.ledger = Calls()
        self.crm = HubSpotCrm("hs", {"url": url, "token": "pat-sandbox"}, ledger=self.ledger)
        self.store = open_store("sqlite:///kept.db", folder)
        self._field_map = field_map

    def pull(self, tell: Callable[[int], None] = lambda _: None) -> Counter[str]:
        self.ledger.taken.clear()
        counted, left_out = pull(self.store, self.crm, self._field_map, NOW, tell)
        assert left_out is None
        return counted

    def close(self) -> None:
        self.crm.close()
        self.store.close()


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds of this process: the sandbox is another."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def size(usual: int) -> int:
    """How many deals: the first argument of the command line, else the usual number."""
    return int(sys.argv[1].replace("_", "").replace(",", "")) if len(sys.argv) > 1 else usual
