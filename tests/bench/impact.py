"""How long a draft of a mapping is weighed over many deals, and how long the console's pages take meanwhile.

Arguments: deals (20,000), and one deal in how many has registrations (50). The expectation holds for those numbers.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from threading import Thread
from time import perf_counter, sleep

from sync import drafts, mapped
from sync.commands import write_new
from sync.config import load
from sync.impact import impact
from tests.bench.cycle import REGISTERED, fill, timed
from tests.machine.office import Office

DEALS, SECONDS, PAGE_SECONDS = 20_000, 10.0, 1.0
MAPPING = "sf-opportunity"
EDITS = {
    "one stage": ('Qualification = "QUALIFIED"', 'Qualification = "LOST"'),
    "a note": ("title =", "notes ="),
}


def main(deals: int, registered: int) -> int:
    """Weigh two drafts: one that many deals are read differently by, and one that changes nothing."""
    late = 0
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_new(home, ("http://127.0.0.1:9", "http://127.0.0.1:9"))
        office = Office(home)
        filling, _ = timed(lambda: fill(office, deals, registered))
        cycle, _ = timed(office.run)
        for _ in range(2):  # what was created is read back, and then nothing is left to write
            office.passes(minutes=20)
            office.run()
        config = load(home)
        world = replace(office.world, mappings=config.mappings)
        sys.stdout.write(
            f"{deals:,} deals, 1 in {registered} registered; filled {filling:.1f} s, run {cycle:.1f} s\n"
        )
        for name, (old, new) in EDITS.items():
            drafts.begin(config, MAPPING).write_text(drafts.drafted(config, MAPPING).replace(old, new), "utf-8")
            rehearsed = drafts.rehearse(config, MAPPING, drafts.drafted(config, MAPPING))
            alone, found = timed(lambda: impact(world, MAPPING, rehearsed, office.moment))  # noqa: B023
            work = Thread(target=impact, args=(world, MAPPING, rehearsed, office.moment))
            work.start()
            slowest = 0.0
            while work.is_alive():
                began = perf_counter()
                mapped.one_mapping(config, world, MAPPING, "stage")
                slowest = max(slowest, perf_counter() - began)
                sleep(0.1)
            late += alone > SECONDS or slowest > PAGE_SECONDS
            sys.stdout.write(
                f"{name:<12} {found}, {found.rows:,} rows, {found.writes:,} writes\n"
                f"{'':<12} {alone:6.2f} s (at most {SECONDS:.0f}); slowest page beside it {slowest:.2f} s"
                f" (at most {PAGE_SECONDS:.0f})\n"
            )
            mapped.drop_draft(config, MAPPING)
        office.close()
    return 1 if late else 0


if __name__ == "__main__":
    given = dict(enumerate(map(int, sys.argv[1:])))
    sys.exit(main(given.get(0, DEALS), given.get(1, REGISTERED)))
