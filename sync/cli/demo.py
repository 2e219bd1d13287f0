"""The product's story on two stand-in CRMs: several partners, one conflict, one deal in two CRMs, to the cent."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

from rich.rule import Rule
from rich.table import Table

from connector.crm import Crm
from connector.record import Absent, Op
from sync import commands, views
from sync.cli import explaining, screen, show
from sync.cli.minimum import Calls, minimum
from sync.config import load
from sync.explain import explain_view
from sync.model.money import Money
from sync.sign_in import Clock, open_world
from sync.world import Report, World, calls_by_crm

STORY: Final = (
    ("Three partners, one deal in Salesforce", "Northwind: CRM roll-out"),
    ("Three partners, one production line in HubSpot, divided line by line", "Hagen: assembly line 4"),
    (
        "One role, two partners: the ruling, its reasons, and the offer to the loser",
        "Baltic Freight: warehouse mobility",
    ),
    ("One deal in two CRMs, counted once", "Solstice Energy: field service"),
)
EXPECTED: Final = {
    "Northwind: CRM roll-out": {"111,111.11 USD", "83,333.33 USD", "55,555.55 USD"},
    "Hagen: assembly line 4": {"695,264.49 EUR", "866,784.17 EUR", "452,951.34 EUR"},
}
"""The two worked examples, computed by hand; the demo fails if a CRM says anything else."""


def tell_story(clock: Clock) -> int:
    """Run the main job from an empty store to a quiet second run; 0 when everything came out as it must."""
    with tempfile.TemporaryDirectory(prefix="dealsync-demo-") as folder, _sandbox() as addresses:
        home = Path(folder)
        commands.write_new(home, addresses)
        with open_world(load(home), clock) as world:
            return _tell(world, home / "first.plan", clock)


@contextmanager
def _sandbox() -> Iterator[tuple[str, str]]:
    """Both stand-in CRMs in a process of their own, with the demo's world."""
    command = [sys.executable, "-m", "connector.sandbox", "--world", "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise RuntimeError("the sandbox did not start; run it alone to see why: " + " ".join(command[1:]))
            ready = json.loads(line)
            yield ready["salesforce"], ready["hubspot"]
        finally:
            process.terminate()


def _tell(world: World, plan: Path, clock: Clock) -> int:
    spent: list[tuple[str, Calls, Calls]] = []
    with _counted(world, spent, "first reading"):
        planned = commands.make_plan(world, clock.now(), plan)
    _page("Two CRMs, one question: who is credited for these deals?")
    _facts(planned)
    for title, deal in STORY:
        _page(title)
        _explain(world, deal, planned, clock)
    _page("The plan: read before anything is written")
    _short_plan(views.report_view(planned, world))
    with _counted(world, spent, "writing"):
        applied = commands.apply_plan(world, plan, clock.now())
    _page("Apply exactly that plan, then read both CRMs back")
    show.run(views.report_view(applied, world))
    exact = _read_back(world)
    with _counted(world, spent, "second run"):
        again = commands.run_once(world, clock.now())
    _page("Run again: nothing to do")
    writes = sum(again.outcomes.values())
    screen.say(f"second run: {again.totals.changes} changes, {writes} writes", "bold")
    _calls(world, planned, spent)
    good = exact and planned.totals.changes > 0 and not applied.faults and not again.totals.changes and not writes
    verdict = "Everything came out to the cent." if good else "Something is not as it must be."
    screen.say(verdict, "bold green" if good else "bold red")
    return 0 if good else 1


_pages: Final = count(1)


def _page(title: str) -> None:
    screen.out.print()
    screen.out.print(Rule(f"{next(_pages)} · {title}", align="left", style="cyan"))


def _facts(planned: Report) -> None:
    table = Table("CRM", "object", "rows read", box=None)
    for (crm, obj), counts in planned.pulled.items():
        table.add_row(crm, obj, str(counts["read"]))
    screen.out.print(table)
    made = planned.decisions
    screen.say(f"{planned.groups} connected groups hold registrations and were judged:")
    screen.say(f"{made['submit']} registrations, {made['approve']} approved, {made['reject']} rejected.")
    screen.say("Deals without a registration are read and left alone.")


def _explain(world: World, name: str, planned: Report, clock: Clock) -> None:
    """The reasons behind one deal, found by the row that the plan would write."""
    row = next((change.key for change in planned.changes if change.title == name and change.op is Op.UPDATE), None)
    if row is None:
        screen.warn(f"the plan says nothing about {name!r}")
        return
    view = explain_view(world, row, clock.now())
    explaining.explanation({**view, "deals": [deal | {"decisions": []} for deal in view["deals"]]})


def _short_plan(view: Mapping[str, Any]) -> None:
    titles: dict[tuple[str, str], Counter[str]] = {}
    for change in view["changes"]:
        titles.setdefault((change["crm"], change["title"].partition(" · ")[0]), Counter())[change["kind"]] += 1
    for (crm, title), kinds in sorted(titles.items()):
        screen.say(f"  {crm}  {title}: " + ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items())))
    show.plan({**view, "changes": []}, "dealsync apply first.plan")


def _read_back(world: World) -> bool:
    """What the CRMs themselves now say; True when the two worked examples are there to the cent."""
    found: dict[str, set[str]] = {}
    table = Table("CRM", "deal", "partner", "share", "amount", "status", box=None)
    for column in (3, 4):
        table.columns[column].justify = "right"
    for crm in world.crms.values():
        for deal, partner, share, amount, state in sorted(_attribution(world, crm)):
            table.add_row(crm.name, deal, partner, f"{share} %", amount, state)
            if deal in EXPECTED:
                found.setdefault(deal, set()).add(amount)
    screen.out.print(table)
    return found == EXPECTED


def _attribution(world: World, crm: Crm) -> Iterator[tuple[str, str, str, str, str]]:
    """Every attribution row of one CRM, fresh from the wire: deal, partner, share, amount, status."""
    rows = world.mappings.for_kind(crm.name, "attribution")
    if rows is None:
        return
    remote = {rule.path: rule.remotes for rule in rows.rules}
    deals, partners = _names(world, crm, "opportunity"), _names(world, crm, "account")
    single = [remote[path][0] for path in ("opportunity", "partner", "share", "split_status")]
    ids = [row_id for page in crm.ids(rows.object) for row_id in page]
    for record in crm.read(rows.object, ids, [*single, *remote["amount"]]):
        deal, partner, share, state, amount, currency = (
            "" if isinstance(v, Absent) else v or "" for v in record.values
        )
        yield deals[deal], partners[partner], share, str(Money.parse(amount, currency)), state


def _names(world: World, crm: Crm, kind: str) -> dict[str, str]:
    """The names of every row of one object, by its id in the CRM."""
    field_map = world.mappings.for_kind(crm.name, kind)
    assert field_map is not None
    name = next(rule.remotes[0] for rule in field_map.rules if rule.path == "name")
    ids = [row_id for page in crm.ids(field_map.object) for row_id in page]
    return {record.ref.id: str(record.values[0]) for record in crm.read(field_map.object, ids, [name])}


@contextmanager
def _counted(world: World, spent: list[tuple[str, Calls, Calls]], phase: str) -> Iterator[None]:
    """The calls that a phase makes, by CRM."""
    before = calls_by_crm(world.calls())
    yield
    spent.append((phase, before, calls_by_crm(world.calls())))


def _calls(world: World, planned: Report, spent: list[tuple[str, Calls, Calls]]) -> None:
    """Calls on the wire, beside the fewest that the vendors' interfaces allow."""
    table = Table("calls on the wire", *(f"{crm} (minimum)" for crm in world.crms), box=None)
    for phase, before, after in spent:
        least = minimum(world, planned, phase)
        table.add_row(phase, *(f"{after[crm] - before[crm]} ({least[crm]})" for crm in world.crms))
    screen.out.print(table)
