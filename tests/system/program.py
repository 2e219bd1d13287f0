"""The program as a person has it: a folder, a command line, and what it said."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PLAIN = {name: text for name, text in os.environ.items() if name in ("PATH", "LANG", "TMPDIR", "HOME")}
ENVIRONMENT = {**PLAIN, "PYTHONPATH": str(ROOT)}
COMMAND = (sys.executable, "-m", "sync.cli")


@dataclass(frozen=True, slots=True)
class Ran:
    """What one command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout. Raises ValueError when there is anything else."""
        return json.loads(self.out)


class Program:
    """Starts commands, each in a process of its own, and waits for their end."""

    def __init__(self) -> None:
        self._warm = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("warm.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=ENVIRONMENT,
            text=True,
        )

    def run(self, folder: Path, arguments: Sequence[str], *, environment: Mapping[str, str]) -> Ran:
        """One command in ``folder``, with files for stdout and stderr and nobody at stdin."""
        with tempfile.TemporaryDirectory() as kept:
            said, told = Path(kept, "stdout"), Path(kept, "stderr")
            order = {
                "folder": str(folder),
                "arguments": list(arguments),
                "environment": {**ENVIRONMENT, **environment},
                "stdin": os.devnull,
                "stdout": str(said),
                "stderr": str(told),
            }
            code = self._ask(json.dumps(order))
            return Ran(code, said.read_text("utf-8"), told.read_text("utf-8"))

    def _ask(self, order: str) -> int:
        assert self._warm.stdin is not None
        assert self._warm.stdout is not None
        self._warm.stdin.write(order + "\n")
        self._warm.stdin.flush()
        return int(self._warm.stdout.readline())

    def close(self) -> None:
        """No more commands."""
        self._warm.communicate(timeout=10)


@dataclass(frozen=True, slots=True)
class Desk:
    """One person's installation, and the hand that types."""

    home: Path
    program: Program

    def __call__(self, *arguments: str, **environment: str) -> Ran:
        """``dealsync ARGUMENTS`` typed in the folder of the installation."""
        return self.program.run(self.home, arguments, environment=environment)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """A command that goes on: a process to signal and to wait for."""
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.home,
            env={**ENVIRONMENT, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def edit(self, file: str, old: str, new: str) -> None:
        """One edit of a file of the installation; ``old`` must be there."""
        path = self.home / file
        text = path.read_text("utf-8")
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new), "utf-8")

    def projects(self, connection: str, projections: str) -> None:
        """What one connection projects from now on, as the list in config.toml has it."""
        path = self.home / "config.toml"
        before, block, after = path.read_text("utf-8").partition(f"[connection.{connection}]")
        after = re.sub(r"(?m)^projections = .*$", f"projections = [{projections}]", after, count=1)
        path.write_text(before + block + after, "utf-8")

    def named_rows(self, table: str) -> list[dict[str, Any]]:
        """Every row of one table of the store, by column."""
        connection = sqlite3.connect(self.home / "dealsync.db")
        try:
            found = connection.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found]
        finally:
            connection.close()

    def store(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of every table; ``{}`` while there is no store."""
        if not (self.home / "dealsync.db").exists():
            return {}
        names = [str(row["name"]) for row in self.named_rows("sqlite_master") if row["type"] == "table"]
        return {name: sorted(self.named_rows(name), key=repr) for name in names}


def open_desk(home: Path, program: Program, salesforce: str, hubspot: str) -> Desk:
    """A new installation that points at two served CRMs."""
    from sync.commands import write_new

    write_new(home, (salesforce, hubspot))
    return Desk(home, program)
