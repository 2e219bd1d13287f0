"""The slow, sure look: every id, or every row, held against what we know; what slipped by the deltas is found here.

Deltas miss what leaves no trace: a row deleted for good, one that became visible, one whose change was not stamped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from connector.crm import Crm
from connector.errors import PauseMapping
from connector.record import ABSENT, Record, Ref
from sync.brake import mark_loss
from sync.mapping.fieldmap import FieldMap
from sync.store import brakes, intake
from sync.world import World


@dataclass(slots=True)
class Drift:
    """What one object's look found: rows that are there, and those we did not know rightly."""

    rows: int = 0
    counts: Counter[str] = field(default_factory=Counter)  # vanished, unknown, changed
    examples: list[tuple[str, str]] = field(default_factory=list)  # what happened, the row's id
    left_out: str = ""  # why the object could not be looked at

    def note(self, what: str, ids: Sequence[str]) -> None:
        self.counts[what] += len(ids)
        self.examples += [(what, row_id) for row_id in ids[: EXAMPLES - len(self.examples)]]


EXAMPLES = 20


def sweep(
    world: World, now: datetime, *, whole: bool = False, only: str | None = None
) -> dict[tuple[str, str], Drift]:
    """Look at every mapped object of every CRM that is not paused; ``only``: at one object.

    By ids: finds rows that vanished or were never read. ``whole``: reads every row again, and finds changes too.
    What is found is taken into the store and judged by the next run; nothing is written to any CRM. Raises
    TryAgain, PauseUntil, StopCrm.
    """
    found: dict[tuple[str, str], Drift] = {}
    with world.store.read() as connection:
        resting = brakes.paused(connection)
    for name, crm in world.crms.items():
        if {name, brakes.EVERYTHING} & resting.keys():
            continue
        for field_map in world.mappings.of_connection(name):
            if only in (None, field_map.object):
                found[name, field_map.object] = _look(world, crm, field_map, now, whole=whole)
    return found


def _look(world: World, crm: Crm, field_map: FieldMap, now: datetime, *, whole: bool) -> Drift:
    drift = Drift()
    try:
        seen = _by_rows(world, crm, field_map, now, drift) if whole else _by_ids(world, crm, field_map, now, drift)
        _vanished(world, crm, field_map, now, (seen, drift))
    except PauseMapping as fault:
        drift.left_out = "" if field_map.optional else fault.message
    return drift


def _by_ids(world: World, crm: Crm, field_map: FieldMap, now: datetime, drift: Drift) -> set[int]:
    seen: set[int] = set()
    for page in crm.ids(field_map.object):
        seen.update(map(_mark, page))
        drift.rows += len(page)
        with world.store.read() as connection:
            unknown = intake.unknown_ids(connection, field_map, page)
        if unknown:
            records = crm.read(field_map.object, unknown, field_map.fields)
            with world.store.write() as connection:
                taken = intake.take_records(connection, field_map, records, now)
            drift.note("unknown", unknown[: taken.changed])
        world.tell(f"sweep {crm.name} {field_map.object}", drift.rows, None)
    return seen


def _by_rows(world: World, crm: Crm, field_map: FieldMap, now: datetime, drift: Drift) -> set[int]:
    seen: set[int] = set()
    for page in crm.changes(field_map.object, field_map.fields, None):
        live = [record for record in page.records if not record.deleted]
        seen.update(_mark(record.ref.id) for record in live)
        drift.rows += len(live)
        with world.store.write() as connection:
            unknown = intake.unknown_ids(connection, field_map, [record.ref.id for record in live])
            news = intake.news_among(connection, field_map, live)
            intake.take_records(connection, field_map, page.records, now)
        drift.note("unknown", unknown)
        drift.note("changed", [row_id for row_id in news if row_id not in set(unknown)])
        world.tell(f"reconcile {crm.name} {field_map.object}", drift.rows, None)
    return seen


def _vanished(world: World, crm: Crm, field_map: FieldMap, now: datetime, looked: tuple[set[int], Drift]) -> None:
    """Rows that we know and the CRM did not list: asked for once more by id, then taken as deleted or merged."""
    seen, drift = looked
    gone = 0
    for page in _known_pages(world, field_map):
        missing = [row_id for row_id in page if _mark(row_id) not in seen]
        if not missing:
            continue
        # asked one field only: a merged id answers with the survivor, whose id is another
        answers = crm.read(field_map.object, missing, field_map.fields[:1])
        still = {record.ref.id for record in answers}
        tombs = [_tomb(field_map, row_id, now) for row_id in missing if row_id not in still]
        with world.store.write() as connection:
            taken = intake.take_records(connection, field_map, tombs, now)
        gone += taken.lost
        drift.note("vanished", [tomb.ref.id for tomb in tombs])
    if gone > world.limits.lost:
        mark_loss(world, field_map.connection, field_map.object, gone, now)


def _known_pages(world: World, field_map: FieldMap) -> Iterator[Sequence[str]]:
    after = ""
    while True:
        with world.store.read() as connection:
            page = intake.live_ids_after(connection, field_map, after, 500)
        if not page:
            return
        yield page
        after = page[-1]


def _tomb(field_map: FieldMap, row_id: str, now: datetime) -> Record:
    ref = Ref(field_map.connection, field_map.object, row_id)
    return Record(ref, now, tuple(ABSENT for _ in field_map.fields), deleted=True)


def _mark(row_id: str) -> int:
    """Eight bytes that stand for an id: a million of them fit into memory."""
    return int.from_bytes(blake2b(row_id.encode(), digest_size=8).digest(), "big")
