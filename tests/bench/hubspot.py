"""10,000 deals with their companies from a sandbox in another process: the vendor's client, ours, the store.

HubSpot's SDK for dated paths reads them too, where the contract tests have installed it, and a Singer tap where
`.pytest_cache/d/meltano-tap-hubspot/venv` has it: `pip install meltano-tap-hubspot` (deals only, no associations).
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import requests

from connector.crm import Ledger
from connector.hubspot.crm import HubSpotCrm
from sync.mapping.fieldmap import FieldMap
from sync.pull import pull
from sync.store.opening import open_store
from tests.bench._hubspot_peers import SDK_PYTHON, TAP_PYTHON, raw, sdk, singer, typed
from tests.machine.office import shipped

DEALS, COMPANIES, RUNS = 10_000, 1_000, 5
NOW = datetime(2026, 11, 24, tzinfo=UTC)
OLD = "2026-10-01T00:00:00Z"
OLDEST = datetime(2026, 10, 1, tzinfo=UTC)
PERSON = {"Authorization": "Bearer pat-person"}


class Calls(Ledger):
    """Counts by class, lets all pass."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()

    def take(self, connection: str, limit: str, calls: int = 1) -> float:
        self.taken[limit] += calls
        return 0.0

    def learn(self, connection: str, limit: str, *, used: int, allowed: int) -> None:
        """Limits are off."""


def world(folder: Path, count: int = DEALS) -> None:
    """Every deal has a company, a tenth of them a second one under the plain label."""
    companies = [
        {"id": str(number), "properties": {"name": f"Company {number}", "hs_lastmodifieddate": OLD}}
        for number in range(1, COMPANIES + 1)
    ]
    deals = [
        {"id": str(1_000_000 + number), "properties": _deal(number), "associations": _linked(number)}
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


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of the portal."""
    command = [sys.executable, "-m", "connector.sandbox", "--world", str(folder), "--no-limits"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield str(json.loads(process.stdout.readline())["hubspot"])
        process.terminate()


def ours(url: str, field_map: FieldMap, ledger: Ledger) -> int:
    """Records in canonical spelling, associations in them."""
    crm = HubSpotCrm("hs", {"url": url, "token": "pat-sandbox"}, ledger=ledger)
    pages = list(crm.changes("deals", field_map.fields, None))
    crm.close()
    return sum(len(page.records) for page in pages)


class Kept:
    """A store that is read into again and again."""

    def __init__(self, url: str, field_map: FieldMap, folder: Path) -> None:
        self.ledger = Calls()
        self._crm = HubSpotCrm("hs", {"url": url, "token": "pat-sandbox"}, ledger=self.ledger)
        self._field_map, self._store = field_map, open_store("sqlite:///kept.db", folder)

    def pull(self) -> Counter[str]:
        self.ledger.taken.clear()
        counted, left_out = pull(self._store, self._crm, self._field_map, NOW, lambda _: None)
        assert left_out is None
        return counted

    def close(self) -> None:
        self._crm.close()
        self._store.close()


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds of this process: the sandbox is another."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def into_store(url: str, field_map: FieldMap) -> int:
    with tempfile.TemporaryDirectory() as name:
        kept = Kept(url, field_map, Path(name))
        read = kept.pull()["read"]
        kept.close()
    return read


def speeds(url: str, field_map: FieldMap) -> None:
    names = [name for name in field_map.fields if "#" not in name]
    ways: dict[str, Callable[[], int]] = {
        "vendor's client, objects": lambda: typed(url, names),
        "vendor's client, raw JSON": lambda: raw(url, names),
        "ours, records": lambda: ours(url, field_map, Calls()),
        "ours, into the store": lambda: into_store(url, field_map),
    }
    print(f"{'median of ' + str(RUNS):<28} {'records/s':>10} {'wall s':>8} {'CPU s':>8} {'CPU to raw':>10}")  # noqa: T201
    found: dict[str, tuple[float, float]] = {}
    for what, work in ways.items():
        assert work() == DEALS
        runs = [timed(work) for _ in range(RUNS)]
        found[what] = median(wall for wall, _ in runs), median(cpu for _, cpu in runs)
    if SDK_PYTHON.exists():
        runs = [sdk(url, names, DEALS) for _ in range(RUNS)]
        found["hubspot-sdk, objects"] = median(wall for wall, _ in runs), median(cpu for _, cpu in runs)
    if TAP_PYTHON.exists():
        runs = [singer(url, DEALS) for _ in range(RUNS)]
        found["Singer tap, messages"] = median(wall for wall, _ in runs), median(cpu for _, cpu in runs)
    base = found["vendor's client, raw JSON"][1]
    for what, (wall, cpu) in found.items():
        print(f"{what:<28} {DEALS / wall:>10,.0f} {wall:>8.2f} {cpu:>8.2f} {cpu / base:>9.2f}x")  # noqa: T201


def edit(url: str, count: int) -> None:
    with requests.Session() as session:
        for at in range(0, count, 100):
            inputs = [
                {"id": str(1_000_000 + number), "properties": {"dealtype": "renewal"}}
                for number in range(at, at + 100)
            ]
            path = f"{url}/crm/objects/2026-09/deals/batch/update"
            session.post(path, json={"inputs": inputs}, headers=PERSON, timeout=30).raise_for_status()


def calls(url: str, field_map: FieldMap) -> None:
    """Calls of each kind of reading beside the least that HubSpot's interface takes: N/100 by list, changes by 200
    in search and by 100 in batches, associations by 1,000."""
    clock = 0

    def pass_(seconds: int) -> None:
        nonlocal clock
        clock += seconds
        requests.post(f"{url}/_sandbox/clock", json={"offset_seconds": clock}, timeout=30).raise_for_status()

    def told(what: str, least: int) -> None:
        read = kept.pull()["read"]
        made = sum(kept.ledger.taken.values())
        print(f"{what:<28} {read:>10,} {made:>8} {least:>8} {made / least:>9.2f}x  {dict(kept.ledger.taken)}")  # noqa: T201

    with tempfile.TemporaryDirectory() as name:
        kept = Kept(url, field_map, Path(name))
        print(f"\n{'calls':<28} {'records':>10} {'made':>8} {'least':>8} {'ratio':>10}")  # noqa: T201
        told("cold start", DEALS // 100 + DEALS // 1000)
        pass_(3600)
        told("first poll, recycle bin", 2)
        pass_(60)
        told("idle poll", 1)
        edit(url, 100)
        pass_(60)
        told("100 changes", 1 + 1 + 1)
        pass_(60)
        told("idle poll after them", 1)
        edit(url, DEALS)
        pass_(60)
        told("10,000 changes", DEALS // 200 + DEALS // 100 + DEALS // 1000)
        pass_(60)
        told("poll in their overlap", DEALS // 200)
        pass_(24 * 3600)
        told("the night", 1 + 1 + DEALS // 100 + DEALS // 1000)
        kept.close()


def memory(url: str, field_map: FieldMap) -> None:
    tracemalloc.start()
    into_store(url, field_map)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    whole = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"\npeak of one reading {peak:.1f} MiB; of this process, the vendor's objects in it, {whole} MiB")  # noqa: T201


def main() -> None:
    field_map = shipped().of("hs", "deals")
    assert field_map
    with tempfile.TemporaryDirectory() as name:
        world(Path(name))
        with served(Path(name)) as url:
            speeds(url, field_map)
            calls(url, field_map)
            memory(url, field_map)


if __name__ == "__main__":
    main()
