"""The program on PostgreSQL: a whole cycle, a quiet second one, and one worker at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.store.server import NoServer, database, drop

from .program import Desk


@pytest.fixture
def served(desk: Desk, tmp_path: Path) -> Iterator[Desk]:
    """The demo's installation with its store in a database, and the password behind a reference."""
    try:
        address = make_url(database(tmp_path))
    except NoServer as reason:
        pytest.skip(str(reason))
    url = address.set(password=None).render_as_string()
    desk.edit("config.toml", 'url = "sqlite:///dealsync.db"', f'url = "{url}"\npassword = "file:secret"')
    (desk.home / "secret").write_text(str(address.password), "utf-8")
    yield desk
    drop(tmp_path)


def test_a_cycle_writes_and_the_next_one_is_quiet(served: Desk) -> None:
    first = served("run", "--once", "--json")
    assert first.code == 0, first.err
    assert first.json["outcomes"]
    second = served("run", "--once", "--json")
    assert second.code == 0, second.err
    assert not second.json["outcomes"]
    assert served("audit", "verify").code == 0
    assert not (served.home / "dealsync.db").exists()


def test_of_two_runs_at_once_one_works_and_the_other_says_who(served: Desk) -> None:
    both = [served.start("run", "--once", "--json") for _ in range(2)]
    said = [process.communicate(timeout=120) for process in both]
    assert sorted(process.returncode for process in both) == [0, 3]
    [busy] = [err for process, (_, err) in zip(both, said, strict=True) if process.returncode == 3]
    assert "is working on this store now" in busy


def test_a_backup_is_left_to_the_database(served: Desk) -> None:
    answer = served("backup", "copy.db")
    assert answer.code == 1
    assert "back it up with the database's own tools" in answer.err


def test_a_secret_that_is_missing_is_said_with_its_place(served: Desk) -> None:
    (served.home / "secret").unlink()
    answer = served("status")
    assert answer.code == 1
    assert "config.toml: store.password" in answer.err
