"""Many rows or requests in one call to the stand-in Salesforce: collections, composite requests and graphs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.sandbox.serve import Sandbox

from .conftest import ACME, ALPHA, ATTRIBUTION, BINNED, GAMMA, KEY, Api, attribution, code_of


def test_all_or_none(crm: Sandbox, api: Api) -> None:
    rows = [attribution("a"), attribution("b", Share__c="x"), attribution("c")]
    body = {"allOrNone": True, "records": rows}
    answer = api("PATCH", f"/composite/sobjects/{ATTRIBUTION}/{KEY}", body)
    assert answer.status_code == 200
    codes = [result["errors"][0]["statusCode"] for result in answer.json()]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "JSON_PARSER_ERROR", "ALL_OR_NONE_OPERATION_ROLLED_BACK"]
    assert crm.salesforce.rows(ATTRIBUTION) == []


def test_a_key_twice_in_one_upsert(api: Api) -> None:
    rows = [attribution("a"), attribution("b"), attribution("a")]
    answer = api("PATCH", f"/composite/sobjects/{ATTRIBUTION}/{KEY}", {"records": rows}).json()
    assert [result["success"] for result in answer] == [False, True, False]
    assert answer[0]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"


def test_collections_update_and_delete(crm: Sandbox, api: Api) -> None:
    rows = [
        {"attributes": {"type": "Opportunity"}, "id": ALPHA, "Name": "one"},
        {"attributes": {"type": "Opportunity"}, "Id": "006000000000099AAA", "Name": "two"},
        {"attributes": {"type": "Account"}, "Id": ACME, "Name": "three"},
    ]
    answer = api("PATCH", "/composite/sobjects", {"records": rows}).json()
    assert [result["success"] for result in answer] == [True, False, True]
    assert answer[1]["errors"][0]["statusCode"] == "INVALID_CROSS_REFERENCE_KEY"
    gone = api("DELETE", f"/composite/sobjects?ids={ALPHA},{BINNED},{GAMMA}&allOrNone=false").json()
    assert [result["success"] for result in gone] == [True, False, True]
    assert gone[1]["errors"][0]["statusCode"] == "ENTITY_IS_DELETED"


def test_collections_have_a_size(api: Api) -> None:
    rows = [attribution(str(number)) for number in range(201)]
    assert code_of(api("POST", "/composite/sobjects", {"records": rows})) == (400, "EXCEEDED_ID_LIMIT")
    ids = ",".join([ALPHA] * 201)
    assert code_of(api("DELETE", f"/composite/sobjects?ids={ids}")) == (400, "EXCEEDED_ID_LIMIT")
    mixed = [{"attributes": {"type": kind}, "Name": "x"} for _ in range(6) for kind in ("Account", ATTRIBUTION)]
    assert code_of(api("POST", "/composite/sobjects", {"records": mixed})) == (400, "INVALID_INPUT")


# --- composite


def node(reference: str, method: str, path: str, body: object = None) -> dict[str, Any]:
    url = f"/services/data/v62.0{path}"
    return {"referenceId": reference, "method": method, "url": url, **({"body": body} if body else {})}


def test_composite_passes_results_on(api: Api, crm: Sandbox) -> None:
    deal = {"Name": "Deal", "StageName": "Proposal", "CloseDate": "2026-12-01", "AccountId": "@{account.id}"}
    wanted = [
        node("account", "POST", "/sobjects/Account", {"Name": "New"}),
        node("deal", "POST", "/sobjects/Opportunity", deal),
        node("read", "GET", "/query/?q=SELECT+Name+FROM+Opportunity+WHERE+Id+=+'@{deal.id}'"),
        node("wrong", "POST", "/sobjects/Account", {"Hue": 1}),
        node("after", "POST", "/sobjects/Opportunity", {**deal, "AccountId": "@{wrong.id}"}),
    ]
    answers = api("POST", "/composite", {"compositeRequest": wanted}).json()["compositeResponse"]
    assert [one["httpStatusCode"] for one in answers] == [201, 201, 200, 400, 400]
    assert answers[2]["body"]["records"][0]["Name"] == "Deal"
    assert answers[4]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert len(crm.salesforce.switchboard.calls) == 2  # the sign-in, and one call for all five


def test_composite_all_or_none(api: Api, crm: Sandbox) -> None:
    wanted = [
        node("good", "POST", "/sobjects/Account", {"Name": "New"}),
        node("bad", "POST", "/sobjects/Account", {"Hue": 1}),
    ]
    answers = api("POST", "/composite", {"allOrNone": True, "compositeRequest": wanted}).json()["compositeResponse"]
    assert [one["body"][0]["errorCode"] for one in answers] == ["PROCESSING_HALTED", "INVALID_FIELD"]
    assert len(crm.salesforce.rows("Account")) == 2


TOO_MUCH: dict[str, Callable[[], tuple[str, dict[str, Any]]]] = {
    "26 requests": lambda: (
        "/composite",
        {"compositeRequest": [node(f"n{n}", "GET", "/limits") for n in range(26)]},
    ),
    "6 queries": lambda: (
        "/composite",
        {"compositeRequest": [node(f"n{n}", "GET", "/query?q=SELECT+Id+FROM+User") for n in range(6)]},
    ),
    "501 nodes": lambda: (
        "/composite/graph",
        {"graphs": [{"graphId": "g", "compositeRequest": [node(f"n{n}", "GET", "/limits") for n in range(501)]}]},
    ),
    "a query in a graph": lambda: (
        "/composite/graph",
        {"graphs": [{"graphId": "g", "compositeRequest": [node("n", "GET", "/limits")]}]},
    ),
    "a name twice": lambda: ("/composite", {"compositeRequest": [node("n", "GET", "/limits")] * 2}),
}


@pytest.mark.parametrize("case", TOO_MUCH)
def test_composite_has_a_size(api: Api, case: str) -> None:
    path, body = TOO_MUCH[case]()
    assert code_of(api("POST", path, body)) == (400, "INVALID_INPUT")


def test_each_graph_lands_whole_or_not_at_all(api: Api, crm: Sandbox) -> None:
    def graph(name: str, stage: str) -> dict[str, Any]:
        nodes = [
            node("deal", "PATCH", f"/sobjects/Opportunity/{ALPHA}", {"Split_Summary__c": name}),
            node("row", "PATCH", f"/sobjects/{ATTRIBUTION}/{KEY}/{name}", {"Opportunity__c": ALPHA}),
            node("last", "PATCH", f"/sobjects/{ATTRIBUTION}/@{{row.id}}", {"Split_Status__c": stage}),
        ]
        return {"graphId": name, "compositeRequest": nodes}

    body = {"graphs": [graph("good", "Draft"), graph("bad", "Maybe")]}
    answers = api("POST", "/composite/graph", body).json()["graphs"]
    assert [(one["graphId"], one["isSuccessful"]) for one in answers] == [("good", True), ("bad", False)]
    codes = [one["body"][0]["errorCode"] for one in answers[1]["graphResponse"]["compositeResponse"]]
    assert codes == ["PROCESSING_HALTED", "PROCESSING_HALTED", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"]
    assert [row[KEY] for row in crm.salesforce.rows(ATTRIBUTION)] == ["good"]
    summaries = {row["Id"]: row["Split_Summary__c"] for row in crm.salesforce.rows("Opportunity")}
    assert summaries[ALPHA] == "good"
