"""The commands by which people decide about won deals: what waits counts, an account is inherited."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from sync.cli import screen
from sync.cli.session import DONE, Home, Json, now, reading
from sync.rulings.after_close import acquired, amend
from sync.rulings.saying import Speaker

By = Annotated[str | None, typer.Option("--by", help="Who decides.", show_default="you, as this machine knows you")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is recorded.")]


def amend_command(
    deal: Annotated[
        str, typer.Argument(metavar="DEAL", help="An id of a CRM, one of dealsync's, or its beginning.")
    ],
    home: Home = Path(),
    json: Json = False,
    by: By = None,
    reason: Reason = "",
) -> int:
    """Accept what a won deal became after its amendment window; the next run posts exactly that."""
    with reading(home) as (_, world):
        view = amend(world, deal, Speaker(by or getpass.getuser(), now(), reason)).view
    if json:
        screen.print_json(view)
    else:
        screen.say(f"recorded: amend by {view['by']} ({view['directive']})")
        screen.say("It is posted by the next run: dealsync run --once", "dim")
    return DONE


def acquired_command(
    old: Annotated[str, typer.Argument(metavar="PARTNER", help="As its statement names it.")],
    new: Annotated[str, typer.Argument(metavar="SUCCESSOR", help="Who inherits its account.")],
    home: Home = Path(),
    by: By = None,
    reason: Reason = "",
) -> int:
    """Say that a partner became part of another: what it has of won deals goes to its successor.

    Two records of partners that are merged in the CRM need no such word.
    """
    with reading(home) as (_, world):
        directive, groups = acquired(world, old, new, Speaker(by or getpass.getuser(), now(), reason))
    screen.say(f"recorded: {old} became part of {directive.name}, by {directive.by} ({directive.id})")
    screen.say(f"The next run posts it, in {groups} groups of deals: dealsync run --once", "dim")
    return DONE
