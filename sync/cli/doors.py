"""Checks from outside: deals to divide and companies to compare come in as JSON lines; no store, no CRM."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sync.cli import split_lines
from sync.cli.session import Home, Json

_LINES = typer.Typer(no_args_is_help=True, help="Compare records of companies from stdin: for checks from outside.")

File = Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Without one, stdin or stdout.")]


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


@_LINES.command()
def export(file: File = None, home: Home = Path()) -> int:
    """Every account as a line of JSON, for a linkage engine that looks for pairs among very many.

    {"unique_id", "name", "core", "domain", "country", "city", "postcode", "phone", "ids"}; null is unknown.
    """
    from sync.cli import match_lines  # noqa: PLC0415 only here are the libraries of names needed

    return match_lines.accounts(home, file)


@_LINES.command("import")
def take(file: File = None, home: Home = Path(), json: Json = False) -> int:
    """Take the pairs that such an engine found, and weigh each as if it had been found here.

    {"unique_id_l", "unique_id_r"} a line; anything else in it is not looked at.
    """
    from sync.cli import match_lines  # noqa: PLC0415 only here are the libraries of names needed

    return match_lines.take(home, file, json)


def split(
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One deal a line, in and out.")] = False,
) -> int:
    """Divide deals from stdin and print their shares: for checks from outside, without a store or a CRM.

    A line holds weights, or a model with its partners (sync/attribution/README.md has the shape).
    """
    if not jsonl:
        raise typer.BadParameter("split takes --jsonl: one deal a line on stdin.")
    return split_lines.main()
