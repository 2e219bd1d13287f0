"""``dealsync support``: what to send to whoever helps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sync.cli import screen
from sync.cli.session import DONE, Home, now
from sync.config import load
from sync.model.problem import BadInput
from sync.support import Asked, bundle, bundle_without_config


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(support)


def support(
    file: Annotated[Path, typer.Argument(help="The zip to write; it must not exist.")],
    home: Home = Path(),
    with_values: Annotated[
        bool, typer.Option("--with-values", help="Also what the CRMs say, where errors and writes quote it.")
    ] = False,
) -> int:
    """Write one zip for whoever helps: settings, versions, status, errors, last runs, findings, tables.

    It holds no secret, and without --with-values nothing that a CRM says but ids. Asks no CRM.
    """
    try:
        config = load(home)
    except BadInput as error:
        names = bundle_without_config(home, error.problems, file)
        screen.say(f"wrote {file}: {', '.join(names)}")
        screen.say("the installation cannot be loaded: problems.json says why; the store was left alone")
        return DONE
    names = bundle(config, file, Asked(with_values, now()))
    screen.say(f"wrote {file}: {', '.join(names)}")
    said = "it quotes CRM records: look before you send it" if with_values else "it quotes no CRM record"
    screen.say(f"no secret is in it; {said}")
    return DONE
