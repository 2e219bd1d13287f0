"""What publishing another mapping would change, by what is known: no CRM is asked, nothing is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from connector.record import Record
from sync.config import Config
from sync.mapping.fieldmap import FieldMap
from sync.model.plan import PlannedChange
from sync.page import judge_page
from sync.store.due import due_among, judged_among
from sync.store.stale import Stale, groups_of, open_deals, stale
from sync.store.unlanded import groups_waiting
from sync.world import World

BATCH: Final = 200
"""Rows a call, about, for an estimate."""

PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Impact:
    """What a draft would change: paths, rows whose words differ, open deals among them, writes and calls, about."""

    fields: tuple[str, ...]
    rows: int
    open_deals: int
    problems: int  # values that the draft does not understand and the published version does
    writes: int
    calls: int
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        deals, fields, calls = (
            f"{self.open_deals:,} open deals",
            f"{len(self.fields)} fields",
            f"{self.calls:,} calls",
        )
        return f"{deals}, {fields}, about {calls}"


def changed_paths(old: FieldMap | None, new: FieldMap | None) -> tuple[str, ...]:
    """The paths whose rule is another one, or that only one of two mappings has."""
    before, after = ({rule.path: rule.meaning for rule in found.rules} if found else {} for found in (old, new))
    return tuple(path for path in dict.fromkeys((*before, *after)) if before.get(path) != after.get(path))


def impact(world: World, mapping: str, new: Config, now: datetime) -> Impact:
    """What a draft changes. ``world`` has the mappings that run, ``new`` is the installation with the draft."""
    before = next((m for m in world.mappings.all if m.id == mapping), None)
    after = next((m for m in new.mappings.all if m.id == mapping), None)
    fields = changed_paths(before, after)
    if after is None or before is None:
        return Impact(fields, 0, 0, 0, 0, 0)
    world.tell("weigh", 0, None)
    with world.store.read() as connection:
        left = stale(connection, after)
        rows, problems = _differing(before, after, left)
        groups = groups_of(connection, after, rows)
        deals = open_deals(connection, groups, new.mappings)
        groups = judged_among(connection, groups)
        waiting = {*due_among(connection, groups, now), *groups_waiting(connection)}
    drafted = _planned(replace(world, mappings=new.mappings), groups, now, (0, len(groups)))
    again = sorted(waiting.intersection(drafted))  # only there something may be left that the draft has no part in
    running = _planned(world, again, now, (len(groups), len(groups) + len(again)))
    known = {change.id for changes in running.values() for change in changes}
    writes = [change for group in sorted(drafted) for change in drafted[group] if change.id not in known]
    calls = -(-len(left.lacking) // BATCH) + 2 * -(-len(writes) // BATCH)
    examples = tuple(f"{c.title}: {f.field} {f.before!r} -> {f.after!r}" for c in writes[:5] for f in c.fields[:3])
    return Impact(fields, len(rows), deals, problems, len(writes), calls, examples)


def _differing(before: FieldMap, after: FieldMap, left: Stale) -> tuple[list[str], int]:
    """The ids of rows that the two read differently or that must be read again, and problems that are new."""
    rows: list[str] = []
    problems = 0
    records = left.records(after)
    for new, was, is_now in zip(
        records, before.read_all(left.records(before)), after.read_all(records), strict=True
    ):
        problems += max(len(is_now[1]) - len(was[1]), 0)
        if was[0].values != is_now[0].values or _id(new) in left.lacking:
            rows.append(_id(new))
    return rows, problems


def _id(entry: Record) -> str:
    return entry.ref.id


def _planned(
    world: World, groups: Sequence[str], now: datetime, so_far: tuple[int, int]
) -> dict[str, Sequence[PlannedChange]]:
    """What is planned for some groups, by group, where it is anything; ``so_far``: judged before, and of all."""
    done, total = so_far
    planned: dict[str, Sequence[PlannedChange]] = {}
    for start in range(0, len(groups), PAGE):
        world.tell("weigh", done + start, total)
        for judged in judge_page(world, groups[start : start + PAGE], now):
            if judged.plan.changes:
                planned[judged.group_id] = judged.plan.changes
    return planned
