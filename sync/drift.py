"""What changed in a CRM's schema under a mapping: which fields rest until somebody acts, and the edit to make."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from connector.crm import Crm
from connector.errors import PauseMapping
from connector.record import FieldInfo, FieldType
from connector.snapshot import Drift, Snapshot, drift, snapshot
from sync.mapping.fieldmap import FieldMap, Mappings, Rule
from sync.mapping.form import MappingForm
from sync.mapping.live import misfits
from sync.mapping.offered import unknown
from sync.model.problem import Problem
from sync.store import runs
from sync.store.opening import Store
from sync.store.published import ACCEPTED, LATEST, keep_schema, schemas

Schemas = Mapping[tuple[str, str], Snapshot]


@dataclass(frozen=True, slots=True)
class Rest:
    """One field that rests: not read (``reads``), not written (``writes``), why, and the edit that ends it."""

    mapping: str
    connection: str
    object: str
    field: str
    reads: bool
    writes: bool
    what: str
    fix: str
    renamed: str = ""  # the field that it seems to have become

    @property
    def problem(self) -> Problem:
        """The alert."""
        parts = " and ".join(word for word, is_so in (("read", self.reads), ("written", self.writes)) if is_so)
        what = f"{self.what}; it is not {parts} until then" if parts else self.what
        return Problem(f"{self.connection}: {self.object}.{self.field} ({self.mapping})", what, self.fix)


def pull_schema(crms: Mapping[str, Crm], mappings: Mappings, store: Store, now: datetime) -> list[str]:
    """Describe every mapped object anew and keep it; what is seen for the first time is accepted.

    Returns what could not be described, a sentence each.
    """
    missing: list[str] = []
    for field_map in mappings.all:
        crm = crms.get(field_map.connection)
        if crm is None:
            continue
        try:
            narrowed = crm.record_types(field_map.object) if _has_lists(field_map) else {}
            taken = snapshot(field_map.connection, field_map.object, crm.describe(field_map.object), narrowed)
        except PauseMapping as fault:
            missing += [] if field_map.optional else [f"{field_map.id}: {fault.message}"]
            continue
        with store.write() as connection:
            keep_schema(connection, LATEST, taken, now)
            if (taken.connection, taken.kind) not in schemas(connection, ACCEPTED):
                keep_schema(connection, ACCEPTED, taken, now)
    return missing


def _has_lists(field_map: FieldMap) -> bool:
    """Whether values of picklists are mapped: what offers them is asked for then, a call for each record type."""
    return any(rule.setting.choices.map for rule in field_map.rules)


def accept(connection: Any, now: datetime, only: tuple[str, str] | None = None) -> int:
    """The schemas are as they should be: nothing rests for what changed before. Returns how many were accepted."""
    latest = schemas(connection, LATEST)
    chosen = [taken for place, taken in latest.items() if only in (None, place)]
    for taken in chosen:
        keep_schema(connection, ACCEPTED, taken, now)
    return len(chosen)


def differences(connection: Any) -> list[Drift]:
    """Everything that differs from what was accepted, mapped or not."""
    before, after = schemas(connection, ACCEPTED), schemas(connection, LATEST)
    return [change for place in sorted(after) if place in before for change in drift(before[place], after[place])]


def resting(connection: Any, mappings: Mappings) -> list[Rest]:
    """Every mapped field that rests now."""
    before, after = schemas(connection, ACCEPTED), schemas(connection, LATEST)
    return [rest for field_map in mappings.all for rest in _rests(field_map, before, after)]


def misfitting(
    connection: Any, forms: Iterable[tuple[str, MappingForm]], connections: Collection[str]
) -> Iterator[Problem]:
    """Where active mappings do not fit the latest schemas: values that people may choose and no map knows,
    fields that an expression reads and that are not there or hold something else. ``forms``: file and mapping.
    """
    known = schemas(connection, LATEST)
    for source, form in forms:
        taken = known.get((form.connection, form.object))
        if taken and form.status == "active" and form.connection in connections:
            yield from (entry.problem(source) for entry in unknown(form, taken.fields, taken.record_types))
            yield from misfits(source, form, taken.fields)


def rested(connection: Any, mappings: Mappings) -> tuple[Mappings, list[Rest]]:
    """The mappings without the fields that rest. While one of them is not read, nothing is cleared in any CRM."""
    found = resting(connection, mappings)
    careful = any(rest.reads for rest in found)
    fitted = []
    for field_map in mappings.all:
        own = [rest for rest in found if rest.mapping == field_map.id]
        if own:
            reads = {rest.field for rest in own if rest.reads}
            field_map = field_map.resting(reads, {rest.field for rest in own if rest.writes})  # noqa: PLW2901
        fitted.append(replace(field_map, careful=careful) if careful else field_map)
    return replace(mappings, all=tuple(fitted)), found


def news(connection: Any, found: list[Rest]) -> list[Problem]:
    """Those alerts that were not given before; each is given once, and again when it has gone and come back."""
    given = set(filter(None, (runs.recall(connection, "resting") or "").split("\n")))
    names = {f"{rest.connection} {rest.object}.{rest.field} {rest.what}": rest for rest in found}
    runs.remember(connection, "resting", "\n".join(sorted(names)))
    return [rest.problem for name, rest in names.items() if name not in given]


def _rests(field_map: FieldMap, before: Schemas, after: Schemas) -> Iterator[Rest]:
    place = (field_map.connection, field_map.object)
    if place not in before or place not in after:
        return
    changes = {change.field: change for change in drift(before[place], after[place]) if change.breaks}
    for name in field_map.fields:
        if name in changes and not field_map.may_miss(name):
            rest = _rest(field_map, name, changes[name], (before[place], after[place]))
            if rest.reads or rest.writes:
                yield rest


def _rest(field_map: FieldMap, name: str, change: Drift, schema: tuple[Snapshot, Snapshot]) -> Rest:
    old, new = ({field.name: field for field in taken.fields} for taken in schema)
    rules = [rule for rule in field_map.rules if name in rule.remotes]
    writes = any(rule.writes for rule in rules)
    place = (field_map.id, field_map.connection, field_map.object, name)
    if name not in new:
        fix, renamed = _renamed(field_map, old[name], old, new)
        return Rest(*place, True, writes, change.what, fix, renamed)
    field = new[name]
    if field.type != old[name].type and not _alike(field.type, old[name].type):
        fix = f"map another field in mappings/{field_map.id}.toml, or make it {old[name].type} again"
        return Rest(*place, True, writes, f"was {old[name].type} and is {field.type}", fix)
    if writes and (not field.writable or field.calculated):
        fix = f"grant the right to edit it, or map another field in mappings/{field_map.id}.toml"
        return Rest(*place, False, True, "became read-only", fix)
    lost = [value for rule in rules if writes for value in _written(rule) if _gone(value, field)]
    what = f"no longer offers {', '.join(lost)}"
    return Rest(
        *place, False, bool(lost), what, f"offer it again, or edit its picklist in mappings/{field_map.id}.toml"
    )


def _written(rule: Rule) -> list[str]:
    return list(rule.setting.choices.map)


def _gone(value: str, field: FieldInfo) -> bool:
    return bool(field.options) and value not in field.options


_TEXTS = frozenset({FieldType.TEXT, FieldType.CHOICE, FieldType.ID, FieldType.REFERENCE})


def _alike(one: FieldType, other: FieldType) -> bool:
    """Whether a value of either is read as the same text."""
    return {one, other} <= _TEXTS


def _renamed(
    field_map: FieldMap, gone: FieldInfo, old: Mapping[str, FieldInfo], new: Mapping[str, FieldInfo]
) -> tuple[str, str]:
    """The edit, and the new field of the same type whose label or name is nearest; empty where there is none."""
    fresh = [field for name, field in new.items() if name not in old and field.type == gone.type]
    same = [field.name for field in fresh if field.label == gone.label]
    near = same or get_close_matches(gone.name, [field.name for field in fresh], n=1)
    file = f"mappings/{field_map.id}.toml"
    if near:
        return f'was it renamed? write remote = "{near[0]}" in {file}', near[0]
    return f"grant access to it, or correct its name in {file}", ""
