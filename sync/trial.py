"""One record through the mapping and the rules, step by step: text, value, what is wanted, what is held."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from connector.record import ABSENT, Absent, Record, Value
from sync.mapping.fieldmap import FieldMap, Rule
from sync.mapping.proof import plain
from sync.model.problem import BadInput, Problem, did_you_mean
from sync.page import Judged, judge_page
from sync.store.asked import asked
from sync.store.stale import row_of
from sync.views import change_view, held_view
from sync.world import World


def trial(world: World, ident: str, now: datetime, *, field: str = "", fresh: bool = False) -> dict[str, Any]:
    """What becomes of one CRM record: every field with its steps, and what the rules would write to it.

    ``field``: one path, or one field of the CRM. ``fresh``: read it from the CRM now, and keep nothing of that.
    Raises BadInput for a record or a field that is not known.
    """
    with world.store.read() as connection:
        found = row_of(connection, ident, world.mappings)
        groups = asked(connection, ident).groups if found else ()
    if found is None:
        fix = (
            "give the id of a record that was read, and that no [scope] leaves out; `dealsync plan` reads the CRMs"
        )
        raise BadInput([Problem(ident, "no such record is known", fix)])
    field_map, record = found
    if fresh:
        record = _now(world, field_map, record)
    rules = list(_chosen(field_map, field))
    judged = judge_page(world, groups, now)
    return {
        "record": str(record.ref),
        "mapping": field_map.id,
        "version": field_map.hash,
        "read": "now" if fresh else "as last read",
        "deleted": record.deleted,
        "fields": [_steps(field_map, rule, record) for rule in rules if rule.remotes],
        "writes": list(_writes(judged, record, rules)),
        "held": list(_held(judged, record, rules)),
    }


def _now(world: World, field_map: FieldMap, known: Record) -> Record:
    crm = world.crms[field_map.connection]
    answer = list(crm.read(field_map.object, [known.ref.id], field_map.fields))
    if not answer:
        raise BadInput([Problem(str(known.ref), "the CRM does not have it any more", "look for it in its bin")])
    return answer[0]


def _chosen(field_map: FieldMap, field: str) -> Iterator[Rule]:
    chosen = [rule for rule in field_map.rules if field in ("", rule.path, *rule.remotes)]
    if not chosen:
        known = [name for rule in field_map.rules for name in (rule.path, *rule.remotes)]
        fix = did_you_mean(field, known, f"one of {', '.join(known)}")
        raise BadInput([Problem(field, f"{field_map.id} does not map it", fix)])
    yield from chosen


def _steps(field_map: FieldMap, rule: Rule, record: Record) -> dict[str, Any]:
    """One field: the CRM's text, how it is read, what it is in our words."""
    texts = dict(zip(field_map.fields, record.values, strict=False))
    row, problems = field_map.read(record)
    source = "/".join(rule.remotes)
    problem = next((problem for problem in problems if problem.where.endswith(f" {source}")), None)
    known = rule.path in row.values
    return {
        "path": rule.path,
        "fields": {name: _shown(texts.get(name, ABSENT)) for name in rule.remotes},
        "owner": "dealsync" if rule.ours else "people",
        "steps": list(_said(rule, texts, row.values.get(rule.path))) if known else [],
        "value": plain(row.values[rule.path]) if known else None,
        "problem": f"{problem.what}: {problem.fix}" if problem else None if known else "it could not be read",
    }


def _shown(value: Value) -> str | None:
    return "(cannot be read)" if isinstance(value, Absent) else value


def _said(rule: Rule, texts: dict[str, Value], value: Any) -> Iterator[str]:
    text = texts.get(rule.remotes[0], ABSENT)
    for name in rule.remotes:
        yield f"{name} is {_shown(texts.get(name, ABSENT))!r}"
    if rule.setting.choices.map and isinstance(text, str):
        mapped = (
            "its picklist map" if text in rule.setting.choices.map else f"unmapped: {rule.setting.choices.unmapped}"
        )
        yield f"translated by {mapped}"
    yield f"{rule.path} is {plain(value)!r}"


def _about(judged: list[Judged], record: Record) -> set[str]:
    """The names under which a row is written: its id, and our key."""
    rows = (row for group in judged for row in group.plan.changes if row.key == record.ref.id)
    return {record.ref.id, *(row.key for row in rows)}


def _writes(judged: list[Judged], record: Record, rules: list[Rule]) -> Iterator[dict[str, Any]]:
    remotes = {name for rule in rules for name in rule.remotes}
    keys = _about(judged, record)
    for group in judged:
        for change in group.plan.changes:
            if (change.connection, change.object) == (
                record.ref.connection,
                record.ref.kind,
            ) and change.key in keys:
                view = change_view(change)
                yield view | {"fields": {name: pair for name, pair in view["fields"].items() if name in remotes}}


def _held(judged: list[Judged], record: Record, rules: list[Rule]) -> Iterator[dict[str, Any]]:
    remotes = {"", *(name for rule in rules for name in rule.remotes)}
    for group in judged:
        for held in group.plan.held:
            if (held.connection, held.key) == (record.ref.connection, record.ref.id) and held.field in remotes:
                yield held_view(held)
