"""Everything of ours in the CRMs: the rows we made and the fields we filled, and how they would be taken out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from connector.record import ABSENT, Absent, Op, Ref, Text
from sync.apply import apply
from sync.mapping.fieldmap import FieldMap
from sync.model.ids import name as named
from sync.model.plan import FieldChange, PlannedChange
from sync.store import brakes, intake, outbox, runs
from sync.store.groups import load_baselines, load_written
from sync.world import World


@dataclass(slots=True)
class Ours:
    """What is ours in one object: rows that we made, and fields that we filled in rows of others."""

    rows: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    left: int = 0  # fields that somebody changed since: they are theirs now
    outcomes: Counter[str] = field(default_factory=Counter)  # how taking it out ended

    def add(self, other: Ours) -> None:
        """Another page of the same object."""
        self.rows += other.rows
        self.fields += other.fields
        self.left += other.left


def uninstall(world: World, now: datetime, by: str, *, keep: bool) -> dict[tuple[str, str], Ours]:
    """What is ours, by connection and object; with ``keep`` it is taken out, and everything is paused.

    A field that somebody changed since we wrote it is theirs and stays. Raises what the CRMs raise.
    """
    found: dict[tuple[str, str], Ours] = {}
    run_id = named("run", "uninstall", now.isoformat())
    if keep:
        with world.store.write() as connection:
            brakes.press(connection, brakes.EVERYTHING, brakes.Pause(by, now, "dealsync was taken out"))
            runs.start_run(connection, run_id, "uninstall", now)
    for field_map in sorted(world.mappings.all, key=lambda m: (m.canonical != "attribution", m.id)):
        total = found.setdefault((field_map.connection, field_map.object), Ours())
        for ours, changes in list(ours_in(world, field_map)):
            total.add(ours)
            if keep:
                _take_out(world, run_id, changes, now, total)
    for field_map in world.mappings.lists:
        changes = _listed(world, field_map)
        total = found.setdefault((field_map.connection, field_map.object), Ours(len(changes)))
        if keep:
            _take_out(world, run_id, changes, now, total)
    if keep:
        with world.store.write() as connection:
            runs.finish_run(
                connection, run_id, {"outcomes": dict(sum((o.outcomes for o in found.values()), Counter()))}, now
            )
    return {place: ours for place, ours in found.items() if ours.rows or ours.fields or ours.left}


def _listed(world: World, field_map: FieldMap) -> list[PlannedChange]:
    """Our rows in a list of the CRM's own, which is never read."""
    with world.store.read() as connection:
        written = load_written(connection, field_map.connection, field_map.object)
    return [
        _change(field_map, key, [FieldChange(name, text, None) for name, text in texts.items()], Op.REMOVE)
        for key, texts in sorted(written.items())
    ]


def _take_out(world: World, run_id: str, changes: Sequence[PlannedChange], now: datetime, total: Ours) -> None:
    with world.store.write() as connection:
        outbox.put(connection, run_id, "uninstall", changes, now)
        entries = outbox.open_entries(connection, [outbox.TODO], run_id)
    for _, state, _ in apply(world.store, world.crms, entries, now, heed_pause=False):
        total.outcomes[state] += 1


def ours_in(world: World, field_map: FieldMap) -> Iterator[tuple[Ours, list[PlannedChange]]]:
    """Page by page: what is ours in one object, and the changes that take it out."""
    after = ""
    while True:
        with world.store.read() as connection:
            page = intake.live_ids_after(connection, field_map, after, 500)
            raw = intake.raw_of(connection, field_map, page)
            places = [(field_map.connection, field_map.object, _name(field_map, i, raw[i])) for i in page]
            written = load_baselines(connection, places)
        if not page:
            return
        yield _page(field_map, page, raw, written)
        after = page[-1]


def _name(field_map: FieldMap, row_id: str, raw: Mapping[str, Text]) -> str:
    """The name under which a row's baseline is kept: our key on a row that we made, else its id."""
    key = raw.get(field_map.key or "")
    return key if field_map.canonical == "attribution" and key and key.startswith("att_") else row_id


def _page(
    field_map: FieldMap,
    page: Sequence[str],
    raw: Mapping[str, Mapping[str, Text]],
    written: Mapping[tuple[str, str, str], Mapping[str, Text]],
) -> tuple[Ours, list[PlannedChange]]:
    found, changes = Ours(), []
    for row_id in page:
        name = _name(field_map, row_id, raw[row_id])
        ours = written.get((field_map.connection, field_map.object, name), {})
        if name != row_id:
            found.rows += 1
            changes.append(_change(field_map, name, (), Op.REMOVE))
            continue
        fields = list(_cleared(ours, raw[row_id]))
        found.fields.update(entry.field for entry in fields)
        found.left += sum(text not in _BLANK for text in ours.values()) - len(fields)
        if fields:
            changes.append(_change(field_map, row_id, fields, Op.UPDATE))
    return found, changes


def _cleared(ours: Mapping[str, Text], raw: Mapping[str, Text]) -> Iterator[FieldChange]:
    """Fields that still say what we wrote."""
    for name, text in ours.items():
        there = raw.get(name, ABSENT)
        if text not in _BLANK and not isinstance(there, Absent) and there == text:
            yield FieldChange(name, text, "false" if text == "true" else None)


_BLANK: Final = (None, "false")
"""An unticked box and an empty one say the same."""


def _change(field_map: FieldMap, key: str, fields: Iterable[FieldChange], op: Op) -> PlannedChange:
    ref = Ref(field_map.connection, field_map.object, key)
    by = "id" if op is Op.UPDATE else field_map.key or ""
    return PlannedChange(ref.connection, ref.kind, op, by, key, tuple(fields), f"{ref.kind} {key}", "uninstall")
