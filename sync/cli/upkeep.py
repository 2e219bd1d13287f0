"""Keeping it right: look at everything again, and take back what a run wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from sync import commands
from sync.cli import screen
from sync.cli.golive import By, who
from sync.cli.session import DONE, ERROR, PENDING, Home, Json, now, working
from sync.config import load
from sync.rollback import RolledBack, by_kind, rollback
from sync.store.backup import back_up, file_of, look, put_back
from sync.sweep import Drift, sweep
from sync.views import change_view

_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(reconcile)
    app.command("rollback")(rollback_command)
    app.command()(backup)
    app.command()(restore)


def reconcile(
    home: Home = Path(),
    json: Json = False,
    obj: Annotated[str | None, typer.Option("--object", help="Only this object, by the CRM's name of it.")] = None,
    ids: Annotated[bool, typer.Option("--ids", help="Compare ids only: quick, finds what vanished.")] = False,
) -> int:
    """Read everything again and compare it with what is known: rows that vanished, appeared or changed unseen.

    Exit code 2 when something was found; the next run judges it. Writes nothing to any CRM.
    """
    with working(load(home), "reconcile") as world:
        found = sweep(world, now(), whole=not ids, only=obj)
    view = {f"{crm} {name}": drift_view(drift) for (crm, name), drift in found.items()}
    if json:
        screen.print_json(view)
    else:
        _show_drift(view)
    return PENDING if any(drift.counts.total() for drift in found.values()) else DONE


def drift_view(drift: Drift) -> dict[str, Any]:
    """One object's look, as plain values."""
    counts = {what: drift.counts[what] for what in ("vanished", "unknown", "changed")}
    return {"rows": drift.rows, **counts, "examples": drift.examples, "left_out": drift.left_out or None}


def _show_drift(view: dict[str, Any]) -> None:
    table = Table("object", "rows", "vanished", "unknown", "changed unseen", box=None)
    for column in (1, 2, 3, 4):
        table.columns[column].justify = "right"
    for name, drift in view.items():
        if not drift["left_out"]:
            table.add_row(
                name, f"{drift['rows']:,}", *(str(drift[what]) for what in ("vanished", "unknown", "changed"))
            )
    screen.out.print(table)
    for name, drift in view.items():
        for what, row_id in drift["examples"][:_SHOWN]:
            screen.say(f"  {what}: {name} {row_id}")
        if drift["left_out"]:
            screen.warn(f"{name} could not be looked at: {drift['left_out']}")
    if not any(drift[what] for drift in view.values() for what in ("vanished", "unknown", "changed")):
        screen.say("Everything is as it was known.", "green")
    else:
        screen.say("What was found is in the store now; the next run judges it.")


def rollback_command(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run by its id, or `last`.")],
    home: Home = Path(),
    json: Json = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it, only show.")] = False,
    by: By = "",
) -> int:
    """Write back what a run changed, where nobody has changed it since, and pause the CRMs it wrote to.

    Decisions stay as they were made: without the pause the next run would write the same again.
    """
    with working(load(home), "rollback") as world:
        done = rollback(world, run, now(), who(by), keep=yes)
    if json:
        screen.print_json(_view(done))
    else:
        _show_back(done, home)
    if not yes:
        return PENDING
    return ERROR if done.faults else DONE


def _view(done: RolledBack) -> dict[str, Any]:
    return {
        "run": done.run_id,
        "kept": done.kept,
        "changes": [change_view(change) for change in done.changes],
        "outcomes": dict(done.outcomes),
        "faults": [change_view(change) | {"why": why} for change, why in done.faults],
    }


def _show_back(done: RolledBack, home: Path) -> None:
    counts = ", ".join(f"{number} {kind}" for kind, number in sorted(by_kind(done.changes).items()))
    if not done.kept:
        for change in done.changes[:_SHOWN]:
            fields = ", ".join(f"{f.field} {f.before!r} -> {f.after!r}" for f in change.fields[:3])
            screen.say(f"  {change.title} ({change.connection} {change.object}): {fields}")
        where = "" if home == Path() else f" --home {home}"
        screen.say(f"run {done.run_id}: {counts}. Take it back with: dealsync rollback {done.run_id} --yes{where}")
        return
    outcomes = ", ".join(f"{number} {state}" for state, number in sorted(done.outcomes.items()))
    screen.say(f"run {done.run_id} taken back: {outcomes}", "bold")
    for change, why in done.faults[:_SHOWN]:
        screen.warn(f"left as it is: {change.title} ({change.connection} {change.object}): {why}")
    crms = ", ".join(sorted({change.connection for change in done.changes}))
    screen.warn(f"{crms} paused: change the policy or the mapping, read `dealsync plan`, then `dealsync resume`")


def backup(
    file: Annotated[Path, typer.Argument(help="Where to; never overwritten.")],
    home: Home = Path(),
) -> int:
    """Copy the store as it is now, while others may go on working. Everything dealsync remembers is in it.

    Names and business data lie in it in clear: keep it as you keep the CRM's own exports.
    """
    config = load(home)
    size = back_up(file_of(config.form.store.url, config.home), file)
    screen.say(f"wrote {file} ({size / 1_048_576:,.1f} MB); dealsync restore {file} goes back to it")
    return DONE


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `backup` wrote.")],
    home: Home = Path(),
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it, only check.")] = False,
) -> int:
    """Go back to a backup. The present store is put aside, not deleted.

    The next run reads what happened in the CRMs since, finds its own writes there, and repeats none of them.
    """
    config = load(home)
    store = file_of(config.form.store.url, config.home)
    if not yes:
        screen.say(
            f"{file} is a sound store (tables version {look(file)}). Go back to it: dealsync restore {file} --yes"
        )
        return PENDING
    with commands.idle(config, now()):
        aside = put_back(file, store, f"{now():%Y%m%dT%H%M%S}")
    screen.say(f"{store} is {file} now" + (f"; what was there is {aside}" if aside else ""))
    screen.say("next: dealsync plan")
    return DONE
