"""What connects two rows: only an anchor they share, and never a free-mail domain."""

from __future__ import annotations

from typing import Any

import pytest

from connector.record import Ref
from sync.identity.anchors import anchors, of_ref
from sync.model.row import Row
from tests.steps.business import day

OWN = Ref("sf", "Account", "1")
OTHER = Ref("hs", "companies", "2")


def row(kind: str, ref: Ref = OWN, merged_into: str | None = None, **values: Any) -> Row:
    return Row(ref, kind, day(0), values, {}, merged_into=merged_into)


def same(found: Row) -> set[str]:
    return set(anchors(found).same) - {of_ref(found.ref)}


def near(found: Row) -> set[str]:
    return set(anchors(found).near)


@pytest.mark.parametrize(
    "kind", ["account", "opportunity", "line", "attribution", "registration", "person", "rate"]
)
def test_every_row_is_its_own_anchor(kind: str) -> None:
    assert of_ref(OWN) in anchors(row(kind)).same


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"domain": "acme.com"}, {"domain:acme.com"}),
        ({"domain": "gmail.com"}, set()),
        ({"domain": None}, set()),
        ({"duns": "123456789"}, {"duns:123456789"}),
        ({"shared_id": OTHER}, {of_ref(OTHER)}),
        ({"merged_ids": ("8", "9")}, {"id:sf:Account:8", "id:sf:Account:9"}),
        ({"name": "Acme", "country": "DE", "phone": "1"}, set()),
    ],
)
def test_what_makes_two_accounts_one(values: dict[str, Any], found: set[str]) -> None:
    assert same(row("account", **values)) == found


def test_a_parent_is_near_and_not_the_same() -> None:
    child = row("account", parent=OTHER)
    assert (same(child), near(child)) == (set(), {of_ref(OTHER)})
    assert anchors(child).all == {of_ref(OWN), of_ref(OTHER)}


def test_a_merged_record_is_the_one_that_absorbed_it() -> None:
    assert same(row("opportunity", merged_into="7")) == {"id:sf:Account:7"}


def test_a_deal_is_one_with_its_shared_id_and_near_its_account_and_predecessor() -> None:
    deal = row(
        "opportunity", account=OWN, renewal_of=Ref("sf", "Opportunity", "0"), shared_id=OTHER, domain="acme.com"
    )
    assert same(deal) == {of_ref(OTHER)}
    assert near(deal) == {of_ref(OWN), "id:sf:Opportunity:0"}


@pytest.mark.parametrize("kind", ["line", "attribution"])
def test_lines_and_attribution_rows_belong_to_their_deal(kind: str) -> None:
    assert near(row(kind, opportunity=OTHER, partner=OWN)) == {of_ref(OTHER)}


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"opportunity": OTHER}, {of_ref(OTHER)}),
        ({"opportunity": OTHER, "customer_domain": "acme.com"}, {of_ref(OTHER)}),
        ({"customer_domain": "acme.com"}, {"domain:acme.com"}),
        ({"customer_domain": "gmail.com"}, set()),
        ({"opportunity": OTHER, "joint_key": "team"}, {of_ref(OTHER), "joint:team"}),
        ({"partner": OTHER}, set()),  # a partner's claims elsewhere are other matters
    ],
)
def test_what_a_registration_belongs_to(values: dict[str, Any], found: set[str]) -> None:
    assert near(row("registration", **values)) == found
    assert same(row("registration", **values)) == set()


@pytest.mark.parametrize("kind", ["person", "rate", "partner_role", "stage_history"])
def test_what_is_never_judged_connects_nothing(kind: str) -> None:
    assert anchors(row(kind, opportunity=OTHER, account=OTHER, domain="acme.com")).all == {of_ref(OWN)}
