"""Writing to the stand-in Salesforce: what it refuses, what it does by itself, and how it misbehaves when told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connector.sandbox.serve import Sandbox

from .conftest import ACME, ALPHA, ATTRIBUTION, BETA, BINNED, BOLT, KEY, Api, code_of

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown field": ({"Hue__c": "x"}, "INVALID_FIELD"),
    "calculated": ({"IsWon": True}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
    "stamp": ({"SystemModstamp": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
    "required": ({"CloseDate": None}, "REQUIRED_FIELD_MISSING"),
    "blank is empty": ({"Name": "  "}, "REQUIRED_FIELD_MISSING"),
    "too long": ({"Name": "x" * 121}, "STRING_TOO_LONG"),
    "choice": ({"StageName": "Maybe"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    "currency": ({"CurrencyIsoCode": "XXX"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    "number": ({"Amount": "a lot"}, "JSON_PARSER_ERROR"),
    "range": ({"Amount": 10**17}, "NUMBER_OUTSIDE_VALID_RANGE"),
    "boolean": ({"Conflict_Flag__c": "yes"}, "JSON_PARSER_ERROR"),
    "date": ({"CloseDate": "2026-13-01"}, "JSON_PARSER_ERROR"),
    "datetime": ({"Direct_Engaged_At__c": "2026-01-01"}, "JSON_PARSER_ERROR"),
    "no id": ({"AccountId": "acme"}, "MALFORMED_ID"),
    "other object": ({"AccountId": BETA}, "FIELD_INTEGRITY_EXCEPTION"),
    "nobody": ({"AccountId": "001000000000099AAA"}, "INVALID_CROSS_REFERENCE_KEY"),
    "deleted parent": ({"Renewal_Of__c": BINNED}, "ENTITY_IS_DELETED"),
    "own id": ({"Id": ALPHA}, "INVALID_FIELD"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_values(crm: Sandbox, api: Api, case: str) -> None:
    values, code = REFUSED[case]
    before = crm.salesforce.rows("Opportunity")
    assert code_of(api("PATCH", f"/sobjects/Opportunity/{ALPHA}", values)) == (400, code)
    row = {"Name": "New", "StageName": "Proposal", "CloseDate": "2026-12-01", **values}
    assert code_of(api("POST", "/sobjects/Opportunity", row)) == (400, code)
    assert crm.salesforce.rows("Opportunity") == before


def test_values_come_back_in_the_vendors_spelling(crm: Sandbox, api: Api) -> None:
    values = {
        "Roles__c": "SUPPORT;SOURCE",
        "Contribution__c": 2.005,
        "Declared_Value__c": 7,
        "Submitted_At__c": "2026-03-01T10:00:00.123456+02:00",
        "Partner_Account__c": BOLT[:15],
    }
    made = api("POST", "/sobjects/Deal_Registration__c", values).json()["id"]
    answer = api("GET", f"/sobjects/Deal_Registration__c/{made}")
    row = answer.json()
    assert row["Roles__c"] == "SOURCE;SUPPORT"
    assert row["Submitted_At__c"] == "2026-03-01T08:00:00.000+0000"
    assert row["Partner_Account__c"] == BOLT
    assert row["Name"] == made[:15]
    assert '"Contribution__c":2.01' in answer.text
    assert '"Declared_Value__c":7.0' in answer.text


def test_a_row_without_close_date_can_still_be_edited(crm: Sandbox, api: Api) -> None:
    """Imported orgs have them; only clearing a required field is refused."""
    table = crm.salesforce.org.tables.table(crm.salesforce.org.schema.object("Opportunity"))
    table.rows[ALPHA]["CloseDate"] = None
    assert api("PATCH", f"/sobjects/Opportunity/{ALPHA}", {"Amount": 5}).status_code == 204


def test_who_and_when(crm: Sandbox, api: Api, person: Api) -> None:
    crm.salesforce.switchboard.offset = timedelta(minutes=5)
    by_person = person("PATCH", f"/sobjects/Opportunity/{ALPHA}", {"Name": "edited"})
    by_service = api("PATCH", f"/sobjects/Opportunity/{BETA}", {"Name": "synced"})
    assert (by_person.status_code, by_service.status_code) == (204, 204)
    rows = {row["Id"]: row for row in crm.salesforce.rows("Opportunity")}
    assert rows[ALPHA]["LastModifiedById"] != rows[BETA]["LastModifiedById"]
    assert str(rows[ALPHA]["SystemModstamp"])[:16] == crm.salesforce.switchboard.now().strftime("%Y-%m-%dT%H:%M")


def test_writes_by_id_to_rows_that_are_not_there(api: Api) -> None:
    assert code_of(api("PATCH", "/sobjects/Opportunity/006000000000099AAA", {"Name": "x"})) == (404, "NOT_FOUND")
    assert code_of(api("DELETE", "/sobjects/Opportunity/nonsense")) == (404, "NOT_FOUND")
    assert code_of(api("PATCH", f"/sobjects/Opportunity/{BINNED}", {"Name": "x"})) == (404, "ENTITY_IS_DELETED")


def test_a_delete_takes_line_items_along(crm: Sandbox, api: Api) -> None:
    line = {"OpportunityId": ALPHA, "ProductCode": "X", "Quantity": 1}
    assert api("POST", "/sobjects/OpportunityLineItem", line).status_code == 201
    assert api("DELETE", f"/sobjects/Opportunity/{ALPHA}").status_code == 204
    assert [row["IsDeleted"] for row in crm.salesforce.rows("OpportunityLineItem")] == [True]
    assert api.query("SELECT Id FROM OpportunityLineItem") == []
    assert len(api.query("SELECT Id FROM OpportunityLineItem", "/queryAll")) == 1


def test_unique_keys(api: Api) -> None:
    path = f"/sobjects/{ATTRIBUTION}"
    row = {KEY: "k", "Opportunity__c": ALPHA}
    assert api("POST", path, row).status_code == 201
    assert code_of(api("POST", path, row)) == (400, "DUPLICATE_VALUE")
    assert api("POST", path, {**row, KEY: "K"}).status_code == 201  # this key minds case
    filing = {"Filing_Key__c": "k", "Partner_Account__c": BOLT, "Roles__c": "SOURCE"}
    assert api("POST", "/sobjects/Deal_Registration__c", filing).status_code == 201
    again = api("POST", "/sobjects/Deal_Registration__c", {**filing, "Filing_Key__c": "K"})
    assert code_of(again) == (400, "DUPLICATE_VALUE")  # this one does not


def test_keys_are_url_encoded(api: Api) -> None:
    answer = api("PATCH", f"/sobjects/{ATTRIBUTION}/{KEY}/a%2Fb%3A%C3%BC%25", {"Opportunity__c": ALPHA})
    assert answer.json()["created"]
    assert api.query(f"SELECT {KEY} FROM {ATTRIBUTION}")[0][KEY] == "a/b:ü%"


def test_an_upsert_by_a_field_that_is_no_key(api: Api) -> None:
    assert code_of(api("PATCH", "/sobjects/Account/Phone/1", {"Name": "x"})) == (404, "NOT_FOUND")


def test_objects_that_the_api_does_not_write(api: Api) -> None:
    assert code_of(api("POST", "/sobjects/OpportunityHistory", {})) == (400, "INVALID_TYPE_FOR_OPERATION")
    made = api("POST", "/sobjects/OpportunityPartner", {"OpportunityId": ALPHA, "AccountToId": BOLT}).json()["id"]
    assert code_of(api("PATCH", f"/sobjects/OpportunityPartner/{made}", {"Role": "Reseller"})) == (
        400,
        "INVALID_TYPE_FOR_OPERATION",
    )
    assert api("DELETE", f"/sobjects/OpportunityPartner/{made}").status_code == 204


def test_unmodified_since(crm: Sandbox, api: Api) -> None:
    old = {"If-Unmodified-Since": "Wed, 31 Dec 2025 00:00:00 GMT"}
    assert api("PATCH", f"/sobjects/Opportunity/{ALPHA}", {"Name": "x"}, headers=old).status_code == 412
    wrong = {"If-Unmodified-Since": "yesterday"}
    assert code_of(api("PATCH", f"/sobjects/Opportunity/{ALPHA}", {"Name": "x"}, headers=wrong))[0] == 400


# --- misbehaviour by settings


def test_locked_rows(crm: Sandbox, api: Api) -> None:
    crm.salesforce.switchboard.settings["locked_ids"] = [ALPHA[:15]]
    assert code_of(api("PATCH", f"/sobjects/Opportunity/{ALPHA}", {"Name": "x"})) == (400, "UNABLE_TO_LOCK_ROW")
    child = {"OpportunityId": ALPHA, "ProductCode": "X"}
    assert code_of(api("POST", "/sobjects/OpportunityLineItem", child)) == (400, "UNABLE_TO_LOCK_ROW")


def test_late_commits_show_up_below_the_clock(crm: Sandbox, api: Api) -> None:
    board = crm.salesforce.switchboard
    board.settings["late_commit_seconds"] = 300
    stamped = board.now()
    made = api("POST", "/sobjects/Account", {"Name": "Late"}).json()["id"]
    soql = f"SELECT SystemModstamp FROM Account WHERE Id = '{made}'"
    assert api.query(soql) == []
    board.offset = timedelta(seconds=301)
    assert api.query(soql)[0]["SystemModstamp"][:16] == stamped.strftime("%Y-%m-%dT%H:%M")


def test_a_merge_leaves_a_trace_and_a_purge_none(crm: Sandbox, api: Api) -> None:
    crm.salesforce.merge("Account", ACME, BOLT)
    loser = api.query(f"SELECT IsDeleted, MasterRecordId FROM Account WHERE Id = '{BOLT}'", "/queryAll")[0]
    assert (loser["IsDeleted"], loser["MasterRecordId"]) == (True, ACME)
    assert {row["Id"] for row in api.query(f"SELECT Id FROM Opportunity WHERE AccountId = '{ACME}'")} == {
        ALPHA,
        BETA,
    }
    crm.salesforce.purge("Opportunity", BINNED)
    assert len(api.query("SELECT Id FROM Opportunity", "/queryAll")) == 3
