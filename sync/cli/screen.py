"""The terminal: results on stdout, everything said along the way on stderr, quiet when nobody watches."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from sync.model.problem import Problem
from sync.world import Progress as Tell
from sync.world import quietly

out = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
err = Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def print_json(content: Any) -> None:
    """One JSON document on stdout."""
    json.dump(content, sys.stdout, ensure_ascii=False, indent=2, default=str)
    sys.stdout.write("\n")


def say(text: str | Text, style: str = "") -> None:
    """A line on stdout, as it is: no markup in names of deals or partners. What wraps keeps its indent."""
    line = Text(text, style=style) if isinstance(text, str) else text
    indent = len(line.plain) - len(line.plain.lstrip(" "))
    out.print(line if out.soft_wrap else Padding(line[indent:], (0, 0, 0, indent), expand=False))


def warn(text: str, style: str = "yellow") -> None:
    """A line on stderr."""
    err.print(Text(text, style=style))


def problems(found: tuple[Problem, ...]) -> None:
    """Everything that is wrong, each with its place, cause and fix."""
    for problem in found:
        err.print(Text.assemble(("error  ", "bold red"), (problem.where, "bold"), f": {problem.what}"))
        err.print(Text(f"       fix: {problem.fix}"))
    if len(found) > 1:
        warn(f"{len(found)} problems; nothing was read from or written to a CRM", "red")


class Live:
    """The lines that show how far a run is, one a phase: they come with the first news and go when it rests."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def tell(self, phase: str, done: int, total: int | None) -> None:
        """A `sync.world.Progress`."""
        bar = self._bar or self._start()
        count = f"{done:,}" if total is None else f"{done:,} of {total:,}"
        if phase not in self._tasks:
            for earlier in self._tasks.values():
                bar.stop_task(earlier)
            self._tasks[phase] = bar.add_task(phase, total=None, count=count)
        bar.update(self._tasks[phase], count=count)

    def rest(self) -> None:
        """Room to print and to ask."""
        if self._bar:
            self._bar.stop()
        self._bar, self._tasks = None, {}

    def _start(self) -> Progress:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TextColumn("{task.fields[count]}"),
            TimeElapsedColumn(),
        )
        self._bar = Progress(*columns, console=err, transient=True, redirect_stdout=False, redirect_stderr=False)
        self._bar.start()
        return self._bar


live: Final = Live()


@contextmanager
def progress() -> Iterator[Tell]:
    """Live lines while somebody watches; silence in a pipe."""
    if not err.is_terminal:
        yield quietly
        return
    try:
        yield live.tell
    finally:
        live.rest()


def waiting(why: str, seconds: float) -> None:
    """Why nothing seems to happen."""
    warn(f"waiting {seconds:.0f} s: {why}", "dim")
