"""``dealsync init``: a new installation, and what it needs of a portal."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from sync import commands
from sync.cli import screen
from sync.cli.session import DONE, now
from sync.config import load
from sync.sign_in import Clock


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(init)


def init(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder; with --create, yours.")],
    sandbox: Annotated[
        bool, typer.Option(help="Point it at a sandbox on this machine, to try things out.")
    ] = False,
    programme: Annotated[
        str, typer.Option(help=f"The rules to start from: {', '.join(commands.PROGRAMMES)}.")
    ] = "standard",
    create: Annotated[
        str,
        typer.Option(metavar="CONNECTION", help="Instead: create in this HubSpot portal what the mappings need."),
    ] = "",
) -> int:
    """Write config.toml, policies and mappings into a folder. Never overwrites anything.

    With --create CONNECTION, the folder is one that you have set up: what HubSpot lacks of our objects (or, without
    custom objects, of our pipeline), properties and labels is created there.

    With --sandbox, start the two stand-in CRMs beside it:
    python -m connector.sandbox --world demo --salesforce-port 8801 --hubspot-port 8802
    """
    if create:
        clock = Clock(now, time.sleep, on_wait=screen.waiting)
        for sentence in commands.create_in(load(folder), create, clock):
            screen.say(sentence)
        return DONE
    ports = ("http://127.0.0.1:8801", "http://127.0.0.1:8802") if sandbox else None
    written = commands.write_new(folder, ports, programme)
    package = sum(path.is_relative_to(folder / "salesforce") for path in written)
    screen.say(f"wrote {len(written) - package} files to {folder}")
    screen.say(
        f"and {package} to {folder / 'salesforce'}: objects, fields and rights that a Salesforce admin deploys"
    )
    if sandbox:
        screen.say("next: python -m connector.sandbox --world demo --salesforce-port 8801 --hubspot-port 8802")
    else:
        screen.say(f"next: edit {folder / 'config.toml'} (addresses and sign-in)")
    screen.say(f"then: dealsync plan --home {folder}")
    return DONE
