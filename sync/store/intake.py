"""Takes a page of records into the store: rows, problems, groups, what became due, and the cursor, at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, delete, select

from connector.record import ABSENT, Cursor, Page, Record, Ref, Text, Value, datetime_text
from sync.identity.link import row_thing_id
from sync.mapping.fieldmap import FieldMap
from sync.model.problem import Problem
from sync.model.row import Row
from sync.store import said
from sync.store.due import JUDGED, groups_waiting, make_due
from sync.store.grouping import Groups, regroup
from sync.store.involved import groups_naming, keep_named
from sync.store.likeness import groups_beside
from sync.store.measured import keep_read
from sync.store.rows import chunks, of_object, rows_in, upsert, upsert_page
from sync.store.tables import cursor, problem, record


@dataclass(frozen=True, slots=True)
class Taken:
    """What one page brought: rows read, rows that are news, problems in them, and rows that vanished."""

    read: int
    changed: int
    problems: int
    lost: int = 0


def take(connection: Connection, field_map: FieldMap, page: Page, now: datetime) -> Taken:
    """Store one page, and the cursor after it."""
    taken = take_records(connection, field_map, page.records, now)
    set_cursor(connection, field_map, page.cursor, page.drained, now)
    return taken


def take_records(connection: Connection, field_map: FieldMap, records: Sequence[Record], now: datetime) -> Taken:
    """Store some records. Rows equal to what we know (our own echo among them) are no news and make nothing due."""
    known = _known(connection, [str(entry.ref) for entry in records])
    fresh = _news(field_map, records, known)
    problems = _keep(connection, field_map, fresh, known, now) if fresh else 0
    lost = sum(
        entry.deleted and entry.merged_into is None and key in known and not known[key].deleted
        for key, entry in fresh.items()
    )
    return Taken(len(records), len(fresh), problems, lost)


def news_among(connection: Connection, field_map: FieldMap, records: Sequence[Record]) -> list[str]:
    """The ids of those records that say something else than the store does."""
    known = _known(connection, [str(entry.ref) for entry in records])
    return [entry.ref.id for entry in _news(field_map, records, known).values()]


def unknown_ids(connection: Connection, field_map: FieldMap, ids: Sequence[str]) -> list[str]:
    """Those of some live ids that the store does not have, or has as deleted."""
    keys = {str(Ref(field_map.connection, field_map.object, row_id)): row_id for row_id in ids}
    known = {
        key for key, deleted in rows_in(connection, record, ("key", "deleted"), "key", list(keys)) if not deleted
    }
    return [row_id for key, row_id in keys.items() if key not in known]


def live_ids_after(connection: Connection, field_map: FieldMap, after: str, limit: int) -> Sequence[str]:
    """The next ids of rows of one object that the store has as live, in the order of their text."""
    here = of_object(field_map.connection, field_map.object)
    beyond = str(Ref(field_map.connection, field_map.object, after))
    query = select(record.c.id).where(here, record.c.key > beyond, ~record.c.deleted)
    return list(connection.scalars(query.order_by(record.c.key).limit(limit)))


class Stored(NamedTuple):
    """What the store says of a row, as far as it matters to whether a record is news."""

    key: str
    mapping: str
    deleted: bool
    merged_into: str | None
    raw: str
    group_id: str


def _known(connection: Connection, keys: Sequence[str]) -> dict[str, Stored]:
    return {row[0]: Stored(*row) for row in rows_in(connection, record, Stored._fields, "key", keys)}


def _news(field_map: FieldMap, records: Iterable[Record], known: Mapping[str, Stored]) -> dict[str, Record]:
    fresh: dict[str, Record] = {}
    for entry in records:
        key = str(entry.ref)
        before = known.get(key)
        if before is None and entry.deleted and entry.merged_into is None:
            fresh.pop(key, None)  # it came and went between two readings: there is nothing to keep
        elif before is None or key in fresh or _is_news(field_map, entry, before):
            fresh[key] = entry
    return fresh


def _is_news(field_map: FieldMap, entry: Record, before: Stored) -> bool:
    """Whether an entry says anything else than the stored row, or that was read by another version of the mapping.

    The stored row already says what we wrote ourselves, so our echo is no news.
    """
    if before.mapping != field_map.hash:
        return True
    if (bool(before.deleted), before.merged_into) != (entry.deleted, entry.merged_into):
        return True
    if entry.deleted:
        return False
    readable = _readable(dict(zip(field_map.fields, entry.values, strict=False)))
    return before.raw != _text(readable) and msgspec.json.decode(before.raw) != readable


def _readable(raw: Mapping[str, Value]) -> Mapping[str, Any]:
    """What could be read: a field that could not is left out, which is not the same as empty."""
    if ABSENT not in raw.values():
        return raw
    return {name: value for name, value in raw.items() if value is not ABSENT}


def _text(raw: Mapping[str, Any]) -> str:
    return msgspec.json.encode(raw).decode()


def _keep(
    connection: Connection,
    field_map: FieldMap,
    fresh: Mapping[str, Record],
    known: Mapping[str, Stored],
    now: datetime,
) -> int:
    """Store what is news and make due what it concerns; returns how many problems it holds."""
    rows, problems = _understand(field_map, fresh, known)
    stood = {key: before.group_id for key, before in known.items()}
    groups = regroup(connection, said.ties_of(connection, rows), stood)
    things = [row_thing_id(row) for row in rows]
    _store_rows(connection, field_map, rows, things, groups)
    again = [key for key in fresh if key in known]  # a row that is new has left nothing behind
    _store_problems(connection, again, problems)
    keep_read(connection, rows, things)
    keep_named(connection, rows, again)
    said.changed(connection, rows)
    touched = groups.touched if field_map.canonical in JUDGED else groups.touched - groups.new
    make_due(connection, touched | _concerned(connection, field_map.canonical, groups), now)
    return len(problems)


def _concerned(connection: Connection, canonical: str, groups: Groups) -> frozenset[str]:
    """Groups that news of others matter to: they name a partner, have a customer that looks like this one, wait
    for somebody's yes."""
    if canonical == "account":
        return groups_naming(connection, groups.touched)
    if canonical == "opportunity":
        return groups_beside(connection, groups.touched - groups.new)
    return groups_waiting(connection) if canonical == "person" else frozenset()


def _understand(
    field_map: FieldMap, fresh: Mapping[str, Record], known: Mapping[str, Stored]
) -> tuple[list[Row], list[tuple[str, Problem]]]:
    entries = [
        _with_raw(field_map, entry, known[key].raw) if entry.deleted and key in known else entry
        for key, entry in fresh.items()
    ]
    rows: list[Row] = []
    problems: list[tuple[str, Problem]] = []
    for key, (row, faults) in zip(fresh, field_map.read_all(entries), strict=True):
        rows.append(row)
        if faults and not row.deleted:
            problems += [(key, fault) for fault in faults]
    return rows, problems


def _with_raw(field_map: FieldMap, entry: Record, raw: str) -> Record:
    """A tombstone comes without values: it keeps the last ones we saw."""
    values = msgspec.json.decode(raw)
    return Record(
        entry.ref,
        entry.stamp,
        tuple(values.get(name, ABSENT) for name in field_map.fields),
        entry.deleted,
        entry.merged_into,
    )


def _store_rows(
    connection: Connection, field_map: FieldMap, rows: Sequence[Row], things: Sequence[str], groups: Groups
) -> None:
    stored = [
        {
            "key": key,
            "connection": row.ref.connection,
            "object": row.ref.kind,
            "id": row.ref.id,
            "kind": row.kind,
            "thing": thing,
            "stamp": datetime_text(row.stamp),
            "deleted": row.deleted,
            "merged_into": row.merged_into,
            "mapping": field_map.hash,
            "raw": _text(_readable(row.raw)),
            "group_id": groups.of[key],
        }
        for row, thing in zip(rows, things, strict=True)
        for key in [str(row.ref)]
    ]
    upsert_page(connection, record, stored)


def _store_problems(connection: Connection, again: Sequence[str], problems: Iterable[tuple[str, Problem]]) -> None:
    for chunk in chunks(again):
        connection.execute(delete(problem).where(problem.c.key.in_(chunk)))
    found = [{"key": key, "place": fault.where, "what": fault.what, "fix": fault.fix} for key, fault in problems]
    upsert(connection, problem, found)


def raw_of(connection: Connection, field_map: FieldMap, ids: Sequence[str]) -> dict[str, Mapping[str, Text]]:
    """The text of the mapped fields of some rows as last read, by the row's id."""
    keys = [str(Ref(field_map.connection, field_map.object, row_id)) for row_id in ids]
    found = rows_in(connection, record, ("id", "raw"), "key", keys)
    return {row_id: msgspec.json.decode(raw) for row_id, raw in found}


def set_cursor(connection: Connection, field_map: FieldMap, at: Cursor, drained: bool, now: datetime) -> None:
    """Where the reading of one object continues."""
    place = {"connection": field_map.connection, "object": field_map.object}
    state = {"cursor": at, "mapping": field_map.hash, "drained": drained, "at": datetime_text(now)}
    upsert(connection, cursor, [place | state])


def get_cursor(connection: Connection, field_map: FieldMap) -> Cursor | None:
    """Where to continue; ``None`` at first, and after the mapping changed: then everything is read again."""
    found = connection.execute(
        select(cursor.c.cursor, cursor.c.mapping).where(
            cursor.c.connection == field_map.connection, cursor.c.object == field_map.object
        )
    ).one_or_none()
    return Cursor(found.cursor) if found and found.mapping == field_map.hash else None


def stored_record(field_map: FieldMap, stored: Any) -> Record:
    """A stored row as the record it came from."""
    values = msgspec.json.decode(stored.raw)
    return Record(
        Ref(stored.connection, stored.object, stored.id),
        datetime.fromisoformat(stored.stamp),
        tuple(values.get(name, ABSENT) for name in field_map.fields),
        stored.deleted,
        stored.merged_into,
    )


def read_through(connection: Connection, field_map: FieldMap) -> bool:
    """Whether an object was read to the end under its present mapping, and no reading of it is half-way."""
    found = connection.execute(
        select(cursor.c.drained, cursor.c.mapping).where(
            cursor.c.connection == field_map.connection, cursor.c.object == field_map.object
        )
    ).one_or_none()
    return bool(found and found.drained and found.mapping == field_map.hash)
