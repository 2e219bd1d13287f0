"""Fault storm: a fifth of all calls fail in one of twelve ways; it ends where calm does, and waits as it should."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.budget import LIMITS
from connector.errors import StopCrm
from connector.sandbox.serve import start
from connector.sandbox.world import load_world
from sync.world import Report

from .storm import TOLD, WAYS, Wait, watch, written

NOW = datetime.now(UTC)
SEEDS = range(40 if os.environ.get("DEALSYNC_EXAMPLES") else 4)
FIFTH = 0.2
A_SECOND = LIMITS["search"][0].seconds + 0.01
"""The longest that our own count of searches asks to wait."""
LOCKED = 2
"""Seconds that HubSpot keeps a row which somebody writes (its documentation of status 423)."""


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What undisturbed runs leave in both CRMs."""
    with start(load_world("demo", NOW)) as sandbox, watch(tmp_path_factory.mktemp("calm") / "d", sandbox) as beside:
        assert changes(beside.runs(3)) == [26, 0]
        assert beside.waits == []
        return written(sandbox)


def changes(runs: list[Report | StopCrm]) -> list[int | None]:
    """What each run found to write; nothing where it was stopped."""
    return [len(run.changes) if isinstance(run, Report) else None for run in runs]


def as_the_policy_says(wait: Wait) -> bool:
    """As long as the CRM, or our own count of a second's calls, asked for; else doubled from one second to thirty,
    with up to a second of chance."""
    if wait.asked is not None:
        return wait.seconds == wait.asked and (wait.asked in (TOLD, LOCKED) or 0 < wait.asked <= A_SECOND)
    least = min(2 ** (wait.attempts - 1), 30)
    return wait.attempts < 6 and least <= wait.seconds <= min(least + 1, 30)


def test_there_are_twelve_ways_to_fail() -> None:
    assert [len(ways) for ways in WAYS.values()] == [12, 12]


@pytest.mark.parametrize("seed", SEEDS)
def test_fault_storm(calm: list[str], seed: int, tmp_path: Path) -> None:
    with start(load_world("demo", NOW)) as sandbox, watch(tmp_path / "d", sandbox) as beside:
        weather = beside.storm(seed, FIFTH)
        runs = beside.runs(60)
        assert changes(runs)[-1] == 0
        assert written(sandbox) == calm
        assert set(weather["hs"].met) == set(WAYS["hs"]), "it failed in every way"
        assert 0 < len(beside.waits) <= sum(len(entry.met) for entry in weather.values())
        assert [wait for wait in beside.waits if not as_the_policy_says(wait)] == []
        beside.storm(seed, 0)
        assert changes(beside.runs(2)) == [0]
