"""A run taken back: what it wrote is written back as it was before, where nobody has changed it since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from connector.record import Op
from sync.apply import apply
from sync.model.ids import name
from sync.model.plan import FieldChange, PlannedChange
from sync.model.problem import BadInput, Problem
from sync.store import brakes, due, outbox, runs
from sync.store.outbox import DONE, Entry
from sync.world import World


@dataclass(slots=True)
class RolledBack:
    """What a run had written, what takes it back, and how each ended. ``kept``: it was done, not only shown."""

    run_id: str
    kept: bool
    changes: list[PlannedChange]
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[PlannedChange, str]] = field(default_factory=list)


def rollback(world: World, run_id: str, now: datetime, by: str, *, keep: bool) -> RolledBack:
    """Write back what ``run_id`` (``last``: the latest run that wrote) changed; without ``keep`` only show it.

    The decisions stay: the CRMs that are written to are paused, or the next run would write the same again. Raises
    BadInput for a run that wrote nothing.
    """
    run_id, entries = _written(world, run_id)
    back = [(entry.group_id, _reversed(entry.change, run_id)) for entry in entries]
    done = RolledBack(run_id, keep, [change for _, change in back])
    if not keep:
        return done
    own = name("run", "rollback", run_id, now.isoformat())
    paused = sorted({change.connection for change in done.changes})
    with world.store.write() as connection:
        runs.start_run(connection, own, "rollback", now)
        for group, change in back:
            outbox.put(connection, own, group, [change], now)
        entries = outbox.open_entries(connection, [outbox.TODO], own)
    for entry, state, why in apply(world.store, world.crms, entries, now, heed_pause=False):
        done.outcomes[state] += 1
        if state != DONE:
            done.faults.append((entry.change, why))
    pause = brakes.Pause(by, now, f"run {run_id} was taken back; change the policy or the mapping, then resume")
    with world.store.write() as connection:
        for crm in paused:
            brakes.press(connection, crm, pause)
        due.make_due(connection, {group for group, _ in back}, now)
        runs.finish_run(connection, own, {"outcomes": dict(done.outcomes), "rolled_back": run_id}, now)
    return done


def _written(world: World, run_id: str) -> tuple[str, Sequence[Entry]]:
    with world.store.read() as connection:
        if run_id == "last":
            run_id = outbox.last_writing_run(connection) or run_id
        entries = outbox.done_entries(connection, run_id)
    if not entries:
        fix = "`dealsync status` lists the latest runs; `last` is the latest that wrote"
        raise BadInput([Problem(f"run {run_id}", "it wrote nothing that is still known", fix)])
    return run_id, entries


def _reversed(change: PlannedChange, run_id: str) -> PlannedChange:
    """The change that undoes ``change``: it only lands where the CRM still says what was written."""
    back = replace(
        change,
        fields=tuple(FieldChange(entry.field, entry.after, entry.before) for entry in change.fields),
        reason=f"takes back run {run_id}",
        creates=False,
    )
    if change.op is Op.REMOVE:
        return replace(back, op=Op.UPSERT, creates=True)
    return replace(back, op=Op.REMOVE) if change.creates else back


def by_kind(changes: Sequence[PlannedChange]) -> Mapping[str, int]:
    """How many rows are restored, removed, and made again."""
    words = {Op.REMOVE: "remove", Op.UPDATE: "restore", Op.UPSERT: "restore"}
    return Counter("make again" if change.creates else words[change.op] for change in changes)
