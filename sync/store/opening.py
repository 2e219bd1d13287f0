"""Opens the store, a SQLite file or a PostgreSQL database: migrated under a lock, safe for several processes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError

from sync.model.problem import BadInput, Problem

WRITERS: Final = 0x6465616C
"""The advisory lock that every writer of a PostgreSQL store holds until its transaction ends ("deal" in ASCII).

It stands for SQLite's BEGIN IMMEDIATE: one writer at a time, so numbers rise in the order of the commits.
"""

_PATIENCE: Final = 30
"""Seconds that a writer waits for the other one."""

_READING: Final[Mapping[str, Mapping[str, Any]]] = {
    "sqlite": {},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}
_WRITING: Final[Mapping[str, Mapping[str, Any]]] = {
    "sqlite": {"immediate": True},
    "postgresql": {"immediate": True, "isolation_level": "READ COMMITTED"},
}


class Store:
    """Everything dealsync remembers. ``write`` and ``read`` give a connection inside one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One writing transaction; it waits for the other writer, and is undone by any exception."""
        with _in_words(self._engine.url), _writing(self._engine) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view; nothing is written."""
        reading = self._engine.execution_options(**_READING[self._engine.dialect.name])
        with _in_words(self._engine.url), reading.connect() as connection:
            yield connection

    def close(self) -> None:
        self._engine.dispose()


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    with engine.execution_options(**_WRITING[engine.dialect.name]).begin() as connection:
        yield connection


def open_store(url: str, home: Path) -> Store:
    """The store at ``url``, created and migrated when needed.

    ``sqlite:///file`` is relative to ``home``; the other kind is ``postgresql://user:password@host/database``.
    Raises BadInput for an address we cannot use, a server that cannot be reached, a file that is no database, or a
    store written by a newer dealsync; no message shows the password.
    """
    address = _address(url)
    engine = _ENGINES[address.get_backend_name()](address, home)
    try:
        with _explained(address):
            _migrate(engine, f"store {_shown(address)}")
    except BadInput:
        engine.dispose()
        raise
    return Store(engine)


def is_there(url: str, home: Path) -> bool:
    """Whether there is a store at ``url``: asking creates nothing. Raises BadInput as `open_store` does."""
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        return bool(address.database) and (home / str(address.database)).exists()
    engine = _postgresql(address, home)
    try:
        with _explained(address), engine.connect() as connection:
            return inspect(connection).has_table("alembic_version")
    finally:
        engine.dispose()


def _address(url: str) -> URL:
    fix = 'write url = "sqlite:///dealsync.db" or "postgresql://user@host/database"'
    try:
        address = make_url(url)
    except (ArgumentError, ValueError) as error:
        masked = re.sub(r":[^:@/]*@", ":***@", url)
        raise BadInput([Problem("config.toml: store.url", f"{masked!r} is not an address", fix)]) from error
    if address.get_backend_name() not in _ENGINES:
        what = f"{address.get_backend_name()} is not supported by this version"
        raise BadInput([Problem("config.toml: store.url", what, fix)])
    return address


def with_password(url: str, password: str) -> str:
    """``url`` with a password in it. Raises BadInput for an address we cannot use."""
    return _address(url).set(password=password).render_as_string(hide_password=False)


def without_password(url: str) -> str:
    """``url`` as it may be shown. Raises BadInput for an address we cannot use."""
    return _shown(_address(url))


def _shown(address: URL) -> str:
    return address.render_as_string(hide_password=True)


@contextmanager
def _explained(address: URL) -> Iterator[None]:
    """What the database complains of, in one line with what to do about it."""
    try:
        yield
    except DatabaseError as error:
        said = str(error.orig).strip().partition("\n")[0]
        fixes = (fix for pattern, fix in _FIXES[address.get_backend_name()] if re.search(pattern, said))
        what = f"the store cannot be opened: {said}"
        raise BadInput([Problem(f"store {_shown(address)}", what, next(fixes))]) from error


@contextmanager
def _in_words(address: URL) -> Iterator[None]:
    """A disk that is full or a server that went away while we work: nothing half-way is kept."""
    try:
        yield
    except OperationalError as error:
        said = str(error.orig).strip().partition("\n")[0]
        fixes = (fix for pattern, fix in _FIXES[address.get_backend_name()] if re.search(pattern, said))
        what = f"the store cannot be used now: {said}"
        raise BadInput([Problem(f"store {_shown(address)}", what, next(fixes))]) from error


_FIXES: Final = {
    "sqlite": [
        ("full", "make room on its disk; the next run continues where this one stopped"),
        ("readonly", "give the user of dealsync the right to write the file and its folder"),
        ("locked", "another process has been writing for long; wait for it, or stop it"),
        ("", "check the path, its rights and the disk"),
    ],
    "postgresql": [
        ("password", 'correct the user in store.url, or the secret behind [store] password = "env:NAME"'),
        (r'database "[^"]*" does not exist', "create it: createdb, with a role that may create tables in it"),
        ("permission denied|no pg_hba", "let this role in, and create tables in the database"),
        ("lock timeout", "another process has been writing for long; wait for it, or stop it"),
        ("", "check host, port and network, and that the server is running"),
    ],
}


def _sqlite(address: URL, home: Path) -> Engine:
    if address.database and address.database != ":memory:":
        path = home / address.database
        if not path.parent.is_dir():
            what = f"the folder {path.parent} does not exist"
            raise BadInput([Problem("config.toml: store.url", what, "create the folder, or correct the path")])
        _create(path)
        address = address.set(database=str(path))
    engine = create_engine(address.set(drivername="sqlite+pysqlite"), connect_args={"timeout": _PATIENCE})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _create(path: Path) -> None:
    """A new store is readable by its owner only: business data and rotated tokens lie in it."""
    with suppress(OSError):  # SQLite says it better, when it cannot open the file
        path.touch(mode=0o600)


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    # a page of rows fills 4 MB of the log: at SQLite's usual 1,000 pages each commit would write every index twice
    rare = "wal_autocheckpoint=8000"
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536", rare):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _postgresql(address: URL, _home: Path) -> Engine:
    settings = {
        "application_name": "dealsync",
        "client_encoding": "utf8",
        "connect_timeout": "10",
        "options": f"-c lock_timeout={_PATIENCE}s",
    }
    driver = address.set(drivername="postgresql+psycopg")
    try:
        engine = create_engine(driver, connect_args=settings, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        fix = 'pip install "psycopg[binary]"'
        raise BadInput([Problem("config.toml: store.url", "the driver of PostgreSQL is missing", fix)]) from error
    event.listen(engine, "begin", _begin_alone)
    return engine


def _begin_alone(connection: Connection) -> None:
    if connection.get_execution_options().get("immediate"):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS})")


_ENGINES: Final[Mapping[str, Callable[[URL, Path], Engine]]] = {"sqlite": _sqlite, "postgresql": _postgresql}


def _migrate(engine: Engine, where: str) -> None:
    scripts = _scripts()
    with _writing(engine) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        if current == scripts.get_current_head():
            return
        if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
            what = f"it was written by a newer dealsync (tables version {current})"
            fix = "install that version again, or restore a backup from before"
            raise BadInput([Problem(where, what, fix)])
        config = _located()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _located() -> Config:
    config = Config()
    config.set_main_option("script_location", "sync.store:migrations")
    return config


@cache
def _scripts() -> ScriptDirectory:
    """Read once a process: every opening compares with them."""
    return ScriptDirectory.from_config(_located())
