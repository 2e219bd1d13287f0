"""When cycles run, and that they end when somebody says so."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.interval import IntervalTrigger

from sync.model.problem import BadInput
from sync.runtime import schedule
from sync.runtime.schedule import run_forever, trigger

START = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def ticks(schedule: str, number: int) -> list[datetime]:
    """The first ticks of a schedule after ``START``, each asked for when the one before has passed."""
    clock = trigger(schedule)
    found: list[datetime] = []
    before, now = None, START
    for _ in range(number):
        before = clock.get_next_fire_time(before, now)
        assert before is not None
        found.append(before)
        now = before
    return found


@pytest.mark.parametrize(
    ("schedule", "apart"),
    [
        ("every 5 minutes", timedelta(minutes=5)),
        ("every 1 minute", timedelta(minutes=1)),
        ("every 1 minutes", timedelta(minutes=1)),
        ("every 2 hours", timedelta(hours=2)),
        ("every 90 minutes", timedelta(minutes=90)),
    ],
)
def test_an_interval_ticks_that_far_apart(schedule: str, apart: timedelta) -> None:
    first, second, third = ticks(schedule, 3)
    assert second - first == third - second == apart


def test_a_cron_line_is_read_in_utc() -> None:
    assert ticks("cron 15 3 * * *", 2) == [
        datetime(2026, 11, 25, 3, 15, tzinfo=UTC),
        datetime(2026, 11, 26, 3, 15, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    "schedule",
    [
        *("", "every 0 minutes", "every -5 minutes", "every 5 fortnights", "every five minutes", "5 minutes"),
        *("cron", "cron 61 * * * *", "cron * * *", "Every 5 minutes", "every 5 minutes please"),
    ],
)
def test_what_is_no_schedule_is_refused_with_an_example(schedule: str) -> None:
    with pytest.raises(BadInput) as refused:
        trigger(schedule)
    [problem] = refused.value.problems
    assert problem.where == "config.toml: schedule"
    assert repr(schedule) in problem.what
    assert "every 5 minutes" in problem.fix


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ticks_at_once_and_however_often_it_is_told_ends_after_the_tick(number: signal.Signals) -> None:
    said: list[str] = []

    def tick() -> None:
        said.append("begun")
        for _ in range(2):
            os.kill(os.getpid(), number)
            time.sleep(0.1)
        said.append("ended")

    before = signal.getsignal(number)
    began = time.monotonic()
    run_forever(tick, "every 2 hours")
    assert said == ["begun", "ended"]
    assert time.monotonic() - began < 5
    assert signal.getsignal(number) is before


def test_a_tick_that_comes_while_the_one_before_runs_is_skipped_and_said(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(schedule, "trigger", lambda _schedule: IntervalTrigger(seconds=1))
    said: list[str] = []

    def tick() -> None:
        said.append("begun")
        time.sleep(2.5)
        os.kill(os.getpid(), signal.SIGTERM)

    run_forever(
        tick, "every second", between=lambda: said.append("between"), on_skip=lambda: said.append("skipped")
    )
    assert said[:3] == ["begun", "skipped", "skipped"]
    assert capfd.readouterr().err == ""


def test_a_schedule_that_is_none_never_ticks() -> None:
    said: list[str] = []
    with pytest.raises(BadInput):
        run_forever(lambda: said.append("tick"), "now and then")
    assert said == []


def test_another_job_s_schedule_that_is_none_is_refused_before_anything_ticks() -> None:
    said: list[str] = []
    with pytest.raises(BadInput):
        run_forever(lambda: said.append("tick"), "every 5 minutes", {"at three": lambda: said.append("other")})
    assert said == []
