"""``dealsync mail``: the outbox of letters to partners."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from sync.cli import screen
from sync.cli.session import DONE, Home, Json, reading
from sync.store import mails, users


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(mail)


def mail(
    home: Home = Path(),
    json: Json = False,
    limit: Annotated[int, typer.Option(help="At most so many letters, the latest.", min=1)] = 50,
) -> int:
    """Show the letters to partners: what waits, what was sent, what failed and why. Sends nothing; runs do."""
    with reading(home) as (_, world), world.store.read() as connection:
        found = mails.latest(connection, limit)
        logins = {user.id: user.login for user in users.all_users(connection)}
    if json:
        screen.print_json(
            [
                {
                    "to": logins.get(one.letter.user, one.letter.user),
                    "kind": one.letter.kind,
                    "about": one.letter.title,
                    "state": one.state,
                    "tries": one.tries,
                    "at": one.at,
                    "why": one.why,
                }
                for one in found
            ]
        )
        return DONE
    table = Table("at", "to", "what", "about", "state", "why", box=None)
    for one in found:
        to = logins.get(one.letter.user, one.letter.user)
        table.add_row(one.at, to, one.letter.kind.lower(), one.letter.title, one.state.lower(), one.why)
    screen.out.print(table)
    return DONE
