"""A registration without a deal, and customers of the same name that share nothing else with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.cycle import gather_page
from sync.store.alike import MOST
from sync.store.groups import group_of
from tests.machine.office import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office(tmp_path)
    yield opened
    opened.close()


def customer(office: Office, name: str, country: str) -> str:
    return office.put("sf", "account", None, name=name, country=country)


def asked(office: Office, name: str = "Acme KG") -> str:
    partner = office.put("sf", "account", None, name="Alpha", is_partner=True)
    return office.put(
        "sf",
        "registration",
        None,
        partner=partner,
        roles=("RESELL",),
        customer_name=name,
        customer_domain="acme.at",
        customer_country="AT",
        submitted_at=office.moment,
        expected_close=office.moment.date(),
    )


def doubt(office: Office, filed: str) -> str | None:
    office.run()
    return office.says("sf", "registration", filed, "status_reason")


def accounts(office: Office, filed: str) -> list[str]:
    with office.world.store.read() as connection:
        group = group_of(connection, filed)
    assert group
    return [account.name for account in gather_page(office.world, [group])[0].facts.accounts]


def test_a_customer_of_that_name_elsewhere_is_a_doubt(office: Office) -> None:
    customer(office, "ACME, Inc.", "US")
    filed = asked(office)
    assert doubt(office, filed) == "C12"
    assert accounts(office, filed) == ["ACME, Inc."]


def test_one_that_comes_later_is_a_doubt_from_then_on(office: Office) -> None:
    filed = asked(office)
    assert doubt(office, filed) != "C12"
    customer(office, "acme", "DE")
    assert doubt(office, filed) == "C12"


@pytest.mark.parametrize("name", ["Acme KG", ""])
def test_another_name_is_none_and_no_name_is_like_nothing(office: Office, name: str) -> None:
    customer(office, "Acme Tools", "US")
    customer(office, "", "US")
    filed = asked(office, name)
    assert doubt(office, filed) != "C12"
    assert accounts(office, filed) == []


def test_no_more_are_looked_at_than_the_doubt_needs(office: Office) -> None:
    for _ in range(MOST + 5):
        customer(office, "Acme", "US")
    filed = asked(office)
    assert doubt(office, filed) == "C12"
    assert len(accounts(office, filed)) == MOST
