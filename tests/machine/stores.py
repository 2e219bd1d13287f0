"""Where an office keeps its store: in its folder, or with DEALSYNC_STORE=postgresql in a database of its own."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from sync.store.opening import open_store
from tests.store import server

POSTGRES: Final = os.environ.get("DEALSYNC_STORE") == "postgresql"


def prepare(folder: Path) -> None:
    """An empty store for the office in ``folder``, where it has none: migrated once for all."""
    if not POSTGRES and not (folder / "dealsync.db").exists():
        shutil.copy(_empty(), folder / "dealsync.db")


@cache
def _empty() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="dealsync-empty-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    open_store("sqlite:///dealsync.db", folder).close()
    return folder / "dealsync.db"


def address(folder: Path) -> str:
    """The address of the store of the office in ``folder``."""
    return server.database(folder) if POSTGRES else "sqlite:///dealsync.db"


def copy(source: Path, target: Path) -> None:
    """The office in ``target`` begins with the store that is in ``source``; nobody has either of them open."""
    if POSTGRES:
        server.database(target, like=str(source))
    else:
        shutil.copy(source / "dealsync.db", target)
