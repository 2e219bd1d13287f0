"""Reads a page column by column: what a text of a field means is worked out once, however many rows say it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from connector.record import ABSENT, Absent, Record, Text, Value
from sync.mapping.transforms import Setting

UNREAD: Final = object()
"""In the place of what a field means, where its text could not be read."""

Meant = tuple[dict[str, Any], list["Refused"]]
"""What the paths of a record mean, and what was refused."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A value that is not what the mapping says it is, at some places of a record, and what is wrong with it."""

    places: tuple[int, ...]
    what: str


class Reader(NamedTuple):
    """How one path is read. ``places`` of its remote fields; ``whole``: all of them must be known."""

    path: str
    places: tuple[int, ...]
    transform: Callable[[Any, Setting], Any]
    setting: Setting
    whole: bool

    def meaning(self, texts: tuple[Value, ...]) -> Any:
        """What the texts of its fields mean, ``UNREAD``, or a `Refused`."""
        if texts[0] is ABSENT or (self.whole and ABSENT in texts):
            return UNREAD
        try:
            return self.transform(tuple([_known(text) for text in texts]), self.setting)
        except ValueError as error:
            return Refused(self.places, str(error))


def meaning(readers: Iterable[Reader], texts: Sequence[Value]) -> Meant:
    """What one record means, field by field."""
    values: dict[str, Any] = {}
    refused = []
    for reader in readers:
        found = reader.meaning(tuple([texts[place] for place in reader.places]))
        if isinstance(found, Refused):
            refused.append(found)
        elif found is not UNREAD:
            values[reader.path] = found
    return values, refused


def meanings(readers: Sequence[Reader], records: Sequence[Record]) -> Iterator[Meant]:
    """The same of many records, each in its turn. All of them have the values of every field."""
    columns = list(zip(*[record.values for record in records], strict=True))
    told = [_column(reader, columns) for reader in readers]
    paths = [reader.path for reader in readers]
    odd = [index for index, (_, plain) in enumerate(told) if not plain]
    for row in zip(*[column for column, _ in told], strict=True) if told else [()] * len(records):
        values: dict[str, Any] = dict(zip(paths, row, strict=True))
        refused = []
        for index in odd:
            if row[index] is UNREAD:
                del values[paths[index]]
            elif isinstance(row[index], Refused):
                refused.append(values.pop(paths[index]))
        yield values, refused


def _column(reader: Reader, columns: Sequence[Sequence[Value]]) -> tuple[Sequence[Any], bool]:
    """What one path means, row by row, and whether it means something in all of them."""
    column: Sequence[Any] = columns[reader.places[0]]
    if len(reader.places) == 1:
        distinct = {text: (text,) for text in set(column)}
    else:
        column = list(zip(*[columns[place] for place in reader.places], strict=True))
        distinct = {texts: texts for texts in set(column)}
    known, plain = _told_apart(reader, distinct)
    return list(map(known.__getitem__, column)), plain


def _told_apart(reader: Reader, distinct: Mapping[Any, tuple[Value, ...]]) -> tuple[dict[Any, Any], bool]:
    transform, setting = reader.transform, reader.setting
    known: dict[Any, Any] = {}
    odd = 0
    for key, texts in distinct.items():
        try:
            known[key] = transform(texts, setting) if ABSENT not in texts else reader.meaning(texts)
        except ValueError:
            known[key] = reader.meaning(texts)
        found = known[key]
        odd += found is UNREAD or isinstance(found, Refused)
    return known, not odd


def _known(text: Value) -> Text:
    return None if isinstance(text, Absent) else text
