"""Where an office keeps its store: in its folder, or with DEALSYNC_STORE=postgresql in a database of its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from tests.store import server

POSTGRES: Final = os.environ.get("DEALSYNC_STORE") == "postgresql"


def address(folder: Path) -> str:
    """The address of the store of the office in ``folder``."""
    return server.database(folder) if POSTGRES else "sqlite:///dealsync.db"


def copy(source: Path, target: Path) -> None:
    """The office in ``target`` begins with the store that is in ``source``; nobody has either of them open."""
    if POSTGRES:
        server.database(target, like=str(source))
    else:
        shutil.copy(source / "dealsync.db", target)
