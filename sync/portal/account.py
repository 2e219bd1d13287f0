"""A partner's own statement: what its parts of won deals came to, with nobody else's name in it."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, Final

from sync.explain.partner import SOMEBODY, without
from sync.model.ledger import LedgerEntry
from sync.model.money import Money
from sync.portal.company import Company
from sync.statement import Account, Period, Statement, statement
from sync.store import ledger
from sync.store.groups import load_groups
from sync.store.own import groups_of
from sync.world import World

COLUMNS: Final = ("day", "currency", "amount", "balance", "deal", "roles", "cause")
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def own_statement(world: World, company: Company, over: Period) -> Statement:
    """What stood before, every entry, what stands after, in each currency.

    Deals are called what they were called; other partners' names are taken out. What people wrote as the reason of
    an entry is for the vendor, and is not in it.
    """
    with world.store.read() as connection:
        known = ledger.parties(connection)
        before: Counter[str] = Counter()
        entries: list[LedgerEntry] = []
        for ident in company.ids:
            before.update(ledger.balances_before(connection, ident, over.first))
            entries += ledger.entries_of_party(connection, ident, over.first, over.after)
        groups = groups_of(connection, sorted({entry.opportunity_id for entry in entries}))
        loaded = load_groups(connection, sorted(set(groups.values())), world.mappings)
    names = {called for party, called in known.items() if party not in company.ids}
    names |= {row.values.get("name") or "" for group in loaded for row in group.partner_rows}
    hidden = [
        (called, SOMEBODY) for called in sorted(names, key=len, reverse=True) if called not in ("", company.called)
    ]
    shown = [replace(entry, deal=without(entry.deal, hidden), reason="") for entry in entries]
    return statement(company.id, company.called, over, sorted(shown, key=lambda entry: entry.day), before)


def lines_of(account: Account) -> Iterator[tuple[Any, ...]]:
    """The entries of one currency in the order of `COLUMNS`; amounts are exact decimals, the rest is text."""
    balance = account.opening.major
    for own in account.entries:
        balance += own.delta.major
        roles = ", ".join(own.roles)
        yield (own.day.isoformat(), own.delta.currency, own.delta.major, balance, own.deal, roles, own.cause)


def as_csv(own: Statement) -> str:
    """CSV: one line an entry, opening and closing as lines of their own."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for account in own.accounts:
        writer.writerow(_edge(own.period.first, account.opening, "opening"))
        writer.writerows(map(_plain, lines_of(account)))
        writer.writerow(_edge(own.period.last, account.closing, "closing"))
    return text.getvalue()


def _edge(day: date, stands: Money, what: str) -> tuple[Any, ...]:
    return (day.isoformat(), stands.currency, "", stands.major, "", "", what)


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """No spreadsheet may take what is written in a CRM for a formula."""
    return tuple(f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell for cell in row)
