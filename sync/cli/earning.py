"""What roles earn beside their credit, for finance: on the terminal, as CSV or JSON."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from sync.cli import screen
from sync.cli.session import DONE, Home, Json, reading
from sync.incentives import Incentive, Sale, incentives, totals
from sync.page import gather_page
from sync.statement import Period, period
from sync.store.earned import postings_of, sold_before
from sync.world import World

COLUMNS = ("earned", "partner", "deal", "role", "kind", "amount", "currency", "rule", "policy")
PAGE = 100
PAID = "whether an amount was paid is not known here: neither CRM has a field for it"


def incentives_command(
    over: Annotated[str, typer.Option("--period", help="2026, 2026Q4, 2026-11 or 2026-11-01..2026-11-15.")],
    home: Home = Path(),
    json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one line an amount.")] = False,
) -> int:
    """Export what partners earned by their roles in a period: margins, rebates, finder's fees. Asks no CRM.

    What a deal takes back later is an amount below zero on its own day. What waits for a milestone has no day.
    """
    span = period(over)
    with reading(home) as (_, world):
        found = [entry for entry in earned(world, span) if entry.earned is None or entry.earned >= span.first]
    if json:
        screen.print_json(view(span, found))
    elif as_csv:
        writer = csv.writer(screen.out.file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_row(entry) for entry in found)
    else:
        _show(found, over)
    return DONE


def earned(world: World, span: Period) -> Iterator[Incentive]:
    """Everything earned up to the end of the period or still waiting, deal by deal."""
    with world.store.read() as connection:
        groups = list(sold_before(connection, span.after))
    for start in range(0, len(groups), PAGE):
        page = groups[start : start + PAGE]
        with world.store.read() as connection:
            posted = postings_of(connection, [deal for _, deals in page for deal in deals])
        for known in gather_page(world, [group for group, _ in page]):
            names = {partner.id: partner.name for partner in known.facts.partners}
            for deal in known.facts.opportunities:
                splits = [posting.split for posting in posted.get(deal.id, ()) if posting.split]
                policy = world.policies.by_id(splits[0].policy) if splits else None
                if policy is None or not policy.incentives:
                    continue
                evidence: dict[str, list[Any]] = {}
                for claim in known.facts.registrations:
                    if claim.opportunity_id == deal.id:
                        evidence.setdefault(claim.partner_id, []).extend(claim.evidence)
                sale = Sale(deal.id, deal.name, posted[deal.id], policy, evidence, names)
                yield from (own for own in incentives(sale) if own.earned is None or own.earned <= span.last)


def view(span: Period, found: Sequence[Incentive]) -> dict[str, Any]:
    """Plain values; amounts as text, exact, and their totals by currency."""
    return {
        "period": span.label,
        "incentives": [dict(zip(COLUMNS, _row(entry), strict=True)) for entry in found],
        "totals": {currency: str(money.major) for currency, money in totals(found).items()},
        "paid": PAID,
    }


def _row(entry: Incentive) -> tuple[str, ...]:
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
    )


def _show(found: Sequence[Incentive], over: str) -> None:
    table = Table("earned", "partner", "deal", "role", "amount", "rule", box=None)
    table.columns[4].justify = "right"
    for entry in found:
        day = entry.earned.isoformat() if entry.earned else "waits"
        table.add_row(day, entry.name, entry.deal, entry.role, str(entry.amount), entry.rule)
    if found:
        screen.out.print(table)
        for money in totals(found).values():
            screen.say(f"earned in {over}: {money}")
    else:
        screen.say(
            f"Nothing was earned in {over}: no policy names incentives, or no deal with such a role was won."
        )
    screen.say(PAID, "dim")
