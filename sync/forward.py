"""What partners filed goes to the CRM first: from there it is read and judged like every other record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from connector.record import Ref, Value
from sync.apply import apply
from sync.filing import planned
from sync.model.filing import Filing, FilingState
from sync.model.plan import PlannedChange
from sync.store import filings, outbox
from sync.store.outbox import DONE, FAILED, STALE
from sync.world import Report, World

AT_ONCE: Final = 200
"""Filings handled together."""

ENDS: Final[Mapping[str, FilingState]] = {
    DONE: FilingState.WRITTEN,
    STALE: FilingState.REFUSED,
    FAILED: FilingState.REFUSED,
}
"""What an outcome means for the filing; every other one is tried again by the next run."""


def forward(world: World, report: Report, now: datetime) -> None:
    """Write what waits, oldest first. Whoever filed reads what became of it; a crash repeats nothing."""
    tried: set[str] = set()
    while page := [filing for filing in _waiting(world) if filing.id not in tried]:
        tried |= {filing.id for filing in page}
        _forward(world, report, page, now)


def _waiting(world: World) -> Sequence[Filing]:
    with world.store.read() as connection:
        return filings.waiting(connection, AT_ONCE)


def _forward(world: World, report: Report, page: Sequence[Filing], now: datetime) -> None:
    with world.store.write() as connection:
        known = filings.raw_of(connection, [filing.record for filing in page if filing.record])
        for filing in page:
            change, why = _change(world, filing, known)
            if change:
                outbox.put(connection, report.run_id, filing.id, [change], now)
            elif not why:
                filings.settle(connection, [filing.id], FilingState.WRITTEN)
            else:
                filings.settle(connection, [filing.id], FilingState.REFUSED, why)
        asked = {filing.id for filing in page}
        entries = [e for e in outbox.open_entries(connection, [outbox.TODO], report.run_id) if e.group_id in asked]
    for entry, state, why in apply(world.store, world.crms, entries, now):
        report.filed[state] += 1
        with world.store.write() as connection:
            filings.settle(connection, [entry.group_id], ENDS.get(state, FilingState.WAITING), why)


def _change(
    world: World, filing: Filing, known: Mapping[Ref, Mapping[str, Value]]
) -> tuple[PlannedChange | None, str]:
    """The change, or why there is none; no reason means that the record says it already."""
    field_map = world.mappings.for_kind(filing.connection, "registration")
    if field_map is None:
        return None, f"no mapping of {filing.connection} covers registrations"
    if filing.record is not None and filing.record not in known:
        return None, "the registration is gone from the CRM"
    try:
        return planned(filing, field_map, known.get(filing.record) if filing.record else None), ""
    except ValueError as error:
        return None, str(error)
