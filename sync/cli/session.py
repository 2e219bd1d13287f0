"""What every command starts from: its options, its exit codes, the clock, and the signed-in world."""

from __future__ import annotations

import os
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from sync import commands
from sync.cli import screen
from sync.config import Config, load
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
        with open_world(config, clock) as world, commands.at_work(world, _holder(command), clock) as at_work:
            yield at_work


class Stay:
    """The signed-in world kept open from one tick of `up` to the next: what the CRMs were asked about themselves is
    not asked again. Whatever goes wrong closes it, as does the daily reconcile; the next tick opens it anew.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._stack = ExitStack()
        self._world: World | None = None

    @contextmanager
    def working(self) -> Iterator[World]:
        """The world for one tick, while nobody else works on the same store; it counts the calls of this tick."""
        try:
            with screen.progress() as tell:
                clock = Clock(now, time.sleep, tell, screen.waiting)
                world = self._world or self._stack.enter_context(open_world(self._config, clock))
                before = Counter(world.calls())
                own = replace(world, tell=tell, calls=lambda: Counter(world.calls()) - before)
                with commands.at_work(own, _holder("up"), clock) as at_work:
                    yield at_work
        except Exception:
            self.close()
            raise
        self._world = world
        if world.silent:
            self.close()

    def close(self) -> None:
        """Sign out."""
        self._world = None
        self._stack.close()


def _holder(command: str) -> str:
    return f"dealsync {command} (process {os.getpid()} on {socket.gethostname()})"


@contextmanager
def reading(home: Path) -> Iterator[tuple[Config, World]]:
    """The store and the rules, without any CRM: for what only looks at what is known."""
    config = load(home)
    with closing(open_store(config.store_url, config.home)) as store:
        yield config, World(store, {}, config.mappings, config.policies, config.record_of)


def exit_code(report: Report) -> int:
    if report.outcomes["failed"]:
        return ERROR
    if report.unsafe:
        return PENDING
    return DONE if report.complete else INCOMPLETE
