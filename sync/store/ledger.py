"""The ledger in the store: entries are only added, and read back as balances or as a partner's account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

import msgspec
from sqlalchemy import Connection, func, select

from sync.model.facts import Facts, History
from sync.model.ledger import LedgerEntry, Posted
from sync.store.dialect import insert
from sync.store.rows import chunks, moment_text
from sync.store.tables import ledger


def add_entries(connection: Connection, entries: Iterable[LedgerEntry]) -> None:
    """Post some entries. One that is there already stays as it is: posting twice posts once."""
    rows = [
        {
            "id": entry.id,
            "opportunity_id": entry.opportunity_id,
            "party": entry.party,
            "name": entry.name,
            "currency": entry.delta.currency,
            "minor": entry.delta.minor,
            "cause": entry.cause,
            "day": entry.day.isoformat(),
            "at": moment_text(entry.at),
            "body": msgspec.json.encode(entry).decode(),
        }
        for entry in entries
    ]
    if rows:
        connection.execute(insert(connection, ledger).on_conflict_do_nothing(index_elements=["id"]), rows)


def load_posted(connection: Connection, deals: Sequence[str]) -> dict[str, Posted]:
    """What has been posted for some deals, by deal."""
    counts: dict[str, int] = defaultdict(int)
    balances: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    for chunk in chunks(deals):
        place = (ledger.c.opportunity_id, ledger.c.party, ledger.c.currency)
        query = select(*place, func.sum(ledger.c.minor).label("minor"), func.count().label("entries"))
        for row in connection.execute(query.where(ledger.c.opportunity_id.in_(chunk)).group_by(*place)):
            counts[row.opportunity_id] += row.entries
            balances[row.opportunity_id][row.party, row.currency] = int(row.minor)
    return {deal: Posted(counts[deal], balances[deal]) for deal in balances}


def entries_of_deal(connection: Connection, deal: str) -> list[LedgerEntry]:
    """Every entry of one deal, in the order in which they were posted."""
    query = select(ledger.c.body).where(ledger.c.opportunity_id == deal).order_by(ledger.c.seq)
    return [msgspec.json.decode(body, type=LedgerEntry) for body in connection.scalars(query)]


def entries_of_party(connection: Connection, party: str, until: date) -> Iterator[LedgerEntry]:
    """Every entry of one party that belongs to a day before ``until``, by day and posting."""
    query = select(ledger.c.body).where(ledger.c.party == party, ledger.c.day < until.isoformat())
    for body in connection.scalars(query.order_by(ledger.c.day, ledger.c.seq)):
        yield msgspec.json.decode(body, type=LedgerEntry)


def with_posted(connection: Connection, histories: Sequence[History], facts: Sequence[Facts]) -> list[History]:
    """The histories with what has been posted for their deals."""
    posted = load_posted(connection, sorted({deal.id for own in facts for deal in own.opportunities}))
    if not posted:
        return list(histories)
    return [
        replace(history, posted={deal.id: posted[deal.id] for deal in own.opportunities if deal.id in posted})
        for history, own in zip(histories, facts, strict=True)
    ]


def totals(connection: Connection) -> dict[tuple[str, str], int]:
    """The balance of every party, by party and currency, in minor units."""
    query = select(ledger.c.party, ledger.c.currency, func.sum(ledger.c.minor)).group_by(
        ledger.c.party, ledger.c.currency
    )
    return {(row[0], row[1]): int(row[2]) for row in connection.execute(query)}


def parties(connection: Connection) -> dict[str, str]:
    """Everybody who ever had an entry, by id, with the name of the latest one."""
    latest = select(func.max(ledger.c.seq)).group_by(ledger.c.party).scalar_subquery()
    query = select(ledger.c.party, ledger.c.name).where(ledger.c.seq.in_(latest)).order_by(ledger.c.name)
    return {row.party: row.name for row in connection.execute(query)}
