"""The ledger in the store: entries are only added and sealed, and read back as balances or as an account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Select, func, select

from sync.audit import Event, Fault, Kind
from sync.model.facts import Facts, History
from sync.model.ledger import Cause, LedgerEntry, Posted
from sync.model.money import Money
from sync.store.dialect import insert
from sync.store.rows import chunks, moment_text
from sync.store.tables import ledger

BOOKS: Final = "ledger "
"""The entries of a deal have a chain of their own, which is never pruned."""

_PAGE: Final = 1000


def add_entries(connection: Connection, entries: Iterable[LedgerEntry]) -> list[Event]:
    """Post some entries, and return them to be sealed in the same transaction (`sync.store.audit.seal_events`).

    One that is there already stays as it is: posting twice posts once.
    """
    rows = {entry.id: _row(entry) for entry in entries}
    for chunk in chunks(sorted(rows)):
        for known in connection.scalars(select(ledger.c.id).where(ledger.c.id.in_(chunk))):
            rows.pop(known)
    if rows:
        connection.execute(insert(connection, ledger), list(rows.values()))
    return [_event(row) for row in rows.values()]


def _row(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "opportunity_id": entry.opportunity_id,
        "party": entry.party,
        "name": entry.name,
        "currency": entry.delta.currency,
        "minor": entry.delta.minor,
        "cause": entry.cause.value,
        "day": entry.day.isoformat(),
        "at": moment_text(entry.at),
        "body": msgspec.json.encode(entry).decode(),
    }


def _event(row: Mapping[str, Any]) -> Event:
    return Event(BOOKS + row["opportunity_id"], Kind.ENTRY, row["id"], row["at"], row["body"])


def all_events(connection: Connection) -> Iterator[list[Event]]:
    """Every entry as it is sealed, in the order of posting, a page in memory."""
    for page in _pages(
        connection, select(*(ledger.c[name] for name in ("seq", "id", "opportunity_id", "at", "body")))
    ):
        yield [_event(row._mapping) for row in page]


def altered(connection: Connection) -> Iterator[Fault]:
    """The entries whose columns, from which balances are summed, are not what their sealed text says."""
    for page in _pages(connection, select(ledger)):
        for row in page:
            told = row._mapping
            if any(told[name] != value for name, value in _said(row.body).items()):
                yield Fault(BOOKS + row.opportunity_id, row.seq, f"entry {row.id} was changed beside what it seals")


def _said(body: str) -> dict[str, Any]:
    """What the columns of an entry must say; nothing where its text is no entry: that breaks the chain."""
    try:
        return _row(msgspec.json.decode(body, type=LedgerEntry)) | {"body": body}
    except (msgspec.MsgspecError, ValueError):
        return {}


def _pages(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Any]]:
    after = 0
    query = query.order_by(ledger.c.seq).limit(_PAGE)
    while page := connection.execute(query.where(ledger.c.seq > after)).all():
        yield page
        after = page[-1].seq


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
