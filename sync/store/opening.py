"""Opens the store: one SQLite file, migrated under its own lock, safe for several processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from sync.model.problem import BadInput, Problem


class Store:
    """Everything dealsync remembers. ``write`` and ``read`` give a connection inside one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One writing transaction; it waits for the other writer, and is undone by any exception."""
        with self._engine.execution_options(immediate=True).begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view; nothing is written."""
        with self._engine.connect() as connection:
            yield connection

    def close(self) -> None:
        self._engine.dispose()


def open_store(url: str, home: Path) -> Store:
    """The store at ``url`` (``sqlite:///file``, relative to ``home``), created and migrated when needed.

    Raises BadInput for an address we cannot use, a file that is no database, or one written by a newer dealsync.
    """
    engine = create_engine(_address(url, home), connect_args={"timeout": 30})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    try:
        _migrate(engine, url)
    except DatabaseError as error:
        engine.dispose()
        what = f"the store cannot be opened: {error.orig}"
        raise BadInput([Problem(f"store {url}", what, "check the path, its rights and the disk")]) from error
    except BadInput:
        engine.dispose()
        raise
    return Store(engine)


def _address(url: str, home: Path) -> Any:
    fix = 'write url = "sqlite:///dealsync.db"'
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise BadInput([Problem("config.toml: store.url", f"{url!r} is not an address", fix)]) from error
    if address.get_backend_name() != "sqlite":
        what = f"{address.get_backend_name()} is not supported by this version"
        raise BadInput([Problem("config.toml: store.url", what, fix)])
    if address.database and address.database != ":memory:":
        path = home / address.database
        if not path.parent.is_dir():
            what = f"the folder {path.parent} does not exist"
            raise BadInput([Problem("config.toml: store.url", what, "create the folder, or correct the path")])
        _create(path)
        address = address.set(database=str(path))
    return address.set(drivername="sqlite+pysqlite")


def _create(path: Path) -> None:
    """A new store is readable by its owner only: business data and rotated tokens lie in it."""
    with suppress(OSError):  # SQLite says it better, when it cannot open the file
        path.touch(mode=0o600)


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _migrate(engine: Engine, url: str) -> None:
    config = Config()
    config.set_main_option("script_location", "sync.store:migrations")
    scripts = ScriptDirectory.from_config(config)
    with engine.execution_options(immediate=True).begin() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        if current == scripts.get_current_head():
            return
        if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
            what = f"it was written by a newer dealsync (tables version {current})"
            fix = "install that version again, or restore a backup from before"
            raise BadInput([Problem(f"store {url}", what, fix)])
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
