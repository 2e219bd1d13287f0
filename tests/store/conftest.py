"""A fresh store: every test of the store runs on a SQLite file and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.store.opening import Store, open_store
from tests.store.server import NoServer, database, drop

MIGRATED = "a store that is migrated already"
"""The database that the others are copies of: copying takes less time than migrating."""


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[str]:
    """The address of an empty database; skips with the reason where no server can be had."""
    try:
        yield database(tmp_path)
    except NoServer as reason:
        pytest.skip(str(reason))
    drop(tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of a store; on PostgreSQL its tables are there, in the file they are not yet."""
    if request.param == "sqlite":
        return "sqlite:///dealsync.db"
    folder: Path = request.getfixturevalue("tmp_path")
    request.getfixturevalue("postgres")
    open_store(database(MIGRATED), folder).close()
    drop(folder)
    return database(folder, like=MIGRATED)


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(store_url, tmp_path)
    yield opened
    opened.close()
