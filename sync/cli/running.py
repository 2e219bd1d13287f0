"""The service: a worker on the schedule, anywhere, and the console beside it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Annotated, Final

import typer

from connector.errors import CrmError
from sync.cli import screen
from sync.cli.session import DONE, Home, now
from sync.commands import Busy
from sync.config import load
from sync.model.problem import BadInput
from sync.sign_in import Clock
from sync.store.claims import LostTurn
from sync.store.opening import open_store
from sync.world import quietly

_LAST_RESORT: Final = 12.0
"""Seconds after which a part of the service that was told to end is killed, which does no harm."""
_AGAIN: Final = 5.0
"""Seconds before a part of the service that ended by itself is started again."""

Name = Annotated[
    str, typer.Option("--name", help="What this worker is called.", show_default="its process and machine")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(up)
    app.command()(worker)


def up(
    home: Home = Path(),
    console: Annotated[bool, typer.Option(help="Serve the console beside the worker.")] = True,
    port: Annotated[int | None, typer.Option(help="The console's port.", show_default="its own")] = None,
) -> int:
    """Run the service until stopped: a cycle at every tick of [schedule], and the console for browsers.

    Worker and console are processes of their own: whatever one of them does, the other goes on.
    """
    if not console or find_spec("sync.console") is None:
        return worker(home)
    config = load(home)  # what is wrong with it is said once
    open_store(config.store_url, config.home).close()
    where = [] if port is None else ["--port", str(port)]
    return _side_by_side(["worker", "--home", str(home)], ["console", "--home", str(home), *where])


def _side_by_side(*parts: Sequence[str]) -> int:
    told: list[int] = []

    def stop(_number: int, _frame: FrameType | None) -> None:
        told.append(_number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    running = {tuple(part): _started(part) for part in parts}
    while not told:
        time.sleep(0.2)
        for part, process in running.items():
            if not told and process.poll() is not None:
                screen.warn(f"dealsync {part[0]} ended with {process.returncode}; it is started again", "red")
                time.sleep(_AGAIN)
                running[part] = _started(part)
    for process in running.values():
        process.terminate()
    until = time.monotonic() + _LAST_RESORT
    for process in running.values():
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return DONE


def _started(part: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "sync.cli", *part])


def worker(home: Home = Path(), name: Name = "") -> int:
    """Run a cycle at every tick of [schedule], until stopped. One log line a cycle, on stderr.

    Start it as often as you like, on as many machines as you like, where the store is a PostgreSQL database: one
    leads each run, the others take their share of it.
    """
    from sync.runtime.process import default_name  # noqa: PLC0415 only the service needs the scheduler
    from sync.runtime.schedule import run_forever  # noqa: PLC0415
    from sync.runtime.stopping import Stop  # noqa: PLC0415
    from sync.runtime.turn import Life  # noqa: PLC0415
    from sync.runtime.worker import Worker  # noqa: PLC0415

    config = load(home)
    stop = Stop()
    tell = screen.live.tell if screen.err.is_terminal else quietly
    store = open_store(config.store_url, config.home)
    with closing(store), Life(store, name or default_name("worker")) as life:
        working = Worker(config, life, Clock(now, time.sleep, tell, screen.waiting), stop)
        screen.warn(f"dealsync runs {config.form.schedule.sync}; stop it with Ctrl-C", "")
        daily = config.form.schedule.reconcile
        try:
            run_forever(
                partial(_tick, working.sync),
                config.form.schedule.sync,
                {daily: partial(_tick, working.reconcile)} if daily else {},
                between=partial(_tick, working.between),
                on_stop=stop.press,
                on_skip=_skipped,
            )
        finally:
            working.close()
    return DONE


def _skipped() -> None:
    screen.warn(f"{now():%Y-%m-%dT%H:%M:%SZ} skipped: the run before is still going", "")


def _tick(work: Callable[[], str | None]) -> None:
    """One job of the service, as one log line; whatever goes wrong waits for the next tick."""
    from sync.runtime.stopping import Stopping  # noqa: PLC0415

    started = f"{now():%Y-%m-%dT%H:%M:%SZ}"
    try:
        if said := work():
            screen.warn(f"{started} {said}", "")
    except (Busy, LostTurn) as error:
        screen.warn(f"{started} skipped: {error}", "")
    except Stopping:
        screen.warn(f"{started} stopped on the way; the next run goes on from there", "")
    except (BadInput, CrmError) as error:
        screen.warn(f"{started} failed: {error}", "red")
    finally:
        screen.live.rest()
