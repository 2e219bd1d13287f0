"""The ledger in the store: entries are only added, and read back as balances or as a partner's account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

import msgspec
from sqlalchemy import Connection, func, select

from sync.model.facts import Facts, History
from sync.model.ledger import Cause, LedgerEntry, Posted
from sync.model.money import Money
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
    since: dict[str, str] = {}
    latest: dict[str, int] = defaultdict(int)
    for chunk in chunks(deals):
        place = (ledger.c.opportunity_id, ledger.c.party, ledger.c.currency)
        summed = func.sum(ledger.c.minor).label("minor"), func.count().label("entries")
        query = select(*place, *summed, func.min(ledger.c.day).label("first"), func.max(ledger.c.seq).label("last"))
        for row in connection.execute(query.where(ledger.c.opportunity_id.in_(chunk)).group_by(*place)):
            counts[row.opportunity_id] += row.entries
            balances[row.opportunity_id][row.party, row.currency] = int(row.minor)
            since[row.opportunity_id] = min(row.first, since.get(row.opportunity_id, row.first))
            latest[row.opportunity_id] = max(row.last, latest[row.opportunity_id])
    causes = _causes(connection, list(latest.values()))
    reported = _reported(connection, list(balances))
    return {
        deal: Posted(
            counts[deal], own, date.fromisoformat(since[deal]), causes[latest[deal]], reported.get(deal, {})
        )
        for deal, own in balances.items()
    }


def _reported(connection: Connection, deals: Sequence[str]) -> dict[str, dict[tuple[str, str], Money]]:
    """What was posted in a reporting currency, by deal, then by party and currency of the deal."""
    found: dict[str, dict[tuple[str, str], Money]] = defaultdict(dict)
    for chunk in chunks(deals):
        query = select(ledger.c.opportunity_id, ledger.c.body).where(
            ledger.c.opportunity_id.in_(chunk), ledger.c.body.contains('"reported":{')
        )
        for row in connection.execute(query.order_by(ledger.c.seq)):
            entry = msgspec.json.decode(row.body, type=LedgerEntry)
            if entry.reported:
                place = entry.party, entry.delta.currency
                known = found[row.opportunity_id].get(place)
                total = entry.reported.minor + (known.minor if known else 0)
                found[row.opportunity_id][place] = Money(total, entry.reported.currency)
    return found


def _causes(connection: Connection, entries: Sequence[int]) -> dict[int, Cause]:
    found: dict[int, Cause] = {}
    for chunk in chunks(entries):
        for row in connection.execute(select(ledger.c.seq, ledger.c.cause).where(ledger.c.seq.in_(chunk))):
            found[row.seq] = Cause(row.cause)
    return found


def entries_of_deal(connection: Connection, deal: str) -> list[LedgerEntry]:
    """Every entry of one deal, in the order in which they were posted."""
    query = select(ledger.c.body).where(ledger.c.opportunity_id == deal).order_by(ledger.c.seq)
    return [msgspec.json.decode(body, type=LedgerEntry) for body in connection.scalars(query)]


def balances_before(connection: Connection, party: str, day: date) -> dict[str, int]:
    """What one party had before a day, by currency, in minor units."""
    query = select(ledger.c.currency, func.sum(ledger.c.minor)).where(
        ledger.c.party == party, ledger.c.day < day.isoformat()
    )
    return {row[0]: int(row[1]) for row in connection.execute(query.group_by(ledger.c.currency))}


def entries_of_party(connection: Connection, party: str, since: date, until: date) -> Iterator[LedgerEntry]:
    """Every entry of one party that belongs to a day from ``since`` to before ``until``, by day and posting."""
    query = select(ledger.c.body).where(
        ledger.c.party == party, ledger.c.day >= since.isoformat(), ledger.c.day < until.isoformat()
    )
    for body in connection.scalars(query.order_by(ledger.c.day, ledger.c.seq)):
        yield msgspec.json.decode(body, type=LedgerEntry)


def with_posted(connection: Connection, histories: Sequence[History], facts: Sequence[Facts]) -> list[History]:
    """The histories with what has been posted for their deals."""
    groups = [[known for deal in own.opportunities for known in (deal.id, *deal.also)] for own in facts]
    posted = load_posted(connection, sorted({deal for deals in groups for deal in deals}))
    if not posted:
        return list(histories)
    return [
        replace(history, posted={deal: posted[deal] for deal in deals if deal in posted})
        for history, deals in zip(histories, groups, strict=True)
    ]


def totals(connection: Connection) -> dict[tuple[str, str], int]:
    """The balance of every party, by party and currency, in minor units."""
    query = select(ledger.c.party, ledger.c.currency, func.sum(ledger.c.minor)).group_by(
        ledger.c.party, ledger.c.currency
    )
    return {(row[0], row[1]): int(row[2]) for row in connection.execute(query)}


def parties(connection: Connection) -> dict[str, str]:
    """Everybody who ever had an entry, by id, with the latest name, by name.

    A record that was merged away has no name any more: then the one before counts.
    """
    named = select(ledger.c.party, ledger.c.name).group_by(ledger.c.party, ledger.c.name)
    found: dict[str, str] = {}
    for row in connection.execute(named.order_by(func.max(ledger.c.seq))):
        if row.name != row.party or row.party not in found:
            found[row.party] = row.name
    return dict(sorted(found.items(), key=lambda entry: (entry[1], entry[0])))
