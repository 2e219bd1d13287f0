"""The command that shows what dealsync does, without an installation."""

from __future__ import annotations

import time

import typer

from sync.cli.session import now
from sync.sign_in import Clock


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(demo)


def demo() -> int:
    """Tell the product's story in a minute.

    Two stand-in CRMs are started for it and stopped after.
    """
    from sync.cli.demo import tell_story  # noqa: PLC0415

    return tell_story(Clock(now, time.sleep))
