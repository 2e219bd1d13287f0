"""What is selected of one object, and how its rows, from JSON or from CSV, become records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import msgspec

from connector.record import ABSENT, FieldType, Record, Ref, Value
from connector.salesforce.decode import any_text, moment_text, number_of, plain_number
from connector.salesforce.soql import NAME_BYTES, pieces, select

Cells = tuple[Any, ...]
"""One row in the order of `Columns.names`, its values as they came."""

JSON_TYPES: Final[Mapping[FieldType, Any]] = {
    FieldType.BOOLEAN: bool | None,
    FieldType.NUMBER: msgspec.Raw,  # the digits themselves: no float, and no Decimal that is text again at once
    FieldType.TEXT: Any,  # whatever a new type of field may hold
}
FROM_JSON: Final[Mapping[FieldType, Callable[[Any], Value]]] = {
    FieldType.BOOLEAN: {True: "true", False: "false"}.__getitem__,
    FieldType.NUMBER: number_of,
    FieldType.DATETIME: moment_text,
    FieldType.TEXT: any_text,
}
FROM_CSV: Final[Mapping[FieldType, Callable[[Any], Value]]] = {
    FieldType.NUMBER: plain_number,
    FieldType.DATETIME: moment_text,
}


@dataclass(frozen=True)
class Columns:
    """What is selected of one object: the asked-for fields that we can see (``types``), and how a row is read.

    ``stamp`` is the field to read by; ``marks`` are IsDeleted and MasterRecordId where the object has them;
    ``calculated`` are formulas and roll-ups among the fields, whose change moves no stamp.
    """

    connection: str
    kind: str
    asked: tuple[str, ...]
    types: Mapping[str, FieldType]
    stamp: str
    marks: tuple[str, ...]
    calculated: frozenset[str] = frozenset()

    @property
    def hidden(self) -> frozenset[str]:
        """Asked for, and not to be seen."""
        return frozenset(self.asked) - self.types.keys()

    @cached_property
    def heads(self) -> tuple[str, ...]:
        return ("Id", self.stamp, *self.marks)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The places of a row: ours first, then what was asked for."""
        return tuple(dict.fromkeys((*self.heads, *self.asked)))

    @cached_property
    def selected(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.heads, *self.types)))

    def soql(self, clause: str) -> str:
        """The query for all of it."""
        return select(self.selected, self.kind, clause)

    def parts(self, without: Set[str] = frozenset()) -> list[tuple[str, ...]]:
        """What is selected, but for fields that are there already, in as many queries as an address takes: one,
        as a rule."""
        left = [name for name in self.types if name not in self.heads and name not in without]
        found = [(*self.heads, *part) for part in pieces(left, NAME_BYTES, most=len(left))]
        return found if found or without else [self.heads]

    def without(self, field: str) -> Columns:
        """The same columns but for one that turned out to be hidden."""
        return replace(self, types={name: kind for name, kind in self.types.items() if name != field})

    @cached_property
    def page(self) -> msgspec.json.Decoder[Any]:
        """Decodes a page of a query into Cells: what was not selected, or is not there, is ABSENT."""
        types = {name: JSON_TYPES.get(kind, str | None) for name, kind in self.types.items()}
        types |= {"Id": str, self.stamp: str}
        places = {f"f{place}": name for place, name in enumerate(self.names)}
        fields = [(place, types.get(name, Any), ABSENT) for place, name in places.items()]
        row = msgspec.defstruct("Row", fields, rename=places, gc=False)
        page: list[tuple[str, Any] | tuple[str, Any, Any]] = [
            ("done", bool),
            ("records", list[row]),  # type: ignore[valid-type]
            ("nextRecordsUrl", str | None, None),
            ("totalSize", int, 0),
        ]
        return msgspec.json.Decoder(msgspec.defstruct("RowPage", page), float_hook=Decimal)

    def from_json(self, rows: Iterable[Cells]) -> tuple[Record, ...]:
        return tuple(map(self._records(FROM_JSON), rows))

    def from_csv(self, rows: Iterable[Cells]) -> tuple[Record, ...]:
        return tuple(map(self._records(FROM_CSV), rows))

    def _records(self, spellings: Mapping[FieldType, Callable[[Any], Value]]) -> Callable[[Cells], Record]:
        """How one row becomes a record: the hot path of every reading."""
        connection, kind, names = self.connection, self.kind, self.names
        start = len(self.heads)
        picked = [names.index(name) for name in self.asked]
        as_they_stand = picked == list(range(start, len(names)))
        chosen = slice(start, None) if as_they_stand else slice(None)
        respelt = [
            (names.index(name) - (chosen.start or 0), spellings[type_])
            for name, type_ in self.types.items()
            if type_ in spellings
        ]
        deleted = names.index("IsDeleted") if "IsDeleted" in names else None
        master = names.index("MasterRecordId") if "MasterRecordId" in names else None

        def record(cells: Cells) -> Record:
            values = list(cells[chosen])
            for place, spelling in respelt:
                value = values[place]
                if value is not None and value is not ABSENT:
                    values[place] = spelling(value)
            return Record(
                Ref(connection, kind, cells[0]),
                datetime.fromisoformat(cells[1]),
                tuple(values if as_they_stand else [values[place] for place in picked]),
                deleted is not None and cells[deleted] in (True, "true"),
                None if master is None else cells[master] or None,
            )

        return record


def joined(first: Sequence[Cells], others: Iterable[Iterable[Cells]]) -> Iterator[Cells]:
    """Rows whose columns came in several answers. A row that one answer lacks has just moved on: it comes again."""
    rest = [{cells[0]: cells for cells in rows} for rows in others]
    for cells in first:
        found = [part[cells[0]] for part in rest if cells[0] in part]
        if len(found) == len(rest):
            whole = list(cells)
            for part in found:
                whole = [ours if ours is not ABSENT else theirs for ours, theirs in zip(whole, part, strict=True)]
            yield tuple(whole)
