"""One run and several workers: each takes pages of what is due, and the run is over when all of them have ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

import msgspec

from sync.apply import Sent, recover
from sync.store import claims, outbox, runs
from sync.store.claims import LostTurn
from sync.store.workers import living
from sync.world import World

PAGE: Final = 100
"""Connected groups that a worker takes at a time: what others have to wait for at the end of a run."""

HELD: Final = 10_000
"""So many groups wait to be done until what they write has been handed over."""

_GOING: Final = "going"
_LOOK: Final = 0.2
"""Seconds between two looks at whether the other workers have ended."""


class Going(msgspec.Struct, frozen=True):
    """The run that is carried out now. ``rules``: only whoever has the same may help; empty when nobody may."""

    run_id: str
    as_of: datetime
    leader: str
    rules: str


def begin(world: World, run_id: str, now: datetime, *, shared: bool) -> None:
    """A run begins to be carried out by the worker that leads it. Nobody else may be at work."""
    going = Going(run_id, now, world.worker, world.rules if shared else "")
    with world.store.write() as connection:
        claims.clear(connection)
        runs.remember(connection, _GOING, msgspec.json.encode(going).decode())


def end(world: World, run_id: str) -> list[Sent]:
    """Nothing is carried out any more. Returns what the other workers have written in this run."""
    with world.store.write() as connection:
        theirs = outbox.entries_of_others(connection, run_id, world.worker)
        claims.clear(connection)
        runs.forget(connection, _GOING)
    return theirs


def going(world: World) -> Going | None:
    """The run that this worker may help with, while whoever leads it lives."""
    with world.store.read() as connection:
        text = runs.recall(connection, _GOING)
        found = msgspec.json.decode(text, type=Going) if text else None
        if found and found.rules == world.rules and found.leader in living(connection, but=world.worker):
            return found
    return None


def pages(
    world: World, run_id: str, now: datetime, settle: Callable[[], None], *, leads: bool = True
) -> Iterator[Sequence[str]]:
    """The groups that fall to this worker, until the run has none left; whoever leads it waits for the others.

    ``settle`` sends what waits for a bulk job: only then are these pages done, and nobody takes them over. What a
    dead worker had is read back first: what it was sending has landed, or is decided again. Raises LostTurn when
    this worker was taken for dead.
    """
    held: list[str] = []
    while True:
        taken = _next(world, run_id, now)
        if taken is None and leads:
            raise LostTurn("another worker has begun a run of its own meanwhile")
        if taken is None:
            return
        page = taken.page or _resumed(world, run_id, now, taken.left)
        if page:
            yield page
            held += page
        if held and (len(held) >= HELD or not (page or taken.left)):
            settle()
            done(world, held)
            held = []
        elif not (page or taken.left):
            if not (leads and _busy(world)):
                return
            world.rest(_LOOK)


def _next(world: World, run_id: str, now: datetime) -> claims.Taken | None:
    with world.store.write() as connection:
        text = runs.recall(connection, _GOING)
        if text is None or msgspec.json.decode(text, type=Going).run_id != run_id:
            return None
        return claims.take(connection, run_id, world.worker, now, PAGE)


def _resumed(world: World, run_id: str, now: datetime, left: Sequence[str]) -> list[str]:
    if not left:
        return []
    recover(world.store, world.crms, now, left)
    with world.store.write() as connection:
        return claims.resume(connection, run_id, world.worker, left, now)


def done(world: World, page: Sequence[str]) -> None:
    """These groups are decided and written."""
    with world.store.write() as connection:
        claims.finish(connection, world.worker, page)


def _busy(world: World) -> bool:
    with world.store.read() as connection:
        return bool(claims.busy(connection, but=world.worker))
