"""Whether people find a row by what they remember of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from sync.store.called import called
from sync.store.groups import count_rows
from sync.store.runs import forget
from sync.store.search import catch_up, search
from sync.store.tables import record
from tests.machine.office import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office(tmp_path)
    opened.put("sf", "account", None, name="MÜLLER Söhne", domain="mueller-soehne.de")
    opened.put("sf", "opportunity", None, name="Refit 77% of hall_2", stage="QUALIFIED")
    opened.run()
    yield opened
    opened.close()


def found(office: Office, text: str) -> list[str]:
    with office.world.store.read() as connection:
        return [row.kind for row in search(connection, text, 30)]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("müller", ["account"]),
        ("R SÖH", ["account"]),
        ("mueller-soehne.de", ["account"]),
        ("soehne.d", ["account"]),
        ("77% of", ["opportunity"]),
        ("hall_2", ["opportunity"]),
        ("hall%2", []),
        ("e", []),
    ],
)
def test_a_row_is_found_by_a_part_of_its_name_or_domain_in_any_case(
    office: Office, text: str, kinds: list[str]
) -> None:
    assert found(office, text) == kinds


def test_a_row_is_found_by_its_id_and_by_the_beginning_of_it(office: Office) -> None:
    with office.world.store.read() as connection:
        [deal] = search(connection, "refit", 30)
    for name in (deal.id, deal.key, deal.thing, deal.thing[:9], deal.key[:-1]):
        assert found(office, name) == ["opportunity"], name


def test_what_is_renamed_is_found_by_its_new_name_and_what_is_deleted_no_more(office: Office) -> None:
    (deal,) = office.crms["sf"].rows["Opportunity"]
    office.put("sf", "opportunity", deal, name="Greenfield")
    office.run()
    assert [found(office, "refit"), found(office, "greenf")] == [[], ["opportunity"]]
    office.crms["sf"].drop("Opportunity", deal)
    office.run()
    assert found(office, "greenf") == []


def test_rows_from_before_names_were_kept_are_found_after_the_next_run(office: Office) -> None:
    with office.world.store.write() as connection:
        connection.execute(delete(called))
        forget(connection, "called")
    assert found(office, "müller") == []
    with office.world.store.write() as connection:
        assert [catch_up(connection, office.mappings, 1) for _ in range(3)] == [True, True, False]
    assert found(office, "müller") == ["account"]
    with office.world.store.write() as connection:
        connection.execute(delete(called))
        forget(connection, "called")
    office.run()
    assert found(office, "müller") == ["account"]


def test_rows_are_counted_without_those_that_are_deleted(office: Office) -> None:
    (deal,) = office.crms["sf"].rows["Opportunity"]
    with office.world.store.read() as connection:
        assert count_rows(connection) == {("sf", "Account"): 1, ("sf", "Opportunity"): 1}
    office.crms["sf"].drop("Opportunity", deal)
    office.run()
    with office.world.store.read() as connection:
        assert count_rows(connection) == {("sf", "Account"): 1}
        assert len(connection.execute(record.select()).all()) == 2
