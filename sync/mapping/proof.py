"""The tests inside a mapping file: a record as given, and what it must be in our words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from connector.record import Record, Ref, Text, datetime_text, number_text, value_text
from sync.mapping.fieldmap import FieldMap
from sync.mapping.form import MappingForm, TestForm
from sync.model.money import Bare, Money
from sync.model.problem import did_you_mean
from sync.model.registration import Evidence

AT = datetime(2000, 1, 1, tzinfo=UTC)
"""The time stamp of a record that only a test knows."""


def astray(form: MappingForm, test: TestForm) -> Iterator[tuple[str, str, str]]:
    """What one test speaks of and its mapping does not have: the sentence, what to do, and in which key it stands.

    Such a test says nothing about the mapping any more: it is to be corrected, and is no reason not to run.
    """
    known = {name for field in form.field for name in field.names} | form.types.keys()
    for name in sorted(test.given.keys() - known):
        fix = did_you_mean(name, known, "map the field, or take it out of the test")
        yield f"{name} is given, and no field reads it", fix, "given"
    mapped = {field.canonical for field in form.field}
    for path in sorted({*test.expect, *test.refused} - mapped):
        fix = did_you_mean(path, mapped, "map the path, or take it out of the test")
        yield f"{path} is expected, and is not mapped", fix, "expect" if path in test.expect else "refused"


def failures(field_map: FieldMap, test: TestForm) -> Iterator[str]:
    """What is not as one test expects: a sentence a path, none when it passes."""
    texts = {name: _given(value) for name, value in test.given.items()}
    values = tuple(texts.get(name) for name in field_map.fields)
    row, problems = field_map.read(Record(Ref(field_map.connection, field_map.object, "test"), AT, values))
    for path, wanted in test.expect.items():
        if path not in row.values:
            why = next((problem.what for problem in problems if _about(field_map, path, problem.where)), "")
            yield f"{path} could not be read{f': {why}' if why else ''}"
        elif not _equal(found := row.values[path], wanted):
            yield f"{path} is {plain(found)!r}, and {plain(wanted)!r} is expected"
    for path in test.refused:
        if path in row.values:
            yield f"{path} is {plain(row.values[path])!r}, and a problem is expected"


def _about(field_map: FieldMap, path: str, where: str) -> bool:
    remotes = next((rule.remotes for rule in field_map.rules if rule.path == path), ())
    return where.endswith(f" {'/'.join(remotes)}")


def _given(value: Any) -> Text:
    return value_text(value)


def _equal(found: Any, wanted: Any) -> bool:
    if isinstance(found, Money):
        amount, _, currency = str(wanted).partition(" ")
        return found == Money.parse(amount, currency or found.currency)
    return bool(plain(found) == plain(wanted))


def plain(value: Any) -> Any:
    """A value in our words as a person would write it in a test: text, bool, or several texts."""
    match value:
        case bool() | None:
            return value
        case Money():
            return f"{number_text(value.major)} {value.currency}"
        case Bare():
            return f"{value.text} {value.usual or ''}".strip()
        case Ref():
            return value.id
        case Decimal() | int():
            return number_text(Decimal(value))
        case datetime():
            return datetime_text(value)
        case date():
            return value.isoformat()
        case Evidence():
            return str(value)
        case str():
            return str(value) or None
        case tuple() | list():
            return tuple(plain(entry) for entry in value)
    return str(value)
