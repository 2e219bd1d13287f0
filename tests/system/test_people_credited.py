"""Projections that credit people: overlay splits, deal splits and labels, written to the CRMs and taken out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import World, load_world

from .program import Desk

DANA = "0055e00000000MiAAI"
JONAS, INES = "61204417", "61204533"
LABELS = {
    "SOURCE": "Sourcing partner",
    "RESELL": "Reseller",
    "IMPLEMENT": "Implementation partner",
    "ADVISE": "Advisory partner",
    "PRESALES": "Presales partner",
    "SUPPORT": "Support partner",
    "SOLUTION": "Solution partner",
}
ATTRIBUTION = "partner_attribution"
SPLITS, DIVIDED = "OpportunitySplit", "deal_splits"


def staffed() -> World:
    """The demo's CRMs with a team on every deal, an overlay split type, and owners of HubSpot's partners."""
    world = load_world("demo", datetime.now(UTC))
    objects = world.salesforce["objects"]
    objects["OpportunityTeamMember"] = [
        {"OpportunityId": deal["Id"], "UserId": DANA} for deal in objects["Opportunity"]
    ]
    objects["OpportunitySplitType"] = [
        {"DeveloperName": "Partner_Credit", "IsActive": True, "IsTotalValidated": False}
    ]
    partners = [each for each in world.hubspot["objects"]["companies"] if "is_partner" in each["properties"]]
    for number, partner in enumerate(partners):
        partner["properties"]["hubspot_owner_id"] = (INES, JONAS)[number % 2]
    return world


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with start(staffed()) as running:
        links = running.hubspot.portal.links
        for label in LABELS.values():
            links.user_type(("deals", "companies"), (label, label), label)
        yield running


def overlay(sandbox: Sandbox) -> dict[str, tuple[str, Decimal]]:
    """Who has which percent of which opportunity."""
    rows = [row for row in sandbox.salesforce.rows(SPLITS) if not row["IsDeleted"]]
    return {row["OpportunityId"]: (row["SplitOwnerId"], Decimal(str(row["SplitPercentage"]))) for row in rows}


def divided(sandbox: Sandbox) -> dict[str, dict[str, Decimal]]:
    splits = sandbox.hubspot.portal.splits
    return {deal: {part.owner: part.percentage for part in parts} for deal, parts in splits.items()}


def test_channel_managers_are_credited_by_an_overlay_split_until_it_is_switched_off(
    desk: Desk, sandbox: Sandbox
) -> None:
    desk.projects("sf", '"credit"')
    assert desk("run", "--once").code == 0
    shares: dict[str, Decimal] = defaultdict(Decimal)
    for row in sandbox.salesforce.rows("Partner_Attribution__c"):
        if row["Partner_Account__c"]:
            shares[row["Opportunity__c"]] += Decimal(str(row["Share__c"]))
    assert overlay(sandbox) == {deal: (DANA, percent) for deal, percent in shares.items()} != {}
    again = desk("plan", "--json")
    assert (again.code, again.json["changes"]) == (0, [])
    desk.projects("sf", "")
    assert {change["kind"] for change in desk("plan", "--json").json["changes"]} == {"delete"}
    assert desk("run", "--once").code == 0
    assert overlay(sandbox) == {}


def test_an_org_without_splits_says_why_and_the_rest_is_written(desk: Desk, sandbox: Sandbox) -> None:
    sandbox.salesforce.switchboard.settings["hidden_objects"] = [SPLITS]
    desk.projects("sf", '"credit"')
    plan = desk("plan", "--json").json
    assert any("turn on opportunity splits" in held["reason"] for held in plan["held"])
    assert plan["changes"]
    assert not any(change["object"] == SPLITS for change in plan["changes"])


def test_hubspot_deals_are_divided_among_channel_managers_and_their_owner(desk: Desk, sandbox: Sandbox) -> None:
    desk.projects("hs", '"deal_split"')
    plan = desk("plan", "--json").json
    wanted = {change["key"] for change in plan["changes"] if change["object"] == DIVIDED}
    assert wanted
    assert desk("run", "--once").code == 0
    found = divided(sandbox)
    assert found.keys() == wanted
    assert all(sum(parts.values()) == 1 and JONAS in parts for parts in found.values())
    assert any(INES in parts for parts in found.values())
    again = desk("plan", "--json")
    assert (again.code, again.json["changes"]) == (0, [])
    desk.projects("hs", "")
    assert desk("run", "--once").code == 0
    assert {deal: parts for deal, parts in divided(sandbox).items() if parts != {JONAS: 1}} == {}


def linked(sandbox: Sandbox, kind: str, other: str, row: str) -> Mapping[str, set[int]]:
    """The records that one is linked to, with the types of each link."""
    found: Mapping[str, set[int]] = sandbox.hubspot.portal.links.of((kind, other), row)
    return found


def test_hubspot_s_partner_companies_carry_their_roles_as_labels(desk: Desk, sandbox: Sandbox) -> None:
    desk.projects("hs", '"role_label"')
    assert desk("run", "--once").code == 0
    links = sandbox.hubspot.portal.links
    labels = {role: links.labelled(("deals", "companies"), label) for role, label in LABELS.items()}
    wanted = set()
    for row in sandbox.hubspot.rows(ATTRIBUTION):
        roles = set(str(row["properties"]["roles"]).split(";")) & LABELS.keys()
        for deal in linked(sandbox, ATTRIBUTION, "deals", str(row["id"])):
            for partner in linked(sandbox, ATTRIBUTION, "companies", str(row["id"])):
                wanted |= {(deal, partner, role) for role in roles}
    deals = {deal for deal, _, _ in wanted}
    found = {
        (deal, partner, role)
        for deal in deals
        for partner, types in linked(sandbox, "deals", "companies", deal).items()
        for role, label in labels.items()
        if label.id in types
    }
    assert found == wanted != set()
    again = desk("plan", "--json")
    assert (again.code, again.json["changes"]) == (0, [])


def test_a_portal_without_the_labels_says_which_and_writes_the_rest(desk: Desk, sandbox: Sandbox) -> None:
    desk.projects("hs", '"role_label"')
    for label in LABELS.values():
        kind = sandbox.hubspot.portal.links.labelled(("deals", "companies"), label)
        sandbox.hubspot.portal.links.types[("deals", "companies")].remove(kind)
    plan = desk("plan", "--json").json
    reasons = {held["reason"] for held in plan["held"] if held["object"] == "deals"}
    assert any("companies#Solution partner: make it there" in reason for reason in reasons), reasons
    assert any(change["object"] == "deals" for change in plan["changes"])
