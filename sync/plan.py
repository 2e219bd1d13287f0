"""From what we want, what the CRMs say and what we wrote last: the changes to make, and those that need a person.

Three-way comparison, for each field:

================  ===================================================================
want == theirs    nothing to do
theirs == ours    nobody touched it since we wrote it: write
never written     write into an empty field; a filled one belongs to somebody: hold
both moved        somebody edited what dealsync owns: hold
not readable      hold and say so (absent is not null)
================  ===================================================================
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from connector.record import ABSENT, Absent, Op, Ref, Text, Value
from sync.mapping.fieldmap import FieldMap, Mappings
from sync.model.plan import Agreed, FieldChange, Held, Intent, Limits, Plan, PlannedChange, Totals
from sync.model.row import Row

Baseline = Mapping[str, Text]
"""What we last wrote to one row, by field."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the CRMs' side: rows as last read, and what we last wrote, by row or key."""

    rows: Sequence[Row]
    ours: Mapping[tuple[str, str, str], Baseline]  # (connection, object, row id or our key)
    left_alone: frozenset[Ref] = frozenset()  # deals whose split is not known or cannot be written


def plan(intents: Sequence[Intent], known: Known, mappings: Mappings) -> Plan:
    """The changes that make every row say what is intended, in the order in which they are to be applied."""
    by_ref = {row.ref: row for row in known.rows}
    by_key = {_key_of(row): row for row in _living_last(known.rows) if row.kind == "attribution"}
    intents = list(_bound(intents, known))
    changes: list[PlannedChange] = []
    held: list[Held] = []
    agreed: list[Agreed] = []
    unchanged = 0
    for intent in intents:
        field_map = mappings.for_kind(intent.connection, intent.kind)
        if field_map is None:
            held.append(_unmapped(intent))
            continue
        row = by_ref.get(intent.ref) if intent.ref else by_key.get((intent.connection, intent.key))
        ours = known.ours.get((intent.connection, field_map.object, _name(intent)), {})
        change, faults, same = _compare(intent, row, ours, field_map)
        held += faults
        agreed += same
        if change:
            changes.append(change)
        elif not faults:
            unchanged += 1
    changes += _removals(intents, known, mappings)
    return Plan(_ordered(_whole_sets(changes, held, intents)), tuple(held), tuple(agreed), unchanged)


def _bound(intents: Iterable[Intent], known: Known) -> Iterator[Intent]:
    """An attribution row that people made and that was adopted gets our key, instead of a second row beside it."""
    adopted = {
        (row.ref.connection, row.values.get("opportunity"), row.values.get("partner")): row.ref
        for row in known.rows
        if row.kind == "attribution" and not row.deleted and not row.values.get("key") and _adopted(row, known)
    }
    for intent in intents:
        pair = (intent.connection, intent.values.get("opportunity"), intent.values.get("partner"))
        theirs = adopted.get(pair) if intent.kind == "attribution" else None
        yield replace(intent, ref=theirs) if theirs else intent


def _adopted(row: Row, known: Known) -> bool:
    return bool(known.ours.get((row.ref.connection, row.ref.kind, row.ref.id)))


def _key_of(row: Row) -> tuple[str, str]:
    return row.ref.connection, row.values.get("key") or ""


def _living_last(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: not row.deleted)


def _compare(
    intent: Intent, row: Row | None, ours: Baseline, field_map: FieldMap
) -> tuple[PlannedChange | None, list[Held], list[Agreed]]:
    fields: list[FieldChange] = []
    held: list[Held] = []
    agreed: list[Agreed] = []
    place = (intent.connection, field_map.object, _name(intent))
    keyed = intent.ref is None
    creates = keyed and (row.deleted if row else not ours)
    for field, want in field_map.write(intent.values, row.raw if row and not row.deleted else None).items():
        theirs = _theirs(row, ours, field)
        if keyed and field == field_map.key:
            continue
        if theirs is ABSENT and field_map.may_miss(field, want):
            continue
        if _same(theirs, want):
            if row and not row.deleted and ours.get(field) != want:
                agreed.append(Agreed(*place, field, want))
            continue
        if isinstance(theirs, Absent):
            held.append(Held(*place, field, _unreadable(field_map, field), intent.title))
        elif reason := _objection(theirs, ours, field, keyed):
            held.append(Held(*place, field, reason, intent.title))
        else:
            fields.append(FieldChange(field, theirs, want))
    if not fields and not creates:
        return None, held, agreed
    change = PlannedChange(
        connection=intent.connection,
        object=field_map.object,
        op=Op.UPSERT if keyed else Op.UPDATE,
        by=(field_map.key or "") if keyed else "id",
        key=_name(intent),
        fields=tuple(fields),
        title=intent.title,
        reason=intent.reason,
        group=intent.group,
        creates=creates,
    )
    return change, held, agreed


def _theirs(row: Row | None, ours: Baseline, field: str) -> Value:
    """What the CRM says. A row that we wrote and have not read back yet says what we wrote."""
    if row is None:
        return ours.get(field)
    return None if row.deleted else row.raw.get(field, ABSENT)


def _name(intent: Intent) -> str:
    return intent.ref.id if intent.ref else intent.key


def _same(theirs: Value, want: Text) -> bool:
    """An unticked box and an empty one say the same."""
    return theirs == want or (want == "false" and theirs is None)


def _blank(theirs: Text) -> bool:
    return theirs is None or theirs == "false"


def _unreadable(field_map: FieldMap, field: str) -> str:
    if switch := field_map.projection(field):
        return f"this org has no {field}: make it there, or take {switch} out of `projections` in config.toml"
    return "it cannot be read by this user: grant access to the field, or take it out of the mapping"


def _objection(theirs: Text, ours: Baseline, field: str, keyed: bool) -> str:
    """Why a field may not be written; empty when it may. A row that carries our key is ours altogether."""
    if field not in ours:
        if keyed or _blank(theirs):
            return ""
        return f"somebody filled it with {theirs!r} before dealsync ever wrote it: clear it, or adopt it"
    if theirs == ours[field] or (_blank(theirs) and ours[field] in (None, "false")):
        return ""
    return (
        f"somebody changed it to {theirs!r}; dealsync had written {ours[field]!r}: restore it, or record a decision"
    )


def _unmapped(intent: Intent) -> Held:
    reason = f"no mapping of {intent.connection} covers {intent.kind}: add one, or the decision stays here"
    return Held(intent.connection, intent.kind, _name(intent), "", reason, intent.title)


def _removals(intents: Sequence[Intent], known: Known, mappings: Mappings) -> list[PlannedChange]:
    """Our own rows that no split asks for any more. A row without our key is never touched."""
    sets = [intent for intent in intents if intent.kind == "attribution"]
    wanted = {(intent.connection, intent.key) for intent in sets}
    groups = {intent.values["opportunity"]: intent.group for intent in sets}
    deals = {row.ref for row in known.rows if row.kind == "opportunity" and not row.deleted} - known.left_alone
    found = []
    for row in known.rows:
        field_map = mappings.for_kind(row.ref.connection, "attribution")
        key = row.values.get("key") or ""
        if row.kind != "attribution" or row.deleted or not key.startswith("att_") or field_map is None:
            continue
        if (row.ref.connection, key) in wanted or row.values.get("opportunity") not in deals:
            continue
        found.append(
            PlannedChange(
                connection=row.ref.connection,
                object=field_map.object,
                op=Op.REMOVE,
                by=field_map.key or "",
                key=key,
                fields=tuple(_written_there(row, field_map)),
                title=f"attribution row {row.ref.id}",
                reason="no split asks for it any more",
                group=groups.get(row.values["opportunity"]) or str(row.values["opportunity"]),
            )
        )
    return found


def _written_there(row: Row, field_map: FieldMap) -> Iterator[FieldChange]:
    """What goes with a row that is removed: it must still say so when it is removed, and can be written back."""
    for remote in dict.fromkeys(remote for rule in field_map.rules if rule.writes for remote in rule.remotes):
        text = row.raw.get(remote, ABSENT)
        if remote != field_map.key and not isinstance(text, Absent) and text is not None:
            yield FieldChange(remote, text, None)


def _whole_sets(
    changes: Sequence[PlannedChange], held: list[Held], intents: Iterable[Intent]
) -> list[PlannedChange]:
    """A set of attribution rows is written whole or not at all (P6): one held field holds its set."""
    waiting = {(fault.connection, fault.key) for fault in held}
    groups = {intent.group for intent in intents if intent.group and (intent.connection, _name(intent)) in waiting}
    for change in changes:
        if change.group in groups and (change.connection, change.key) not in waiting:
            reason = "another row of this split is held, and a split is written whole or not at all"
            held.append(Held(change.connection, change.object, change.key, "", reason, change.title))
    return [change for change in changes if change.group not in groups]


def _ordered(changes: Iterable[PlannedChange]) -> tuple[PlannedChange, ...]:
    """Within a CRM: rows that go, shares that fall, shares that rise, then the summaries that mention them."""
    return tuple(sorted(changes, key=lambda change: (change.connection, _turn(change), change.object, change.key)))


def _turn(change: PlannedChange) -> int:
    if change.op is Op.REMOVE:
        return 0
    if change.op is Op.UPDATE and not change.group:
        return 3
    return 1 if _falls(change) else 2


def _falls(change: PlannedChange) -> bool:
    for field in change.fields:
        if isinstance(field.before, str) and field.after is not None:
            try:
                if Decimal(field.after) < Decimal(field.before):
                    return True
            except ArithmeticError:
                continue
    return False


def unsafe(totals: Totals, rows: int, limits: Limits) -> tuple[str, ...]:
    """Why a plan this large needs a person; empty when it does not. ``rows``: how many rows we know (P9)."""
    asked = {"changes": totals.changes, "creates": totals.create, "deletes": totals.delete}
    return tuple(
        f"{number} {what}; a run may make {limits.at_most(what, rows)} by itself"
        for what, number in asked.items()
        if number > limits.at_most(what, rows)
    )


def restricted(plan_: Plan, ids: Collection[str]) -> Plan:
    """Only the changes that somebody approved; a set with one that nobody approved is left out whole (P6)."""
    torn = {change.group for change in plan_.changes if change.group and change.id not in ids}
    kept = (change for change in plan_.changes if change.id in ids and change.group not in torn)
    return replace(plan_, changes=tuple(kept))


def without(plan_: Plan, reasons: Mapping[tuple[str, str, str], str]) -> Plan:
    """The plan without the rows that may not be written, each held with its reason; a set is held whole (P6)."""
    stopped = {c.id: reasons[place] for c in plan_.changes if (place := (c.connection, c.object, c.key)) in reasons}
    if not stopped:
        return plan_
    torn = {change.group for change in plan_.changes if change.group and change.id in stopped}
    kept, held = [], list(plan_.held)
    for change in plan_.changes:
        if change.id not in stopped and change.group not in torn:
            kept.append(change)
            continue
        reason = stopped.get(
            change.id, "another row of this split is parked, and a split is written whole or not at all"
        )
        held.append(Held(change.connection, change.object, change.key, "", reason, change.title))
    return replace(plan_, changes=tuple(kept), held=tuple(held))
