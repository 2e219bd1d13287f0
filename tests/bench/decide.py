"""How fast groups are decided: 100,000 with mixed conflicts, beside a bare loop that reads the same facts."""

from __future__ import annotations

import resource
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from time import perf_counter

from sync.decide import decide
from sync.model.facts import Facts, History
from sync.model.registration import Registration, Vote
from sync.policy import Policies
from tests.steps.business import ACCOUNT, day, deal, evidence, line, partner, policy, registration

GROUPS = 100_000
NOW = day(10)
RULES = Policies((policy(),))
PARTNERS = tuple(partner(name) for name in ("alpha", "beta", "gamma", "delta"))
VOTED = {"vote": Vote.APPROVE, "voter": "jo", "voted_at": day(1)}


def _filed(number: int) -> tuple[Registration, ...]:
    """Eight stories in turn, from one partner alone to four who dispute roles and lines."""
    one = registration("R1", "alpha", "RESELL", **VOTED)
    work = registration("R2", "beta", "IMPLEMENT", **VOTED)
    late = registration("R3", "gamma", "RESELL", submitted_at=day(5), evidence=(evidence("POC", day(4)),))
    twin = registration("R4", "gamma", "RESELL", submitted_at=day(0, 9, 0, 20))
    stories = (
        (one,),
        (one, work),
        (one, work, late),
        (one, replace(late, partner_id="alpha")),
        (replace(one, vote=None), twin),
        (replace(one, roles=work.roles), work, replace(late, roles=work.roles), twin),
        (replace(one, line_ids=("L1", "L2")), replace(twin, line_ids=("L2", "L3"))),
        (replace(one, customer_choice=None), work, late, twin),
    )
    return stories[number % len(stories)]


def groups(number: int) -> Iterator[Facts]:
    """``number`` groups, each with its own amount, made as they are asked for."""
    lines = tuple(line(f"L{place}") for place in range(1, 4))
    for place in range(number):
        own = deal(amount=f"{1000 + place}.01", lines=lines, direct_engaged_at=day(-1) if place % 5 == 0 else None)
        yield Facts((ACCOUNT,), (own,), _filed(place), PARTNERS)


def bare(facts: Facts) -> int:
    """Every field of every fact read once by name, and indexed by id: the least that any decision has to do."""
    read = 0
    by_id: dict[str, object] = {}
    for kind in (facts.accounts, facts.opportunities, facts.registrations, facts.partners):
        for entry in kind:
            by_id[entry.id] = entry
            for name in _NAMES[type(entry)]:
                read += getattr(entry, name) is not None
    return read


_NAMES = {
    type(entry): [field.name for field in fields(entry)]
    for entry in (ACCOUNT, deal(), registration("R"), PARTNERS[0])
}


def timed(number: int, work: Callable[[Facts], object]) -> float:
    """Seconds for the work alone: making the groups is not counted."""
    spent = 0.0
    for facts in groups(number):
        started = perf_counter()
        work(facts)
        spent += perf_counter() - started
    return spent


def main(number: int) -> int:
    states: Counter[str] = Counter()

    def decided(facts: Facts) -> None:
        verdict = decide(facts, History(), RULES, NOW)
        states.update(standing.state for standing in verdict.standings)

    ours, theirs = timed(number, decided), timed(number, bare)
    say = sys.stdout.write
    say(f"{'':<22}{'groups a second':>18}\n")
    say(f"{'decided':<22}{number / ours:>18,.0f}\n{'read by a bare loop':<22}{number / theirs:>18,.0f}\n")
    say(f"{ours / theirs:.0f} times the bare reading; {number:,} groups with mixed conflicts, one core\n")
    say(f"{', '.join(f'{count:,} {state}' for state, count in states.most_common())}\n")
    say(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else GROUPS))
