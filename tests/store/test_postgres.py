"""What only PostgreSQL can get wrong: starting together, who may come in, the order of text, guards, snapshots."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import make_url, select, text
from sqlalchemy.exc import IntegrityError, InternalError

from sync.config import StoreForm
from sync.model.problem import BadInput
from sync.store import audit, runs
from sync.store.due import due_after, make_all_due
from sync.store.opening import Store, is_there, open_store, with_password
from sync.store.rows import upsert
from sync.store.tables import record, setting
from tests.machine.office import START

OPEN = "import sys, pathlib, sync.store.opening as opening; opening.open_store(sys.argv[1], pathlib.Path())"
GUARDED = ("decision", "directive", "audit", "checkpoint", "ledger")


@pytest.fixture
def opened(postgres: str, tmp_path: Path) -> Iterator[Store]:
    store = open_store(postgres, tmp_path)
    yield store
    store.close()


def address(url: str, **parts: str) -> str:
    return make_url(url).set(**parts).render_as_string(hide_password=False)  # type: ignore[arg-type]


class TestOpening:
    def test_processes_that_open_an_empty_database_at_once_all_succeed(self, postgres: str, tmp_path: Path) -> None:
        assert not is_there(postgres, tmp_path)
        started = [
            subprocess.Popen([sys.executable, "-c", OPEN, postgres], stderr=subprocess.PIPE) for _ in range(2)
        ]
        assert [process.communicate()[1] for process in started] == [b"", b""]
        assert is_there(postgres, tmp_path)

    def test_a_wrong_password_is_said_and_never_shown(self, postgres: str, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match=r"(?s)password authentication failed.*\[store\] password") as refused:
            open_store(with_password(postgres, "hunter2"), tmp_path)
        assert "hunter2" not in str(refused.value)
        with pytest.raises(BadInput, match="password authentication failed"):
            is_there(with_password(postgres, "hunter2"), tmp_path)

    def test_a_server_that_does_not_answer(self, postgres: str, tmp_path: Path) -> None:
        nowhere = "postgresql://dealsync@127.0.0.1:1/dealsync"
        with pytest.raises(BadInput, match=r"(?s)127\.0\.0\.1:1/dealsync: .*refused.* host, port and network"):
            open_store(nowhere, tmp_path)

    def test_a_database_that_is_not_there(self, postgres: str, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match=r'(?s)database "nobody" does not exist.*createdb'):
            open_store(address(postgres, database="nobody"), tmp_path)

    def test_a_role_that_may_not_create_tables(self, opened: Store, postgres: str, tmp_path: Path) -> None:
        with opened.write() as connection:
            connection.execute(text("CREATE ROLE guest LOGIN PASSWORD 'guest'"))
        try:
            with pytest.raises(BadInput, match=r"(?s)permission denied.*let this role in"):
                open_store(address(postgres, username="guest", password="guest"), tmp_path)
        finally:
            with opened.write() as connection:
                connection.execute(text("DROP ROLE guest"))


class TestGuards:
    @pytest.mark.parametrize("table", GUARDED)
    def test_the_past_cannot_be_emptied_at_once(self, opened: Store, table: str) -> None:
        with pytest.raises(IntegrityError, match="never deleted"), opened.write() as connection:
            connection.execute(text(f"TRUNCATE {table}"))

    def test_every_guard_of_the_file_stands_here_too(self, opened: Store, tmp_path: Path) -> None:
        file = open_store("sqlite:///dealsync.db", tmp_path)
        with file.read() as connection:
            wanted = set(connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")))
        file.close()
        with opened.read() as connection:
            found = set(connection.scalars(text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")))
        assert {name for name in found if not name.endswith("_at_once")} == wanted
        assert len(wanted) > len(GUARDED)


class TestTransactions:
    def test_a_reader_sees_one_moment_whatever_is_written_meanwhile(self, opened: Store) -> None:
        with opened.read() as reading:
            assert runs.recall(reading, "policies") is None
            with opened.write() as connection:
                runs.remember(connection, "policies", "v1")
            assert runs.recall(reading, "policies") is None
        with opened.read() as reading:
            assert runs.recall(reading, "policies") == "v1"

    def test_a_reader_cannot_write(self, opened: Store) -> None:
        with pytest.raises(InternalError, match="read-only transaction"), opened.read() as connection:
            runs.remember(connection, "policies", "v1")

    def test_writers_go_one_after_the_other(self, opened: Store) -> None:
        """Twenty that read, add and write: without turns most of what they add would be lost."""

        def add() -> None:
            for _ in range(5):
                with opened.write() as connection:
                    count = int(runs.recall(connection, "count") or 0)
                    runs.remember(connection, "count", str(count + 1))

        threads = [Thread(target=add) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with opened.read() as connection:
            assert runs.recall(connection, "count") == "20"

    def test_what_failed_leaves_a_hole_in_the_numbers_and_the_chain_holds(self, opened: Store) -> None:
        event = audit.Event("reg_1", audit.Kind.ENDED, "", "", "")
        with pytest.raises(ZeroDivisionError), opened.write() as connection:
            audit.seal_events(connection, [event])
            raise ZeroDivisionError
        with opened.write() as connection:
            audit.seal_events(connection, [event])
            assert audit.seal_run(connection, "run_1", START) is not None
            assert list(audit.verify(connection)) == []


class TestText:
    NAMES = ("B", "a", "a:b", "a_b", "Ä", "ab", "~", "Z1", "\U0001f600", "\uffee")

    def test_paging_goes_by_the_order_of_bytes_in_a_database_that_sorts_as_people_do(self, opened: Store) -> None:
        words = dict.fromkeys(("connection", "object", "thing", "stamp", "raw"), "")
        words |= {"kind": "registration", "mapping": ""}
        rows = [words | {"key": name, "id": name, "group_id": name, "deleted": False} for name in self.NAMES]
        with opened.write() as connection:
            people = connection.scalars(text("SELECT x FROM unnest(ARRAY['B', 'a']) AS x ORDER BY x"))
            assert list(people) == ["a", "B"]
            upsert(connection, record, rows)
            make_all_due(connection, START)
            found, after = [], ""
            while page := due_after(connection, START + timedelta(days=1), after, 3):
                found += page
                after = page[-1]
        assert found == sorted(self.NAMES)

    def test_every_text_column_sorts_by_bytes(self, opened: Store) -> None:
        query = (
            "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' "
            "AND data_type IN ('text', 'character varying') AND collation_name IS DISTINCT FROM 'C' "
            "AND table_name <> 'alembic_version'"
        )
        with opened.read() as connection:
            assert list(connection.scalars(text(query))) == []

    def test_rows_that_are_there_are_overwritten_in_one_go(self, opened: Store) -> None:
        with opened.write() as connection:
            for value in ("v1", "v2"):
                upsert(connection, setting, [{"name": f"n{n}", "value": value} for n in range(1200)])
            assert set(connection.scalars(select(setting.c.value))) == {"v2"}


def test_the_password_of_the_config_is_no_part_of_the_address() -> None:
    form = StoreForm(url="postgresql://dealsync@db/dealsync", password="env:PGPASSWORD")
    whole = with_password(form.url, "s@cret/")
    assert make_url(whole).password == "s@cret/"
    assert re.fullmatch(r"postgresql://dealsync:\S+@db/dealsync", whole)
    with pytest.raises(BadInput, match=r"store\.url"):
        with_password("no address", "x")
