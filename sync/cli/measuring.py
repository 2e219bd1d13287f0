"""`dealsync metrics`: the numbers of the programme, each with how many rows it rests on."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from sync.cli import screen
from sync.cli.session import DONE, Home, Json, now, reading
from sync.insight import figures_csv, insight, insight_by, narrowed
from sync.metrics import SECTIONS, Figure


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("metrics")(metrics_command)


def metrics_command(  # noqa: PLR0913, PLR0917 each option of the command is one
    home: Home = Path(),
    json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one line a number.")] = False,
    over: Annotated[str, typer.Option("--period", help="2026, 2026Q4, 2026-11 or 2026-11-01..2026-11-15.")] = "",
    region: Annotated[str, typer.Option(help="Only customers of this country.")] = "",
    vertical: Annotated[str, typer.Option(help="Only customers of this industry.")] = "",
    role: Annotated[str, typer.Option(help="Only registrations and deals with this role.")] = "",
    by: Annotated[str, typer.Option(help="The core numbers for every region, vertical, role or bundle.")] = "",
    bundle: Annotated[
        str, typer.Option(help="yes: only deals whose lines name their partners; no: only others.")
    ] = "",
) -> int:
    """Show how the programme does: decisions, conflicts, revenue, ageing. Asks no CRM.

    Counted from what the runs so far have read and decided. A number that rests on fewer than 30 says so.
    """
    with reading(home) as (_, world):
        narrow = narrowed(world, over, region=region, vertical=vertical, role=role.upper(), bundle=bundle)
        found = insight_by(world, narrow, by) if by else insight(world, narrow, now())
    if json:
        screen.print_json({"figures": [asdict(figure) for figure in found]})
    elif as_csv:
        screen.out.file.write(figures_csv(found))
    else:
        _show(found)
    return DONE


def _show(found: list[Figure]) -> None:
    for section, own in groupby(found, lambda figure: figure.section):
        about = " ".join((getattr(SECTIONS.get(section), "__doc__", "") or "").split())
        screen.say(Text.assemble((section, "bold"), f" {about}"))
        table = Table("", "of", "value", "unit", "n", "", box=None)
        table.columns[2].justify = table.columns[4].justify = "right"
        for figure in own:
            value = figure.value or "-"
            cells = (figure.title, figure.of, value, figure.unit, str(figure.n), figure.note)
            table.add_row(*map(Text, cells))
        screen.out.print(table)
