"""The outbox: every intended write with its reason, before it is sent, and what became of it.

``todo`` was never sent. ``sending`` was handed to the network: after a crash it is in doubt and is read back.
``done``, ``stale`` (changed since it was planned), ``failed`` and ``again`` (a later run tries) are outcomes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select, update

from connector.record import Op, Ref, Text, datetime_text
from sync.identity.anchors import of_ref
from sync.model.ids import name
from sync.model.plan import Agreed, PlannedChange
from sync.store.claims import claim
from sync.store.dialect import insert
from sync.store.rows import chunks, rows_in, upsert
from sync.store.tables import anchor, baseline, outbox, record, run, tie

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
        connection.execute(insert(connection, outbox).on_conflict_do_nothing(index_elements=["run_id", "id"]), rows)


def newest(connection: Connection) -> int:
    """The number of the latest entry; 0 when there is none."""
    return connection.scalar(select(func.max(outbox.c.seq))) or 0


def open_entries(
    connection: Connection,
    states: Sequence[str],
    run_id: str | None = None,
    groups: Collection[str] | None = None,
    *,
    after: int = 0,
) -> list[Entry]:
    """The entries in some states, in the order in which they were intended; ``after``: only newer ones.

    ``run_id``, ``groups``: only those of one run, of some groups.
    """
    query = select(outbox).where(outbox.c.state.in_(states), outbox.c.seq > after).order_by(outbox.c.seq)
    if run_id is not None:
        query = query.where(outbox.c.run_id == run_id)
    return [_entry(row) for row in connection.execute(query) if groups is None or row.group_id in groups]


def _entry(row: Any) -> Entry:
    return Entry(row.seq, row.run_id, row.group_id, msgspec.json.decode(row.body, type=PlannedChange), row.state)


def entries_of_others(connection: Connection, run_id: str, token: str) -> list[tuple[Entry, str, str]]:
    """What other workers than this one have sent in a run: the entry, how it ended, and why."""
    query = (
        select(outbox)
        .join(claim, claim.c.group_id == outbox.c.group_id)
        .where(outbox.c.run_id == run_id, outbox.c.state != TODO, claim.c.token != token)
        .order_by(outbox.c.seq)
    )
    return [(_entry(row), row.state, row.error or "") for row in connection.execute(query)]


def done_entries(connection: Connection, run_id: str) -> list[Entry]:
    """What one run has written by itself, latest first: the order in which it is taken back."""
    return [entry for entry in open_entries(connection, [DONE], run_id)[::-1] if not entry.change.filed]


def last_writing_run(connection: Connection) -> str | None:
    """The latest run that wrote something and was not itself a rollback."""
    query = (
        select(outbox.c.run_id)
        .join(run, run.c.id == outbox.c.run_id)
        .where(outbox.c.state == DONE, run.c.mode != "rollback")
        .order_by(outbox.c.seq.desc())
        .limit(1)
    )
    return connection.scalar(query)


def written_since(
    connection: Connection, changes: Iterable[PlannedChange], since: datetime
) -> dict[tuple[str, str, str], list[tuple[str, PlannedChange]]]:
    """What was written since then to the rows of some changes: moment and change, oldest first, by row."""
    by_object: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        by_object.setdefault((change.connection, change.object), []).append(change.key)
    found: dict[tuple[str, str, str], list[tuple[str, PlannedChange]]] = {}
    for (crm, obj), keys in by_object.items():
        for chunk in chunks(keys):
            place = (outbox.c.connection == crm, outbox.c.object == obj, outbox.c.key.in_(chunk))
            query = select(outbox.c.key, outbox.c.at, outbox.c.body).where(
                *place, outbox.c.state == DONE, outbox.c.at >= datetime_text(since)
            )
            for row in connection.execute(query.order_by(outbox.c.seq)):
                change = msgspec.json.decode(row.body, type=PlannedChange)
                found.setdefault((crm, obj, row.key), []).append((row.at, change))
    return found


def written_ids(connection: Connection, ids: Iterable[str], since: datetime) -> set[str]:
    """Those of some changes that have landed since then."""
    found: set[str] = set()
    for chunk in chunks(sorted(ids)):
        query = select(outbox.c.id).where(outbox.c.id.in_(chunk), outbox.c.state == DONE)
        found.update(connection.scalars(query.where(outbox.c.at >= datetime_text(since))))
    return found


def mark(connection: Connection, entries: Iterable[Entry], state: str, now: datetime, error: str = "") -> None:
    """Move some entries to a state."""
    for chunk in chunks([entry.seq for entry in entries]):
        connection.execute(
            update(outbox)
            .where(outbox.c.seq.in_(chunk))
            .values(state=state, error=error or None, at=datetime_text(now))
        )


def settle_done(connection: Connection, entries: Sequence[Entry], ids: Mapping[int, str], now: datetime) -> None:
    """Writes have landed: they become the baseline, and what we know of their rows follows, in one commit.

    A person's words that we filed are no baseline of ours, and a row that they made is news to the next reading.
    ``ids``: the record id of each entry by its number, where it is known.
    """
    mark(connection, entries, DONE, now)
    kept = [entry for entry in entries if entry.change.op is not Op.REMOVE]
    upsert(
        connection, baseline, [row for entry in kept if not entry.change.filed for row in _baseline(entry.change)]
    )
    for entry in entries:
        if entry.change.op is Op.REMOVE:
            _forget(connection, entry.change, ids.get(entry.seq, ""))
    found = ((entry, _row_id(entry, ids)) for entry in kept)
    _echo(connection, [(entry, row_id) for entry, row_id in found if row_id is not None], now)


def _row_id(entry: Entry, ids: Mapping[int, str]) -> str | None:
    if entry.change.composed:  # the CRM's own list: written, never read
        return None
    if entry.change.op is Op.UPDATE:
        return entry.change.key
    return None if entry.change.filed else ids.get(entry.seq)


def _baseline(change: PlannedChange) -> Iterator[dict[str, Text]]:
    for field in change.fields:
        row: dict[str, Text] = {"connection": change.connection, "object": change.object, "key": change.key}
        yield row | {"field": field.field, "text": field.after}


def _forget(connection: Connection, change: PlannedChange, record_id: str) -> None:
    place = {"connection": change.connection, "object": change.object, "key": change.key}
    connection.execute(delete(baseline).where(*(baseline.c[column] == value for column, value in place.items())))
    gone = str(Ref(change.connection, change.object, record_id))
    connection.execute(update(record).where(record.c.key == gone).values(deleted=True))


def _echo(connection: Connection, landed: Sequence[tuple[Entry, str]], now: datetime) -> None:
    """Write our own values into the stored rows, so that the next plan does not wait for the next reading.

    A row that we created is known from here on: if a person deletes it before it is ever read, that is noticed.
    """
    refs = {entry.seq: Ref(entry.change.connection, entry.change.object, row_id) for entry, row_id in landed}
    known = dict(rows_in(connection, record, ("key", "raw"), "key", [str(ref) for ref in refs.values()]))
    texts: dict[str, str] = {}
    created: dict[str, tuple[Ref, str]] = {}
    for entry, _ in landed:
        change, key = entry.change, str(refs[entry.seq])
        raw = texts.get(key) or known.get(key)
        values: dict[str, Text] = msgspec.json.decode(raw) if raw else {change.by: change.key}
        values.update({field.field: field.after for field in change.fields})
        texts[key] = msgspec.json.encode(values).decode()
        if key not in known and change.op is Op.UPSERT:
            created[key] = (refs[entry.seq], entry.group_id)
    _add_rows(connection, [(*place, texts[key]) for key, place in created.items()], now)
    changed = [{"row": key, "text": text} for key, text in texts.items() if key in known]
    if changed:
        connection.execute(
            update(record).where(record.c.key == bindparam("row")).values(raw=bindparam("text")), changed
        )


def _add_rows(connection: Connection, rows: Sequence[tuple[Ref, str, str]], now: datetime) -> None:
    """New rows of ours. They were read by no mapping yet, so their first reading is news and completes them."""
    state = {"kind": "attribution", "stamp": datetime_text(now), "deleted": False, "mapping": ""}
    stored = [
        {"key": str(ref), "connection": ref.connection, "object": ref.kind, "id": ref.id}
        | {"thing": name("attribution", str(ref)), "raw": raw, "group_id": group}
        | state
        for ref, group, raw in rows
    ]
    upsert(connection, record, stored)
    upsert(connection, tie, [{"key": str(ref), "anchor": of_ref(ref)} for ref, *_ in rows])
    upsert(connection, anchor, [{"anchor": of_ref(ref), "group_id": group} for ref, group, _ in rows])


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
