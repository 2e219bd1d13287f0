"""The won deals with everything that was posted for them, for what their roles earn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy import Connection, select

from sync.incentives import Posting
from sync.model.ledger import Cause, LedgerEntry
from sync.model.split import Split
from sync.store.persons import reveal
from sync.store.rows import chunks
from sync.store.tables import ledger, record, split


def sold_before(connection: Connection, until: date) -> Iterator[tuple[str, list[str]]]:
    """The deals with an entry of a day before ``until``, by their connected groups."""
    deals = select(ledger.c.opportunity_id).where(ledger.c.day < until.isoformat()).distinct()
    query = select(record.c.group_id, record.c.thing).where(record.c.thing.in_(deals)).order_by(record.c.group_id)
    groups: dict[str, list[str]] = defaultdict(list)
    for row in connection.execute(query):
        groups[row.group_id].append(row.thing)
    yield from groups.items()


def groups_of(connection: Connection, party: str) -> list[str]:
    """The connected groups with a deal of which one party has an entry."""
    deals = select(ledger.c.opportunity_id).where(ledger.c.party == party).distinct()
    query = select(record.c.group_id).where(record.c.thing.in_(deals)).distinct().order_by(record.c.group_id)
    return list(connection.scalars(query))


def postings_of(connection: Connection, deals: Sequence[str]) -> dict[str, list[Posting]]:
    """What was posted for some deals: day and split of every posting, in the order of posting."""
    entries: dict[str, dict[tuple[datetime, int], LedgerEntry]] = defaultdict(dict)
    for chunk in chunks(sorted(deals)):
        query = select(ledger.c.body).where(ledger.c.opportunity_id.in_(chunk)).order_by(ledger.c.seq)
        for body in connection.scalars(query):
            entry = msgspec.json.decode(body, type=LedgerEntry)
            entries[entry.opportunity_id].setdefault((entry.at, entry.split_version), entry)
    versions = _versions(connection, list(entries))
    return {
        deal: [
            Posting(entry.day, None if entry.cause in _BACK else versions.get((deal, entry.split_version)))
            for entry in own.values()
        ]
        for deal, own in entries.items()
    }


_BACK = (Cause.REOPEN, Cause.MERGED)


def _versions(connection: Connection, deals: Sequence[str]) -> dict[tuple[str, int], Split]:
    found: dict[tuple[str, int], Split] = {}
    for chunk in chunks(deals):
        rows = connection.execute(select(split.c.body).where(split.c.opportunity_id.in_(chunk))).all()
        for body in reveal(connection, [row.body for row in rows]):
            known = msgspec.json.decode(body, type=Split)
            found[known.opportunity_id, known.version] = known
    return found
