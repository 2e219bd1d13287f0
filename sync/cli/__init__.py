"""The command line: a skin over `sync.commands` and `sync.views`, with no logic of its own."""

from __future__ import annotations


def main() -> None:
    """The entry point of the ``dealsync`` command."""
    from sync.cli.app import run  # noqa: PLC0415 `dealsync --version` must not import the world

    run()
