"""From the outbox to the CRMs, batch by batch: look once more, mark it as being sent, send, write down the answer.

A crash leaves ``todo`` (never sent) or ``sending`` (in doubt). What is in doubt is read back and compared; it is
never sent again blindly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from connector.crm import Crm
from connector.errors import CrmError, Gone, InDoubt, Locked, PauseMapping, PauseUntil, Stale, StopCrm, TryAgain
from connector.record import Change, Op, Outcome, Record, Text, Value
from sync.model.plan import PlannedChange
from sync.store import brakes, outbox
from sync.store.due import make_due
from sync.store.opening import Store
from sync.store.outbox import AGAIN, DONE, FAILED, SENDING, STALE, Entry

LATER: Final = (TryAgain, PauseUntil, StopCrm, PauseMapping, Locked)
"""Faults that say nothing about the change itself: a later run tries it again."""

Sent = tuple[Entry, str, str]
"""An entry, the state it ended in, and why."""


def apply(
    store: Store,
    crms: Mapping[str, Crm],
    entries: Sequence[Entry],
    now: datetime,
    *,
    heed_pause: bool = True,
    fence: Callable[[Any], None] = lambda _connection: None,
) -> Iterator[Sent]:
    """Send some intended writes and settle each. Every entry comes back once.

    ``heed_pause``: the stop button counts; only a person's own act goes past it. ``fence`` is asked in the commit
    before each batch, and raises when these writes are not this worker's any more.
    """
    absent = [entry for entry in entries if entry.change.connection not in crms]
    if absent:
        left = [(entry, AGAIN, f"{entry.change.connection} could not be signed in to") for entry in absent]
        _settle(store, left, {}, now)
        yield from left
    for batch in _batches([entry for entry in entries if entry.change.connection in crms], crms):
        crm = crms[batch[0].change.connection]
        ids: dict[int, str] = {}
        if heed_pause and (pause := _paused(store, crm.name)):
            waiting = [(entry, AGAIN, str(pause)) for entry in batch]
            _settle(store, waiting, ids, now)
            yield from waiting
            continue
        try:
            ready, settled = _look_once_more(crm, batch, ids)
        except CrmError as fault:
            ready, settled = [], [(entry, AGAIN, fault.message) for entry in batch]
        _settle(store, settled, ids, now)
        yield from settled
        if ready:
            with store.write() as connection:
                fence(connection)
                outbox.mark(connection, ready, SENDING, now)
            sent = _send(crm, ready, ids)
            _settle(store, sent, ids, now)
            yield from sent


def _paused(store: Store, crm: str) -> brakes.Pause | None:
    """The stop button works between two batches, in every process."""
    with store.read() as connection:
        return brakes.paused_by(connection, crm)


def _batches(entries: Sequence[Entry], crms: Mapping[str, Crm]) -> Iterator[list[Entry]]:
    """Entries of one object, as many as are best sent at once, or one bulk job where they are worth one."""
    for (crm, *_), some in groupby(sorted(entries, key=_turn), key=_place):
        can = crms[crm].can
        left = list(some)
        alone = sum(not entry.change.group for entry in left)  # they come first
        while can.bulk_from and alone >= can.bulk_from:
            size = min(alone, can.bulk_batch)
            yield left[:size]
            left, alone = left[size:], alone - size
        yield from _calls(left, can.together or can.write_batch)


def _calls(entries: Sequence[Entry], room: int) -> Iterator[list[Entry]]:
    """As many as one call takes; a set that belongs together is never torn apart."""
    batch: list[Entry] = []
    for entry in entries:
        torn = batch and entry.change.group and entry.change.group == batch[-1].change.group
        if len(batch) >= room and not torn:
            yield batch
            batch = []
        batch.append(entry)
    if batch:
        yield batch


def _place(entry: Entry) -> tuple[str, str, str]:
    change = entry.change
    return change.connection, change.object, change.by


def _turn(entry: Entry) -> tuple[str, bool, str, str, int]:
    """The rows of splits, set by set, then the summaries that mention them; within a set as planned."""
    change = entry.change
    return change.connection, change.by == "id", change.object, change.group, entry.seq


def _look_once_more(crm: Crm, batch: Sequence[Entry], ids: dict[int, str]) -> tuple[list[Entry], list[Sent]]:
    """Which entries may still be written: the CRM must say what it said when the change was planned (P7)."""
    current = _read_back(crm, batch, ids)
    ready: list[Entry] = []
    settled: list[Sent] = []
    torn: set[str] = set()
    for entry in batch:
        state, why = _compare(entry.change, current.get(entry.change.key))
        if state:
            settled.append((entry, state, why))
            torn |= {entry.change.group} if state == STALE and entry.change.group else set()
        else:
            ready.append(entry)
    whole = [entry for entry in ready if entry.change.group not in torn]
    why = "another row of this split changed since it was planned"
    settled += [(entry, STALE, why) for entry in ready if entry.change.group in torn]
    return whole, settled


def _compare(change: PlannedChange, now: Mapping[str, Value] | None) -> tuple[str, str]:
    """``done`` when the CRM already says it, ``stale`` when it says something else than planned, else nothing."""
    if now is None:
        if change.op is Op.REMOVE:
            return DONE, ""
        if change.op is Op.UPDATE or not change.creates:
            return STALE, "the record is gone"
        return "", ""
    if change.op is not Op.REMOVE and all(now.get(field.field) == field.after for field in change.fields):
        return DONE, ""
    for field in change.fields:
        before = None if change.creates else field.before
        if now.get(field.field) not in (before, field.after) and not (change.creates and _unset(now, field.field)):
            return STALE, f"{field.field} is now {now.get(field.field)!r}; it was {before!r} when this was planned"
    return "", ""


def _unset(now: Mapping[str, Value], field: str) -> bool:
    return now.get(field) in (None, "false")


def _read_back(crm: Crm, batch: Sequence[Entry], ids: dict[int, str]) -> dict[str, Mapping[str, Value]]:
    """What the CRM says now, by the key of each change; ``ids`` gets the record id of each entry that is there."""
    first = batch[0].change
    fields = tuple(dict.fromkeys(field.field for entry in batch for field in entry.change.fields))
    asked = fields if first.by == "id" else (first.by, *fields)
    keys = [entry.change.key for entry in batch]
    seqs = {entry.change.key: entry.seq for entry in batch}
    found: dict[str, Mapping[str, Value]] = {}
    for record in crm.read(first.object, keys, asked, by=first.by):
        values = dict(zip(asked, record.values, strict=True))
        key = _key(record, first.by, values)
        found[key] = values
        if key in seqs:
            ids[seqs[key]] = record.ref.id
    return found


def _key(record: Record, by: str, values: Mapping[str, Value]) -> str:
    return record.ref.id if by == "id" else str(values[by])


def _send(crm: Crm, ready: Sequence[Entry], ids: dict[int, str]) -> list[Sent]:
    by_id = {entry.change.id: entry for entry in ready}
    sent: list[Sent] = []
    doubtful: list[Entry] = []
    for outcome in crm.write([_change(entry.change) for entry in ready]):
        entry = by_id[outcome.change.id]
        if outcome.record_id:
            ids[entry.seq] = outcome.record_id
        if isinstance(outcome.fault, InDoubt):
            doubtful.append(entry)
        else:
            sent.append((entry, *_state(outcome)))
    return sent + resolve_doubt(crm, doubtful, ids)


def _change(planned: PlannedChange) -> Change:
    fields = () if planned.op is Op.REMOVE else planned.fields
    values: tuple[tuple[str, Text], ...] = tuple((field.field, field.after) for field in fields)
    return Change(planned.id, planned.op, planned.object, planned.key, values, planned.by, planned.group)


def _state(outcome: Outcome) -> tuple[str, str]:
    fault = outcome.fault
    if fault is None:
        return DONE, ""
    if isinstance(fault, LATER):
        return AGAIN, fault.message
    if isinstance(fault, Stale | Gone):
        return STALE, fault.message
    return FAILED, fault.message


def resolve_doubt(crm: Crm, entries: Sequence[Entry], ids: dict[int, str]) -> list[Sent]:
    """What became of writes whose answer was lost: read back, compare, and only then believe (P2)."""
    settled: list[Sent] = []
    for batch in _batches(entries, {crm.name: crm}):
        try:
            current = _read_back(crm, batch, ids)
        except CrmError as fault:
            settled += [
                (entry, SENDING, f"in doubt, and it cannot be read back: {fault.message}") for entry in batch
            ]
            continue
        for entry in batch:
            landed = _compare(entry.change, current.get(entry.change.key))[0] == DONE
            settled.append(
                (entry, DONE, "") if landed else (entry, AGAIN, "its answer was lost and it did not land")
            )
    return settled


def _settle(store: Store, settled: Iterable[Sent], ids: Mapping[int, str], now: datetime) -> None:
    """Every outcome in one commit. What did not land makes its group due again."""
    entries = list(settled)
    if not entries:
        return
    with store.write() as connection:
        outbox.settle_done(connection, [entry for entry, state, _ in entries if state == DONE], ids, now)
        rest: dict[tuple[str, str], list[Entry]] = {}
        for entry, state, why in entries:
            if state != DONE:
                rest.setdefault((state, why), []).append(entry)
        for (state, why), some in rest.items():
            outbox.mark(connection, some, state, now, why)
        again = {entry.group_id for entry, state, _ in entries if state in (AGAIN, STALE)}
        make_due(connection, again, now)


def recover(store: Store, crms: Mapping[str, Crm], now: datetime, only: Sequence[str] | None = None) -> list[Sent]:
    """After a crash: what was being sent is read back; what was never sent is decided afresh. ``only``: groups."""
    with store.read() as connection:
        doubtful = outbox.open_entries(connection, [SENDING], groups=only)
        waiting = outbox.open_entries(connection, [outbox.TODO, AGAIN], groups=only)
    settled: list[Sent] = []
    ids: dict[int, str] = {}
    for name, crm in crms.items():
        settled += resolve_doubt(crm, [entry for entry in doubtful if entry.change.connection == name], ids)
    _settle(store, settled, ids, now)
    with store.write() as connection:
        groups = sorted({entry.group_id for entry in waiting})
        make_due(connection, groups, now)
        outbox.drop_todo(connection, groups)
    return settled
