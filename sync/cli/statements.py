"""What each partner's parts of won deals came to: statements on the terminal, as CSV, JSON or PDF."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from sync.cli import screen
from sync.cli.amending import acquired_command, amend_command
from sync.cli.earning import incentives_command
from sync.cli.session import DONE, Home, Json, reading
from sync.config import Config
from sync.model.problem import BadInput, Problem
from sync.statement import Account, Period, Statement, period, restated, statement
from sync.store import ledger

COLUMNS = ("day", "currency", "amount", "balance", "deal", "roles", "weight", "cause", "reason", "entry")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("statement")(statement_command)
    app.command("incentives")(incentives_command)
    app.command("amend")(amend_command)
    app.command("acquired")(acquired_command)


def statement_command(  # noqa: PLR0913, PLR0917 each option of the command is one
    over: Annotated[str, typer.Option("--period", help="2026, 2026Q4, 2026-11 or 2026-11-01..2026-11-15.")],
    partner: Annotated[
        str, typer.Option("--partner", help="A partner's name or id; without it, all of them.")
    ] = "",
    home: Home = Path(),
    json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one line an entry.")] = False,
    reporting: Annotated[
        str, typer.Option("--in", metavar="CURRENCY", help="In the reporting currency, by the rates of the deals.")
    ] = "",
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write a PDF to this file.")] = None,
) -> int:
    """Show what partners' parts of won deals came to: opening, every entry, closing, in each currency.

    Corrections, credits and refunds after the close are entries of their own: nothing that was stated is rewritten.
    """
    span = period(over)
    with reading(home) as (config, world), world.store.read() as connection:
        known = ledger.parties(connection)
        if reporting:
            _refuse_other(config, reporting)
        found = [_statement(connection, p, known[p], span, reporting) for p in _asked(partner, known)]
    if pdf:
        _write_pdf(found, pdf)
    elif json:
        screen.print_json({"period": span.label, "statements": [statement_view(entry) for entry in found]})
    elif as_csv:
        screen.out.file.write(as_lines(found))
    else:
        _show(found, over)
    return DONE


def _statement(connection: Any, party: str, name: str, span: Period, reporting: str) -> Statement:
    if reporting:
        everything = ledger.entries_of_party(connection, party, date.min, span.after)
        return statement(party, name, span, restated(everything, reporting))
    before = ledger.balances_before(connection, party, span.first)
    return statement(party, name, span, ledger.entries_of_party(connection, party, span.first, span.after), before)


def _refuse_other(config: Config, reporting: str) -> None:
    """Raises BadInput for a currency in which nothing is reported."""
    own = config.form.fx.reporting
    if reporting != own:
        what = f"reported is in {own}" if own else "there is no reporting currency"
        raise BadInput([Problem(f"--in {reporting}", what, "set [fx] reporting in config.toml")])


def _asked(partner: str, known: dict[str, str]) -> list[str]:
    """The parties that were asked for. Raises BadInput with the names that are known."""
    found = [
        party for party, name in known.items() if not partner or partner.casefold() in (party, name.casefold())
    ]
    if partner and not found:
        close = [name for name in known.values() if partner.casefold() in name.casefold()] or list(known.values())
        fix = f"did you mean {', '.join(close[:5])}?" if close else "no deal with a partner was won yet"
        raise BadInput([Problem(f"--partner {partner}", "nobody by this name has an entry in the ledger", fix)])
    return found


def statement_view(entry: Statement) -> dict[str, Any]:
    """One statement as plain values; amounts as text, exact."""
    return {
        "party": entry.party,
        "name": entry.name,
        "accounts": [
            {
                "currency": account.currency,
                "opening": str(account.opening.major),
                "entries": [dict(zip(COLUMNS, row, strict=True)) for row in _rows(account)],
                "closing": str(account.closing.major),
            }
            for account in entry.accounts
        ],
    }


def _rows(account: Account) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    balance = account.opening.major
    for own in account.entries:
        balance += own.delta.major
        rows.append(
            (
                own.day.isoformat(),
                own.delta.currency,
                str(own.delta.major),
                str(balance),
                own.deal,
                ", ".join(own.roles),
                own.weight,
                own.cause,
                own.reason,
                own.id,
            )
        )
    return rows


def as_lines(found: list[Statement]) -> str:
    """CSV: one line an entry, opening and closing as lines of their own."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("partner", *COLUMNS))
    for entry in found:
        for account in entry.accounts:
            edge = (account.currency, "", str(account.opening.major), "opening", *[""] * 5)
            writer.writerow((entry.name, entry.period.first.isoformat(), *edge))
            writer.writerows((entry.name, *row) for row in _rows(account))
            edge = (account.currency, "", str(account.closing.major), "closing", *[""] * 5)
            writer.writerow((entry.name, entry.period.last.isoformat(), *edge))
    return text.getvalue()


def _show(found: list[Statement], over: str) -> None:
    shown = [entry for entry in found if entry.accounts]
    for entry in shown:
        for account in entry.accounts:
            title = f"{entry.name} · {entry.period.label} · {account.currency}"
            table = Table(
                "day", "deal", "roles", "why", "amount", "balance", box=None, title=title, title_justify="left"
            )
            for column in (4, 5):
                table.columns[column].justify = "right"
            table.add_row("", "opening", "", "", "", f"{account.opening.major:,}")
            for day, _, amount, balance, deal, roles, _, cause, reason, _ in _rows(account):
                table.add_row(
                    day, deal, roles, f"{cause.lower().replace('_', ' ')}: {reason}", *_grouped(amount, balance)
                )
            table.add_row("", "closing", "", "", "", f"{account.closing.major:,}")
            screen.out.print(table)
    if not shown:
        screen.say(f"No entry of {over} or before: no deal with a partner was won yet.")


def _grouped(*amounts: str) -> list[str]:
    return [f"{Decimal(amount):,}" for amount in amounts]


def _write_pdf(found: list[Statement], path: Path) -> None:
    from sync.cli.pdf import write_pdf  # noqa: PLC0415 the PDF library is slow to import

    try:
        write_pdf(found, path)
    except OSError as error:
        raise BadInput(
            [Problem(str(path), f"it cannot be written: {error.strerror}", "choose another place")]
        ) from error
    screen.say(f"wrote {sum(bool(entry.accounts) for entry in found)} statements to {path}")
