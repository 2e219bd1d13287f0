"""What every command starts from: its options, its exit codes, the clock, and the signed-in world."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from sync.cli import screen
from sync.config import Config, load
from sync.runtime.process import default_name
from sync.runtime.turn import Life
from sync.sign_in import Clock, open_world
from sync.store.opening import open_store
from sync.world import Report, World

DONE: Final = 0
ERROR: Final = 1
PENDING: Final = 2
INCOMPLETE: Final = 3
USAGE: Final = 64
CTRL_C: Final = 130  # what typer makes of it

Home = Annotated[Path, typer.Option("--home", "-C", help="The folder with config.toml.", show_default="here")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]

Canary = Annotated[
    int | None, typer.Option("--canary", min=1, help="Write only about so many changes, whole deals of them.")
]


def now() -> datetime:
    """The clock of the machine, aware."""
    return datetime.now(UTC)


@contextmanager
def working(config: Config, command: str) -> Iterator[World]:
    """The world, signed in, with progress shown, for as long as nobody else works on the same store."""
    with screen.progress() as tell:
        clock = Clock(now, time.sleep, tell, screen.waiting)
        with (
            open_world(config, clock) as world,
            Life(world.store, default_name(command)) as life,
            life.turn(world) as at_work,
        ):
            yield at_work


@contextmanager
def reading(home: Path) -> Iterator[tuple[Config, World]]:
    """The store and the rules, without any CRM: for what only looks at what is known."""
    config = load(home)
    with closing(open_store(config.store_url, config.home)) as store:
        yield config, World(store, {}, config.mappings, **config.rules)


def exit_code(report: Report) -> int:
    if report.outcomes["failed"]:
        return ERROR
    if report.unsafe:
        return PENDING
    return DONE if report.complete else INCOMPLETE
