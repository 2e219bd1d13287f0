"""The values that a CRM offers in its picklists, by record type, held against what a mapping knows of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.record import FieldInfo, RecordTypes
from sync.mapping.form import MappingForm
from sync.model.problem import Problem

EVERY = "every record type"
NONE = "no record type"


@dataclass(frozen=True, slots=True)
class Unknown:
    """Values of a field that people may choose and that the mapping's picklist does not know."""

    path: str
    field: str
    picklist: str
    values: tuple[str, ...]
    by: str  # which record types offer them; empty where there are none

    def problem(self, source: str) -> Problem:
        """As a fault of the mapping's file."""
        by = f" ({self.by})" if self.by else ""
        values = ", ".join(map(repr, self.values))
        what = f"{self.field} offers {values}{by}, and the map does not know: such a record is reported, not judged"
        key = f"picklist.{self.picklist}"
        fix = 'map each to a word of ours, or say what it is: unmapped = "skip"'
        return Problem(f"{source}: {key} ({self.path})", what, fix, key)


def unknown(form: MappingForm, fields: Sequence[FieldInfo], record_types: RecordTypes) -> Iterator[Unknown]:
    """Every value that is offered and not mapped, where such a value makes a record be reported."""
    known = {field.name: field for field in fields}
    for field in form.field:
        picklist = form.picklist.get(field.picklist or "")
        if picklist is None or picklist.unmapped != "error" or field.direction != "in":
            continue
        for name in [name for name in field.names if name in known]:
            found: dict[str, list[str]] = {}
            for value, by in offers(known[name], record_types).items():
                if value not in picklist.map and by != NONE:
                    found.setdefault(by, []).append(value)
            for by, values in found.items():
                yield Unknown(field.canonical, name, str(field.picklist), tuple(values), by)


def offers(field: FieldInfo, record_types: RecordTypes) -> dict[str, str]:
    """Every value of a picklist with the record types that offer it, in words; empty where none narrows the field.

    A value that only a record type names is offered, too: HubSpot tells stages by their pipelines.
    """
    lists = {name: offered[field.name] for name, offered in record_types.items() if field.name in offered}
    values = dict.fromkeys((*field.options, *(value for offered in lists.values() for value in offered)))
    return {value: _by(value, lists) for value in values}


def _by(value: str, lists: Mapping[str, Sequence[str]]) -> str:
    if not lists:
        return ""
    names = [name for name, values in lists.items() if value in values]
    return EVERY if len(names) == len(lists) else ", ".join(names) or NONE
