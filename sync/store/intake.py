"""Takes a page of records into the store: rows, problems, groups, what became due, and the cursor, at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, delete, select

from connector.record import ABSENT, Absent, Cursor, Page, Record, Ref, datetime_text
from sync.identity.anchors import anchors
from sync.identity.link import row_thing_id
from sync.mapping.fieldmap import FieldMap
from sync.model.problem import Problem
from sync.model.row import Row
from sync.store.due import make_due
from sync.store.grouping import Groups, regroup
from sync.store.rows import chunks, upsert
from sync.store.tables import cursor, problem, record


@dataclass(frozen=True, slots=True)
class Taken:
    """What one page brought: rows read, rows that are news, and problems in them."""

    read: int
    changed: int
    problems: int


def take(connection: Connection, field_map: FieldMap, page: Page, now: datetime) -> Taken:
    """Store one page. Rows equal to what we know (our own echo among them) are not news and make nothing due."""
    known = _known(connection, [str(entry.ref) for entry in page.records])
    fresh: dict[str, Record] = {}
    for entry in page.records:
        key = str(entry.ref)
        before = known.get(key)
        if before is None and entry.deleted and entry.merged_into is None:
            continue  # it came and went between two readings: there is nothing to keep
        if before is None or before["hash"] != hash_of(field_map, entry) or key in fresh:
            fresh[key] = entry
    rows, problems = _understand(field_map, fresh, known)
    stood = {key: before["group_id"] for key, before in known.items()}
    groups = regroup(connection, {str(row.ref): anchors(row).all for row in rows}, stood)
    _store_rows(connection, field_map, fresh, rows, groups)
    _store_problems(connection, fresh, problems)
    make_due(connection, groups.touched, now)
    set_cursor(connection, field_map, page.cursor, page.drained, now)
    return Taken(len(page.records), len(fresh), len(problems))


def _known(connection: Connection, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for chunk in chunks(keys):
        query = select(record.c.key, record.c.hash, record.c.group_id, record.c.raw).where(record.c.key.in_(chunk))
        found.update({row.key: row._mapping for row in connection.execute(query)})
    return found


def hash_of(field_map: FieldMap, entry: Record) -> str:
    """Changes when anything we map changes, or the mapping does."""
    content = [field_map.hash, entry.deleted, entry.merged_into]
    if not entry.deleted:
        content.append([None if value is ABSENT else (value,) for value in entry.values])
    return blake2b(json.dumps(content).encode(), digest_size=16).hexdigest()


def _understand(
    field_map: FieldMap, fresh: Mapping[str, Record], known: Mapping[str, Mapping[str, Any]]
) -> tuple[list[Row], list[tuple[str, Problem]]]:
    rows: list[Row] = []
    problems: list[tuple[str, Problem]] = []
    for key, entry in fresh.items():
        if entry.deleted and key in known:
            entry = _with_raw(field_map, entry, known[key]["raw"])  # noqa: PLW2901
        row, faults = field_map.read(entry)
        rows.append(row)
        if not entry.deleted:
            problems += [(key, fault) for fault in faults]
    return rows, problems


def _with_raw(field_map: FieldMap, entry: Record, raw: str) -> Record:
    """A tombstone comes without values: it keeps the last ones we saw."""
    values = json.loads(raw)
    return Record(
        entry.ref,
        entry.stamp,
        tuple(values.get(name, ABSENT) for name in field_map.fields),
        entry.deleted,
        entry.merged_into,
    )


def _store_rows(
    connection: Connection,
    field_map: FieldMap,
    fresh: Mapping[str, Record],
    rows: Iterable[Row],
    groups: Groups,
) -> None:
    stored = []
    for row in rows:
        key = str(row.ref)
        raw = {name: value for name, value in row.raw.items() if not isinstance(value, Absent)}
        stored.append(
            {
                "key": key,
                "connection": row.ref.connection,
                "object": row.ref.kind,
                "id": row.ref.id,
                "kind": row.kind,
                "thing": row_thing_id(row),
                "stamp": datetime_text(row.stamp),
                "deleted": row.deleted,
                "merged_into": row.merged_into,
                "hash": hash_of(field_map, fresh[key]),
                "raw": json.dumps(raw, ensure_ascii=False),
                "group_id": groups.of[key],
            }
        )
    upsert(connection, record, stored)


def _store_problems(
    connection: Connection, fresh: Mapping[str, Record], problems: Iterable[tuple[str, Problem]]
) -> None:
    for chunk in chunks(list(fresh)):
        connection.execute(delete(problem).where(problem.c.key.in_(chunk)))
    found = [{"key": key, "place": fault.where, "what": fault.what, "fix": fault.fix} for key, fault in problems]
    upsert(connection, problem, found)


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
    values = json.loads(stored.raw)
    return Record(
        Ref(stored.connection, stored.object, stored.id),
        datetime.fromisoformat(stored.stamp),
        tuple(values.get(name, ABSENT) for name in field_map.fields),
        stored.deleted,
        stored.merged_into,
    )
