"""What a draft would change, worked out beside the requests: a page shows how far it is and never waits for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Final

from sync.impact import Impact
from sync.model.problem import BadInput, Problem
from sync.world import Progress

PATIENCE: Final = 0.5
"""Seconds that a page waits for an answer that is nearly there."""

KEPT: Final = 300.0
"""Seconds for which an answer is good: the CRMs' rows change meanwhile."""

Work = Callable[[Progress], Impact]


class _NotWanted(Exception):
    """Somebody edits on: the answer would be about an earlier text."""


@dataclass(slots=True)
class Weighing:
    """One draft being weighed: how far it is, and its answer when it is ``over``."""

    key: tuple[str, ...]
    since: float
    over: Event = field(default_factory=Event)
    wanted: bool = True
    phase: str = ""
    done: int = 0
    total: int = 0
    impact: Impact | None = None
    problems: tuple[Problem, ...] = ()
    failure: str = ""

    def tell(self, phase: str, done: int, total: int | None) -> None:
        """A `sync.world.Progress`; ends the work that nobody wants any more."""
        if not self.wanted:
            raise _NotWanted
        self.phase, self.done, self.total = phase, done, total or 0

    def work(self, work: Work) -> None:
        """Weigh, and keep what came out of it; a failure is shown where the answer would stand."""
        self.failure = "it was stopped by a fault of ours; the log of the console has it"
        try:
            self.impact = work(self.tell)
            self.failure = ""
        except BadInput as faults:
            self.problems, self.failure = tuple(faults.problems), ""
        except _NotWanted:
            self.failure = "the draft was changed meanwhile"
        finally:
            self.over.set()


@dataclass(slots=True)
class Scales:
    """Weighs one draft of each mapping at a time, each in a thread of its own."""

    _weighings: dict[str, Weighing] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def weigh(self, mapping: str, key: tuple[str, ...], now: float, work: Work) -> Weighing:
        """The weighing of what ``key`` names: begun now, under way, or over. Waits a moment, never longer."""
        with self._lock:
            known = self._weighings.get(mapping)
            if known is None or known.key != key or (known.over.is_set() and now - known.since > KEPT):
                if known is not None:
                    known.wanted = False
                known = self._weighings[mapping] = Weighing(key, now)
                Thread(target=known.work, args=(work,), name=f"weigh {mapping}", daemon=True).start()
        known.over.wait(PATIENCE)
        return known
