"""After a mapping changed: read again what the change needs, and only that."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Final

from sync.mapping.fieldmap import FieldMap
from sync.store import intake, runs
from sync.store.due import make_all_due
from sync.store.stale import Stale, go_on_with, stale
from sync.world import World

PAGE: Final = 500
"""Rows that are taken in together."""

Place = tuple[str, str]


def needs(world: World) -> dict[Place, Stale]:
    """Of every object with rows of an earlier version of its mapping: those rows, and which must be read again."""
    with world.store.read() as connection:
        found = {(m.connection, m.object): stale(connection, m) for m in world.mappings.all}
    return {place: left for place, left in found.items() if left.rows}


def backfill(world: World, now: datetime, only: str | None = None) -> dict[Place, Counter[str]]:
    """Take in every stale row under the present mapping: from the store where it has all fields, else from the CRM.

    ``only``: one object, by the CRM's name of it. What is judged by them is due with the next run. A row that the
    CRM no longer has stays as it is; `reconcile` says what became of it. Safe to repeat. Raises as a CRM does.
    """
    done: dict[Place, Counter[str]] = {}
    for place, left in needs(world).items():
        field_map = world.mappings.of(*place)
        if field_map is None or only not in (None, field_map.object):
            continue
        counted = _from_the_store(world, field_map, left, now) + _from_the_crm(world, field_map, left, now)
        with world.store.write() as connection:
            if field_map.connection in world.crms or not left.lacking:
                go_on_with(connection, field_map)
        done[place] = counted
    if done:
        with world.store.write() as connection:
            make_all_due(connection, now)
    return done


def _from_the_store(world: World, field_map: FieldMap, left: Stale, now: datetime) -> Counter[str]:
    known = [entry for entry in left.records(field_map) if entry.ref.id not in left.lacking]
    for start in range(0, len(known), PAGE):
        with world.store.write() as connection:
            intake.take_records(connection, field_map, known[start : start + PAGE], now)
    return Counter(known=len(known))


def _from_the_crm(world: World, field_map: FieldMap, left: Stale, now: datetime) -> Counter[str]:
    counted: Counter[str] = Counter()
    crm = world.crms.get(field_map.connection)
    if crm is None:
        return counted
    ids = sorted(left.lacking)
    for start in range(0, len(ids), PAGE):
        wanted = ids[start : start + PAGE]
        page = list(crm.read(field_map.object, wanted, field_map.fields))
        with world.store.write() as connection:
            intake.take_records(connection, field_map, page, now)
        counted += Counter(read=len(page), gone=len(wanted) - len(page))
        world.tell(f"backfill {field_map.connection} {field_map.object}", start + len(wanted), len(ids))
    return counted


def from_now_on(world: World, mapping: str, before: str) -> None:
    """What is known stays as it was judged: rows are read under the new mapping when something changes on them.

    ``before``: the hash of the mappings that were in force. Call `backfill` later to catch up.
    """
    with world.store.write() as connection:
        for field_map in world.mappings.all:
            if field_map.id == mapping:
                go_on_with(connection, field_map)
        if runs.recall(connection, "mappings") == before:
            runs.remember(connection, "mappings", world.mappings.hash)
