"""``dealsync try``, ``dealsync schema`` and ``dealsync backfill``: what a mapping does, and what it needs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from sync.backfill import backfill
from sync.cli import screen
from sync.cli.session import DONE, INCOMPLETE, PENDING, Home, Json, now, reading, working
from sync.config import load
from sync.drift import accept as accept_schemas
from sync.drift import differences, pull_schema, resting
from sync.trial import trial

schema = typer.Typer(
    name="schema", no_args_is_help=True, help="What the CRMs' objects look like, and what changed."
)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("try")(try_command)
    app.add_typer(schema)
    app.command("backfill")(backfill_command)


def try_command(
    record: Annotated[str, typer.Argument(metavar="RECORD", help="An id of a CRM record.")],
    home: Home = Path(),
    json: Json = False,
    field: Annotated[str, typer.Option("--field", help="Only this path, or this field of the CRM.")] = "",
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Read the record from the CRM now; nothing is kept.")
    ] = False,
) -> int:
    """Take one record through its mapping and the rules, step by step. Writes nothing."""
    if fresh:
        with working(load(home), "try") as world:
            view = trial(world, record, now(), field=field, fresh=True)
    else:
        with reading(home) as (_, world):
            view = trial(world, record, now(), field=field)
    if json:
        screen.print_json(view)
    else:
        _show_trial(view)
    return DONE


def _show_trial(view: dict[str, Any]) -> None:
    screen.say(f"{view['record']} through {view['mapping']}, {view['read']}", "bold")
    for entry in view["fields"]:
        screen.say(Text.assemble((entry["path"], "bold"), f"  (kept by {entry['owner']})"))
        for step in entry["steps"]:
            screen.say(f"    {step}")
        if entry["problem"]:
            screen.warn(f"    {entry['problem']}")
    for change in view["writes"]:
        for name, (before, after) in change["fields"].items():
            screen.say(f"would write {name}: {before!r} -> {after!r}  ({change['reason']})", "green")
    for held in view["held"]:
        screen.warn(f"held {held['field']}: {held['reason']}")
    if not view["writes"] and not view["held"]:
        screen.say("nothing would be written to it")


@schema.command()
def pull(home: Home = Path(), json: Json = False) -> int:
    """Describe every mapped object anew, keep it, and say which fields rest because of what changed.

    Exit code 2 when a field rests. The first look is taken as it should be.
    """
    with working(load(home), "schema pull") as world:
        missing = pull_schema(world.crms, load(home).mappings, world.store, now())
    for sentence in missing:
        screen.warn(sentence)
    code = diff(home, json)
    return code or (INCOMPLETE if missing else DONE)


@schema.command()
def diff(home: Home = Path(), json: Json = False) -> int:
    """Show what differs from the schemas that were accepted, and which fields rest. Asks no CRM."""
    with reading(home) as (config, world), world.store.read() as connection:
        changes, rests = differences(connection), resting(connection, config.mappings)
    if json:
        found = [{"object": c.kind, "field": c.field, "what": c.what, "breaks": c.breaks} for c in changes]
        screen.print_json({"changes": found, "resting": [asdict(rest) for rest in rests]})
        return PENDING if rests else DONE
    for change in changes:
        screen.say(str(change))
    for rest in rests:
        problem = rest.problem
        screen.warn(f"{problem.where}: {problem.what}")
        screen.warn(f"    fix: {problem.fix}")
    screen.say(f"{len(changes)} differences, {len(rests)} fields rest", "bold")
    return PENDING if rests else DONE


@schema.command()
def accept(home: Home = Path()) -> int:
    """Take the schemas as they are now for what they should be: nothing rests for what changed before."""
    with reading(home) as (_, world), world.store.write() as connection:
        number = accept_schemas(connection, now())
    screen.say(f"{number} objects accepted as they are")
    return DONE


def backfill_command(
    home: Home = Path(),
    json: Json = False,
    obj: Annotated[str | None, typer.Option("--object", help="Only this object, by the CRM's name of it.")] = None,
) -> int:
    """After a mapping changed: read again what the change needs, and only that. The next run judges it."""
    with working(load(home), "backfill") as world:
        done = backfill(world, now(), obj)
    view = {f"{crm} {name}": dict(counted) for (crm, name), counted in done.items()}
    if json:
        screen.print_json(view)
        return DONE
    for name, counted in view.items():
        said = f"{counted.get('known', 0):,} from the store, {counted.get('read', 0):,} read again"
        screen.say(f"{name}: {said}, {counted.get('gone', 0):,} not there any more")
    screen.say("the next run judges them" if view else "every row is read as the mappings say")
    return DONE
