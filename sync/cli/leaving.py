"""From rehearsal to production, and out again: promote an installation's rules, list or remove what is ours."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from sync import promote as promoting
from sync.cli import screen
from sync.cli.golive import By, who
from sync.cli.session import DONE, ERROR, PENDING, Home, Json, now, reading, working
from sync.config import load
from sync.uninstall import Ours, uninstall


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(promote)
    app.command("uninstall")(uninstall_command)


def promote(
    source: Annotated[Path, typer.Argument(metavar="FROM", help="The folder of the rehearsed installation.")],
    home: Home = Path(),
    json: Json = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it, only show the differences.")] = False,
) -> int:
    """Take policies and mappings from a rehearsed installation (a sandbox org) into this one.

    Addresses and secrets stay those of this installation; what is replaced is put aside. Both must be sound.
    """
    plan = promoting.compare(source, home)
    if yes and plan.files:
        aside = promoting.carry_over(plan, f"{now():%Y%m%dT%H%M%S}")
        screen.say(f"took over {len(plan.files)} files; what was there is in {aside}")
        screen.say("next: dealsync plan")
        return DONE
    if json:
        screen.print_json({"files": [{"name": f.name, "before": f.before, "after": f.after} for f in plan.files]})
    else:
        _show_files(plan)
    return PENDING if plan.files else DONE


def _show_files(plan: promoting.Promotion) -> None:
    for file in plan.files:
        lines = difflib.unified_diff(
            (file.before or "").splitlines(), (file.after or "").splitlines(), "here", "rehearsed", lineterm="", n=1
        )
        screen.say(f"{file.name}: {file.word}", "bold")
        for line in list(lines)[2:62]:
            screen.say(f"  {line}", {"+": "green", "-": "red"}.get(line[:1], "dim"))
    screen.say(f"{len(plan.files)} files differ. Take them over with --yes." if plan.files else "Nothing differs.")


def uninstall_command(
    home: Home = Path(),
    json: Json = False,
    plan: Annotated[bool, typer.Option("--plan", help="List what of ours would be removed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it, and pause everything.")] = False,
    by: By = "",
) -> int:
    """List or remove what dealsync made in the CRMs: its rows, and the fields that it filled.

    What people changed since is theirs and stays. The store keeps every decision.
    """
    if plan == yes:
        raise typer.BadParameter("uninstall takes --plan (list) or --yes (remove).")
    if plan:
        with reading(home) as (_, world):
            found = uninstall(world, now(), who(by), keep=False)
    else:
        with working(load(home), "uninstall") as world:
            found = uninstall(world, now(), who(by), keep=True)
    view = {f"{crm} {obj}": ours_view(ours) for (crm, obj), ours in found.items()}
    if json:
        screen.print_json(view)
    else:
        _show_ours(view, removed=yes)
    return ERROR if any(ours.outcomes["failed"] for ours in found.values()) else DONE


def ours_view(ours: Ours) -> dict[str, Any]:
    """What is ours in one object, as plain values."""
    return {"rows": ours.rows, "fields": dict(ours.fields), "left": ours.left, "outcomes": dict(ours.outcomes)}


def _show_ours(view: dict[str, Any], *, removed: bool) -> None:
    table = Table("object", "our rows", "fields that we filled", "changed since, stay", box=None)
    for column in (1, 2, 3):
        table.columns[column].justify = "right"
    for name, ours in view.items():
        table.add_row(name, f"{ours['rows']:,}", f"{sum(ours['fields'].values()):,}", f"{ours['left']:,}")
    if not view:
        screen.say("Nothing of ours is known in any CRM.")
        return
    screen.out.print(table)
    if removed:
        states: dict[str, int] = {}
        for ours in view.values():
            for state, number in ours["outcomes"].items():
                states[state] = states.get(state, 0) + number
        screen.say(", ".join(f"{number} {state}" for state, number in sorted(states.items())), "bold")
        screen.say(
            "Everything is paused. Objects and fields that were deployed for dealsync are the admin's to remove."
        )
