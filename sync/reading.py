"""Every mapped object of every CRM read: what changed since the last time, and whether all of it is there."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from connector.errors import PauseUntil, TryAgain
from sync.brake import mark_loss, pauses
from sync.pull import pull
from sync.store import brakes, intake
from sync.world import Report, World


def pull_all(world: World, report: Report, now: datetime) -> None:
    """Read what changed in every mapped object. A CRM that cannot be reached leaves the others going."""
    resting = pauses(world)
    for connection, why in world.silent.items():
        report.complete = False
        report.notes.append(f"{connection} is left out: {why}")
    for connection, crm in world.crms.items():
        if pause := resting.get(brakes.EVERYTHING) or resting.get(connection):
            report.complete = False
            report.notes.append(f"{connection} is neither read nor written: {pause}")
            continue
        _announce(world, connection)
        for field_map in world.mappings.of_connection(connection):
            tell = partial(_tell_pull, world, f"pull {connection} {field_map.object}")
            try:
                counted, left_out = pull(world.store, crm, field_map, now, tell)
            except (TryAgain, PauseUntil) as fault:
                report.notes.append(f"{connection}: {fault.message}")
                report.complete = False
                break
            report.pulled[connection, field_map.object] = counted
            if left_out:
                report.notes.append(left_out)
            if counted["lost"] > world.limits.lost:
                mark_loss(world, connection, field_map.object, counted["lost"], now)


def _announce(world: World, name: str) -> None:
    """Say what will be read: a CRM that can answer for several objects in one call does so."""
    maps = world.mappings.of_connection(name)
    with world.store.read() as connection:
        asks = [(m.object, m.fields, intake.get_cursor(connection, m)) for m in maps]
    world.crms[name].ahead(asks)


def half_read(world: World, report: Report) -> bool:
    """Whether some object was never read to its end: who is credited is not decided on half of the facts."""
    with world.store.read() as connection:
        missing = [
            f"{field_map.connection} {field_map.object}"
            for field_map in world.mappings.all
            if not field_map.optional and not intake.read_through(connection, field_map)
        ]
    if missing:
        report.complete = False
        report.notes.append(f"nothing is decided before these were read to the end: {', '.join(missing)}")
    return bool(missing)


def _tell_pull(world: World, phase: str, done: int) -> None:
    world.tell(phase, done, None)
