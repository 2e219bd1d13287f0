"""Going live beside a running programme: what the CRMs hold is adopted, so that day one rejudges nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Final

from sync.adopt import Adoption, Taker, adoption
from sync.attribution.apportion import percent_2dp
from sync.cycle import PAGE, SHOWN, look_back, weigh
from sync.model.directive import Directive
from sync.model.ids import name
from sync.model.plan import Held
from sync.page import Gathered, gather_page
from sync.reading import half_read, pull_all
from sync.store import due, outbox
from sync.store.directives import add_directives
from sync.world import Report, World


@dataclass(slots=True)
class Adopted:
    """What was found, and what a plan would still change afterwards. ``kept``: it is recorded."""

    by: str
    kept: bool
    states: Counter[str] = field(default_factory=Counter)  # registrations, by the state that people gave them
    unprotected: int = 0  # approved ones without an end of protection: theirs runs from today
    splits: int = 0
    fields: int = 0
    left: list[Held] = field(default_factory=list)
    scaled: list[str] = field(default_factory=list)
    examples: list[tuple[str, str]] = field(default_factory=list)
    report: Report | None = None

    def add(self, known: Gathered, found: Adoption) -> None:
        """One group."""
        partners = {partner.id: partner.name for partner in known.facts.partners}
        holders = {entry.id: partners[entry.partner_id] for entry in known.facts.registrations}
        titles = {deal.id: deal.name for deal in known.facts.opportunities} | holders
        for directive in found.directives:
            if directive.state is None:
                self.splits += 1
            else:
                self.states[directive.state] += 1
                self.unprotected += directive.state == "APPROVED" and directive.protection_end is None
            if len(self.examples) < EXAMPLES:
                self.examples.append((titles[directive.subject], adopted(directive, partners)))
        self.fields += len(found.taken)
        self.left += found.left[: SHOWN - len(self.left)]
        self.scaled += found.scaled[: SHOWN - len(self.scaled)]


EXAMPLES: Final = 10


def adopt(world: World, now: datetime, by: str, *, keep: bool) -> Adopted:
    """Read the CRMs, and take what people decided there as decided. Without ``keep`` it is only shown.

    Afterwards the plan is weighed, so that whoever adopts sees what dealsync would still change. Nothing is
    written to any CRM. Safe to kill and to repeat: what was adopted is passed over.
    """
    report = Report(name("run", now.isoformat()), now)
    look_back(world, report, now)
    pull_all(world, report, now)
    found = Adopted(by, keep, report=report)
    if half_read(world, report):
        return found
    taker = Taker(by, now, world.record_of)
    for page in _pages(world):
        adoptions = [
            (known, adoption(known.group.rows, known.facts, known.history, world.mappings, taker))
            for known in gather_page(world, page)
        ]
        for known, own in adoptions:
            found.add(known, own)
        if keep:
            _keep(world, [(known.group.id, own) for known, own in adoptions], now)
        world.tell("adopt", sum(found.states.values()), None)
    if keep:
        weigh(world, report, now)
    return found


def _pages(world: World) -> Iterator[Sequence[str]]:
    after = ""
    while True:
        with world.store.read() as connection:
            page = due.judged_after(connection, after, PAGE)
        if not page:
            return
        yield page
        after = page[-1]


def _keep(world: World, adoptions: Sequence[tuple[str, Adoption]], now: datetime) -> None:
    """One page in one commit: what people decided, what counts as written, and the groups to judge with it."""
    with world.store.write() as connection:
        for _, own in adoptions:
            add_directives(connection, own.directives)
            outbox.agree(connection, own.taken)
        due.make_due(connection, {group for group, own in adoptions if own.directives}, now)


def adopted(directive: Directive, partners: Mapping[str, str]) -> str:
    """One line about one directive, for a person; ``partners``: their names by id."""
    if directive.state is not None:
        end = f", protected until {directive.protection_end.isoformat()}" if directive.protection_end else ""
        return f"{directive.state}{end}"
    weights = {entry.party: Fraction(entry.weight) for entry in directive.parts}
    percent = percent_2dp(weights, list(weights))
    return " / ".join(f"{partners.get(party, party)} {percent[party]} %" for party in weights)
