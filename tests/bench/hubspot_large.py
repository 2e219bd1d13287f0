"""200,000 deals with their companies, ours alone: what one reading costs, and that memory does not grow with it."""

from __future__ import annotations

import resource
import tempfile
from multiprocessing import get_context
from pathlib import Path

from tests.bench.hubspot import Kept, served, timed, world
from tests.machine.office import shipped

DEALS = 200_000


def main() -> None:
    field_map = shipped().of("hs", "deals")
    assert field_map
    with tempfile.TemporaryDirectory() as name:
        writing = get_context("spawn").Process(target=world, args=(Path(name), DEALS))  # its memory is not ours
        writing.start()
        writing.join()
        start = peak()
        with served(Path(name)) as url:
            kept = Kept(url, field_map, Path(name))
            read: list[int] = []
            wall, cpu = timed(lambda: read.append(kept.pull()["read"]))
            assert read == [DEALS]
            made, least = sum(kept.ledger.taken.values()), DEALS // 100 + DEALS // 1000
            kept.close()
    print(f"{DEALS:,} deals into the store: {DEALS / wall:,.0f} records/s, {wall:.1f} s wall, {cpu:.1f} s CPU")  # noqa: T201
    print(f"{made} calls, least {least} ({made / least:.3f}x); peak memory {peak()} MiB, {start} before")  # noqa: T201


def peak() -> int:
    """The most memory that this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
