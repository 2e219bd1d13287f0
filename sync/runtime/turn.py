"""The right to work on a store: every process says that it lives, and one at a time leads a run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Final

from sync.commands import LEASE, Busy
from sync.model.problem import BadInput, Problem
from sync.runtime.process import is_dead, new_token
from sync.store import claims, runs, workers
from sync.store.dialect import moment
from sync.store.opening import Store
from sync.store.progress import end_progress, note_progress
from sync.world import World, at_once

_BEAT: Final = workers.LIVES.total_seconds() / 6
"""Seconds between two signs of life."""

_SHOWN_EVERY: Final = 1.0
"""Seconds between two words to the store on how far the work is: the console shows them."""


class Life:
    """One worker for as long as its process lasts: it says so by itself, in a thread of its own.

    A context manager. Raises BadInput while another worker of this name lives.
    """

    def __init__(self, store: Store, name: str) -> None:
        self.name = name
        self.token = new_token()
        self._store = store
        self._leads = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)

    def __enter__(self) -> Life:
        with self._store.write() as connection:
            _bury(connection)
            if not workers.arrive(connection, self.token, self.name):
                what = "a worker of this name is at work on this store now"
                raise BadInput([Problem(f"worker {self.name}", what, "stop it, or give this one another name")])
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        with suppress(BadInput), self._store.write() as connection:  # a store that is away forgets us by itself
            workers.leave(connection, self.token)

    def _live(self) -> None:
        while not self._over.wait(_BEAT):
            with suppress(BadInput), self._store.write() as connection:  # it is said again soon
                workers.say_alive(connection, self.token)
                _bury(connection)
                if self._leads:
                    self._leads = _lead(connection, self.name)

    @contextmanager
    def turn(self, world: World) -> Iterator[World]:
        """Lead a run; nobody else does meanwhile. Raises Busy while somebody else has the turn, or work in hand."""
        with world.store.write() as connection:
            _bury(connection)
            others = claims.busy(connection, but=self.token)
            if others or not _lead(connection, self.name):
                now = moment(connection)
                raise Busy(_said(runs.lease_holder(connection, LEASE, now) or ", ".join(others)))
        self._leads = True

        rest = self._over.wait if world.rest is at_once else world.rest
        shown = time.monotonic()

        def tell(phase: str, done: int, total: int | None) -> None:
            nonlocal shown
            if not self._leads:
                raise Busy(_said("another one"))
            if time.monotonic() - shown > _SHOWN_EVERY:
                shown = time.monotonic()
                with world.store.write() as connection:
                    note_progress(connection, self.name, phase, (done, total), moment(connection))
            world.tell(phase, done, total)

        try:
            yield replace(world, tell=tell, worker=self.token, rest=rest)
        finally:
            self._leads = False
            with suppress(BadInput), world.store.write() as connection:
                end_progress(connection)
                runs.give_back_lease(connection, LEASE, self.name)


def _lead(connection: Any, name: str) -> bool:
    seconds = int(workers.LIVES.total_seconds())
    return runs.take_lease(connection, LEASE, name, moment(connection), seconds) is not None


def _bury(connection: Any) -> None:
    workers.bury(connection, [token for token in workers.living(connection) if is_dead(token)])


def _said(holder: str) -> str:
    seconds = int(workers.LIVES.total_seconds())
    return (
        f"{holder} is working on this store now; wait for it, or stop it. "
        f"Should it have died, its turn ends by itself within {seconds} seconds."
    )
