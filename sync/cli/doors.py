"""Checks from outside: deals to divide and companies to compare come in as JSON lines; no store, no CRM."""

from __future__ import annotations

from typing import Annotated

import typer

from sync.cli import split_lines

_LINES = typer.Typer(no_args_is_help=True, help="Compare records of companies from stdin: for checks from outside.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(split)
    app.add_typer(_LINES, name="match")


@_LINES.command()
def pairs() -> int:
    """Score pairs: {"id", "left", "right"} a line gives {"id", "score", "reasons"} a line."""
    from sync.cli import match_lines  # noqa: PLC0415 only here are the libraries of names needed

    return match_lines.pairs()


@_LINES.command()
def records() -> int:
    """Add records to an index of their own and look others up in it.

    {"op": "add", "record": {"id", "name", …}} a line; {"op": "query", "id", "record", "k"} gives
    {"id", "decision", "matches"} a line, at once.
    """
    from sync.cli import match_lines  # noqa: PLC0415 only here are the libraries of names needed

    return match_lines.records()


def split(
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One deal a line, in and out.")] = False,
) -> int:
    """Divide deals from stdin and print their shares: for checks from outside, without a store or a CRM.

    A line holds weights, or a model with its partners (sync/attribution/README.md has the shape).
    """
    if not jsonl:
        raise typer.BadParameter("split takes --jsonl: one deal a line on stdin.")
    return split_lines.main()
