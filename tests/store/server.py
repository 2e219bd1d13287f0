"""A PostgreSQL server of our own for as long as the tests run, and a fresh database for whoever asks."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache, partial
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import URL, create_engine, make_url, text

SECRET = "only-for-tests"
GIVEN = "DEALSYNC_TEST_POSTGRES"
"""The address of a server to use in place of one of our own: a superuser, and any database of it."""


class NoServer(Exception):
    """PostgreSQL cannot be tried on this machine; the message says why."""


_RESTART: list[Callable[[], object]] = []


def restart() -> None:
    """The server falls over and comes back: every connection breaks. Raises NoServer where it is not ours."""
    server()
    if not _RESTART:
        raise NoServer("the server is not ours to restart")
    _RESTART[0]()


@cache
def server() -> URL:
    """A running server, started when it is first asked for. Raises NoServer."""
    if find_spec("psycopg") is None:
        raise NoServer("psycopg is not installed")
    if given := os.environ.get(GIVEN):
        return make_url(given)
    found = shutil.which("initdb") or next(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")), None)
    if found is None:
        raise NoServer(f"no PostgreSQL on this machine: install it, or set {GIVEN}")
    return _start(Path(found).resolve().parent)


def _start(programs: Path) -> URL:
    """PostgreSQL refuses to run as root: then it runs as nobody."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    how: dict[str, Any] = {"stdout": subprocess.DEVNULL, "cwd": "/", "timeout": 120}
    if os.geteuid() == 0:
        how |= {"user": "nobody", "group": "nogroup", "extra_groups": []}
        shutil.chown(folder, "nobody", "nogroup")
    pass_file, cluster = folder / "password", folder / "cluster"
    pass_file.write_text(SECRET)
    pass_file.chmod(0o644)
    # The usual locales sort "a" before "B": what depends on the order of bytes must say so itself.
    auth = ("--auth=scram-sha-256", "--pwfile", str(pass_file), "--username=postgres", "--encoding=UTF8")
    locale = ("--locale-provider=icu", "--icu-locale=en", "--locale=C.UTF-8")
    subprocess.run([programs / "initdb", "--pgdata", cluster, "--no-sync", *auth, *locale], check=True, **how)
    settings = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=60"
    control = [programs / "pg_ctl", "--pgdata", cluster, "--wait", "--silent"]
    subprocess.run([*control, "--log", folder / "log", "--options", settings, "start"], check=True, **how)
    _RESTART.append(partial(subprocess.run, [*control, "--mode=immediate", "restart"], check=True, **how))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(subprocess.run, [*control, "--mode=immediate", "stop"], **how)
    return URL.create("postgresql", "postgres", SECRET, database="postgres", query={"host": str(folder)})


def database(about: Path | str, like: str | None = None) -> str:
    """The address of the database of ``about``, made when there is none: empty, or a copy of that of ``like``."""
    name = _name(str(about))
    engine = create_engine(server().set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        query = text("SELECT count(*) FROM pg_database WHERE datname = :name")
        if not connection.scalar(query, {"name": name}):
            template = _name(like) if like else "template1"
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
    engine.dispose()
    return server().set(database=name).render_as_string(hide_password=False)


def drop(about: Path | str) -> None:
    """The database of ``about`` is not needed any more."""
    engine = create_engine(server().set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {_name(str(about))} WITH (FORCE)")
    engine.dispose()


def _name(about: str) -> str:
    return f"test_{sha256(about.encode()).hexdigest()[:16]}"
