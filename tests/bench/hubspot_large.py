"""200,000 deals, or as many as the argument says, with their companies, ours alone: memory is flat in them."""

from __future__ import annotations

import resource
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

from tests.bench._hubspot_portal import Kept, Served, served, size, timed, world
from tests.machine.office import shipped

DEALS = size(200_000)


class Quarters:
    """How the reading went, a line for each quarter of it."""

    def __init__(self, portal: Served) -> None:
        self._portal, self._told = portal, 0
        self._wall, self._cpu, self._sandbox = time.perf_counter(), time.process_time(), portal.spent()
        head = f"{'deals':>10} {'records/s':>10} {'wall s':>8} {'CPU s':>8} {'sandbox':>8}"
        print(f"{head} {'now MiB':>8} {'peak':>6}")  # noqa: T201

    def __call__(self, read: int) -> None:
        if read * 4 // DEALS <= self._told * 4 // DEALS:
            return
        wall, cpu, sandbox = time.perf_counter(), time.process_time(), self._portal.spent()
        line = f"{read:>10,} {(read - self._told) / (wall - self._wall):>10,.0f} {wall - self._wall:>8.1f}"
        line += f" {cpu - self._cpu:>8.1f} {sandbox - self._sandbox:>8.1f} {resident():>8} {peak():>6}"
        print(line, flush=True)  # noqa: T201
        self._told, self._wall, self._cpu, self._sandbox = read, wall, cpu, sandbox


def main() -> None:
    field_map = shipped().of("hs", "deals")
    assert field_map
    with tempfile.TemporaryDirectory() as name:
        writing = get_context("spawn").Process(target=world, args=(Path(name), DEALS))  # its memory is not ours
        writing.start()
        writing.join()
        start = peak()
        with served(Path(name)) as portal:
            kept = Kept(portal.url, field_map, Path(name))
            quarters, read = Quarters(portal), []
            wall, cpu = timed(lambda: read.append(kept.pull(quarters)["read"]))
            assert read == [DEALS]
            made, least = sum(kept.ledger.taken.values()), -(-DEALS // 100) + -(-DEALS // 1000) + 3
            kept.close()
    print(f"{DEALS:,} deals into the store: {DEALS / wall:,.0f} records/s, {wall:.1f} s wall, {cpu:.1f} s CPU")  # noqa: T201
    print(f"{made} calls, least {least} ({made / least:.3f}x); peak memory {peak()} MiB, {start} before")  # noqa: T201


def resident() -> int:
    """The memory that this process has now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 2**20


def peak() -> int:
    """The most memory that this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
