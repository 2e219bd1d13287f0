"""An object as a CRM described it at one moment: a plain value to store, and what has drifted since.

Pure. The same shape for every vendor, so that one report shows both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from connector.record import FieldInfo, RecordTypes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The fields of one object that our user can see, by name, and what its record types offer in picklists."""

    connection: str
    kind: str
    fields: tuple[FieldInfo, ...]
    record_types: RecordTypes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference. ``what`` ends a sentence about the field; ``breaks``: what worked before may not work now."""

    kind: str
    field: str
    what: str
    breaks: bool = True

    def __str__(self) -> str:
        return f"{self.kind}.{self.field} {self.what}"


def snapshot(
    connection: str, kind: str, fields: tuple[FieldInfo, ...], record_types: RecordTypes | None = None
) -> Snapshot:
    """What `Crm.describe` and `Crm.record_types` returned, in an order that does not depend on the CRM's."""
    named = sorted((record_types or {}).items())
    narrowed = {name: dict(sorted(lists.items())) for name, lists in named}
    return Snapshot(connection, kind, tuple(sorted(fields, key=lambda field: field.name)), narrowed)


def to_text(taken: Snapshot) -> str:
    """JSON to store; equal snapshots are equal texts."""
    return msgspec.json.encode(taken).decode()


def from_text(text: str) -> Snapshot:
    """Raises ValueError for a text that is no snapshot."""
    return msgspec.json.decode(text, type=Snapshot)


def drift(before: Snapshot, after: Snapshot) -> tuple[Drift, ...]:
    """What changed between two snapshots of one object, by field name."""
    old = {field.name: field for field in before.fields}
    new = {field.name: field for field in after.fields}
    found: list[Drift] = []
    for name in sorted({*old, *new}):
        if name not in new:
            found.append(Drift(after.kind, name, "was removed, renamed or hidden from our user"))
        elif name not in old:
            found.append(Drift(after.kind, name, "is new", breaks=new[name].required))
        else:
            found += (Drift(after.kind, name, *difference) for difference in _differences(old[name], new[name]))
    return (*found, *_narrowed(before, after))


def _narrowed(before: Snapshot, after: Snapshot) -> Iterator[Drift]:
    """What a record type that was there before offers otherwise; the field itself still takes every value."""
    for name in [name for name in before.record_types if name in after.record_types]:
        old, new = before.record_types[name], after.record_types[name]
        for field_name in [field_name for field_name in old if field_name in new]:
            gone = [value for value in old[field_name] if value not in new[field_name]]
            added = [value for value in new[field_name] if value not in old[field_name]]
            for words, values in (("is no longer offered", gone), ("is offered now", added)):
                if values:
                    what = f"in record type {name}, {words}: {', '.join(values)}"
                    yield Drift(after.kind, field_name, what, breaks=False)


Difference = tuple[str, bool]
"""What changed, and whether it breaks."""


def _differences(old: FieldInfo, new: FieldInfo) -> Iterator[Difference]:
    if old.type != new.type:
        yield f"was {old.type} and is {new.type}", True
    for attribute, gained, lost in FLAGS:
        if getattr(old, attribute) != getattr(new, attribute):
            yield gained if getattr(new, attribute) else lost
    yield from _options(old, new)
    for attribute, breaks, words in AMOUNTS:
        was, now = getattr(old, attribute), getattr(new, attribute)
        if was != now:
            yield words.format(was=was, now=now), breaks(was, now)


FLAGS: Final[tuple[tuple[str, Difference, Difference], ...]] = (
    ("required", ("became required", True), ("is no longer required", False)),
    ("writable", ("can be written now", False), ("became read-only", True)),
    ("calculated", ("became calculated", True), ("is no longer calculated", False)),
    ("unique", ("became unique", True), ("is no longer unique", True)),
)
"""Attribute of a field, what it means to gain it, what it means to lose it."""

AMOUNTS: Final[tuple[tuple[str, Callable[..., bool], str], ...]] = (
    ("length", lambda was, now: now is not None and (was is None or now < was), "took {was} characters, now {now}"),
    ("scale", lambda was, now: now is not None and (was is None or now < was), "had {was} decimals, now {now}"),
    ("refers_to", lambda was, now: not set(was) <= set(now), "referred to {was}, now to {now}"),
)
"""Attribute of a field, whether a change of it breaks, the words for it."""


def _options(old: FieldInfo, new: FieldInfo) -> Iterator[Difference]:
    gone = [option for option in old.options if option not in new.options]
    added = [option for option in new.options if option not in old.options]
    if gone:
        yield f"lost the options {', '.join(gone)}", bool(new.options)
    if added:
        yield f"has the new options {', '.join(added)}", not old.options
