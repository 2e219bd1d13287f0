"""A whole CRM in memory: every promise of `connector.crm`, on virtual time, with faults by script."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import nsmallest
from itertools import count, islice
from typing import Literal

from connector.errors import CrmError, Gone, InDoubt, PauseMapping, PauseUntil, Rejected, StopCrm, TryAgain
from connector.grouping import calls
from connector.record import (
    ABSENT,
    Capabilities,
    Change,
    Cursor,
    FieldInfo,
    Identity,
    ObjectInfo,
    Op,
    Outcome,
    Page,
    Record,
    RecordTypes,
    Ref,
    Text,
    Value,
)
from connector.spelling import problem

OVERLAP = timedelta(minutes=10)
START = datetime.fromisoformat("0001-01-01T00:00:00Z")
Schema = Mapping[str, tuple[FieldInfo, ...]]
Operation = Literal["changes", "ids", "read", "write", "describe", "whoami"]
Misfortune = CrmError | Literal["after"] | None
"""What a scripted fault does: this error instead of the call; ``after``: done, and the answer is lost; nothing."""


@dataclass(slots=True)
class Row:
    """One record as stored. ``values`` hold only what is not empty."""

    id: str
    stamp: datetime
    values: dict[str, str] = field(default_factory=dict)
    deleted: bool = False
    merged_into: str | None = None


class MemoryCrm:
    """A `connector.crm.Crm` over a dict. ``schema`` holds the fields of each kind, ``now`` is its clock (aware).

    A person edits with ``put``, ``drop`` and ``merge``. ``hidden`` are (kind, field) pairs that we may not see.
    ``faults`` are (operation, misfortune) pairs: each call (one page, one batch of reading or writing) meets the
    first one of its operation, which is then gone.
    """

    def __init__(self, name: str, schema: Schema, *, now: Callable[[], datetime]) -> None:
        self.name = name
        self.can = Capabilities(read_batch=200, write_batch=100, atomic=True, associations=True)
        self.page_size = 100
        self.hidden: set[tuple[str, str]] = set()
        self.faults: list[tuple[Operation, Misfortune]] = []
        self.narrowed: dict[str, RecordTypes] = {}  # by kind
        self.rows: dict[str, dict[str, Row]] = {kind: {} for kind in schema}
        self._schema = {kind: {info.name: info for info in fields} for kind, fields in schema.items()}
        self._now = now
        self._numbers = count(1)
        self._before: list[tuple[str, str, Row | None]] = []  # rows as they were before the group being written

    # a person's edits

    def put(self, kind: str, values: Mapping[str, Text], id: str | None = None) -> str:  # noqa: A002 the vendor's word
        """Create a row, or change one; returns its id. Nothing is validated: people get away with more."""
        row_id = id or f"{kind[:3]:x<3}{next(self._numbers):015}"
        row = self._opened(kind, row_id)
        row.values = {name: text for name, text in (row.values | dict(values)).items() if text is not None}
        return row_id

    def drop(self, kind: str, id: str) -> None:  # noqa: A002 the vendor's word
        """Delete a row; it stays as a tombstone."""
        self._opened(kind, id).deleted = True

    def merge(self, kind: str, loser: str, winner: str) -> None:
        """``winner`` absorbs ``loser``: what referred to the loser refers to the winner."""
        self.drop(kind, loser)
        self.rows[kind][loser].merged_into = winner
        for other, fields in self._schema.items():
            names = [info.name for info in fields.values() if kind in info.refers_to]
            for row in self.rows[other].values():
                moved = {name: winner for name in names if row.values.get(name) == loser}
                if moved:
                    self.put(other, moved, row.id)

    # reading

    def changes(self, kind: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        self._fields(kind)
        window = json.loads(since) if since else {}
        low = datetime.fromisoformat(window["low"]) if since else START
        high = datetime.fromisoformat(window["high"]) if "high" in window else self._now()
        first = bool(window.get("first", not since))
        place = (datetime.fromisoformat(window["stamp"]), window["id"]) if "stamp" in window else (low, "")
        while True:
            self._meet("changes")
            rows = self._after(kind, place, high, live=first)
            if len(rows) <= self.page_size:
                break
            rows.pop()
            place = (rows[-1].stamp, rows[-1].id)
            here = {"low": low, "high": high, "first": first, "stamp": place[0], "id": place[1]}
            yield Page(self._records(kind, rows, fields), _cursor(here), drained=False)
        rest = _cursor({"low": max(low, high - OVERLAP)})
        yield Page(self._records(kind, rows, fields), rest, drained=True)

    def ahead(self, asks: Sequence[tuple[str, Sequence[str], Cursor | None]]) -> None:
        """Nothing is nearer for being asked for together."""

    def ids(self, kind: str) -> Iterator[Sequence[str]]:
        self._fields(kind)
        live = (row.id for row in list(self.rows[kind].values()) if not row.deleted)
        self._meet("ids")
        while batch := list(islice(live, self.page_size)):
            yield batch
            self._meet("ids")

    def read(self, kind: str, keys: Sequence[str], fields: Sequence[str], *, by: str = "id") -> Sequence[Record]:
        self._fields(kind)
        found: dict[str, Row] = {}
        for start in range(0, len(keys), self.can.read_batch):
            self._meet("read")
            batch = keys[start : start + self.can.read_batch]
            rows = (self._survivor(kind, key) for key in batch) if by == "id" else self._holding(kind, by, batch)
            found |= {row.id: row for row in rows if row}
        return list(self._records(kind, list(found.values()), fields))

    # writing

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        batches = list(calls(changes, self.can.write_batch, self.can.write_batch))
        for number, batch in enumerate(batches):
            try:
                yield from self._send(batch)
            except (TryAgain, PauseUntil, StopCrm) as fault:
                unsent = (change for rest in batches[number:] for group in rest for change in group)
                yield from (Outcome(change, fault=fault) for change in unsent)
                return
            except CrmError as fault:
                yield from (Outcome(change, fault=fault) for group in batch for change in group)

    def _send(self, batch: Sequence[Sequence[Change]]) -> list[Outcome]:
        lost = self._meet("write", may_lose=True)
        outcomes = [outcome for group in batch for outcome in self._write_group(group)]
        if lost:
            raise InDoubt(f"{self.name}: the answer was lost; read the rows back")
        return outcomes

    def _write_group(self, group: Sequence[Change]) -> list[Outcome]:
        """The changes of one group, all or none; a change without group is alone in its group."""
        self._before = []
        try:
            return [self._apply(change) for change in group]
        except CrmError as fault:
            for kind, row_id, row in reversed(self._before):
                del self.rows[kind][row_id]
                self.rows[kind] |= {row_id: row} if row else {}
            return [Outcome(change, fault=fault) for change in group]

    def _apply(self, change: Change) -> Outcome:
        self._fields(change.kind)
        row = self._target(change)
        if change.op is Op.REMOVE:
            if row:
                self.drop(change.kind, row.id)
            return Outcome(change, record_id=row.id if row else None)
        values = dict(change.values) | ({change.by: change.key} if change.op is Op.UPSERT else {})
        self._validate(change, values, row)
        row_id = self.put(change.kind, values, row.id if row else None)
        return Outcome(change, record_id=row_id, created=row is None)

    def _target(self, change: Change) -> Row | None:
        if change.by == "id":
            row = self.rows[change.kind].get(change.key)
            if change.op is not Op.REMOVE and (row is None or row.deleted):
                raise Gone(f"{self.name}, {change.kind}: {change.key} was deleted; read it again")
            return row if row and not row.deleted else None
        info = self._fields(change.kind).get(change.by)
        if info is None or not info.unique:
            raise Rejected(f"{self.name}, {change.kind}: {change.by} is no unique field; choose one that is")
        return next(self._holding(change.kind, change.by, [change.key]), None)

    def _validate(self, change: Change, values: Mapping[str, Text], row: Row | None) -> None:
        fields = self._fields(change.kind)
        for name, text in values.items():
            place = f"{self.name}, {change.kind}.{name}"
            if name not in fields:
                raise PauseMapping(f"{place}: no such field; correct the mapping", kind=change.kind, field=name)
            wrong = problem(fields[name], text)
            if wrong is None and fields[name].unique and text is not None:
                taken = any(other is not row for other in self._holding(change.kind, name, [text]))
                wrong = f"{text!r} is taken by another row" if taken else None
            if wrong:
                raise Rejected(f"{place}: {wrong}; correct the value")
        missing = [info.name for info in fields.values() if info.required and not values.get(info.name)]
        if missing and row is None:
            raise Rejected(f"{self.name}, {change.kind}: {', '.join(missing)} must have a value")

    # what the CRM says about itself

    def describe(self, kind: str) -> tuple[FieldInfo, ...]:
        self._meet("describe")
        return tuple(self._fields(kind).values())

    def record_types(self, kind: str) -> RecordTypes:
        return self.narrowed.get(kind, {})

    def provision(self, objects: Sequence[ObjectInfo]) -> Sequence[str]:
        said = []
        for wanted in objects:
            if wanted.name not in self._schema:
                said.append(f"created the object {wanted.name}")
            fields = self._schema.setdefault(wanted.name, {})
            self.rows.setdefault(wanted.name, {})
            for info in wanted.fields:
                if info.name not in fields:
                    fields[info.name] = info
                    said.append(f"created the field {wanted.name}.{info.name}")
        return said

    def whoami(self) -> Identity:
        self._meet("whoami")
        return Identity(org=f"memory:{self.name}", user="dealsync", edition="memory", server_time=self._now())

    # inside

    def _opened(self, kind: str, row_id: str) -> Row:
        """The row that is about to be changed, stamped; how it was is remembered."""
        row = self.rows[kind].get(row_id)
        self._before.append((kind, row_id, replace(row, values=dict(row.values)) if row else None))
        row = self.rows[kind].setdefault(row_id, Row(row_id, self._now()))
        row.stamp = self._now()
        return row

    def _meet(self, operation: Operation, *, may_lose: bool = False) -> bool:
        """Meet the next scripted fault of this operation: raises it; True when only the answer is lost."""
        script = next((fault for fault in self.faults if fault[0] == operation), None)
        if script is None:
            return False
        self.faults.remove(script)
        if isinstance(script[1], CrmError):
            raise script[1]
        if script[1] and not may_lose:
            raise TryAgain(f"{self.name}: the answer of {operation} was lost; ask again")
        return bool(script[1])

    def _fields(self, kind: str) -> dict[str, FieldInfo]:
        if kind not in self._schema:
            raise PauseMapping(f"{self.name}: no object {kind}; correct the mapping", kind=kind)
        return {name: info for name, info in self._schema[kind].items() if (kind, name) not in self.hidden}

    def _after(self, kind: str, place: tuple[datetime, str], high: datetime, *, live: bool) -> list[Row]:
        """One page of rows after ``place`` and one more, by (stamp, id), up to ``high``."""
        waiting = (
            row
            for row in self.rows[kind].values()
            if place < (row.stamp, row.id) and row.stamp <= high and not (live and row.deleted)
        )
        return nsmallest(self.page_size + 1, waiting, key=lambda row: (row.stamp, row.id))

    def _records(self, kind: str, rows: Sequence[Row], fields: Sequence[str]) -> tuple[Record, ...]:
        seen = self._fields(kind)

        def values(row: Row) -> tuple[Value, ...]:
            return tuple(row.values.get(name) if name in seen else ABSENT for name in fields)

        refs = (Ref(self.name, kind, row.id) for row in rows)
        told = zip(refs, rows, strict=True)
        return tuple(Record(ref, row.stamp, values(row), row.deleted, row.merged_into) for ref, row in told)

    def _survivor(self, kind: str, key: str) -> Row | None:
        row = self.rows[kind].get(key)
        while row and row.merged_into:
            row = self.rows[kind].get(row.merged_into)
        return row if row and not row.deleted else None

    def _holding(self, kind: str, by: str, keys: Sequence[str]) -> Iterator[Row]:
        wanted = set(keys)
        return (row for row in self.rows[kind].values() if row.values.get(by) in wanted and not row.deleted)


def _cursor(window: Mapping[str, object]) -> Cursor:
    return Cursor(json.dumps(window, default=lambda moment: moment.isoformat()))
