"""The rows of the stand-in org in memory: indexed, committed late if told so, and undone when asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from connector.sandbox.salesforce.errors import Refusal
from connector.sandbox.salesforce.identifiers import new_id
from connector.sandbox.salesforce.schema import Field, Object, Schema
from connector.sandbox.salesforce.values import Stored

Row = dict[str, Stored]


class Table:
    """The rows of one object by id, in the order they came, and an index for each external id or unique field."""

    def __init__(self, spec: Object) -> None:
        self.spec = spec
        self.rows: dict[str, Row] = {}
        self.late: dict[str, tuple[datetime, Row | None]] = {}  # rows as they are until a transaction commits
        self.keys = {field.name: field for field in spec.fields.values() if field.unique or field.external_id}
        self._index: dict[str, dict[str, list[str]]] = {name: defaultdict(list) for name in self.keys}
        self._serial = 0

    def fresh_id(self) -> str:
        """An id that no row of this table has."""
        while True:
            self._serial += 1
            name = new_id(self.spec.prefix, self._serial)
            if name not in self.rows:
                return name

    def replace(self, row_id: str, row: Row | None) -> None:
        """Put this row in the place of the one with that id, in the same dict; None takes it out."""
        before = self.rows.get(row_id)
        if before is not None:
            self._unindex(before)
        if row is None:
            self.rows.pop(row_id, None)
            return
        kept = self.rows.setdefault(row_id, {})
        kept.clear()
        kept.update(row)
        for name, field in self.keys.items():
            if row.get(name) is not None and not row["IsDeleted"]:
                self._index[name][_folded(field, row[name])].append(row_id)

    def holding(self, name: str, value: Stored) -> list[str]:
        """Ids of live rows whose indexed field holds this value."""
        return list(self._index[name].get(_folded(self.keys[name], value), ()))

    def seen(self, now: datetime) -> Iterator[Row]:
        """Rows of committed transactions, deleted ones too."""
        self._commit(now)
        if not self.late:
            return iter(self.rows.values())
        shown = (self.late[row_id][1] if row_id in self.late else row for row_id, row in self.rows.items())
        return (row for row in shown if row is not None)

    def visible(self, row_id: str, now: datetime) -> Row | None:
        """One committed row by its 18-character id."""
        self._commit(now)
        return self.late[row_id][1] if row_id in self.late else self.rows.get(row_id)

    def _commit(self, now: datetime) -> None:
        self.late = {row_id: late for row_id, late in self.late.items() if late[0] > now}

    def _unindex(self, row: Row) -> None:
        for name, field in self.keys.items():
            holders = self._index[name].get(_folded(field, row.get(name)), [])
            if row["Id"] in holders:
                holders.remove(str(row["Id"]))


class Tables:
    """All tables of the org, its clock and its settings. Changes go through ``put`` so that they can be undone."""

    def __init__(self, schema: Schema, now: Callable[[], datetime], settings: Mapping[str, Any]) -> None:
        self.schema = schema
        self.now = now
        self.settings = settings
        self._tables: dict[str, Table] = {}
        self._journal: list[tuple[Table, str, Row | None]] | None = None

    def table(self, spec: Object) -> Table:
        """The table of an object."""
        if spec.name not in self._tables:
            self._tables[spec.name] = Table(spec)
        return self._tables[spec.name]

    def put(self, table: Table, row_id: str, row: Row | None) -> None:
        """Write, or with None remove, one row."""
        before = table.rows.get(row_id)
        if self._journal is not None:
            self._journal.append((table, row_id, None if before is None else dict(before)))
        late = self.settings.get("late_commit_seconds")
        if late and row is not None:
            shown = table.late[row_id][1] if row_id in table.late else before and dict(before)
            table.late[row_id] = (self.now() + timedelta(seconds=float(late)), shown)
        table.replace(row_id, row)

    @contextmanager
    def whole_or_nothing(self) -> Iterator[None]:
        """Undo every change made inside when a Refusal comes out. Attempts may stand inside one another."""
        outer, self._journal = self._journal, []
        try:
            yield
        except Refusal:
            for table, row_id, before in reversed(self._journal):
                table.replace(row_id, before)
            self._journal = []
            raise
        finally:
            inner, self._journal = self._journal, outer
            if outer is not None:
                outer.extend(inner)


def _folded(field: Field, value: Stored) -> str:
    return str(value) if field.case_sensitive else str(value).casefold()
