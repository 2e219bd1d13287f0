"""The brakes of a run: the stop button, the canary, and a CRM that lost many rows at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sync.flips import flipping, since
from sync.page import Judged
from sync.plan import without
from sync.store import brakes, outbox
from sync.store.groups import count_rows
from sync.world import Report, World


def stopped(world: World, report: Report) -> bool:
    """Whether somebody pressed the stop button for everything."""
    with world.store.read() as connection:
        pause = brakes.paused(connection).get(brakes.EVERYTHING)
    if pause:
        report.complete = False
        report.notes.append(f"{pause}; `dealsync resume` lets it go on")
    return pause is not None


def canary_sang(report: Report, canary: int | None) -> bool:
    """Whether as many changes as were asked for have been tried."""
    if canary is None or sum(report.outcomes.values()) < canary:
        return False
    report.complete = False
    report.notes.append(f"stopped after {sum(report.outcomes.values())} changes, as asked; run again for the rest")
    return True


def pauses(world: World) -> Mapping[str, brakes.Pause]:
    """Which connections are to be left alone."""
    with world.store.read() as connection:
        return brakes.paused(connection)


def mark_loss(world: World, crm: str, obj: str, lost: int, now: datetime) -> None:
    """Many rows vanished at once: nothing is concluded from that before a person has seen it."""
    with world.store.write() as connection:
        after = count_rows(connection).get((crm, obj), 0)
        if lost > world.limits.at_most("lost", after + lost):
            brakes.mark_loss(connection, f"{crm} {obj}", brakes.Loss(after + lost, after, now))


def lost(world: World, rows: Mapping[tuple[str, str], int], losses: Mapping[str, brakes.Loss]) -> Iterator[str]:
    """What is still missing of what vanished at once; a loss whose rows came back is forgotten."""
    for place, loss in losses.items():
        crm, _, obj = place.partition(" ")
        left = rows.get((crm, obj), 0)
        if loss.before - left <= world.limits.at_most("lost", loss.before):
            with world.store.write() as connection:
                brakes.lift_loss(connection, place)
            continue
        yield f"{place} lost {loss.before - left} of {loss.before} rows since {loss.at:%Y-%m-%d %H:%M} UTC"


def first_few(judged: Iterable[Judged], changes: int) -> Iterator[Judged]:
    """Whole groups, until they hold ``changes`` changes."""
    for group in judged:
        if changes <= 0:
            return
        yield group
        changes -= len(group.plan.changes)


def stop_fights(connection: Any, judged: Sequence[Judged], now: datetime) -> list[Judged]:
    """The groups without the writes that would go to and fro; their rows are parked until a person looks (P9)."""
    planned = [change for group in judged for change in group.plan.changes]
    written = outbox.written_since(connection, planned, since(now)) if planned else {}
    fights = flipping(planned, written) if written else {}
    for place, why in fights.items():
        brakes.park(connection, place, brakes.Park("dealsync", now, why))
    if not fights:
        return list(judged)
    reasons = {place: f"parked: {why}" for place, why in fights.items()}
    return [replace(group, plan=without(group.plan, reasons)) for group in judged]
