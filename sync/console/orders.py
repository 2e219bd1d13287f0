"""Work that the console has done by a process of its own, as if somebody had typed it: a run, a rollback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from threading import Thread
from typing import Final

from sync.console.visit import Visit
from sync.store.users import note_act

_SAID: Final = 500
"""At most so many characters of what a command said are kept."""


def order(visit: Visit, what: str, arguments: Sequence[str]) -> None:
    """Start ``dealsync ARGUMENTS`` beside the console, and keep who asked for it and how it ended.

    The command takes the store's lease as every worker does: while somebody else works it ends at once and says so.
    """
    site, user = visit.site, visit.user
    command = [sys.executable, "-m", "sync.cli", *arguments, "--home", str(site.home)]
    running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with site.store.write() as connection:
        visit.note(connection, what, " ".join(arguments))

    def wait() -> None:
        _, said = running.communicate()
        more = {"exit": running.returncode, "said": said.decode(errors="replace").strip()[-_SAID:]}
        with site.store.write() as connection:
            note_act(connection, user.id, f"{what}: ended", " ".join(arguments), site.clock(), more)

    Thread(target=wait, name=what, daemon=True).start()
