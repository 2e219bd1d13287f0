"""Runs a cycle at every tick of the schedule, one at a time, until it is told to stop."""

from __future__ import annotations

import logging
import re
import signal
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from types import FrameType
from typing import Final

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobSubmissionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from sync.model.problem import BadInput, Problem

_ALL_BEGAN: Final = datetime(2020, 1, 1, tzinfo=UTC)
_BETWEEN: Final = "between"
_EVERY: Final = re.compile(r"every (\d+) (minute|hour)s?")


def trigger(schedule: str) -> IntervalTrigger | CronTrigger:
    """The ticks of ``every N minutes``, ``every N hours`` or ``cron M H D M W``. Raises BadInput otherwise."""
    if (match := _EVERY.fullmatch(schedule)) and int(match[1]) > 0:
        # counted from one moment for all, so that the workers of one store tick together, and all but one help
        return IntervalTrigger(timezone=UTC, start_date=_ALL_BEGAN, **{f"{match[2]}s": int(match[1])})
    if schedule.startswith("cron "):
        try:
            return CronTrigger.from_crontab(schedule.removeprefix("cron "), timezone=UTC)
        except ValueError as error:
            raise _unknown(f"{schedule!r} is no cron line: {error}") from error
    raise _unknown(f"{schedule!r} is no schedule")


def _unknown(what: str) -> BadInput:
    fix = 'write "every 5 minutes", "every 2 hours" or "cron 0 3 * * *"'
    return BadInput([Problem("config.toml: schedule", what, fix)])


def run_forever(
    tick: Callable[[], None],
    schedule: str,
    others: Mapping[str, Callable[[], None]] | None = None,
    *,
    between: Callable[[], None] | None = None,
    on_stop: Callable[[], None] = lambda: None,
    on_skip: Callable[[], None] = lambda: None,
) -> None:
    """Tick now and then on schedule, until SIGTERM or SIGINT; a tick that is running ends first.

    ``others`` run on their schedules only, ``between`` once a second, one after the other with the ticks: never two
    together. What is late is not made up for: ``on_skip`` hears of each tick that came while the one before was
    running. Every job handles its own failures. ``on_stop`` hears of the end.
    """
    scheduler = BlockingScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(1)}, logger=_log())
    first = datetime.now(UTC) + timedelta(milliseconds=50)
    rules = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    scheduler.add_job(tick, trigger(schedule), next_run_time=first, **rules)
    for own, job in (others or {}).items():
        scheduler.add_job(job, trigger(own), **rules)

    if between:
        scheduler.add_job(between, IntervalTrigger(seconds=1, timezone=UTC), id=_BETWEEN, **rules)
    scheduler.add_listener(partial(_skipped, on_skip), EVENT_JOB_MAX_INSTANCES)

    stopping: list[threading.Thread] = []

    def stop(_signal: int, _frame: FrameType | None) -> None:
        on_stop()
        if not stopping:
            stopping.append(threading.Thread(target=scheduler.shutdown))
            stopping[0].start()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        scheduler.start()
        for thread in stopping:
            thread.join()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _log() -> logging.Logger:
    log = logging.getLogger(__name__)
    log.setLevel(logging.ERROR)  # that ``between`` has no turn while a tick runs is no news
    return log


def _skipped(tell: Callable[[], None], event: JobSubmissionEvent) -> None:
    if event.job_id != _BETWEEN:
        tell()


def next_tick(schedule: str, last: str | None, now: datetime) -> datetime | None:
    """When the schedule ticks next, as far as it can be told from the start of the latest run. Pure."""
    before = datetime.fromisoformat(last) if last else None
    found: datetime | None = trigger(schedule).get_next_fire_time(before, now)
    return found
