"""Reads records with SOQL: closed windows in order of SystemModstamp and Id, keys, and ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import msgspec

from connector.errors import PauseMapping, TryAgain
from connector.record import ABSENT, Cursor, FieldType, Page, Record, Ref, Value, datetime_text
from connector.salesforce.decode import PAGE, QueryPage, canonical, long_id, moment_text
from connector.salesforce.describe import Catalogue
from connector.salesforce.wire import Answer, Wire

OVERLAP = timedelta(minutes=10)
"""A row's stamp is set when its transaction starts, and it shows when that ends: up to ten minutes later."""
STAMPS = ("SystemModstamp", "CreatedDate")
BATCH = 200
URL_BYTES = 10_000
"""Of the 16,384 that Salesforce takes for an address and its headers."""
UNQUOTED = (FieldType.NUMBER, FieldType.BOOLEAN, FieldType.DATE, FieldType.DATETIME)


@dataclass(frozen=True, slots=True)
class Columns:
    """What is selected of one object: the asked-for fields that we can see, and how a row becomes a record."""

    connection: str
    kind: str
    asked: tuple[str, ...]
    types: dict[str, FieldType]
    stamp: str
    marks: tuple[str, ...]  # IsDeleted and MasterRecordId, where the object has them

    def soql(self, clause: str) -> str:
        """The query for these columns."""
        names = dict.fromkeys(("Id", self.stamp, *self.marks, *self.types))
        return select(names, self.kind, clause)

    def without(self, field: str) -> Columns:
        """The same columns but for one that turned out to be hidden."""
        return replace(self, types={name: kind for name, kind in self.types.items() if name != field})

    def record(self, row: dict[str, Any]) -> Record:
        types = self.types
        values: list[Value] = [canonical(types[n], row.get(n)) if n in types else ABSENT for n in self.asked]
        return Record(
            Ref(self.connection, self.kind, row["Id"]),
            datetime.fromisoformat(moment_text(row[self.stamp])),
            tuple(values),
            deleted=row.get("IsDeleted") is True,
            merged_into=row.get("MasterRecordId"),
        )


class Window(msgspec.Struct, frozen=True, omit_defaults=True):
    """A cursor: everything from ``low`` to ``high`` inclusive, after the record (``stamp``, ``id``).

    Without ``low`` it is the first reading, of live records only. Without ``high`` it is a window not yet opened.
    """

    low: datetime | None = None
    high: datetime | None = None
    stamp: datetime | None = None
    id: str = ""

    def clause(self, column: str) -> str:
        """WHERE and ORDER BY of what is left of this window."""
        terms = []
        if self.stamp:
            here = datetime_text(self.stamp)
            terms.append(f"({column} > {here} OR ({column} = {here} AND Id > {quoted(self.id)}))")
        elif self.low:
            terms.append(f"{column} >= {datetime_text(self.low)}")
        if self.high:
            terms.append(f"{column} <= {datetime_text(self.high)}")
        where = f" WHERE {' AND '.join(terms)}" if terms else ""
        return f"{where} ORDER BY {column}, Id"

    def after(self, records: Sequence[Record]) -> Window:
        """What is left when these have been read."""
        if not records:
            return self
        return msgspec.structs.replace(self, stamp=records[-1].stamp, id=records[-1].ref.id)

    def next(self) -> Window:
        """The window that follows when this one has been read to its end."""
        return Window(low=self.high - OVERLAP) if self.high else self

    def cursor(self) -> Cursor:
        return Cursor(msgspec.json.encode(self).decode())


class Reader:
    """Everything that is read from one org."""

    def __init__(self, name: str, wire: Wire, catalogue: Catalogue) -> None:
        self._name = name
        self._wire = wire
        self._catalogue = catalogue

    def changes(self, kind: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        """See `connector.crm.Crm.changes`. Where a query locator dies, a query after the last record goes on."""
        window = self._window(kind, since)
        columns = self._columns(kind, fields, fresh=True)
        url = None
        while True:
            page = self._following(url, kind)
            if page is None:
                columns, answer = self._asked(columns, window.clause(columns.stamp), deleted=window.low is not None)
                window = window if window.high else msgspec.structs.replace(window, high=answer.moment)
                page = answer.read(PAGE)
            records = tuple(columns.record(row) for row in page.records)
            if page.done:
                yield Page(records, window.next().cursor(), drained=True)
                return
            window, url = window.after(records), page.nextRecordsUrl
            yield Page(records, window.cursor(), drained=False)

    def ids(self, kind: str) -> Iterator[Sequence[str]]:
        """The ids of all live records, in order."""
        self._catalogue.fields(kind)
        last, url = "", None
        while True:
            page = self._following(url, kind)
            if page is None:
                where = f" WHERE Id > {quoted(last)}" if last else ""
                page = self._wire.query(select(["Id"], kind, f"{where} ORDER BY Id"), kind=kind).read(PAGE)
            found = [str(row["Id"]) for row in page.records]
            if found:
                yield found
            if page.done:
                return
            last, url = found[-1] if found else last, page.nextRecordsUrl

    def read(self, kind: str, keys: Sequence[str], fields: Sequence[str], by: str) -> list[Record]:
        """See `connector.crm.Crm.read`."""
        columns = self._columns(kind, fields)
        name = "Id" if by == "id" else by
        key_type = self._field_type(kind, name)
        wanted = dict.fromkeys(
            long_id(key) if key_type in (FieldType.ID, FieldType.REFERENCE) else key for key in keys
        )
        found: dict[str, Record] = {}
        for batch in _batches([_literal(key, key_type) for key in wanted]):
            columns, answer = self._asked(columns, f" WHERE {name} IN ({', '.join(batch)})")
            found |= {record.ref.id: record for record in map(columns.record, self._rows(answer, kind))}
        gone = [key for key in wanted if key not in found]
        if name == "Id" and gone and "MasterRecordId" in columns.marks:
            masters = self._masters(kind, gone) - found.keys()
            found |= {record.ref.id: record for record in self.read(kind, sorted(masters), fields, by)}
        return list(found.values())

    def _masters(self, kind: str, gone: Sequence[str]) -> set[str]:
        """The records that absorbed some of these."""
        masters: set[str] = set()
        for batch in _batches([quoted(key) for key in gone]):
            soql = select(["Id", "MasterRecordId"], kind, f" WHERE Id IN ({', '.join(batch)})")
            rows = self._rows(self._wire.query(soql, kind=kind, deleted=True), kind)
            masters |= {row["MasterRecordId"] for row in rows if row["MasterRecordId"]}
        return masters

    def _rows(self, answer: Answer, kind: str) -> Iterator[dict[str, Any]]:
        page = answer.read(PAGE)
        yield from page.records
        while not page.done:
            page = self._wire.more(str(page.nextRecordsUrl), kind=kind).read(PAGE)
            yield from page.records

    def _following(self, url: str | None, kind: str) -> QueryPage | None:
        """The next page of a locator, or None where there is none, or it has died."""
        if url is None:
            return None
        try:
            return self._wire.more(url, kind=kind).read(PAGE)
        except TryAgain as fault:
            if fault.code != "INVALID_QUERY_LOCATOR":
                raise
        return None

    def _asked(self, columns: Columns, clause: str, *, deleted: bool = False) -> tuple[Columns, Answer]:
        """The first page; a field that has just been hidden or removed is left out, and described anew."""
        while True:
            try:
                return columns, self._wire.query(columns.soql(clause), kind=columns.kind, deleted=deleted)
            except PauseMapping as fault:
                if fault.code != "INVALID_FIELD" or fault.field not in columns.types:
                    raise
                self._catalogue.forget(columns.kind)
                columns = columns.without(fault.field)

    def _columns(self, kind: str, fields: Sequence[str], *, fresh: bool = False) -> Columns:
        seen_before = self._catalogue.knows(kind)
        known = self._catalogue.fields(kind)
        if fresh and seen_before and not set(fields) <= known.keys():
            # a field that we could not see when we last asked may be there by now
            self._catalogue.forget(kind)
            known = self._catalogue.fields(kind)
        stamp = next((name for name in STAMPS if name in known), None)
        if stamp is None:
            message = f"{self._name}, {kind}: no SystemModstamp to read by; this object cannot be mapped"
            raise PauseMapping(message, kind=kind)
        types = {name: known[name].type for name in fields if name in known}
        marks = tuple(name for name in ("IsDeleted", "MasterRecordId") if name in known)
        return Columns(self._name, kind, tuple(fields), types, stamp, marks)

    def _field_type(self, kind: str, name: str) -> FieldType:
        info = self._catalogue.fields(kind).get(name)
        if info is None:
            message = f"{self._name}, {kind}: no field {name} to look up by; correct the mapping"
            raise PauseMapping(message, kind=kind, field=name)
        return info.type

    def _window(self, kind: str, since: Cursor | None) -> Window:
        try:
            return msgspec.json.decode(since, type=Window) if since else Window()
        except msgspec.DecodeError as error:
            message = f"{self._name}, {kind}: the stored cursor {since!r} is not ours; read the object anew"
            raise PauseMapping(message, kind=kind) from error


def select(names: Iterable[str], kind: str, clause: str) -> str:
    """A query. Names and kind come from a describe, and every value in ``clause`` is a literal of ours."""
    return f"SELECT {', '.join(names)} FROM {kind}{clause}"  # noqa: S608


def quoted(text: str) -> str:
    """A text as SOQL writes it (SOQL and SOSL Reference, "Quoted string escape sequences")."""
    for plain, escaped in (("\\", "\\\\"), ("'", "\\'"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(plain, escaped)
    return f"'{text}'"


def _literal(text: str, kind: FieldType) -> str:
    """A key as SOQL writes it; what is not spelt like its field's type is quoted, never part of the query."""
    bare = kind in UNQUOTED and all(letter.isalnum() or letter in "+-.:" for letter in text)
    return text if bare else quoted(text)


def _batches(literals: Sequence[str]) -> Iterator[list[str]]:
    """Literals in batches that an IN (...) takes."""
    batch: list[str] = []
    size = 0
    for literal in literals:
        weight = len(quote_plus(literal)) + 4
        if batch and (len(batch) == BATCH or size + weight > URL_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(literal)
        size += weight
    if batch:
        yield batch
