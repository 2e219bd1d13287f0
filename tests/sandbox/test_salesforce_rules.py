"""What the stand-in org does by its own rules: duplicates, validations, partners, splits, rights, moving away."""

from __future__ import annotations

from typing import Any

import pytest

from connector.sandbox.salesforce.org import Org
from connector.sandbox.serve import Sandbox

from .conftest import ACME, ALPHA, ATTRIBUTION, BETA, BOLT, KEY, WORLD, Api, attribution, code_of

MEMBER, OVERLAY, REVENUE = "005000000000001AAA", "149000000000001AAA", "149000000000002AAA"
SETUP = {
    "User": [{"Id": MEMBER, "Name": "Member"}],
    "OpportunityTeamMember": [{"OpportunityId": ALPHA, "UserId": MEMBER}],
    "OpportunitySplitType": [
        {"Id": OVERLAY, "DeveloperName": "Partner", "IsActive": True},
        {"Id": REVENUE, "DeveloperName": "Revenue", "IsActive": True, "IsTotalValidated": True},
    ],
    "DuplicateRule": [{"DeveloperName": "Same_phone", "SobjectType": "Account", "IsActive": True}],
    "MatchingRule": [{"Id": "0JD000000000001", "SobjectType": "Account", "RuleStatus": "Active"}],
    "MatchingRuleItem": [{"MatchingRuleId": "0JD000000000001", "Field": "Phone"}],
}
TYPES = {"Opportunity": {"record_types": {"Partner": {"Type": ["Renewal"]}}}}


@pytest.fixture
def api(crm: Sandbox) -> Api:
    world = {**WORLD, "schema": TYPES, "objects": {**WORLD["objects"], **SETUP}}  # type: ignore[dict-item]
    crm.salesforce.org = Org(world, crm.salesforce.switchboard)
    return Api(crm, "dealsync", "sandbox-secret")


def test_a_duplicate_is_refused_unless_the_caller_insists(crm: Sandbox, api: Api) -> None:
    row = {"Name": "Same", "Phone": "1"}
    first = api("POST", "/sobjects/Account", row).json()["id"]
    refused = api("POST", "/sobjects/Account", row)
    assert code_of(refused) == (400, "DUPLICATES_DETECTED")
    result = refused.json()[0]["duplicateResut"]  # the vendor's own spelling
    assert result["matchResults"][0]["matchRecords"][0]["record"]["Id"] == first
    records = {"records": [{"attributes": {"type": "Account"}, **row}]}
    assert "duplicateResult" in api("POST", "/composite/sobjects", records).json()[0]["errors"][0]
    insists = {"Sforce-Duplicate-Rule-Header": "allowSave=true; includeRecordDetails=true"}
    assert api("POST", "/sobjects/Account", row, headers=insists).status_code == 201
    crm.salesforce.switchboard.settings["blocking_rules"] = ["Same_phone"]
    assert code_of(api("POST", "/sobjects/Account", row, headers=insists)) == (400, "DUPLICATES_DETECTED")
    assert api("PATCH", f"/sobjects/Account/{first}", {"Phone": "2"}).status_code == 204


def test_a_validation_rule_speaks_for_itself(crm: Sandbox, api: Api) -> None:
    rule = {"name": "R", "object": "Opportunity", "field": "Type", "forbids": "Credit", "message": "No credits."}
    crm.salesforce.switchboard.settings["validation_rules"] = [rule]
    answer = api("PATCH", f"/sobjects/Opportunity/{ALPHA}", {"Type": "Credit"})
    assert code_of(answer) == (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    assert (answer.json()[0]["message"], answer.json()[0]["fields"]) == ("No credits.", ["Type"])
    soql = "SELECT Id, ValidationName FROM ValidationRule WHERE EntityDefinition.QualifiedApiName = 'Opportunity'"
    [told] = api("GET", "/tooling/query", params={"q": soql}).json()["records"]
    by_id = f"SELECT Metadata FROM ValidationRule WHERE Id = '{told['Id']}'"
    [whole] = api("GET", "/tooling/query/", params={"q": by_id}).json()["records"]
    assert "Type" in whole["Metadata"]["errorConditionFormula"]
    crm.salesforce.switchboard.settings["setup_access"] = False
    assert code_of(api("GET", "/tooling/query", params={"q": soql})) == (403, "INSUFFICIENT_ACCESS")


def test_a_partner_has_two_rows_and_a_deal_one_primary(crm: Sandbox, api: Api) -> None:
    partner = {"OpportunityId": ALPHA, "AccountToId": BOLT, "Role": "Reseller", "IsPrimary": True}
    first = api("POST", "/sobjects/OpportunityPartner", partner).json()["id"]
    rows = api.query("SELECT Id, AccountToId, IsPrimary, ReversePartnerId FROM OpportunityPartner")
    assert {(row["AccountToId"], row["IsPrimary"]) for row in rows} == {(BOLT, True), (ACME, False)}
    assert {row["ReversePartnerId"] for row in rows} == {row["Id"] for row in rows}
    api("POST", "/sobjects/OpportunityPartner", {**partner, "Role": "Agency"})
    primary = api.query("SELECT Role FROM OpportunityPartner WHERE IsPrimary = true")
    assert [row["Role"] for row in primary] == ["Agency"]
    assert api("DELETE", f"/sobjects/OpportunityPartner/{first}").status_code == 204
    assert len(api.query("SELECT Id FROM OpportunityPartner")) == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"SplitTypeId": REVENUE, "SplitPercentage": 50}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"SplitPercentage": 1001}, "NUMBER_OUTSIDE_VALID_RANGE"),
        ({"OpportunityId": BETA}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"SplitOwnerId": BOLT}, "FIELD_INTEGRITY_EXCEPTION"),
    ],
)
def test_splits_that_cannot_be(api: Api, change: dict[str, Any], code: str) -> None:
    split = {"OpportunityId": ALPHA, "SplitOwnerId": MEMBER, "SplitTypeId": OVERLAY, "SplitPercentage": 120}
    assert code_of(api("POST", "/sobjects/OpportunitySplit", {**split, **change})) == (400, code)
    made = api("POST", "/sobjects/OpportunitySplit", split).json()["id"]
    assert api("PATCH", f"/sobjects/OpportunitySplit/{made}", {"SplitPercentage": 5}).status_code == 204
    moved = api("PATCH", f"/sobjects/OpportunitySplit/{made}", {"SplitOwnerId": MEMBER})
    assert code_of(moved) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


def test_a_lock_that_is_released_after_a_while(crm: Sandbox, api: Api) -> None:
    crm.salesforce.switchboard.settings["locked_ids"] = {ALPHA: 2}
    codes = [api("PATCH", f"/sobjects/Opportunity/{ALPHA}", {"Amount": 5}).status_code for _ in range(3)]
    assert codes == [400, 400, 204]


def test_rights_show_in_describe_and_hold_in_writing(crm: Sandbox, api: Api) -> None:
    crm.salesforce.switchboard.settings |= {
        "read_only_fields": {"Opportunity": ["Amount"]},
        "hidden_objects": ["User"],
    }
    fields = {field["name"]: field for field in api("GET", "/sobjects/Opportunity/describe").json()["fields"]}
    assert (fields["Amount"]["createable"], fields["Amount"]["updateable"]) == (False, False)
    refused = api("PATCH", f"/sobjects/Opportunity/{ALPHA}", {"Amount": 5})
    assert code_of(refused) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    assert code_of(api("GET", "/sobjects/User/describe")) == (404, "NOT_FOUND")


def test_record_types_narrow_picklists(api: Api) -> None:
    kinds = {kind["name"]: kind for kind in api("GET", "/sobjects/Opportunity/describe").json()["recordTypeInfos"]}
    assert kinds["Master"]["master"]
    path = f"/ui-api/object-info/Opportunity/picklist-values/{kinds['Partner']['recordTypeId']}"
    found = api("GET", path).json()["picklistFieldValues"]
    assert [value["value"] for value in found["Type"]["values"]] == ["Renewal"]
    assert len(found["StageName"]["values"]) == 7
    assert code_of(api("GET", "/ui-api/object-info/Opportunity/picklist-values/012x")) == (404, "NOT_FOUND")


def test_a_collection_that_ends_half_way_keeps_what_it_has_written(crm: Sandbox, api: Api) -> None:
    crm.salesforce.switchboard.settings["half_written"] = 1
    body = {"records": [attribution("a"), attribution("b")]}
    assert api("PATCH", f"/composite/sobjects/{ATTRIBUTION}/{KEY}", body).status_code == 500
    assert [row[KEY] for row in api.query(f"SELECT {KEY} FROM {ATTRIBUTION}")] == ["a"]
    assert api("PATCH", f"/composite/sobjects/{ATTRIBUTION}/{KEY}", body).status_code == 200


def test_an_org_that_moved_answers_at_its_new_address_only(crm: Sandbox, api: Api) -> None:
    crm.salesforce.switchboard.settings["instance_url"] = crm.salesforce_url.replace("127.0.0.1", "localhost")
    assert code_of(api("GET", "/limits")) == (401, "INVALID_SESSION_ID")
