"""``dealsync init``: a new installation, and what it needs of a portal."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sync import commands
from sync.cli import screen
from sync.cli.asking import Answers, answers, guide
from sync.cli.session import DONE, Json, now
from sync.config import load
from sync.model.problem import BadInput, Problem
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
    answer: Annotated[
        list[str] | None,
        typer.Option("--answer", "-a", metavar="KEY=VALUE", help="Look at the CRMs, with this answer given."),
    ] = None,
    json: Json = False,
) -> int:
    """Write config.toml, policies and mappings into a folder. Never overwrites anything.

    At a terminal it asks which CRMs, how to sign in, and what of their objects and fields is what. It looks at them
    as they are, suggests a mapping with reasons and doubts, and shows five records of each object through it.
    Nothing is written before the last answer, and nothing in any CRM. In a script, --answer KEY=VALUE gives answers
    and the rest is taken as suggested: crms, sf.url, sf.flow, sf.client_id and so on, sf-account.object,
    sf-account.tier=FIELD (- leaves it out), sf-account.tier:VALUE=WORD, write=no. Without any answer
    and without a terminal, the shipped files are written and no CRM is asked.

    With --create CONNECTION, the folder is one that you have set up: what HubSpot lacks of our objects (or, without
    custom objects, of our pipeline), properties and labels is created there.

    With --sandbox, start the two stand-in CRMs beside it:
    python -m connector.sandbox --world demo --salesforce-port 8801 --hubspot-port 8802
    """
    clock = Clock(now, time.sleep, on_wait=screen.waiting)
    if create:
        for sentence in commands.create_in(load(folder), create, clock):
            screen.say(sentence)
        return DONE
    terminal = sys.stdin.isatty() and sys.stdout.isatty() and not sandbox
    if answer or terminal:
        return _guided(folder, programme, Answers(answers(answer or ()), terminal and not json), clock, json=json)
    ports = ("http://127.0.0.1:8801", "http://127.0.0.1:8802") if sandbox else None
    _wrote(folder, commands.write_new(folder, ports, programme))
    if sandbox:
        screen.say("next: python -m connector.sandbox --world demo --salesforce-port 8801 --hubspot-port 8802")
    else:
        screen.say(f"next: edit {folder / 'config.toml'} (addresses and sign-in)")
    screen.say(f"then: dealsync plan --home {folder}")
    return DONE


def _guided(folder: Path, programme: str, ask: Answers, clock: Clock, *, json: bool) -> int:
    if (folder / "config.toml").exists():
        raise BadInput([Problem(str(folder / "config.toml"), "it exists already", "choose an empty folder")])
    chosen = guide(folder, ask, clock)
    written = []
    if chosen.write:
        written = commands.write_installation(folder, chosen.config, programme, chosen.mappings)
    if json:
        files = [str(path.relative_to(folder)) for path in written]
        screen.print_json({**chosen.report, "written": files})
    elif chosen.write:
        _wrote(folder, written)
        screen.say(f"next: dealsync lint --home {folder}, then dealsync doctor and dealsync plan")
    else:
        screen.say("nothing was written")
    return DONE


def _wrote(folder: Path, written: Sequence[Path]) -> None:
    package = sum(path.is_relative_to(folder / "salesforce") for path in written)
    screen.say(f"wrote {len(written) - package} files to {folder}")
    screen.say(
        f"and {package} to {folder / 'salesforce'}: objects, fields and rights that a Salesforce admin deploys"
    )
