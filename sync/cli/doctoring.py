"""``dealsync doctor``: everything that is wrong or will be, with what to do about it, before a run finds out."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.text import Text

from connector.errors import CrmError
from connector.finding import Finding, Severity
from sync import mending
from sync.cli import screen
from sync.cli.session import DONE, ERROR, Home, Json, now
from sync.config import Config, load
from sync.doctor import examine
from sync.model.problem import BadInput
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
    fix: Annotated[
        bool, typer.Option("--fix", help="Then mend what can be mended safely, each after a question.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --fix: without asking.")] = False,
) -> int:
    """Look at the installation and at every CRM as our user sees it. Reads only, without --fix.

    Exit code 1 when something does not work as it is set up. Every finding says what to do, and whether --fix can:
    create in HubSpot what is ours and lacks there, take over a renamed field as a draft, pull schemas, take the
    rights of others from the store. Nothing is ever deleted or changed that is there.
    """
    config = load(home)
    found = _examined(config, connection)
    if json:
        fields = ("place", "what", "fix", "severity", "mend")
        screen.print_json({"findings": [{name: str(getattr(f, name)) for name in fields} for f in found]})
    else:
        _show(found)
    if fix and _mended(config, found, yes=yes):
        found = _examined(config, connection)
        screen.warn("after that:", "bold")
        screen.warn(_counted(found))
    return ERROR if any(finding.severity is Severity.ERROR for finding in found) else DONE


def _examined(config: Config, connection: str) -> list[Finding]:
    found: list[Finding] = []
    with screen.progress() as tell:
        for finding in examine(config, Clock(now, time.sleep), connection or None):
            found.append(finding)
            tell(f"doctor {finding.place.split()[0]}", len(found), None)
    return found


def _mended(config: Config, found: Sequence[Finding], *, yes: bool) -> bool:
    """Every mend once, shown before it runs. Whether anything was done; refused or impossible ones are said."""
    mends = list(dict.fromkeys(finding.mend for finding in found if finding.mend))
    if not mends:
        screen.warn("nothing here can be mended by --fix")
    done = False
    for mend in mends:
        screen.warn(f"--fix can {mending.said(mend)}", "bold")
        if not (yes or (sys.stdin.isatty() and typer.confirm("Do it?", err=True))):
            continue
        try:
            for sentence in mending.carry_out(config, mend, Clock(now, time.sleep)):
                screen.warn(f"  {sentence}", "green")
            done = True
        except BadInput as faults:
            screen.problems(tuple(faults.problems))
        except CrmError as fault:
            screen.warn(f"  {fault.message}", "red")
    return done


def _show(found: list[Finding]) -> None:
    """What is fine is one line together; the worst comes last, where the eye is."""
    for severity in (Severity.OK, Severity.NOTE, Severity.WARNING, Severity.ERROR):
        word, style = _LOOK[severity]
        for finding in found:
            if finding.severity is severity:
                screen.say(Text.assemble((f"{word:<8}", style), (finding.place, "bold"), f"  {finding.what}"))
                if finding.fix:
                    can = " (--fix can)" if finding.mend else ""
                    screen.say(f"        fix: {finding.fix}{can}")
    screen.say(_counted(found), "bold")


def _counted(found: Sequence[Finding]) -> str:
    counts = Counter(finding.severity for finding in found)
    said = ", ".join(f"{counts[severity]} {_LOOK[severity][0]}" for severity in _LOOK if counts[severity])
    return said or "nothing was looked at"
