"""kill -9 at random instants of a first run against two served CRMs: the next runs end where calm does."""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import load_world
from sync.commands import write_new

NOW = datetime.now(UTC)
WRITTEN = {
    "salesforce": ("Partner_Attribution__c", "Opportunity", "Deal_Registration__c"),
    "hubspot": ("partner_attribution", "deals", "partner_registration"),
}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+[\d:]+)")
Lines = list[str]


@contextmanager
def installed() -> Iterator[tuple[Path, Sandbox]]:
    """A new installation beside two new CRMs that hold the demo's world."""
    with tempfile.TemporaryDirectory() as folder, start(load_world("demo", NOW)) as sandbox:
        home = Path(folder, "dealsync")
        write_new(home, (sandbox.salesforce_url, sandbox.hubspot_url))
        yield home, sandbox


def run(home: Path, most: float | None = None) -> bool:
    """One ``run --once``; killed after ``most`` seconds. Whether it came to its own end."""
    command = [sys.executable, "-m", "sync.cli", "run", "--once", "--home", str(home)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(most)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True


def written(sandbox: Sandbox) -> Lines:
    """What both CRMs say of deals, claims and shares, without ids and moments, which differ from run to run."""
    return sorted(
        f"{kind} " + " ".join(f"{name}={MOMENT.sub('', str(row[name]))}" for name in sorted(row) if named(name))
        for crm, kinds in WRITTEN.items()
        for kind in kinds
        for row in getattr(sandbox, crm).rows(kind)
    )


def named(field: str) -> bool:
    """Whether a field may be compared: ours and people's, but no moments and nothing that the CRM itself counts."""
    moment = field.lower().endswith(("_at__c", "_at"))
    return not moment and (field.endswith("__c") or (field[0].islower() and not field.startswith(("hs_", "id"))))


def sent(sandbox: Sandbox) -> int:
    """How many writing calls both CRMs had."""
    calls = [*sandbox.salesforce.switchboard.calls, *sandbox.hubspot.switchboard.calls]
    return sum(call.method in ("POST", "PATCH", "PUT", "DELETE") for call in calls)


def calm() -> tuple[Lines, float, int]:
    """What an undisturbed run leaves, how long it takes, how many calls write."""
    with installed() as (home, sandbox):
        began = time.monotonic()
        run(home)
        seconds = time.monotonic() - began
        calls = sent(sandbox)
        run(home)
        return written(sandbox), seconds, calls


def storm(instant: float) -> tuple[Lines, bool, int]:
    """The same with a kill at ``instant``, and two runs after it."""
    with installed() as (home, sandbox):
        killed = not run(home, instant)
        run(home)
        calls = sent(sandbox)
        run(home)
        return written(sandbox), killed, calls


def main(kills: int, seed: int) -> int:
    """Prints the figures; 1 when any kill left another state than calm does."""
    dice = random.Random(seed)
    expected, seconds, calls = calm()
    hit = again = lost = doubled = 0
    for _ in range(kills):
        found, killed, made = storm(dice.uniform(0.0, seconds))
        hit += killed
        again += max(0, made - calls)
        lost += (Counter(expected) - Counter(found)).total()
        doubled += max(0, len(found) - len(expected))
    print(f"{hit} of {kills} runs killed within {seconds:.1f} s (seed {seed}); {len(expected)} rows compared")  # noqa: T201
    print(f"rows that differ {lost}, rows too many {doubled}, writing calls repeated {again}")  # noqa: T201
    return int(bool(lost or doubled))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sys.exit(main(options.kills, options.seed))
