"""One worker: leads the run of a slot when it is the first to come, helps with it otherwise, and ends when told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Final

from sync import commands
from sync.commands import Busy
from sync.config import Config
from sync.drift import pull_schema
from sync.mail.telling import tell_partners
from sync.runtime.helping import help_out
from sync.runtime.stopping import Stop
from sync.runtime.turn import Life
from sync.sign_in import Clock, open_world
from sync.store import runs, workers
from sync.store.hints import any_hint
from sync.sweep import sweep
from sync.world import Report, World

_SLOT: Final = "slot:"
_REST: Final = timedelta(seconds=10)
"""From the start of one cycle to the start of the next at the earliest, however much a CRM tells."""


class Worker:
    """The signed-in world kept open from one tick to the next: what the CRMs were asked about themselves is not
    asked again. Whatever goes wrong closes it, as does the daily reconcile; the next tick opens it anew.
    """

    def __init__(self, config: Config, life: Life, clock: Clock, stop: Stop) -> None:
        self._config = config
        self._life = life
        self._clock = replace(clock, sleep=stop.sleep, tell=stop.heeding(clock.tell))
        self._stop = stop
        self._stack = ExitStack()
        self._world: World | None = None
        self._began: datetime | None = None  # the latest cycle of this worker

    def sync(self) -> str:
        """One cycle, in one line. Raises Busy where another worker is at it or has done it."""
        self._began = self._clock.now()
        with self._turn("sync") as world:
            report = commands.run_once(world, self._clock.now())
            report.notes += filter(None, [tell_partners(self._config, world, self._clock.now(), token_urlsafe)])
            return _line(report)

    def reconcile(self) -> str:
        """The daily look at everything, in one line. Raises Busy where another worker is at it or has done it."""
        with self._turn("reconcile") as world:
            found = sweep(world, self._clock.now())
            pull_schema(world.crms, self._config.mappings, world.store, self._clock.now())
        self.close()  # what an admin changed in the CRM is seen at least once a day
        total = sum((drift.counts for drift in found.values()), Counter[str]())
        return "reconciled: " + (", ".join(f"{n} {what}" for what, n in sorted(total.items())) or "all as known")

    def between(self) -> str | None:
        """Work between two ticks: a share of another's run, or a cycle early because a CRM told of a change."""
        return self.help() or (self.sync() if self._is_called() else None)

    def help(self) -> str | None:
        """A share of the run that another worker leads, in one line; ``None`` when there is none.

        Only a worker that is signed in helps: it was, or will be, at its own tick.
        """
        if self._world is None:
            return None
        with self._closing_on_trouble():
            report = help_out(replace(self._world, worker=self._life.token))
        return None if report is None else f"helped with {report.groups} groups: {_line(report)}"

    def _is_called(self) -> bool:
        """Whether a CRM told of a change after the latest cycle began: what that could not read waits."""
        if self._world is None or self._began is None or self._clock.now() - self._began < _REST:
            return False
        with self._world.store.read() as connection:
            return any_hint(connection, self._began)

    def close(self) -> None:
        """Sign out."""
        self._world = None
        self._stack.close()

    @contextmanager
    def _turn(self, job: str) -> Iterator[World]:
        with self._closing_on_trouble():
            world = self._world or self._stack.enter_context(open_world(self._config, self._clock))
            self._world = replace(world, rest=self._stop.sleep)
            before = Counter(world.calls())
            own = replace(self._world, calls=lambda: Counter(world.calls()) - before)
            with self._life.turn(own) as at_work:
                _take_slot(at_work, job, self._clock.now())
                yield at_work
        if world.silent:
            self.close()

    @contextmanager
    def _closing_on_trouble(self) -> Iterator[None]:
        try:
            yield
        except Busy:
            raise
        except Exception:
            self.close()
            raise


def _take_slot(world: World, job: str, now: datetime) -> None:
    """A job is done once a minute by all workers together; whoever comes second is told who was first."""
    slot = f"{now:%Y-%m-%dT%H:%M}"
    with world.store.write() as connection:
        at, _, token = (runs.recall(connection, _SLOT + job) or "").partition(" ")
        first = workers.living(connection, but=world.worker).get(token)
        if at == slot and first:
            raise Busy(f"{first} has done it")
        runs.remember(connection, _SLOT + job, f"{slot} {world.worker}")


def _line(report: Report) -> str:
    counted = sorted((report.outcomes + Counter(held=report.totals.held)).items())
    counts = ", ".join(f"{number} {state}" for state, number in counted) or "nothing to write"
    return " ".join((counts, "; ".join((*report.unsafe, *report.notes)))).rstrip()
