"""What did not go as it should, grouped by cause, and what a person does about it: retry, park, unpark."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from sync.cli import screen
from sync.cli.golive import By, who
from sync.cli.session import DONE, Home, Json, now, reading
from sync.model.problem import BadInput, Problem
from sync.store import brakes, unlanded
from sync.store.due import make_due
from sync.store.groups import group_of, places_of
from sync.views import WAYS_OUT, errors_view

Ident = Annotated[str, typer.Argument(metavar="ID", help="A CRM record's id, or the key of one of our rows.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (errors, retry, park, unpark):
        app.command()(command)


def errors(
    home: Home = Path(),
    json: Json = False,
    kind: Annotated[str, typer.Option("--class", help="Only data, transient or in doubt.")] = "",
) -> int:
    """List what did not go as it should, by cause: how many, since when, how often tried, and the way out."""
    with reading(home) as (_, world):
        view = errors_view(world.store, now())
    if kind:
        view["writes"] = [entry for entry in view["writes"] if entry["class"] == kind]
    if json:
        screen.print_json(view)
    else:
        _show(view)
    return DONE


def _show(view: dict[str, Any]) -> None:
    for entry in view["writes"]:
        many = f"{entry['rows']} write{'s' if entry['rows'] > 1 else ''}"
        tried = f"tried {entry['attempts']} x" if entry["attempts"] > 1 else "tried once"
        screen.say(
            Text.assemble((f"{entry['class']}  ", "yellow"), (many, "bold"), f" since {entry['since']}, {tried}")
        )
        screen.say(f"      {entry['why']}")
        screen.say(f"      way out: {WAYS_OUT[entry['class']]}", "dim")
        for change in entry["examples"][:3]:
            screen.say(f"      {change['title']} ({change['crm']} {change['object']} {change['key']})", "dim")
    for entry in view["values"]:
        screen.say(Text.assemble(("value  ", "yellow"), (f"{entry['rows']} x ", "bold"), entry["why"]))
        screen.say(f"      way out: {entry['fix']}", "dim")
        for place in entry["examples"][:3]:
            screen.say(f"      {place}", "dim")
    for entry in view["parked"]:
        row = f"{entry['crm']} {entry['object']} {entry['key']}"
        screen.say(Text.assemble(("parked  ", "yellow"), (row, "bold"), f" by {entry['by']} since {entry['at']}"))
        screen.say(f"      {entry['reason']}")
        screen.say(f"      way out: dealsync unpark {entry['key']}", "dim")
    if not (view["writes"] or view["values"] or view["parked"]):
        screen.say("Nothing is wrong.", "green")


def retry(
    ident: Annotated[
        str, typer.Argument(metavar="[ID]", help="Only the deal of this record; without it, all.")
    ] = "",
    home: Home = Path(),
) -> int:
    """Decide and write again what did not land, with the next run."""
    with reading(home) as (_, world), world.store.write() as connection:
        groups = unlanded.groups_waiting(connection)
        if ident:
            own = group_of(connection, ident)
            if own is None:
                raise _unknown(ident)
            groups = {own}
        make_due(connection, groups, now())
    screen.say(f"{len(groups)} groups are decided again by the next run" if groups else "nothing waits for a retry")
    return DONE


def park(
    ident: Ident,
    home: Home = Path(),
    reason: Annotated[str, typer.Option(help="Why; `errors` shows it.")] = "",
    by: By = "",
) -> int:
    """Write to one row no more, until `unpark`. Its decisions go on; a split with a parked row waits whole."""
    with reading(home) as (_, world), world.store.write() as connection:
        places = places_of(connection, ident)
        if not places:
            raise _unknown(ident)
        for place in places:
            brakes.park(connection, place, brakes.Park(who(by), now(), reason or "no reason was given"))
    screen.say(f"{', '.join(map(' '.join, places))} is parked; `dealsync unpark {ident}` ends it")
    return DONE


def unpark(ident: Ident, home: Home = Path()) -> int:
    """Write to a parked row again, with the next run."""
    with reading(home) as (_, world), world.store.write() as connection:
        ended = [place for place in brakes.parked(connection) if ident in (place[2], ":".join(place))]
        for place in ended:
            brakes.unpark(connection, place)
        groups = {group for place in ended if (group := group_of(connection, place[2]))}
        make_due(connection, groups, now())
    screen.say(f"{', '.join(map(' '.join, ended))} is written again" if ended else f"{ident} was not parked")
    return DONE


def _unknown(ident: str) -> BadInput:
    return BadInput([Problem(ident, "nothing by this id is known here", "give an id that `dealsync errors` shows")])
