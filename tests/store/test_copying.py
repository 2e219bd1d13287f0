"""COPY on PostgreSQL: the same rows as by any other way in, whatever stands in them, all or none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from sync.model.problem import BadInput
from sync.store.copying import can_copy, copied, merge
from sync.store.opening import Store, open_store
from sync.store.tables import problem
from tests.store.server import NoServer, database, drop, restart

NAMES = ("key", "place", "what", "fix")
ODD = [
    ("sf:Account:1", "name", "tab\t, line\nand \\N, \\. and \"quotes\" 'too'", "Zoë 漢字 😀"),
    ("sf:Account:2", "", "a,b;c|d", "\\"),
]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Store]:
    try:
        store = open_store(database(tmp_path), tmp_path)
    except NoServer as reason:
        pytest.skip(str(reason))
    yield store
    store.close()
    drop(tmp_path)


def kept(store: Store) -> list[tuple[str, ...]]:
    with store.read() as connection:
        found = connection.execute(select(*(problem.c[name] for name in NAMES)).order_by(problem.c.key))
        return [tuple(row) for row in found]


def test_rows_arrive_as_they_are_whatever_stands_in_them(served: Store) -> None:
    with served.write() as connection:
        merge(connection, problem, NAMES, ODD)
    assert kept(served) == ODD


def test_rows_beside_a_table_overwrite_what_is_there_and_add_the_rest(served: Store) -> None:
    news = [(key, place, "new", "") for key, place, *_ in ODD]
    with served.write() as connection:
        merge(connection, problem, NAMES, ODD[:1])
        for rows in (ODD, news):  # twice in one transaction: only the latest rows are there
            merge(connection, problem, NAMES, iter(rows))
    assert kept(served) == news


def test_what_arrived_is_gone_with_the_transaction_and_nobody_else_s(served: Store) -> None:
    with served.write() as connection:
        copied(connection, problem, NAMES, ODD)
    with served.write() as connection:
        assert connection.exec_driver_sql("SELECT to_regclass('pg_temp.incoming_problem')").scalar() is None
    assert kept(served) == []


def test_a_row_that_cannot_be_kept_keeps_all_of_them_out(served: Store) -> None:
    with served.write() as connection:
        connection.execute(insert(problem), [dict(zip(NAMES, ODD[1], strict=True))])
    with pytest.raises(IntegrityError), served.write() as connection:
        merge(connection, problem, NAMES, [ODD[0], ("sf:Account:3", "name", None, "")])
    assert kept(served) == ODD[1:]


def test_a_server_that_goes_away_is_said_as_everywhere(served: Store) -> None:
    def rows() -> Iterator[tuple[str, ...]]:
        yield ODD[0]
        restart()
        for number in range(100_000):
            yield str(number), "", "", ""

    try:
        with pytest.raises(BadInput, match="the store cannot be used now"), served.write() as connection:
            merge(connection, problem, NAMES, rows())
    except NoServer as reason:
        pytest.skip(str(reason))
    assert kept(served) == []


def test_an_unknown_column_is_refused_before_anything_is_sent(served: Store) -> None:
    with served.write() as connection, pytest.raises(ValueError, match="problem has no column cause"):
        copied(connection, problem, ("key", "cause"), ODD)


def test_a_file_has_no_copy(tmp_path: Path, served: Store) -> None:
    with open_store("sqlite:///dealsync.db", tmp_path).write() as connection:
        assert not can_copy(connection)
    with served.read() as connection:
        assert can_copy(connection)
