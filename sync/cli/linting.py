"""``dealsync lint``: every fault of config, policies and mappings, with its line and its fix."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import typer
from rich.text import Text

from sync.cli import screen
from sync.cli.session import DONE, ERROR, Home, Json
from sync.lint import Fault, lint


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("lint")(lint_command)


def lint_command(home: Home = Path(), json: Json = False) -> int:
    """Check config, policies and mappings, and run the tests inside the mappings. Asks no CRM, writes nothing.

    Exit code 1 when there is something to correct: every fault at once, as file:line, key, cause and fix.
    """
    found = lint(home)
    if json:
        screen.print_json({"faults": [asdict(fault) for fault in found]})
    else:
        show(found)
    return ERROR if found else DONE


def show(found: list[Fault]) -> None:
    """The faults as text, each with its fix under it."""
    for fault in found:
        key = f" {fault.key}" if fault.key else ""
        screen.say(Text.assemble((f"{fault.file}:{fault.line}:", "bold"), f"{key}: {fault.what}"))
        screen.say(f"    fix: {fault.fix}")
    files = len({fault.file for fault in found})
    screen.say(f"{len(found)} to correct in {files} files" if found else "nothing to correct", "bold")
