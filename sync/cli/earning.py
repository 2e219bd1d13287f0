"""What roles earn beside their credit and what finance paid of it: on the terminal, as CSV or JSON."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from sync.cli import screen
from sync.cli.session import DONE, Home, Json, reading
from sync.earning import Earned, earned_in
from sync.incentives import Incentive, Settlement, totals
from sync.statement import Period, period

COLUMNS = ("earned", "partner", "deal", "role", "kind", "amount", "currency", "rule", "policy", "paid", "paid_on")
SETTLED = ("partner", "deal", "currency", "earned", "paid", "left", "state", "paid_on")


def incentives_command(
    over: Annotated[str, typer.Option("--period", help="2026, 2026Q4, 2026-11 or 2026-11-01..2026-11-15.")],
    home: Home = Path(),
    json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one line an amount.")] = False,
    settled: Annotated[
        bool, typer.Option("--settled", help="One line a partner and deal: earned, paid and left up to now.")
    ] = False,
) -> int:
    """Export what partners earned by their roles in a period, and what finance has paid of it. Asks no CRM.

    What a deal takes back later is an amount below zero on its own day. What waits for a milestone has no day.
    Paid is what finance wrote on the registrations, for a partner and a deal as a whole.
    """
    span = period(over)
    with reading(home) as (_, world):
        found = earned_in(world, span)
    if json:
        screen.print_json(view(span, found))
    elif as_csv:
        writer = csv.writer(screen.out.file, lineterminator="\n")
        writer.writerow(SETTLED if settled else COLUMNS)
        writer.writerows(map(_balance, found.settlements) if settled else (_row(*own) for own in found.amounts))
    else:
        _show(found, over, settled=settled)
    return DONE


def view(span: Period, found: Earned) -> dict[str, Any]:
    """Plain values; amounts as text, exact, and their totals by currency."""
    return {
        "period": span.label,
        "incentives": [dict(zip(COLUMNS, _row(*own), strict=True)) for own in found.amounts],
        "totals": {currency: str(money.major) for currency, money in totals(_amounts(found)).items()},
        "settlements": [dict(zip(SETTLED, _balance(at), strict=True)) for at in found.settlements],
    }


def _amounts(found: Earned) -> Sequence[Incentive]:
    return [entry for entry, _ in found.amounts]


def _row(entry: Incentive, at: Settlement | None) -> tuple[str, ...]:
    return (
        entry.earned.isoformat() if entry.earned else "",
        entry.name,
        entry.deal,
        entry.role,
        entry.kind,
        str(entry.amount.major),
        entry.amount.currency,
        entry.rule,
        entry.policy,
        at.state if at else "",
        at.day.isoformat() if at and at.day else "",
    )


def _balance(at: Settlement) -> tuple[str, ...]:
    amounts = (str(money.major) for money in (at.earned, at.paid, at.left))
    day = at.day.isoformat() if at.day else ""
    return (at.name, at.deal, at.earned.currency, *amounts, at.state, day)


def _show(found: Earned, over: str, *, settled: bool) -> None:
    if settled:
        _show_settled(found)
        return
    table = Table("earned", "partner", "deal", "role", "amount", "rule", "paid", box=None)
    table.columns[4].justify = "right"
    for entry, at in found.amounts:
        day = entry.earned.isoformat() if entry.earned else "waits"
        table.add_row(
            day, entry.name, entry.deal, entry.role, str(entry.amount), entry.rule, at.state if at else ""
        )
    if found.amounts:
        screen.out.print(table)
        for money in totals(_amounts(found)).values():
            screen.say(f"earned in {over}: {money}")
    else:
        screen.say(
            f"Nothing was earned in {over}: no policy names incentives, or no deal with such a role was won."
        )


def _show_settled(found: Earned) -> None:
    table = Table("partner", "deal", "earned", "paid", "left", "", "last paid", box=None)
    for column in (2, 3, 4):
        table.columns[column].justify = "right"
    for at in found.settlements:
        day = at.day.isoformat() if at.day else ""
        table.add_row(at.name, at.deal, str(at.earned), str(at.paid), str(at.left), at.state, day)
    if found.settlements:
        screen.out.print(table)
    else:
        screen.say("Nothing is to be paid, and nothing was paid.")
