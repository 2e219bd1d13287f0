"""The command line: a skin over `sync.commands` and `sync.views`, with no logic of its own."""

from __future__ import annotations

import gc

MANY_OBJECTS = 50_000
"""A page of rows makes so many and hardly a cycle; at Python's usual 700 all of them are looked at for nothing."""


def main() -> None:
    """The entry point of the ``dealsync`` command."""
    from sync.cli.app import run  # noqa: PLC0415 `dealsync --version` must not import the world

    collect_seldom()
    run()


def collect_seldom() -> None:
    """What is loaded by now stays, and of what is made from now on little has to be searched for cycles."""
    gc.freeze()
    gc.set_threshold(MANY_OBJECTS)
