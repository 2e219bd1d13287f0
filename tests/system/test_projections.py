"""Projections, from the command line to the served CRMs: shown, written once, or refused with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.serve import Sandbox

from .program import Desk

LIST = "OpportunityPartner"
ROLES = {
    "Reseller": "RESELL",
    "Distributor": "DISTRIBUTE",
    "System Integrator": "IMPLEMENT",
    "Consultant": "ADVISE",
}


def switched_on(desk: Desk) -> None:
    desk.projects("sf", '"partner_role"')


def live(sandbox: Sandbox, kind: str) -> list[Mapping[str, Any]]:
    return [row for row in sandbox.salesforce.rows(kind) if not row["IsDeleted"]]


def test_the_list_of_partners_says_what_the_splits_say_until_it_is_taken_out(desk: Desk, sandbox: Sandbox) -> None:
    people = {row["Id"] for row in live(sandbox, LIST)}
    switched_on(desk)
    plan = desk("plan", "--json").json
    shown = [change for change in plan["changes"] if change["object"] == LIST]
    assert shown
    assert desk("run", "--once").code == 0
    splits = {
        (row["Opportunity__c"], row["Partner_Account__c"], role)
        for row in live(sandbox, "Partner_Attribution__c")
        for role in str(row["Roles__c"]).split(";")
        if row["Partner_Account__c"] and role in ROLES.values()
    }
    ours = [row for row in live(sandbox, LIST) if row["Id"] not in people and row["Role"]]
    told = {(row["OpportunityId"], row["AccountToId"], ROLES[row["Role"]]) for row in ours} & splits
    assert told == splits != set()
    assert len(shown) == len(splits)
    primary = [row["OpportunityId"] for row in ours if row["IsPrimary"]]
    assert len(primary) == len(set(primary))
    again = desk("plan", "--json")
    assert (again.code, again.json["changes"]) == (0, [])
    assert desk("uninstall", "--yes").code == 0
    assert {row["Id"] for row in live(sandbox, LIST)} == people


def test_an_org_that_cannot_hold_the_list_says_why_in_doctor_and_plan(desk: Desk, sandbox: Sandbox) -> None:
    sandbox.salesforce.switchboard.settings["hidden_objects"] = [LIST]
    switched_on(desk)
    findings = desk("doctor", "--json").json["findings"]
    assert any(finding["severity"] == "error" and LIST in finding["place"] for finding in findings), findings
    plan = desk("plan", "--json").json
    assert not any(change["object"] == LIST for change in plan["changes"])
    assert any("turn on partners on opportunities" in held["reason"] for held in plan["held"])


def test_a_switch_that_no_mapping_can_serve_is_a_fault_of_its_key(desk: Desk) -> None:
    desk.edit("mappings/sf-opportunity-partner.toml", 'key = "OpportunityId:AccountToId:Role"\n', "")
    switched_on(desk)
    ran = desk("plan")
    assert ran.code == 1
    assert "connection.sf.projections" in ran.err + ran.out
