"""The outbox: every intended write with its reason, before it is sent, and what became of it.

``todo`` was never sent. ``sending`` was handed to the network: after a crash it is in doubt and is read back.
``done``, ``stale`` (changed since it was planned), ``failed`` and ``again`` (a later run tries) are outcomes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from connector.record import Op, Text, datetime_text
from sync.model.plan import Agreed, PlannedChange
from sync.store.rows import chunks, upsert
from sync.store.tables import baseline, outbox, record

TODO: Final = "todo"
SENDING: Final = "sending"
DONE: Final = "done"
STALE: Final = "stale"
FAILED: Final = "failed"
AGAIN: Final = "again"


class Entry(msgspec.Struct, frozen=True):
    """One row of the outbox: the change, and the group whose verdict asked for it."""

    seq: int
    run_id: str
    group_id: str
    change: PlannedChange
    state: str


def put(connection: Connection, run_id: str, group: str, changes: Iterable[PlannedChange], now: datetime) -> None:
    """Intend some writes; the same write twice in one run is one intent."""
    rows = [
        {
            "id": change.id,
            "run_id": run_id,
            "group_id": group,
            "connection": change.connection,
            "object": change.object,
            "key": change.key,
            "state": TODO,
            "body": msgspec.json.encode(change).decode(),
            "error": None,
            "at": datetime_text(now),
        }
        for change in changes
    ]
    if rows:
        connection.execute(insert(outbox).on_conflict_do_nothing(index_elements=["run_id", "id"]), rows)


def open_entries(connection: Connection, states: Sequence[str], run_id: str | None = None) -> list[Entry]:
    """The entries in some states, in the order in which they were intended."""
    query = select(outbox).where(outbox.c.state.in_(states)).order_by(outbox.c.seq)
    if run_id is not None:
        query = query.where(outbox.c.run_id == run_id)
    return [
        Entry(row.seq, row.run_id, row.group_id, msgspec.json.decode(row.body, type=PlannedChange), row.state)
        for row in connection.execute(query)
    ]


def mark(connection: Connection, entries: Iterable[Entry], state: str, now: datetime, error: str = "") -> None:
    """Move some entries to a state."""
    for chunk in chunks([entry.seq for entry in entries]):
        connection.execute(
            update(outbox)
            .where(outbox.c.seq.in_(chunk))
            .values(state=state, error=error or None, at=datetime_text(now))
        )


def settle_done(connection: Connection, entry: Entry, record_id: str | None, now: datetime) -> None:
    """A write has landed: it becomes the baseline, and what we know of the row follows it, in one commit."""
    change = entry.change
    mark(connection, [entry], DONE, now)
    place = {"connection": change.connection, "object": change.object, "key": change.key}
    if change.op is Op.REMOVE:
        connection.execute(delete(baseline).where(*(baseline.c[name] == value for name, value in place.items())))
        return
    upsert(connection, baseline, [place | {"field": field.field, "text": field.after} for field in change.fields])
    row_id = change.key if change.op is Op.UPDATE else record_id
    if row_id is not None:
        _echo(connection, change, row_id)


def _echo(connection: Connection, change: PlannedChange, row_id: str) -> None:
    """Write our own values into the stored row, so that the next plan does not wait for the next reading."""
    name = f"{change.connection}:{change.object}:{row_id}"
    raw = connection.scalar(select(record.c.raw).where(record.c.key == name))
    if raw is None:
        return
    values: dict[str, Text] = msgspec.json.decode(raw)
    values.update({field.field: field.after for field in change.fields})
    connection.execute(update(record).where(record.c.key == name).values(raw=msgspec.json.encode(values).decode()))


def agree(connection: Connection, agreed: Iterable[Agreed]) -> None:
    """Fields that already say what we want count as written by us."""
    rows = [
        {
            "connection": entry.connection,
            "object": entry.object,
            "key": entry.key,
            "field": entry.field,
            "text": entry.text,
        }
        for entry in agreed
    ]
    upsert(connection, baseline, rows)


def drop_todo(connection: Connection, groups: Sequence[str]) -> None:
    """Forget intents that were never sent: the group is decided again, and what is still wanted comes back."""
    for chunk in chunks(groups):
        connection.execute(delete(outbox).where(outbox.c.state.in_((TODO, AGAIN)), outbox.c.group_id.in_(chunk)))


def count_states(connection: Connection) -> dict[str, int]:
    """How many entries are in each state."""
    query = select(outbox.c.state, func.count()).group_by(outbox.c.state)
    return {row[0]: row[1] for row in connection.execute(query)}


def open_faults(connection: Connection, limit: int) -> list[tuple[PlannedChange, str, str]]:
    """The latest writes that did not land: change, state, reason."""
    query = (
        select(outbox.c.body, outbox.c.state, outbox.c.error)
        .where(outbox.c.state.in_((FAILED, STALE, AGAIN, SENDING)))
        .order_by(outbox.c.seq.desc())
        .limit(limit)
    )
    return [
        (msgspec.json.decode(body, type=PlannedChange), state, error or "")
        for body, state, error in connection.execute(query)
    ]
