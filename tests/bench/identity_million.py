"""A million accounts in the index: how long it takes to build, how large it is, and how fast neighbours are found.

With a number, so many accounts instead. Names are real where the labelled companies are at hand, the rest is put
together from their words; then the same look-ups in an index built in another order, under another hash seed.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from time import perf_counter

from sync.identity.profile import Profile, profile
from sync.identity.score import shipped
from sync.identity.verdict import judge
from sync.store import neighbours
from sync.store.opening import open_store
from tests.bench._labelled import Labelled, folder

LOOKED_UP = 2_000
STABLE = 500
SMALL = 100_000
COUNTRIES = ("DE", "US", "FR", "GB", "IT", "PL", "SE", "JP", "IN", "BR")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def names() -> list[str]:
    """Real names, or made ones where there are none."""
    where = folder()
    if where is None:
        words = shipped().rarity.common
        return [f"{one} {words[at - 7]} {words[at - 91]}" for at, one in enumerate(words)]
    known = Labelled(where)
    return [row["name"] for row in (*known.records, *known.background)]


def accounts(many: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Real names first, then new ones from three words of real ones; half of them with an address."""
    real = names()
    words = [word for name in real for word in name.split()]
    for number in range(many):
        dice = blake2b(str(number).encode(), digest_size=24).digest()
        drawn = [int.from_bytes(dice[at : at + 4], "big") for at in range(0, 24, 4)]
        name = real[number] if number < len(real) else " ".join(words[die % len(words)] for die in drawn[:3])
        record = {"name": name, "country": COUNTRIES[drawn[3] % 10]}
        if drawn[4] % 2:
            record["website"] = f"https://www.{words[drawn[5] % len(words)].lower()}{drawn[4] % 9000}.com"
        yield f"a{number:07}", record


def profiles(many: int) -> Iterator[tuple[str, Profile]]:
    for ident, record in accounts(many):
        yield ident, profile(record)


def asked(many: int, count: int) -> list[Profile]:
    """Accounts as somebody else would enter them: a letter lost, no address."""
    found = []
    for _, record in islice(accounts(many), 0, many, max(1, many // count)):
        name = record["name"]
        cut = len(name) // 2
        found.append(profile({"name": name[:cut] + name[cut + 1 :], "country": record["country"]}))
    return found[:count]


def measure(many: int) -> None:
    """Build, size and look-ups, one line each."""
    model = shipped()
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "bench.db"
        with closing(open_store("sqlite:///bench.db", Path(place))) as store:
            started = perf_counter()
            with store.write() as connection:
                neighbours.fill(connection, model, profiles(many))
            built = perf_counter() - started
            times = []
            with store.read() as connection:
                for own in asked(many, LOOKED_UP):
                    started = perf_counter()
                    judge(model, own, neighbours.near(connection, model, own))
                    times.append((perf_counter() - started) * 1000)
        size = path.stat().st_size / 1e6
    times.sort()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    say(f"{many:,} accounts: built in {built:.0f} s (<= 120), {size:.0f} MB (<= 400), peak {peak:.2f} GB (< 1)")
    say(f"look-up p50 {times[len(times) // 2]:.1f} ms (<= 3), p99 {times[len(times) * 99 // 100]:.1f} ms (<= 10)")


def answers(order: str) -> list[str]:
    """Every look-up in an index of ``SMALL`` accounts that was built forwards or backwards, as text."""
    model = shipped()
    known = list(profiles(SMALL))
    with tempfile.TemporaryDirectory() as place, closing(open_store("sqlite:///b.db", Path(place))) as store:
        with store.write() as connection:
            neighbours.fill(connection, model, known if order == "forwards" else known[::-1])
        with store.read() as connection:
            return [
                repr(judge(model, own, neighbours.near(connection, model, own))) for own in asked(SMALL, STABLE)
            ]


def stable() -> None:
    """The same answers in another order of arrival and under another hash seed."""
    found = []
    for order, seed in (("forwards", "1"), ("backwards", "2")):
        told = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run([sys.executable, "-P", __file__, order], env=told, check=True, capture_output=True)
        found.append(json.loads(run.stdout))
    same = sum(one == other for one, other in zip(*found, strict=True))
    say(f"stable across order and hash seed: {same} of {len(found[0])}")


def main() -> int:
    told = sys.argv[1] if len(sys.argv) > 1 else "1000000"
    if told in ("forwards", "backwards"):
        say(json.dumps(answers(told)))
        return 0
    measure(int(told))
    stable()
    return 0


if __name__ == "__main__":
    sys.exit(main())
