"""Going live without fear: adopt what people decided, and the stop button."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from sync import commands, takeover
from sync.cli import screen
from sync.cli.session import DONE, INCOMPLETE, PENDING, Home, Json, now, reading, working
from sync.config import load
from sync.store.brakes import Pause
from sync.views import held_view, report_view

By = Annotated[str, typer.Option("--by", help="Who says so.", show_default="your user name")]
Connection = Annotated[
    str, typer.Argument(metavar="[CONNECTION]", help="A connection of config.toml; without it, all.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(adopt)
    app.command()(pause)
    app.command()(resume)


def who(by: str) -> str:
    """The name a decision is recorded under."""
    return by or getpass.getuser()


def adopt(
    home: Home = Path(),
    json: Json = False,
    yes: Annotated[bool, typer.Option("--yes", help="Record it; without it, only show.")] = False,
    by: By = "",
) -> int:
    """Take what the CRMs already hold as decided by people: statuses, protection, splits.

    Run it once, before the first run that writes: what was adopted is never judged anew, and new registrations meet
    the protection that is there. Writes to dealsync's store only, never to a CRM. Safe to repeat.
    """
    with working(load(home), "adopt") as world:
        found = takeover.adopt(world, now(), who(by), keep=yes)
        view = adopted_view(found)
        after = report_view(found.report, world) if found.report else {}
    if json:
        screen.print_json(view | {"plan": after})
    else:
        _show(view, after, home)
    if found.report and not found.report.complete:
        return INCOMPLETE
    return DONE if yes or not (found.states or found.splits) else PENDING


def adopted_view(found: takeover.Adopted) -> dict[str, Any]:
    """What was found, as plain values."""
    return {
        "kept": found.kept,
        "by": found.by,
        "registrations": dict(found.states),
        "approved_without_end": found.unprotected,
        "splits": found.splits,
        "fields": found.fields,
        "scaled": found.scaled,
        "left": [held_view(held) for held in found.left],
        "examples": [{"title": title, "what": what} for title, what in found.examples],
    }


def _show(view: dict[str, Any], after: dict[str, Any], home: Path) -> None:
    states = ", ".join(f"{number} {state}" for state, number in sorted(view["registrations"].items()))
    verb = "adopted" if view["kept"] else "would adopt"
    screen.say(
        f"{verb}: registrations {states or 'none'} · {view['splits']} splits · {view['fields']:,} fields", "bold"
    )
    for example in view["examples"]:
        screen.say(f"  {example['title']}: {example['what']}")
    if view["approved_without_end"]:
        screen.warn(f"{view['approved_without_end']} approved without an end of protection: theirs runs from today")
    for line in view["scaled"]:
        screen.warn(line)
    for entry in view["left"]:
        screen.warn(
            f"left alone: {entry['title']} ({entry['crm']} {entry['object']} {entry['key']}): {entry['reason']}"
        )
    for note in after.get("notes", ()):
        screen.warn(note)
    where = "" if home == Path() else f" --home {home}"
    if not view["registrations"] and not view["splits"]:
        screen.say("Nothing to adopt: the CRMs hold no status and no split of people that dealsync does not know.")
    elif not view["kept"]:
        screen.say(f"Nothing is recorded yet. Record it with: dealsync adopt --yes{where}")
    if not view["kept"] or not after:
        return
    counts = after["counts"]
    screen.say(
        f"a plan would now create {counts['create']}, update {counts['update']}, delete {counts['delete']}, "
        f"hold {counts['held']}; read it with: dealsync plan{where}"
    )


def pause(
    connection: Connection = "",
    home: Home = Path(),
    reason: Annotated[str, typer.Option(help="Why; `status` shows it.")] = "",
    by: By = "",
) -> int:
    """Stop reading and writing a connection, or all, within one batch, in every process. Nothing is lost."""
    with reading(home) as (config, world):
        commands.pause(world.store, config, connection, Pause(who(by), now(), reason))
    screen.say(
        f"{connection or 'everything'} is paused; `dealsync resume{f' {connection}' if connection else ''}` ends it"
    )
    return DONE


def resume(connection: Connection = "", home: Home = Path()) -> int:
    """Let a paused connection, or everything that is paused, go on with the next run."""
    with reading(home) as (config, world):
        ended = commands.resume(world.store, config, connection)
    screen.say(
        f"{', '.join(ended)} goes on"
        if ended
        else f"{connection or 'nothing'} was not paused"
        if connection
        else "nothing was paused"
    )
    return DONE
