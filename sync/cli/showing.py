"""Commands that show what dealsync does, without an installation: shares of deals from outside, and the story."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from sync.cli import split_lines
from sync.cli.session import now
from sync.sign_in import Clock


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(split)
    app.command()(demo)


def split(
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One deal a line, in and out.")] = False,
) -> int:
    """Divide deals from stdin and print their shares: for checks from outside, without a store or a CRM.

    A line holds weights, or a model with its partners (sync/attribution/README.md has the shape).
    """
    if not jsonl:
        raise typer.BadParameter("split takes --jsonl: one deal a line on stdin.")
    return split_lines.main()


def demo() -> int:
    """Tell the product's story in a minute.

    Two stand-in CRMs are started for it and stopped after.
    """
    from sync.cli.demo import tell_story  # noqa: PLC0415

    return tell_story(Clock(now, time.sleep))
