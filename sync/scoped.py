"""A CRM of which only what the mappings' scopes take in is seen, and what is known already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace

from connector.record import Cursor, Page, Record
from connector.retry import Patient
from sync.mapping.fieldmap import FieldMap
from sync.mapping.scope import outside
from sync.store.intake import unknown_ids
from sync.store.opening import Store


@dataclass
class Scoped(Patient):
    """A `Patient` whose readings leave out what is outside the scope of its mapping, unless the store has it.

    A record that leaves the scope is read on, judged and written as before: it withdraws nothing. ``scopes``: the
    mappings that have a scope, by their object. Readings by a key of ours are passed on whole.
    """

    _: KW_ONLY
    scopes: Mapping[str, FieldMap]
    store: Callable[[], Store]

    def changes(self, kind: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        for page in super().changes(kind, fields, since):
            yield replace(page, records=self._within(kind, fields, page.records))

    def read(self, kind: str, keys: Sequence[str], fields: Sequence[str], *, by: str = "id") -> Sequence[Record]:
        records = super().read(kind, keys, fields, by=by)
        return self._within(kind, fields, records) if by == "id" else records

    def _within(self, kind: str, fields: Sequence[str], records: Sequence[Record]) -> tuple[Record, ...]:
        field_map = self.scopes.get(kind)
        out = [record.ref.id for record in outside(field_map, fields, records)] if field_map else []
        if field_map is None or not out:
            return tuple(records)
        with self.store().read() as connection:
            gone = set(unknown_ids(connection, field_map, out))
        return tuple(record for record in records if record.ref.id not in gone)
