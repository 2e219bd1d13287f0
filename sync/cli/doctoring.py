"""``dealsync doctor``: everything that is wrong or will be, with what to do about it, before a run finds out."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.text import Text

from connector.finding import Finding, Severity
from sync.cli import screen
from sync.cli.session import DONE, ERROR, Home, Json, now
from sync.config import load
from sync.doctor import examine
from sync.sign_in import Clock

_LOOK: Final = {
    Severity.OK: ("ok", "green"),
    Severity.NOTE: ("note", "dim"),
    Severity.WARNING: ("warning", "yellow"),
    Severity.ERROR: ("error", "red"),
}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(doctor)


def doctor(
    connection: Annotated[str, typer.Argument(metavar="[CONNECTION]", help="Only this connection.")] = "",
    home: Home = Path(),
    json: Json = False,
) -> int:
    """Look at the installation and at every CRM as our user sees it. Reads only.

    Exit code 1 when something does not work as it is set up. Every finding says what to do.
    """
    found: list[Finding] = []
    with screen.progress() as tell:
        for finding in examine(load(home), Clock(now, time.sleep), connection or None):
            found.append(finding)
            tell(f"doctor {finding.place.split()[0]}", len(found), None)
    if json:
        fields = ("place", "what", "fix", "severity")
        screen.print_json({"findings": [{name: str(getattr(f, name)) for name in fields} for f in found]})
    else:
        _show(found)
    return ERROR if any(finding.severity is Severity.ERROR for finding in found) else DONE


def _show(found: list[Finding]) -> None:
    """What is fine is one line together; the worst comes last, where the eye is."""
    counts = Counter(finding.severity for finding in found)
    for severity in (Severity.OK, Severity.NOTE, Severity.WARNING, Severity.ERROR):
        word, style = _LOOK[severity]
        for finding in found:
            if finding.severity is severity:
                screen.say(Text.assemble((f"{word:<8}", style), (finding.place, "bold"), f"  {finding.what}"))
                if finding.fix:
                    screen.say(f"        fix: {finding.fix}")
    said = ", ".join(f"{counts[severity]} {_LOOK[severity][0]}" for severity in _LOOK if counts[severity])
    screen.say(said or "nothing was looked at", "bold")
