"""``dealsync init``: a new installation in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sync import commands
from sync.cli import screen
from sync.cli.session import DONE


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(init)


def init(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    sandbox: Annotated[
        bool, typer.Option(help="Point it at a sandbox on this machine, to try things out.")
    ] = False,
    programme: Annotated[
        str, typer.Option(help=f"The rules to start from: {', '.join(commands.PROGRAMMES)}.")
    ] = "standard",
) -> int:
    """Write config.toml, policies and mappings into a folder. Never overwrites anything.

    With --sandbox, start the two stand-in CRMs beside it:
    python -m connector.sandbox --world demo --salesforce-port 8801 --hubspot-port 8802
    """
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
