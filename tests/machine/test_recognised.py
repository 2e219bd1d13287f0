"""Customers and deals that look like one, in every run: held for people, linked where wanted, never paid twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from sync import recognise
from sync.page import gather_page
from sync.rulings import Speaker
from sync.rulings.customers import identity_view, say_apart, say_same
from sync.store import runs
from sync.store.groups import group_of
from tests.machine.northwind import Northwind
from tests.machine.office import Office, usd

ALIKE = (
    {"name": "Brightwater Robotics GmbH", "country": "DE", "domain": "brightwater.de"},
    {"name": "BRIGHTWATER ROBOTICS", "country": "DE", "domain": "brightwater-robotics.com"},
)
SURE = ({"name": "Quolibrant Dyeworks GmbH", "country": "DE"}, {"name": "Quolibrant Dyeworks", "country": "DE"})


class Sold(Northwind):
    """A customer in each CRM that looks like the other's, a deal and an approved partner at each."""

    def __init__(self, folder: Path, names: tuple[str, str] = ("Palletizer cell", "Palletiser cell")) -> None:
        super().__init__(folder)
        self.one, self.other = (
            self.put(crm, "account", **told) for crm, told in zip(("sf", "hs"), ALIKE, strict=True)
        )
        close = (self.moment + timedelta(days=40)).date()
        self.here, self.there = (
            self.put(
                crm,
                "opportunity",
                name=name,
                account=row,
                stage="QUALIFIED",
                amount=usd("900.03"),
                close_date=close,
            )
            for crm, name, row in zip(("sf", "hs"), names, (self.one, self.other), strict=True)
        )
        hired = [
            row.id
            for row in self.rows("hs", "account")
            if row.values[self.field("hs", "account", "name")] == "Cirrus"
        ]
        self.register("sf", self.here, self.lumen, "RESELL")
        self.register("hs", self.there, hired[0], "IMPLEMENT")
        self.run()

    def register(self, crm: str, deal: str, partner: str, role: str) -> None:
        told: dict[str, Any] = {
            "partner": partner,
            "opportunity": deal,
            "roles": (role,),
            "submitted_at": self.moment,
        }
        self.put(crm, "registration", **told, vote="APPROVE", voter="jo", voted_at=self.moment)

    def credited(self) -> tuple[int, int]:
        """How many partners get a part of either deal."""
        return len(self.shares("sf", self.here)), len(self.shares("hs", self.there))

    def cases(self, crm: str, deal: str) -> set[str]:
        with self.world.store.read() as connection:
            group = group_of(connection, named(self, crm, "opportunity", deal))
        assert group
        known = gather_page(self.world, [group])[0].history.cases.values()
        return {case.kind for case in known if case.resolution is None}


def named(office: Office, crm: str, kind: str, row: str) -> str:
    return f"{crm}:{office.field_map(crm, kind).object}:{row}"


def speaker(office: Office) -> Speaker:
    return Speaker("Maria", office.moment, "")


def pairs(office: Office) -> list[tuple[str, ...]]:
    """What waits for a person: the outcome, then the two rows."""
    view = identity_view(office.world)["pairs"]
    return [(pair["outcome"], *(side["row"] for side in pair["sides"])) for pair in view]


@pytest.fixture
def sold(tmp_path: Path) -> Iterator[Sold]:
    opened = Sold(tmp_path)
    yield opened
    opened.close()


def test_a_deal_in_each_crm_whose_customers_look_like_one_is_credited_to_nobody_before_somebody_has_said(
    sold: Sold,
) -> None:
    assert sold.credited() == (0, 0)
    assert sold.cases("sf", sold.here) == sold.cases("hs", sold.there) == {"C17"}
    sold.run()
    assert sold.credited() == (0, 0)


def test_linked_they_are_one_deal_with_one_split(sold: Sold) -> None:
    say_same(sold.world, sold.one, sold.other, speaker(sold))
    sold.run()
    assert (sold.credited(), sold.cases("sf", sold.here)) == ((0, 0), {"C17"})
    say_same(sold.world, sold.here, sold.there, speaker(sold))
    sold.run()
    assert (sold.credited(), sold.cases("sf", sold.here)) == ((2, 2), set())
    assert sold.shares("sf", sold.here).keys() == {sold.lumen, sold.cirrus}


@pytest.mark.parametrize("what", ["customers", "deals"])
def test_separated_they_are_two_deals_with_a_split_each(sold: Sold, what: str) -> None:
    two = (sold.one, sold.other) if what == "customers" else (sold.here, sold.there)
    say_apart(sold.world, *two, speaker(sold))
    sold.run()
    assert (sold.credited(), sold.cases("sf", sold.here), sold.cases("hs", sold.there)) == ((1, 1), set(), set())


def test_deals_of_other_names_at_customers_that_look_like_one_are_two(tmp_path: Path) -> None:
    two = Sold(tmp_path, ("Palletizer cell", "Maintenance contract"))
    assert two.credited() == (1, 1)
    two.put("hs", "opportunity", two.there, name="Palletizer cell, phase 1")
    two.run()
    assert two.cases("sf", two.here) == {"C17"}  # the other deal was edited, and this one looks again
    two.put("hs", "account", two.other, name="Something Else Entirely", country="FR", domain="else.fr")
    two.run()
    assert two.cases("sf", two.here) == two.cases("hs", two.there) == set()
    two.close()


# Links by score alone.


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office(tmp_path)
    yield opened
    opened.close()


def wants_links(office: Office, *, auto: bool = True) -> None:
    office.world = replace(office.world, auto_link=auto)


def put_both(office: Office, *told: dict[str, Any]) -> list[str]:
    return [office.put(crm, "account", **own) for crm, own in zip(("sf", "hs"), told, strict=True)]


def one(office: Office, left: str, right: str) -> bool:
    """Whether a row of Salesforce and one of HubSpot are one account."""
    with office.world.store.read() as connection:
        group = group_of(connection, named(office, "sf", "account", left))
    facts = gather_page(office.world, [group or ""])[0].facts
    return any({left, right} <= {ref.id for ref in account.members} for account in facts.accounts)


def test_what_is_beyond_doubt_is_linked_where_that_is_wanted_and_only_there(office: Office) -> None:
    left, right = put_both(office, *SURE)
    office.run()
    assert [pair[0] for pair in pairs(office)] == ["SAME"]
    assert not one(office, left, right)
    wants_links(office)
    office.run()
    assert one(office, left, right)
    assert pairs(office) == []
    wants_links(office, auto=False)
    office.run()
    assert not one(office, left, right)
    history = identity_view(office.world, only_open=False)["links"]
    assert [link["together"] for link in history] == [True, False]


def test_a_link_by_score_ends_when_they_no_longer_look_like_one(office: Office) -> None:
    wants_links(office)
    left, right = put_both(office, *SURE)
    office.run()
    assert one(office, left, right)
    office.put("hs", "account", right, name="Harborview Credit Union")
    office.run()
    assert not one(office, left, right)


def test_no_score_joins_again_what_a_person_separated(office: Office) -> None:
    wants_links(office)
    left, right = put_both(office, *SURE)
    office.run()
    say_apart(office.world, left, right, speaker(office))
    office.put("hs", "account", right, name="Quolibrant Dyeworks KG")
    office.run()
    assert not one(office, left, right)
    say_same(office.world, left, right, speaker(office))
    wants_links(office, auto=False)
    office.put("hs", "account", right, name="Harborview Credit Union")
    office.run()
    assert one(office, left, right)


def test_two_that_both_look_like_a_third_are_a_question(office: Office) -> None:
    wants_links(office)
    left, right = put_both(office, *SURE)
    office.run()
    office.put("hs", "account", None, name="Quolibrant Dyeworks AG", country="DE")
    office.run()
    assert not one(office, left, right)
    assert {pair[0] for pair in pairs(office)} == {"ASK"}


def test_numbers_that_contradict_each_other_are_never_joined_through_a_third(office: Office) -> None:
    wants_links(office)
    left, right = put_both(office, {**SURE[0], "duns": "150483782"}, {**SURE[1], "domain": "quolibrant.de"})
    office.put("hs", "account", None, domain="quolibrant.de", duns="804735132")  # without a name: one by its domain
    office.run()
    assert not one(office, left, right)


def test_two_names_on_one_domain_are_a_question_and_no_link(office: Office) -> None:
    left, right = put_both(
        office, {**SURE[0], "domain": "quolibrant.de"}, {"name": "Dyeworks Holding", "domain": "quolibrant.de"}
    )
    office.run()
    assert not one(office, left, right)
    assert len(pairs(office)) == 1
    say_same(office.world, left, right, speaker(office))
    office.run()
    assert one(office, left, right)


def test_a_parent_and_its_subsidiary_are_related_and_never_one(office: Office) -> None:
    wants_links(office)
    parent = office.put("sf", "account", None, **SURE[0])
    office.put("sf", "account", None, **SURE[1], parent=parent)
    office.run()
    assert [pair[0] for pair in pairs(office)] == ["RELATED"]
    assert "is the parent of" in " ".join(identity_view(office.world)["pairs"][0]["reasons"])


# In any order, a part at a time.

ROWS = (
    ("sf", {"name": "Acme Holding AG", "country": "DE"}),
    ("hs", {"name": "ACME Holding", "country": "DE"}),
    ("sf", {"name": "Acme Holding GmbH", "country": "AT"}),
    ("hs", {"name": "Zephyr Analytics", "country": "US", "domain": "zephyr.com"}),
)


@pytest.mark.parametrize("order", [*permutations(range(4))][::5], ids=str)
def test_the_same_pairs_are_found_in_whatever_order_rows_come(tmp_path: Path, order: tuple[int, ...]) -> None:
    found = []
    for name, places in (("first", range(4)), ("then", order)):
        folder = tmp_path / name
        folder.mkdir()
        office = Office(folder)
        wants_links(office)
        named_rows = {}
        for place in places:
            crm, told = ROWS[place]
            named_rows[named(office, crm, "account", office.put(crm, "account", **told))] = place
            office.run()
        found.append(sorted((outcome, *sorted((named_rows[a], named_rows[b]))) for outcome, a, b in pairs(office)))
        office.close()
    assert found[0] == found[1] != []


def test_what_one_run_does_not_compare_the_next_one_does(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognise, "COMPARED", 1)
    put_both(office, *SURE)
    report = office.run()
    assert [note for note in report.notes if "the next run goes on" in note]
    while recognise.compare_changed(office.world, office.moment, 1):
        pass
    assert len(pairs(office)) == 1


def test_other_weights_make_everything_be_compared_again(office: Office) -> None:
    put_both(office, *SURE)
    office.run()
    before = pairs(office)
    with office.world.store.write() as connection:
        runs.remember(connection, "weights", "0")
    assert recognise.compare_changed(office.world, office.moment) == 2
    assert pairs(office) == before
