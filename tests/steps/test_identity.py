"""Which rows are one thing, in every order of reading, and that what contradicts stays apart."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.record import Ref
from sync.domains import domain, tells_apart
from sync.identity.link import Said, index, link
from sync.model.row import Row
from tests.steps.business import day, patient


def account(
    connection: str, key: str, *, deleted: bool = False, merged_into: str | None = None, **values: Any
) -> Row:
    ref = Ref(connection, "Account" if connection == "sf" else "companies", key)
    return Row(ref, "account", day(0), values, {}, deleted, merged_into)


def groups(*rows: Row, first: str | None = "sf") -> set[frozenset[str]]:
    """The things that the rows make, checked to be the same in every order."""
    found = [
        {frozenset(str(row.ref) for row in thing.rows) for thing in link(order, first)}
        for order in permutations(rows)
    ]
    assert all(one == found[0] for one in found)
    return found[0]


def joined(*rows: Row) -> bool:
    return len(groups(*rows)) == 1


# Linking.


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"domain": "acme.com"}, {"domain": "acme.com"}, True),
        ({"domain": "acme.com"}, {"domain": "acme.de"}, False),
        ({"domain": "gmail.com"}, {"domain": "gmail.com"}, False),
        ({"name": "Acme"}, {"name": "Acme"}, False),
        ({"duns": "150483781"}, {"duns": "150483781"}, True),
        ({"domain": "acme.com", "duns": "150483781"}, {"domain": "acme.com", "duns": "150483782"}, False),
        ({"domain": "acme.com", "duns": "150483781"}, {"domain": "acme.com"}, True),
        ({"domain": "acme.com", "country": "DE"}, {"domain": "acme.com", "country": "US"}, False),
        ({"domain": "acme.com", "country": "DE"}, {"domain": "acme.com", "country": "de"}, True),
        ({"domain": "acme.com", "name": "ACME Corp."}, {"domain": "acme.com", "name": "Acme Corporation"}, True),
        ({"domain": "acme.com", "name": "Acme Logistics"}, {"domain": "acme.com", "name": "Acme Logistic"}, True),
        ({"domain": "acme.com", "name": "Acme"}, {"domain": "acme.com"}, True),
        ({"domain": "acme.com", "name": "Acme"}, {"domain": "acme.com", "name": "Acme Energy"}, False),
        ({"domain": "acme.com", "name": "Acme Energy"}, {"domain": "acme.com", "name": "Acme Health"}, False),
        ({"duns": "150483781", "name": "Acme Energy"}, {"duns": "150483781", "name": "Bolt"}, True),
        ({"duns": "150483781", "country": "DE"}, {"duns": "150483781", "country": "US"}, True),
        ({"shared_id": Ref("hs", "companies", "2"), "duns": "150483781"}, {"duns": "150483782"}, False),
        ({"shared_id": Ref("hs", "companies", "2"), "country": "DE"}, {"country": "US"}, True),
    ],
)
def test_two_rows_are_one_when_they_share_an_anchor_and_nothing_speaks_against_it(
    one: dict[str, Any], other: dict[str, Any], same: bool
) -> None:
    assert joined(account("sf", "1", **one), account("hs", "2", **other)) is same


def test_a_third_row_does_not_join_what_contradicts() -> None:
    one = account("sf", "1", domain="acme.com", duns="150483781")
    other = account("hs", "2", domain="acme.com", duns="150483782")
    between = account("hs", "3", domain="acme.com")
    found = groups(one, other, between)
    assert len(found) == 2
    assert not any({"sf:Account:1", "hs:companies:2"} <= thing for thing in found)


def test_a_chain_of_different_anchors_is_one_thing() -> None:
    assert joined(
        account("sf", "1", domain="acme.com"),
        account("hs", "2", domain="acme.com", duns="150483781"),
        account("hs", "3", duns="150483781", shared_id=Ref("hs", "companies", "4")),
        account("hs", "4"),
    )


def test_two_that_agree_are_one_also_where_a_third_contradicts_both() -> None:
    german = account("sf", "1", domain="acme.com", country="DE")
    found = groups(german, *(account("hs", key, domain="acme.com", country="US") for key in "23"))
    assert sorted(map(len, found)) == [1, 2]


def test_a_merged_record_says_nothing_any_more() -> None:
    assert joined(
        account("sf", "1", duns="150483781"), account("sf", "9", duns="150483782", deleted=True, merged_into="1")
    )


SF, HS, THIRD = "sf:Account:1", "hs:companies:2", "hs:companies:3"


@pytest.mark.parametrize(
    ("words", "things"),
    [
        ([], 2),
        ([Said(SF, HS, True, 1)], 1),  # whatever the numbers say
        ([Said(SF, HS, True, 1), Said(HS, SF, False, 2)], 2),  # undone
        ([Said(HS, THIRD, False, 1)], 3),  # whatever they share
        ([Said(HS, THIRD, False, 1), Said(THIRD, HS, True, 2)], 2),
        (
            [Said(SF, HS, True, 1), Said(SF, THIRD, False, 2)],
            2,
        ),  # no third row joins what a person parted
    ],
)
def test_what_people_said_outranks_every_anchor(words: list[Said], things: int) -> None:
    rows = [
        account("sf", "1", duns="150483781"),
        account("hs", "2", domain="a.com", duns="150483782"),
        account("hs", "3", domain="a.com"),
    ]
    for order in permutations(rows):
        assert len(link(order, "sf", words)) == things


def test_a_nameless_row_joins_no_two_names_of_one_domain() -> None:
    named = [
        account("sf", key, domain="acme.com", name=name) for key, name in (("1", "Acme"), ("3", "Acme Energy"))
    ]
    found = groups(named[0], account("hs", "2", domain="acme.com"), named[1])
    assert len(found) == 2


def test_five_thousand_rows_on_one_domain_are_linked_without_comparing_each_with_each() -> None:
    rows = [account("sf", f"{n:04}", domain="acme.com", duns=str(150_000_000 + n % 2500)) for n in range(5_000)]
    assert len(link(rows, "sf")) == 2_500


def test_a_row_without_anything_to_share_stands_alone() -> None:
    assert len(groups(account("sf", "1"), account("sf", "2"), account("hs", "1"))) == 3


def test_a_merged_record_is_found_under_its_old_id() -> None:
    survivor, gone = account("sf", "1"), account("sf", "9", deleted=True, merged_into="1")
    (thing,) = link([gone, survivor], "sf")
    assert [row.ref.id for row in thing.alive] == ["1"]
    assert index([thing])[Ref("sf", "Account", "9")] is thing


def test_a_record_that_remembers_what_it_absorbed_answers_for_it() -> None:
    (thing,) = link([account("hs", "1", merged_ids=("8", "9"))], "hs")
    assert index([thing])[Ref("hs", "companies", "9")] is thing


@pytest.mark.parametrize(("first", "lead"), [("sf", "sf"), ("hs", "hs"), (None, "hs")])
def test_the_connection_of_record_leads(first: str | None, lead: str) -> None:
    rows = account("sf", "1", domain="acme.com"), account("hs", "2", domain="acme.com")
    for order in permutations(rows):
        (thing,) = link(order, first)
        assert thing.rows[0].ref.connection == lead


def test_the_evidence_says_what_they_share() -> None:
    (thing,) = link([account("sf", "1", domain="acme.com"), account("hs", "2", domain="acme.com")], "sf")
    assert thing.evidence == ("sf:Account:1 and hs:companies:2 share the domain acme.com",)


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "connection": st.sampled_from(["sf", "hs"]),
            "domain": st.sampled_from([None, "acme.com", "bolt.com", "gmail.com"]),
            "duns": st.sampled_from([None, None, "150483781", "150483782"]),
            "country": st.sampled_from([None, "DE", "US"]),
            "name": st.sampled_from([None, "Acme", "Acme GmbH", "Acme Energy"]),
            "merged_into": st.sampled_from([None, None, "0", "3"]),
        }
    ),
    max_size=6,
)


@settings(patient, max_examples=200)
@given(ROWS, st.randoms(use_true_random=False))
def test_linking_does_not_depend_on_the_order_of_reading(facts: list[dict[str, Any]], dice: Any) -> None:
    rows = [account(key=str(number), **fields) for number, fields in enumerate(facts)]
    shuffled = dice.sample(rows, len(rows))
    assert link(rows, "sf") == link(shuffled, "sf")


@settings(patient, max_examples=200)
@given(ROWS)
def test_no_thing_contradicts_itself_unless_an_id_joins_it(facts: list[dict[str, Any]]) -> None:
    rows = [account(key=str(number), **{**fields, "merged_into": None}) for number, fields in enumerate(facts)]
    things = link(rows, "sf")
    assert sorted(row.ref for thing in things for row in thing.rows) == sorted(row.ref for row in rows)
    for thing in things:
        assert len({row.values["duns"] for row in thing.rows if row.values["duns"]}) <= 1


# Domains.


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://www.Acme.co.uk/products", "acme.co.uk"),
        ("maria@mail.acme.com", "acme.com"),
        ("ACME.COM", "acme.com"),
        ("localhost", None),
        ("co.uk", None),
        ("", None),
        (None, None),
    ],
)
def test_a_domain_is_what_somebody_registered(text: str | None, found: str | None) -> None:
    assert domain(text) == found


def test_free_mail_domains_tell_nobody_apart() -> None:
    assert tells_apart("acme.com")
    assert not any(map(tells_apart, ("gmail.com", "outlook.com", "gmx.de")))


@pytest.mark.parametrize("number", ["12AB", "n/a", "000000000", "unknown", "1504837821"])
def test_what_is_no_duns_number_joins_nobody_and_contradicts_nobody(number: str) -> None:
    one, other = account("sf", "1", duns=number), account("hs", "2", duns=number)
    assert not joined(one, other)
    assert joined(
        account("sf", "1", domain="acme.com", duns=number), account("hs", "2", domain="acme.com", duns="150483782")
    )


def test_a_duns_number_is_the_same_however_it_is_written() -> None:
    assert joined(account("sf", "1", duns="15-048-3782"), account("hs", "2", duns=" 150483782"))
