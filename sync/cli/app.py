"""The commands: what they are called, what they take, and what their exit code means."""

from __future__ import annotations

import sys
from pathlib import Path
from secrets import token_urlsafe
from typing import Annotated, Any

import typer

from connector.errors import CrmError
from sync import commands, views
from sync.cli import (
    auditing,
    customers,
    doctoring,
    doors,
    explaining,
    golive,
    leaving,
    linting,
    mailing,
    mapping,
    measuring,
    mending,
    replaying,
    rulings,
    running,
    screen,
    serving,
    show,
    showing,
    starting,
    statements,
    supporting,
    troubles,
    upkeep,
)
from sync.cli.session import (
    CTRL_C,
    DONE,
    ERROR,
    INCOMPLETE,
    PENDING,
    USAGE,
    Canary,
    Home,
    Json,
    exit_code,
    now,
    reading,
    working,
)
from sync.commands import Busy
from sync.config import load
from sync.mail.telling import tell_partners
from sync.model.problem import BadInput
from sync.store.claims import LostTurn

app = typer.Typer(
    name="dealsync",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Fair credit for deals that several partners brought, sold and delivered together.\n\n"
    "Exit codes: 0 done or nothing to do, 1 error, 2 changes pending, 3 incomplete (continues later), 64 usage.",
)

starting.register(app)


def run() -> None:
    """Run the command line; every failure ends as one message and its exit code."""
    try:
        code = app(standalone_mode=False, prog_name="dealsync")
        if code == CTRL_C:
            raise typer.Abort
    except typer.Abort:
        screen.live.rest()
        screen.warn("\nstopped; whatever was started is finished by the next run")
        code = INCOMPLETE
    except typer.TyperException as error:
        text = str(error)
        stop = "" if text.endswith((".", "?")) else "."
        more = f"{stop} `dealsync --help` shows every command."
        screen.warn(text if text.startswith("Usage") else f"usage: {text}{more}", "")
        code = USAGE
    except BadInput as error:
        screen.problems(error.problems)
        code = ERROR
    except CrmError as error:
        for line in error.message.splitlines():
            screen.warn(f"error  {line}", "red")
        code = ERROR
    except (Busy, LostTurn) as error:
        screen.warn(str(error))
        code = INCOMPLETE
    sys.exit(code or DONE)


@app.command()
def plan(
    home: Home = Path(),
    json: Json = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Keep the plan for `apply`.")] = None,
) -> int:
    """Read the CRMs, decide, and show what would be written. Writes nothing to any CRM.

    Exit code 2 when there is something to write, 0 when there is not.
    """
    with working(load(home), "plan") as world:
        report = commands.make_plan(world, now(), output)
        view = views.report_view(report, world)
    if json:
        screen.print_json(view)
    else:
        where = "" if home == Path() else f" --home {home}"
        show.plan(view, f"dealsync apply {output}{where}" if output else f"dealsync run --once{where}")
    if not report.complete:
        return INCOMPLETE
    return PENDING if report.totals.changes else DONE


@app.command()
def apply(
    file: Annotated[Path | None, typer.Argument(help="A plan kept by `plan -o FILE`.")] = None,
    home: Home = Path(),
    json: Json = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    canary: Canary = None,
) -> int:
    """Write a plan: exactly what it says, and nothing more.

    What has changed since it was made is left out and named. Applying a saved plan is a person's yes to its size.
    Without FILE, plans now, shows it, and asks.
    """
    with working(load(home), "apply") as world:
        if file is None:
            file = home / "last.plan"
            planned = commands.make_plan(world, now(), file)
            screen.live.rest()
            if not _agreed(views.report_view(planned, world), json, yes):
                return PENDING
        report = commands.apply_plan(world, file, now(), canary=canary)
        view = views.report_view(report, world)
    _show(view, json)
    return exit_code(report)


def _agreed(view: dict[str, Any], json: bool, yes: bool) -> bool:
    """Whether the person at the terminal says yes to this plan; a program that wants JSON says --yes instead."""
    asked = bool(view["changes"]) and not yes
    if not json:
        show.plan(view, None)
    elif asked:
        screen.print_json(view)
    if not asked:
        return True
    if json or not sys.stdin.isatty():
        screen.warn("nobody can be asked: add --yes, or apply a saved plan")
        return False
    return typer.confirm("Write this to the CRMs?")


@app.command("run")
def run_command(
    home: Home = Path(),
    json: Json = False,
    once: Annotated[bool, typer.Option("--once", help="One cycle, then stop. (Without it, use `up`.)")] = False,
    canary: Canary = None,
) -> int:
    """Run one whole cycle: read, decide, write. An unsafe plan is held for a person (exit code 2)."""
    if not once:
        raise typer.BadParameter("run takes --once; `dealsync up` runs on the schedule.")
    config = load(home)
    with working(config, "run") as world:
        report = commands.run_once(world, now(), canary=canary)
        if told := tell_partners(config, world, now(), token_urlsafe):
            report.notes.append(told)
        view = views.report_view(report, world)
    _show(view, json)
    return exit_code(report)


def _show(view: dict[str, Any], json: bool) -> None:
    if json:
        screen.print_json(view)
    else:
        show.run(view)


@app.command()
def status(home: Home = Path(), json: Json = False) -> int:
    """Show what is known, what waits, what went wrong. Asks no CRM."""
    with reading(home) as (config, world):
        view = views.status_view(world.store, config, now())
    if json:
        screen.print_json(view)
    else:
        show.status(view)
    return DONE


for module in (
    running,
    explaining,
    rulings,
    golive,
    customers,
    doctoring,
    doors,
    troubles,
    upkeep,
    statements,
    replaying,
    auditing,
    leaving,
    measuring,
    serving,
    showing,
    linting,
    mapping,
    mending,
    mailing,
    supporting,
):
    module.register(app)
