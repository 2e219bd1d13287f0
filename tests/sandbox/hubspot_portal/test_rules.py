"""What a portal refuses, and when: an admin's rules, migrations, splits, limits of what can be made, tokens."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from connector.sandbox.serve import Sandbox
from connector.sandbox.switchboard import Switchboard

from .portal import DEAL, Portal, codes

CLIENT = {"client_id": "dealsync", "client_secret": "sandbox-secret"}


@pytest.fixture
def board(sandbox: Sandbox) -> Switchboard:
    return sandbox.hubspot.switchboard


def token(sandbox: Sandbox, path: str = "/oauth/2026-09/token", **form: str) -> requests.Response:
    return requests.post(sandbox.hubspot_url + path, data=CLIENT | form, timeout=5)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/crm/objects/2026-09/deals", 400), ("/crm/objects/2026-03/deals", 201), ("/crm/v3/objects/deals", 201)],
)
def test_an_admins_rule_binds_new_records_from_2026_09_on(
    portal: Portal, board: Switchboard, path: str, status: int
) -> None:
    board.settings["rules"] = {"deals": [{"need": ["amount"]}]}
    answer = portal("POST", path, {"properties": DEAL})
    assert answer.status_code == status
    if status == 400:
        assert codes(answer) == ["REQUIRED_FIELD"]
        assert answer.json()["context"] == {"properties": ["amount"]}


def test_a_rule_with_a_condition_binds_only_writes_that_touch_it(portal: Portal, board: Switchboard) -> None:
    deal = portal.new(dealstage="closedwon")
    board.settings["rules"] = {"deals": [{"when": {"dealstage": "closedwon"}, "need": ["closedate"]}]}

    def change(**properties: str) -> int:
        return portal.objects("PATCH", f"deals/{deal}", {"properties": properties}).status_code

    assert change(dealname="still possible") == 200
    assert change(dealstage="closedwon") == 400
    assert change(dealstage="closedwon", closedate="2026-11-24T00:00:00Z") == 200


def test_a_rule_refuses_its_rows_of_a_batch_only(portal: Portal, board: Switchboard) -> None:
    board.settings["rules"] = {"deals": [{"need": ["amount"]}]}
    given = [DEAL, DEAL | {"amount": "1"}]
    rows = [{"properties": each, "objectWriteTraceId": str(at)} for at, each in enumerate(given)]
    body = portal.objects("POST", "deals/batch/create", {"inputs": rows}).json()
    assert [row["objectWriteTraceId"] for row in body["results"]] == ["1"]
    assert body["errors"][0]["context"] == {"properties": ["amount"], "objectWriteTraceId": ["0"]}


def test_an_address_that_a_contact_has_is_a_conflict_in_a_batch_too(portal: Portal) -> None:
    contact = portal.new("contacts", email="one@acme.example")
    again = portal.objects("POST", "contacts", {"properties": {"email": "ONE@acme.example"}})
    assert (again.status_code, again.json()["category"]) == (409, "CONFLICT")
    rows = [{"properties": {"email": "one@acme.example"}, "objectWriteTraceId": "0"}]
    body = portal.objects("POST", "contacts/batch/create", {"inputs": rows}).json()
    assert body["errors"][0]["category"] == "CONFLICT"
    assert body["errors"][0]["context"] == {"existingId": [contact], "objectWriteTraceId": ["0"]}


def test_a_migrating_account_answers_477(portal: Portal, board: Switchboard) -> None:
    board.settings["migrating_seconds"] = 7200
    answer = portal.objects("GET", "deals")
    assert (answer.status_code, answer.headers["Retry-After"]) == (477, "7200")


def splits(portal: Portal, deal: str, *parts: tuple[int, float]) -> requests.Response:
    given = [{"ownerId": owner, "percentage": part} for owner, part in parts]
    return portal("POST", "/deal-splits/{V}/batch/upsert", {"inputs": [{"id": int(deal), "splits": given}]})


def test_splits_are_shown_as_records_of_text(portal: Portal) -> None:
    deal = portal.new(hubspot_owner_id="77")
    assert splits(portal, deal, (77, 1)).status_code == 200
    [row] = portal("POST", "/deal-splits/{V}/batch/read", {"inputs": [{"id": deal}]}).json()["results"]
    [split] = row["splits"]
    assert split["properties"] == {"hs_deal_split_percentage": "1", "hubspot_owner_id": "77"}
    legacy = portal("POST", "/crm/v3/objects/deals/splits/batch/read", {"inputs": [{"id": deal}, {"id": "9"}]})
    assert legacy.status_code == 207
    assert legacy.json()["results"] == [row]
    assert legacy.json()["errors"][0]["context"] == {"ids": ["9"]}


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([(77, 0.5)], "add up to 1.0"),
        ([(78, 1)], "do not exist"),
        ([], "must be included"),
        ([(77, 0.5), (77, 0.5)], "two splits"),
        ([(77, 0.123456789), (77, 0.876543211)], "8 decimals"),
    ],
)
def test_a_split_that_is_not_valid_refuses_the_request(
    portal: Portal, parts: list[tuple[int, float]], words: str
) -> None:
    answer = splits(portal, portal.new(hubspot_owner_id="77"), *parts)
    assert answer.status_code == 400
    assert words in answer.json()["message"]


def test_a_new_pipeline_gets_numbered_stages_that_deals_can_be_in(portal: Portal, board: Switchboard) -> None:
    stages = [
        {"label": "Filed", "metadata": {"probability": "0.5"}},
        {"label": "Won", "metadata": {"probability": "1.0"}},
    ]
    made = portal("POST", "/crm/pipelines/{V}/deals", {"label": "Claims", "stages": stages})
    assert made.status_code == 201
    won = made.json()["stages"][1]
    assert won["metadata"] == {"isClosed": "true", "probability": "1.0"}
    deal = portal.new(pipeline=made.json()["id"], dealstage=won["id"])
    assert portal.properties("deals", deal, "hs_is_closed_won")["hs_is_closed_won"] == "true"
    assert portal("POST", "/crm/pipelines/{V}/deals", {"label": "Claims", "stages": stages}).status_code == 400
    assert (
        portal("POST", "/crm/pipelines/{V}/deals", {"label": "Bare", "stages": [{"label": "x"}]}).status_code == 400
    )
    board.settings["pipelines_most"] = 2
    assert portal("POST", "/crm/pipelines/{V}/deals", {"label": "More", "stages": stages}).status_code == 400


def test_custom_objects_end_at_the_accounts_limit(portal: Portal, board: Switchboard) -> None:
    board.settings["objects_most"] = 2
    body = {
        "name": "one_more",
        "labels": {"singular": "x", "plural": "x"},
        "primaryDisplayProperty": "n",
        "properties": [{"name": "n", "label": "N", "type": "string", "fieldType": "text"}],
    }
    answer = portal("POST", "/crm-object-schemas/{V}/schemas", body)
    assert (answer.status_code, "limit" in answer.json()["message"]) == (400, True)


def test_a_note_needs_its_moment_and_hangs_on_a_deal(portal: Portal) -> None:
    refused = portal.objects("POST", "notes", {"properties": {"hs_note_body": "x"}})
    assert (refused.status_code, codes(refused)) == (400, ["REQUIRED_FIELD"])
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 214}]
    body = {
        "properties": {"hs_timestamp": "2026-11-24T09:30:00Z"},
        "associations": [{"to": {"id": "100"}, "types": types}],
    }
    made = portal.objects("POST", "notes", body)
    assert made.status_code == 201, made.text
    note = made.json()["id"]
    linked = portal("GET", "/crm/objects/{V}/deals/100/associations/notes").json()["results"]
    assert [str(each["toObjectId"]) for each in linked] == [note]


def test_a_refresh_token_rotates_when_the_portal_says_so(sandbox: Sandbox, board: Switchboard) -> None:
    def refresh(known: str) -> dict[str, Any]:
        found: dict[str, Any] = token(sandbox, grant_type="refresh_token", refresh_token=known).json()
        return found

    board.settings["rotate_refresh_tokens"] = True
    first = refresh("refresh-sandbox")["refresh_token"]
    assert refresh("refresh-sandbox")["status"] == "BAD_REFRESH_TOKEN"
    second = refresh(first)["refresh_token"]
    assert second != first
    sandbox.hubspot._sign_in._refresh_token = "refresh-sandbox"  # the portal is used by the next test


def test_the_scopes_of_a_token_can_be_asked_for(sandbox: Sandbox, board: Switchboard) -> None:
    board.settings["missing_scopes"] = ["schemas", "companies"]
    url = f"{sandbox.hubspot_url}/oauth/v2/private-apps/get/access-token-info"
    scopes = set(requests.post(url, json={"tokenKey": "pat-sandbox"}, timeout=5).json()["scopes"])
    assert {"crm.objects.deals.write", "crm.objects.custom.read"} <= scopes
    assert not {scope for scope in scopes if "companies" in scope or scope.startswith("crm.schemas.custom")}
    issued = token(sandbox, grant_type="refresh_token", refresh_token="refresh-sandbox").json()
    said = token(sandbox, "/oauth/2026-09/token/introspect", token=issued["access_token"]).json()
    assert (said["active"], set(said["scopes"])) == (True, scopes)
    assert token(sandbox, "/oauth/2026-09/token/introspect", token="never").json() == {"active": False}
    assert requests.post(url, json={"tokenKey": "never"}, timeout=5).status_code == 400


def test_a_revoked_token_is_refused(sandbox: Sandbox, portal: Portal, board: Switchboard) -> None:
    board.settings["revoked_tokens"] = ["pat-sandbox", "refresh-sandbox"]
    assert portal.objects("GET", "deals").json()["category"] == "INVALID_AUTHENTICATION"
    assert token(sandbox, grant_type="refresh_token", refresh_token="refresh-sandbox").status_code == 400
