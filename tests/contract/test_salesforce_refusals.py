"""What stands in the way of a write to Salesforce: locks, duplicate rules, validation rules, merges."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector.errors import Gone, PauseMapping, Rejected, TryAgain
from connector.record import Change, Op
from connector.salesforce.crm import SalesforceCrm
from connector.sandbox.salesforce.org import Org
from connector.sandbox.switchboard import Fault

from .cases import faults, outcomes
from .salesforce_rig import DEAL, KINDS, PARTNER, SERVICE, WORLD, SalesforceRig
from .salesforce_writing import CASES, OURS, calls, patient, quiet, upserts

# locks


def test_children_of_a_locked_parent_go_last_in_small_calls_and_hold_up_nobody(salesforce: SalesforceRig) -> None:
    [other] = salesforce.create(
        "Opportunity", {"Name": "Other", "StageName": "Proposal", "CloseDate": "2026-12-31"}
    )
    held = upserts(salesforce, 50)
    free = [
        replace(CASES.upsert(salesforce, f"free{number}"), values=(("Opportunity__c", other), (KINDS.amount, "1")))
        for number in range(5)
    ]
    salesforce.switchboard.settings["locked_ids"] = {DEAL: 120}
    crm, waits = patient(salesforce)
    quiet(salesforce)
    assert set(faults(crm, [*held, *free]).values()) == {None}
    assert calls(salesforce, "/composite") == 1 + 3 + 3 + 1, "one call, twice 20 rows each, the last 20 once more"
    assert len(waits) == 1, "nothing moved the second time"
    assert len(CASES.ours(salesforce, *(change.key for change in held))) == 50


def test_a_group_with_a_locked_parent_is_sent_after_the_others(salesforce: SalesforceRig) -> None:
    [other] = salesforce.create(
        "Opportunity", {"Name": "Other", "StageName": "Proposal", "CloseDate": "2026-12-31"}
    )
    salesforce.switchboard.settings["locked_ids"] = [DEAL]
    held = replace(CASES.upsert(salesforce, "held"), group="held")
    free = replace(CASES.upsert(salesforce, "free"), group="free", values=(("Opportunity__c", other),))
    assert faults(salesforce.crm, [held, free]) == {"c-held": TryAgain, "c-free": None}
    quiet(salesforce)
    assert faults(salesforce.crm, [held, free]) == {"c-held": TryAgain, "c-free": None}
    assert calls(salesforce, "/composite") == 2, "the locked group cannot hold up the other one"
    salesforce.switchboard.settings.clear()
    assert faults(salesforce.crm, [held, free]) == {"c-held": None, "c-free": None}


# duplicates, rules, and rows that went away


def with_duplicate_rule(salesforce: SalesforceRig) -> None:
    rules: dict[str, list[dict[str, Any]]] = {
        "DuplicateRule": [{"DeveloperName": "Same_customer", "SobjectType": OURS, "IsActive": True}],
        "MatchingRule": [{"Id": "0JD000000000001", "SobjectType": OURS, "RuleStatus": "Active"}],
        "MatchingRuleItem": [{"MatchingRuleId": "0JD000000000001", "Field": "Policy_Version__c"}],
    }
    world = {**WORLD.salesforce, "objects": {**WORLD.salesforce["objects"], **rules}}
    salesforce.sandbox.salesforce.org = Org(world, salesforce.switchboard)


def resembling(salesforce: SalesforceRig, key: str, group: str = "") -> Change:
    return replace(CASES.upsert(salesforce, key, Policy_Version__c="p1"), group=group)


@pytest.mark.parametrize("group", ["", "g"])
def test_a_duplicate_rule_refuses_a_new_row_and_names_what_it_resembles(
    salesforce: SalesforceRig, group: str
) -> None:
    with_duplicate_rule(salesforce)
    first = outcomes(salesforce.crm, [resembling(salesforce, "a", group)])["c-a"].record_id
    fault = outcomes(salesforce.crm, [resembling(salesforce, "b", group)])["c-b"].fault
    assert isinstance(fault, Rejected)
    assert (fault.code, str(first) in fault.message) == ("DUPLICATES_DETECTED", True)


def test_a_duplicate_rule_that_only_warns_is_overridden_when_the_connection_says_so(
    salesforce: SalesforceRig,
) -> None:
    with_duplicate_rule(salesforce)
    settings = {"url": salesforce.sandbox.salesforce_url, **SERVICE, "duplicates": "allow"}
    crm = SalesforceCrm("sf", settings, ledger=salesforce.ledger)
    pair = [resembling(salesforce, "a"), resembling(salesforce, "b")]
    assert faults(crm, pair) == {"c-a": None, "c-b": None}
    salesforce.switchboard.settings["blocking_rules"] = ["Same_customer"]
    assert faults(crm, [resembling(salesforce, "c")]) == {"c-c": Rejected}


def test_a_validation_rule_says_in_its_own_words_why_it_refuses(salesforce: SalesforceRig) -> None:
    rule = {
        "name": "No_Draft",
        "object": OURS,
        "field": "Split_Status__c",
        "forbids": "Draft",
        "message": "No drafts.",
    }
    salesforce.switchboard.settings["validation_rules"] = [rule]
    fault = outcomes(salesforce.crm, [CASES.upsert(salesforce, "a", Split_Status__c="Draft")])["c-a"].fault
    assert isinstance(fault, Rejected)
    assert "No drafts." in fault.message
    assert "Split_Status__c" in fault.message


def test_a_write_to_an_account_that_was_merged_away_is_gone_and_its_survivor_is_readable(
    salesforce: SalesforceRig,
) -> None:
    [loser] = salesforce.create("Account", {"Name": "Loser"})
    salesforce.merge("Account", loser, PARTNER)
    change = Change("u", Op.UPDATE, "Account", loser, (("Name", "x"),))
    fault = outcomes(salesforce.crm, [change])["u"].fault
    assert isinstance(fault, Gone)
    assert fault.code == "ENTITY_IS_DELETED"
    assert salesforce.crm.read("Account", [loser], [])[0].ref.id == PARTNER


def test_groups_that_were_halted_by_the_failures_of_others_are_sent_again(salesforce: SalesforceRig) -> None:
    bad = [
        replace(CASES.upsert(salesforce, f"bad{number}", Split_Status__c="?"), group=f"b{number}")
        for number in range(20)
    ]
    good = [replace(CASES.upsert(salesforce, f"good{number}"), group=f"g{number}") for number in range(5)]
    assert set(faults(salesforce.crm, [*bad, *good]).values()) == {Rejected, TryAgain}
    crm, _ = patient(salesforce)
    found = faults(crm, [*bad, *good])
    assert {found[change.id] for change in bad} == {Rejected}
    assert {found[change.id] for change in good} == {None}


def test_a_group_that_needs_a_hidden_field_is_sent_once_and_then_refused_before(salesforce: SalesforceRig) -> None:
    quiet(salesforce)
    salesforce.hide(OURS, KINDS.amount)
    change = replace(CASES.upsert(salesforce, "a"), group="g")
    assert [faults(salesforce.crm, [change]) for _ in range(3)] == [{"c-a": PauseMapping}] * 3
    assert calls(salesforce, "/composite") == 1, "after the first refusal the object is described anew"


def test_a_call_that_is_refused_again_without_a_reason_we_can_see_is_given_up(salesforce: SalesforceRig) -> None:
    quiet(salesforce)
    body = [{"errorCode": "INVALID_FIELD", "message": "No such column 'X' on sobject of type Y"}]
    salesforce.switchboard.faults.append(Fault(path="/composite", times=9, status=400, body=body))
    assert faults(salesforce.crm, [CASES.upsert(salesforce, "a")]) == {"c-a": PauseMapping}
    assert calls(salesforce, "/composite") == 2
