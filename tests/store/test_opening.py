"""The store opens or says why not: versions, broken files, missing folders, several processes, guards."""

from __future__ import annotations

import os
import pkgutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

import sync.store
from sync.model.problem import BadInput
from sync.store.opening import Store, open_store
from sync.store.tables import metadata

URL = "sqlite:///dealsync.db"
ON_SQLITE = pytest.mark.parametrize("store_url", [URL])
for module in pkgutil.iter_modules(sync.store.__path__):  # a table stands with the code that alone uses it
    import_module(f"sync.store.{module.name}")
OPEN = "import sys; from pathlib import Path; from sync.store.opening import open_store; open_store(*{})"


def columns(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Every table and index with its columns, as SQLite itself describes them."""
    names = connection.execute("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'index')").fetchall()
    pragma = {"table": "table_info", "index": "index_xinfo"}
    return {
        f"{kind} {name}": connection.execute(f"PRAGMA {pragma[kind]}('{name}')").fetchall()
        for name, kind in names
        if name not in ("alembic_version", "sqlite_autoindex_alembic_version_1", "sqlite_sequence")
    }


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A folder that this process may read but not write, whoever runs the tests."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


class TestMigrations:
    def test_the_migrated_tables_are_the_tables_of_the_code(self, store: Store) -> None:
        with store.read() as connection:
            found = compare_metadata(MigrationContext.configure(connection), metadata)
        assert found == []

    @ON_SQLITE
    def test_every_column_key_and_index_is_the_same_as_if_made_from_the_code(
        self, store: Store, tmp_path: Path
    ) -> None:
        engine = create_engine("sqlite://")
        metadata.create_all(engine)
        with engine.connect() as made:
            wanted = columns(made.connection.dbapi_connection)  # type: ignore[arg-type]
        engine.dispose()
        migrated = sqlite3.connect(tmp_path / "dealsync.db")
        assert columns(migrated) == wanted
        migrated.close()

    def test_opening_again_changes_nothing(self, store: Store, store_url: str, tmp_path: Path) -> None:
        with store.write() as connection:
            connection.execute(text("INSERT INTO setting VALUES ('kept', 'yes')"))
        again = open_store(store_url, tmp_path)
        with again.read() as connection:
            assert connection.scalar(text("SELECT value FROM setting")) == "yes"
        again.close()

    def test_a_store_of_a_newer_version_is_refused_and_left_alone(
        self, store: Store, store_url: str, tmp_path: Path
    ) -> None:
        with store.write() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(BadInput, match=r"newer dealsync.*9999"):
            open_store(store_url, tmp_path)
        with store.read() as connection:
            assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"

    @ON_SQLITE
    def test_processes_that_open_a_fresh_store_at_once_all_succeed(self, store_url: str, tmp_path: Path) -> None:
        code = OPEN.format(f"({store_url!r}, Path(sys.argv[1]))")
        started = [
            subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stderr=subprocess.PIPE) for _ in range(3)
        ]
        assert [process.communicate()[1] for process in started] == [b"", b"", b""]
        assert [process.returncode for process in started] == [0, 0, 0]


class TestRefusals:
    def test_a_file_that_is_no_database(self, tmp_path: Path) -> None:
        (tmp_path / "dealsync.db").write_text("dear diary " * 500)
        with pytest.raises(BadInput, match=r"dealsync\.db: the store cannot be opened: file is not a database"):
            open_store(URL, tmp_path)

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match=r"config\.toml: store\.url: the folder .*nowhere does not exist"):
            open_store("sqlite:///nowhere/dealsync.db", tmp_path)

    def test_a_folder_in_place_of_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "dealsync.db").mkdir()
        with pytest.raises(BadInput, match="the store cannot be opened: unable to open"):
            open_store(URL, tmp_path)

    def test_a_file_that_may_not_be_written(self, unprivileged: Path) -> None:
        open_store(URL, unprivileged).close()
        (unprivileged / "dealsync.db").chmod(0o444)
        unprivileged.chmod(0o555)
        root = os.geteuid() == 0
        try:
            if root:
                os.seteuid(65534)
            with pytest.raises(BadInput, match=r"the store cannot be opened: .*readonly"):
                open_store(URL, unprivileged)
        finally:
            if root:
                os.seteuid(0)

    @ON_SQLITE
    def test_a_new_store_is_readable_by_its_owner_only(self, store: Store, tmp_path: Path) -> None:
        assert (tmp_path / "dealsync.db").stat().st_mode & 0o777 == 0o600

    @pytest.mark.parametrize("url", ["mysql://host/db", "dealsync.db"])
    def test_an_address_of_another_kind(self, tmp_path: Path, url: str) -> None:
        with pytest.raises(BadInput, match=r"config\.toml: store\.url"):
            open_store(url, tmp_path)


DECIDED = """
    INSERT INTO decision (id, subject, event, to_state, person, at, body)
    VALUES (:id, 'reg_1', :event, '', :person, '', '{}')
"""


def decided(store: Store, number: int, event: str, *, person: bool) -> None:
    with store.write() as connection:
        connection.execute(text(DECIDED), {"id": f"dec_{number}", "event": event, "person": person})


class TestGuards:
    @pytest.mark.parametrize("statement", ["UPDATE decision SET at = 'then'", "DELETE FROM decision"])
    def test_a_decision_is_neither_edited_nor_deleted(self, store: Store, statement: str) -> None:
        decided(store, 1, "create", person=False)
        with pytest.raises(IntegrityError, match="a decision is never"), store.write() as connection:
            connection.execute(text(statement))
        with store.read() as connection:
            assert connection.scalar(text("SELECT count(*) FROM decision WHERE at = ''")) == 1

    @pytest.mark.parametrize("ruled", ["approve", "reject", "withdraw"])
    @pytest.mark.parametrize("event", ["approve", "reject", "supersede", "narrow", "conflict_found"])
    def test_a_rule_never_reverses_a_person(self, store: Store, ruled: str, event: str) -> None:
        decided(store, 1, ruled, person=True)
        with pytest.raises(IntegrityError, match="a rule cannot reverse the decision of a person"):
            decided(store, 2, event, person=False)

    @pytest.mark.parametrize("event", ["opp_won", "opp_lost", "protection_end"])
    def test_a_rule_carries_on_what_a_person_approved(self, store: Store, event: str) -> None:
        decided(store, 1, "approve", person=True)
        decided(store, 2, event, person=False)

    def test_a_person_reverses_a_person_and_a_rule(self, store: Store) -> None:
        decided(store, 1, "approve", person=False)
        decided(store, 2, "reject", person=True)
        decided(store, 3, "approve", person=True)
