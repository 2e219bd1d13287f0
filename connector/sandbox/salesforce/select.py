"""Answers a query: finds the rows, sorts them once, and writes each as a record when its page is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from connector.sandbox.salesforce.conditions import Column, Columns, candidates
from connector.sandbox.salesforce.errors import Refusal
from connector.sandbox.salesforce.identifiers import checksum
from connector.sandbox.salesforce.schema import Field, Object
from connector.sandbox.salesforce.soql import Query, Sorting, marked, parse
from connector.sandbox.salesforce.tables import Row, Table, Tables
from connector.sandbox.salesforce.values import Stored

Record = dict[str, Any]
_LONGEST = 100_000
_OPEN_CURSORS = 10  # of one user; the next one closes the oldest


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows of a query in order, and how to write one: when its page is asked for, as it is then."""

    rows: list[Row]
    write: Callable[[Row, str], Record]
    counted: bool


def select(tables: Tables, text: str, *, include_deleted: bool = False) -> Selection:
    """The answer to a SOQL text. Raises Refusal: MALFORMED_QUERY, INVALID_TYPE, INVALID_FIELD and the like."""
    if len(text) > _LONGEST:
        raise Refusal("MALFORMED_QUERY", f"SOQL statements cannot be longer than {_LONGEST} characters.")
    query = parse(text)
    spec = tables.schema.find(query.kind)
    if spec is None:
        message = f"sObject type '{query.kind}' is not supported. {_CUSTOM}"
        raise Refusal("INVALID_TYPE", marked(text, query.at, message))
    columns = Columns(tables, spec, text)
    write = _writer(tables, spec, columns, query)
    rows = _matching(tables, tables.table(spec), columns, query, include_deleted)
    for term in reversed(query.order):
        rows = _sorted(rows, columns, term)
    return Selection(rows[: query.limit], write, not query.fields)


class Cursors:
    """Open query cursors of every user: what ``nextRecordsUrl`` leads to."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[str, Selection, int]] = {}
        self._serial = count(1)

    def first(self, user: str, selection: Selection, size: int, version: str) -> Record:
        """The first page of a query, in the body of its answer."""
        if selection.counted:
            return {"totalSize": len(selection.rows), "done": True, "records": []}
        short = f"0r8xx{next(self._serial):010d}"
        locator = short + checksum(short)
        if len(selection.rows) > size:
            mine = [name for name, (owner, _, _) in self._open.items() if owner == user]
            for oldest in mine[: max(0, len(mine) - _OPEN_CURSORS + 1)]:
                del self._open[oldest]
            self._open[locator] = (user, selection, size)
        return _page(selection, locator, 0, size, version)

    def next(self, user: str, locator: str, version: str) -> Record:
        """The page at ``locator-position``. Refusal INVALID_QUERY_LOCATOR for a cursor that is not open."""
        name, _, start = locator.partition("-")
        owner, selection, size = self._open.get(name, ("", None, 0))
        if selection is None or owner != user or not start.isdigit():
            raise Refusal("INVALID_QUERY_LOCATOR", "invalid query locator")
        return _page(selection, name, int(start), size, version)

    def close(self) -> None:
        """Close every cursor, as an idle time-out does."""
        self._open.clear()


def _page(selection: Selection, locator: str, start: int, size: int, version: str) -> Record:
    end = start + size
    done = end >= len(selection.rows)
    page: Record = {"totalSize": len(selection.rows), "done": done}
    if not done:
        page["nextRecordsUrl"] = f"/services/data/{version}/query/{locator}-{end}"
    page["records"] = [selection.write(row, version) for row in selection.rows[start:end]]
    return page


def _matching(tables: Tables, table: Table, columns: Columns, query: Query, include_deleted: bool) -> list[Row]:
    test = columns.test(query.where) if query.where else None
    now = tables.now()
    ids = candidates(query.where, table, include_deleted)
    found = table.seen(now) if ids is None else filter(None, (table.visible(name, now) for name in ids))
    live = found if include_deleted else (row for row in found if not row["IsDeleted"])
    return [row for row in live if test(row)] if test else list(live)


def _sorted(rows: list[Row], columns: Columns, term: Sorting) -> list[Row]:
    column = columns.find(term.path)
    if not column.field.filterable:
        message = f"field '{column.field.name}' can not be sorted in a query call"
        raise columns.refuse(term.path, message, "MALFORMED_QUERY")
    get = column.get
    empty = [row for row in rows if get(row) is None]
    filled = [row for row in rows if get(row) is not None] if empty else rows
    ordered = sorted(filled, key=_sort_key(column), reverse=term.descending)
    return ordered + empty if term.nulls_last else empty + ordered


def _sort_key(column: Column) -> Callable[[Row], Any]:
    get = column.get
    return (lambda row: str(get(row)).casefold()) if column.folded else get


def _writer(tables: Tables, spec: Object, columns: Columns, query: Query) -> Callable[[Row, str], Record]:
    """How a row of this query is written: ``attributes``, its own fields, and a nested record for each parent."""
    own: list[str] = []
    parents: dict[Field, tuple[Object, list[str]]] = {}
    for path in query.fields:
        column = columns.find(path)
        names = own
        if column.reference and column.owner:
            _, names = parents.setdefault(column.reference, (column.owner, []))
        if column.field.name in names:
            raise columns.refuse(path, f"duplicate field selected: {path.name}")
        names.append(column.field.name)

    def write(row: Row, version: str) -> Record:
        record = record_of(spec, row, own, version)
        for reference, (owner, names) in parents.items():
            parent = tables.table(owner).rows.get(str(row[reference.name]))
            record[reference.relationship] = record_of(owner, parent, names, version) if parent else None
        return record

    return write


def record_of(spec: Object, row: Row, names: list[str], version: str) -> Record:
    """A row as the API writes it."""
    url = f"/services/data/{version}/sobjects/{spec.name}/{row['Id']}"
    values: dict[str, Stored] = {name: row[name] for name in names}
    return {"attributes": {"type": spec.name, "url": url}, **values}


_CUSTOM = (
    "If you are attempting to use a custom object, be sure to append the '__c' after the entity name. "
    "Please reference your WSDL or the describe call for the appropriate names."
)
