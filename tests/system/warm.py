"""Runs commands of the program without importing its libraries anew: a fork of this process for each.

One JSON order a line on stdin, one exit code a line on stdout. The child is what ``python -m sync.cli`` is, in its
own folder, environment and files; only the seconds in which SQLAlchemy and its like are imported are saved. No
module that looks at the terminal is imported here.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

HEAVY = (
    *("sync.commands", "sync.views", "connector.salesforce.crm", "connector.hubspot.crm"),
    *("alembic.command", "rich.progress", "rich.table", "typer"),
)


def become(order: Mapping[str, Any]) -> None:
    """The command line that was ordered, to its end."""
    for number, name, flags in (
        (0, "stdin", os.O_RDONLY),
        (1, "stdout", os.O_WRONLY | os.O_CREAT),
        (2, "stderr", os.O_WRONLY | os.O_CREAT),
    ):
        os.dup2(os.open(order[name], flags, 0o600), number)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = ["sync.cli", *order["arguments"]]
    runpy.run_module("sync.cli", run_name="__main__", alter_sys=True)


def serve() -> None:
    """Every order, until there are no more."""
    for name in HEAVY:
        import_module(name)
    gc.freeze()
    while line := sys.stdin.readline():
        child = os.fork()
        if child == 0:
            become(json.loads(line))
            sys.exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{code}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
