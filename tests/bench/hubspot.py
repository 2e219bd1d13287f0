"""10,000 deals, or as many as the argument says, with their companies: others, ours, ours with the store; calls.

HubSpot's SDK for dated paths reads them too, where the contract tests have installed it; dlt's REST client, where
`.pytest_cache/d/dlt/venv` has it (`pip install dlt`); and a Singer tap, deals only, where
`.pytest_cache/d/meltano-tap-hubspot/venv` has it (`pip install meltano-tap-hubspot`).
"""

from __future__ import annotations

import resource
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median

from connector.crm import Ledger
from connector.hubspot.crm import HubSpotCrm
from sync.mapping.fieldmap import FieldMap
from tests.bench._hubspot_calls import calls
from tests.bench._hubspot_peers import DLT_PYTHON, SDK_PYTHON, TAP_PYTHON, dlt, raw, sdk, singer, typed
from tests.bench._hubspot_portal import Calls, Kept, Served, served, size, timed, world
from tests.machine.office import shipped

DEALS, RUNS = size(10_000), 5
Spent = tuple[float, float, float]
"""Seconds on the wall, of the client's processor, of the sandbox's."""


def ours(url: str, field_map: FieldMap, ledger: Ledger) -> int:
    """Records in canonical spelling, associations in them."""
    crm = HubSpotCrm("hs", {"url": url, "token": "pat-sandbox"}, ledger=ledger)
    read = sum(len(page.records) for page in crm.changes("deals", field_map.fields, None))
    crm.close()
    return read


def into_store(url: str, field_map: FieldMap) -> int:
    with tempfile.TemporaryDirectory() as name:
        kept = Kept(url, field_map, Path(name))
        read = kept.pull()["read"]
        kept.close()
    return read


def medians(portal: Served, run: Callable[[], tuple[float, float]]) -> Spent:
    """Of several runs."""
    runs = []
    for _ in range(RUNS):
        before = portal.spent()
        wall, cpu = run()
        runs.append((wall, cpu, portal.spent() - before))
    wall, cpu, sandbox = (median(column) for column in zip(*runs, strict=True))
    return wall, cpu, sandbox


def speeds(portal: Served, field_map: FieldMap) -> None:
    url, names = portal.url, [name for name in field_map.fields if "#" not in name]
    ways: dict[str, Callable[[], int]] = {
        "vendor's client, objects": lambda: typed(url, names),
        "vendor's client, raw JSON": lambda: raw(url, names),
        "ours, records": lambda: ours(url, field_map, Calls()),
        "ours, into the store": lambda: into_store(url, field_map),
    }
    found: dict[str, Spent] = {}
    for what, work in ways.items():
        assert work() == DEALS
        found[what] = medians(portal, lambda work=work: timed(work))  # type: ignore[misc]
    if SDK_PYTHON.exists():
        found["hubspot-sdk, objects"] = medians(portal, lambda: sdk(url, names, DEALS))
    if DLT_PYTHON.exists():
        found["dlt, dicts, nothing kept"] = medians(portal, lambda: dlt(url, names, DEALS))
    if TAP_PYTHON.exists():
        found["Singer tap, messages"] = medians(portal, lambda: singer(url, DEALS))
    whole = found["vendor's client, objects"]
    head = f"{'median of ' + str(RUNS):<28} {'records/s':>10} {'wall s':>8} {'CPU s':>8} {'sandbox':>8}"
    print(f"{head} {'wall, CPU as of the vendor objects':>36}")  # noqa: T201
    for what, (wall, cpu, sandbox) in found.items():
        line = f"{what:<28} {DEALS / wall:>10,.0f} {wall:>8.2f} {cpu:>8.2f} {sandbox:>8.2f}"
        print(f"{line} {whole[0] / wall:>27.1f}x {whole[1] / cpu:>6.1f}x")  # noqa: T201


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
        world(Path(name), DEALS)
        with served(Path(name)) as portal:
            speeds(portal, field_map)
            calls(portal.url, field_map, DEALS)
            memory(portal.url, field_map)


if __name__ == "__main__":
    main()
