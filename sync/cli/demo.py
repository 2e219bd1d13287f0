"""The product's story on two stand-in CRMs: several partners, one conflict, one deal in two CRMs, to the cent."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.rule import Rule
from rich.table import Table

from connector.crm import Crm
from connector.record import Absent
from sync import commands, views
from sync.cli import screen, show
from sync.commands import Clock
from sync.config import load
from sync.world import Report, World

CONFLICT: Final = "Baltic Freight: warehouse mobility"
TWICE: Final = "Solstice Energy: field service"


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where the story plays: a fresh installation beside the two sandboxes."""

    home: Path
    clock: Clock


def tell_story(clock: Clock) -> int:
    """Run the main job from an empty store to a quiet second run; 0 when everything came out as it must."""
    with tempfile.TemporaryDirectory(prefix="dealsync-demo-") as folder, _sandbox() as addresses:
        home = Path(folder)
        commands.write_new(home, addresses)
        config = load(home)
        with commands.open_world(config, clock) as world:
            return _tell(world, _Stage(home, clock))


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


def _tell(world: World, stage: _Stage) -> int:
    now = stage.clock.now()
    _page("1 · Two CRMs, one question: who is credited for these deals?")
    first = stage.home / "first.plan"
    planned = commands.make_plan(world, now, first)
    _facts(planned)
    _page("2 · The plan: read before anything is written")
    _short_plan(views.report_view(planned, world))
    _page("3 · One role, two partners: the ruling and its reasons")
    _explain(world, CONFLICT, planned, stage.clock)
    _page("4 · One deal in two CRMs, counted once")
    _explain(world, TWICE, planned, stage.clock)
    _page("5 · Apply exactly that plan, then read both CRMs back")
    applied = commands.apply_plan(world, first, stage.clock.now())
    show.run(views.report_view(applied, world))
    exact = _read_back(world)
    _page("6 · Run again: nothing to do")
    before = dict(world.calls())
    again = commands.run_once(world, stage.clock.now())
    view = views.report_view(again, world)
    writes = sum(again.outcomes.values())
    screen.say(f"changes planned: {again.totals.changes}    writes sent: {writes}", "bold")
    _calls(view, before)
    good = exact and planned.totals.changes > 0 and not applied.faults and not again.totals.changes and not writes
    screen.say(
        "Everything came out to the cent." if good else "Something is not as it must be.",
        "green" if good else "red",
    )
    return 0 if good else 1


def _page(title: str) -> None:
    screen.out.print()
    screen.out.print(Rule(title, align="left", style="cyan"))


def _facts(planned: Report) -> None:
    table = Table("CRM", "object", "rows read", box=None)
    for (crm, obj), counts in planned.pulled.items():
        table.add_row(crm, obj, str(counts["read"]))
    screen.out.print(table)
    made = ", ".join(f"{number} {event}" for event, number in sorted(planned.decisions.items()))
    screen.say(f"{planned.groups} connected groups hold registrations and were judged: {made}.")
    screen.say("Deals without a registration are read and left alone.")


def _short_plan(view: Mapping[str, Any]) -> None:
    titles: dict[str, dict[str, int]] = {}
    for change in view["changes"]:
        kinds = titles.setdefault(f"{change['crm']}  {change['title']}", {})
        kinds[change["kind"]] = kinds.get(change["kind"], 0) + 1
    for title, kinds in sorted(titles.items()):
        what = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
        screen.say(f"  {title}  ({what})")
    show.plan({**view, "changes": []}, None)


def _explain(world: World, name: str, planned: Report, clock: Clock) -> None:
    """The reasons behind one deal, found by the row that the plan would write."""
    row = next((change.key for change in planned.changes if change.title == name and change.by == "id"), None)
    if row is None:
        screen.warn(f"the plan says nothing about {name!r}")
    else:
        show.explanation(views.explain_view(world, row, clock.now()))


EXPECTED: Final = {
    "Northwind: CRM roll-out": {"111111.11", "83333.33", "55555.55"},
    "Hagen: assembly line 4": {"695264.49", "866784.17", "452951.34"},
}
"""The worked examples EX2 and EX3, computed by hand; the demo fails if a CRM says anything else."""


def _read_back(world: World) -> bool:
    """What the CRMs themselves now say; True when the two worked examples are there to the cent."""
    found: dict[str, set[str]] = {}
    table = Table("CRM", "deal", "share %", "amount", "currency", "status", box=None)
    for crm in world.crms.values():
        for deal, row in sorted(_attribution(world, crm)):
            share, amount, currency, state = (str(value or "") for value in row)
            table.add_row(crm.name, deal, share, amount, currency, state)
            if deal in EXPECTED:
                found.setdefault(deal, set()).add(amount)
    screen.out.print(table)
    return found == EXPECTED


def _attribution(world: World, crm: Crm) -> Iterator[tuple[str, tuple[str | None, ...]]]:
    """Every attribution row of one CRM, fresh from the wire: its deal's name, and the fields that are shown."""
    rows, deals = world.mappings.for_kind(crm.name, "attribution"), world.mappings.for_kind(crm.name, "opportunity")
    if rows is None or deals is None:
        return
    wanted = {rule.path: rule.remotes for rule in rows.rules}
    fields = [*wanted["opportunity"][:1], *wanted["share"][:1], *wanted["amount"], *wanted["split_status"][:1]]
    ids = [row_id for page in crm.ids(rows.object) for row_id in page]
    name = next(rule.remotes[0] for rule in deals.rules if rule.path == "name")
    deal_ids = [deal_id for page in crm.ids(deals.object) for deal_id in page]
    names = {record.ref.id: record.values[0] for record in crm.read(deals.object, deal_ids, [name])}
    for record in crm.read(rows.object, ids, fields):
        texts = tuple(None if isinstance(value, Absent) else value for value in record.values)
        yield str(names.get(texts[0] or "", texts[0])), texts[1:]


def _calls(view: Mapping[str, Any], before: Mapping[tuple[str, str], int]) -> None:
    for crm, limits in view["calls"]["used"].items():
        used = ", ".join(f"{number - before.get((crm, limit), 0)} {limit}" for limit, number in limits.items())
        screen.say(f"{crm}: {used} calls in this run", "dim")
