"""A copy of the store that is consistent while others work on it, and the way back from one."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

from sync.model.problem import BadInput, Problem

SIDES: Final = ("-wal", "-shm")
"""What SQLite keeps beside a database that is in use."""


def file_of(url: str, home: Path) -> Path:
    """The file of the store at ``url``. Raises BadInput for a store that is no file of ours."""
    database = make_url(url).database
    if make_url(url).get_backend_name() != "sqlite" or not database or database == ":memory:":
        fix = "back it up with the database's own tools"
        raise BadInput([Problem(f"store {url}", "only a store in a SQLite file is backed up here", fix)])
    return home / database


def back_up(source: Path, target: Path) -> int:
    """Copy the store at ``source`` as of now to ``target``; returns its size in bytes.

    Whoever works on the store goes on. The copy appears whole or not at all, readable by its owner only. Raises
    BadInput for a target that exists or cannot be written, and for a source that is no store.
    """
    if target.exists():
        raise _refused(target, "it exists already", "choose another name: a backup is never overwritten")
    look(source)
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:
        part.touch(mode=0o600)  # before anything is in it; SQLite fills an empty file
        with _opened(source, "ro") as connection:
            connection.execute("VACUUM INTO ?", (str(part),))
        look(part)
        part.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise _refused(target, f"it cannot be written: {error}", "choose another place with enough room") from error
    finally:
        part.unlink(missing_ok=True)
    return target.stat().st_size


def look(path: Path) -> str:
    """The version of the tables of a store file. Raises BadInput when it is no store, or not a sound one."""
    try:
        with _opened(path, "ro") as connection:
            (version,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            (sound,) = connection.execute("PRAGMA quick_check").fetchone()
    except (sqlite3.Error, TypeError) as error:
        raise _refused(path, f"it is no store of dealsync: {error}", "check the path") from error
    if sound != "ok":
        raise _refused(path, f"it is damaged: {sound}", "use another backup")
    return str(version)


def orgs(path: Path) -> dict[str, str]:
    """The orgs that a store file belongs to, by connection."""
    with _opened(path, "ro") as connection:
        return dict(connection.execute("SELECT connection, org FROM org"))


def put_back(backup: Path, store: Path, label: str) -> Path | None:
    """Make ``backup`` the store; returns where the present one was put (``None``: there was none).

    Sign-in tokens that were exchanged since the backup stay those of the present store: old ones are dead. Raises
    BadInput for a file that is no store, or one of other orgs.
    """
    look(backup)
    aside = store.with_name(f"{store.name}.before-{label}")
    present = store.exists()
    if present:
        _same_orgs(backup, store)
    part = store.with_name(store.name + ".part")
    shutil.copyfile(backup, part)
    part.chmod(0o600)
    if present:
        _carry_tokens(store, part)
        store.replace(aside)
        for side in SIDES:
            store.with_name(store.name + side).unlink(missing_ok=True)
    part.replace(store)
    return aside if present else None


def _same_orgs(backup: Path, store: Path) -> None:
    theirs, ours = orgs(backup), orgs(store)
    wrong = [name for name, org in theirs.items() if ours.get(name, org) != org]
    if wrong:
        what = f"it belongs to another org: {', '.join(f'{name} {theirs[name]}' for name in wrong)}"
        raise _refused(backup, what, f"this store belongs to {', '.join(f'{n} {ours[n]}' for n in wrong)}")


def _carry_tokens(store: Path, part: Path) -> None:
    with _opened(store, "rw") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        tokens = connection.execute("SELECT name, value FROM token").fetchall()
    with _opened(part, "rw") as connection, connection:
        connection.executemany("INSERT OR REPLACE INTO token (name, value) VALUES (?, ?)", tokens)


@contextmanager
def _opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True, timeout=30)) as connection:
        yield connection


def _refused(path: Path, what: str, fix: str) -> BadInput:
    return BadInput([Problem(str(path), what, fix)])
