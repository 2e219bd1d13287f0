"""The terminal: results on stdout, everything said along the way on stderr, quiet when nobody watches."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
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


def say(text: str, style: str = "") -> None:
    """A line on stdout, as it is: no markup in names of deals or partners. What wraps keeps its indent."""
    body = text.lstrip(" ")
    line = Text(text if out.soft_wrap else body, style=style)
    out.print(line if out.soft_wrap else Padding(line, (0, 0, 0, len(text) - len(body)), expand=False))


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


@contextmanager
def progress() -> Iterator[Tell]:
    """A live line a phase while somebody watches; silence in a pipe."""
    if not sys.stderr.isatty():
        yield quietly
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bar:
        tasks: dict[str, Any] = {}

        def tell(phase: str, done: int, total: int | None) -> None:
            count = f"{done:,}" if total is None else f"{done:,} of {total:,}"
            if phase not in tasks:
                for earlier in tasks.values():
                    bar.stop_task(earlier)
                tasks[phase] = bar.add_task(phase, total=None, count=count)
            bar.update(tasks[phase], count=count)

        yield tell


def waiting(why: str, seconds: float) -> None:
    """Why nothing seems to happen."""
    warn(f"waiting {seconds:.0f} s: {why}", "dim")
