"""Ending at once but cleanly: between two durable steps, and in the middle of any waiting."""

from __future__ import annotations

import os
import threading
from functools import partial
from typing import Final

from sync.world import Progress

GRACE: Final = 5.0
"""Seconds in which a job that is running may still end by itself."""
PATIENCE: Final = 9.0
"""Seconds after which a step that does not end is left as a crash would leave it: the next run finishes it."""


class Stopping(Exception):
    """The process was told to end; what was kept so far stays."""


class Stop:
    """What a signal presses and every step asks."""

    def __init__(self) -> None:
        self._pressed = threading.Event()
        self._told = False

    def press(self) -> None:
        """End soon. The timers die with the process."""
        if self._told:
            return
        self._told = True
        for seconds, act in ((GRACE, self._pressed.set), (PATIENCE, partial(os._exit, 0))):
            timer = threading.Timer(seconds, act)
            timer.daemon = True
            timer.start()

    def sleep(self, seconds: float) -> None:
        """Wait; raises Stopping as soon as the process is to end."""
        if self._pressed.wait(seconds):
            raise Stopping

    def heeding(self, tell: Progress) -> Progress:
        """The same progress; raises Stopping from the step at which the process is to end."""

        def told(phase: str, done: int, total: int | None) -> None:
            if self._pressed.is_set():
                raise Stopping
            tell(phase, done, total)

        return told
