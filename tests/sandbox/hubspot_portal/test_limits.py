"""Sign-in, limits, and the misbehaviours that a switchboard can order."""

from __future__ import annotations

from datetime import timedelta

import requests
from hubspot import HubSpot

from connector.sandbox.serve import Sandbox

from .portal import Portal, codes, links_of


def test_an_unknown_token(sandbox: Sandbox) -> None:
    answer = Portal(sandbox.hubspot_url, "nonsense")("GET", "/account-info/{V}/details")
    assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")


def test_oauth_tokens_expire(sandbox: Sandbox) -> None:
    grant = {"grant_type": "refresh_token", "client_id": "dealsync", "client_secret": "sandbox-secret"}
    url = f"{sandbox.hubspot_url}/oauth/2026-09/token"
    issued = requests.post(url, data=grant | {"refresh_token": "refresh-sandbox"}, timeout=5).json()
    assert (issued["expires_in"], issued["token_type"], issued["hub_id"]) == (1800, "bearer", 4711)
    portal = Portal(sandbox.hubspot_url, issued["access_token"])
    account = portal("GET", "/account-info/{V}/details")
    assert (account.json()["portalId"], account.json()["timeZone"]) == (4711, "Europe/Berlin")
    sandbox.hubspot.switchboard.offset = timedelta(seconds=1807)
    late = portal("GET", "/account-info/{V}/details")
    assert (late.status_code, late.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")
    assert "expired 7 second(s) ago" in late.json()["message"]
    fresh = requests.post(url, data=grant | {"refresh_token": "refresh-sandbox"}, timeout=5).json()
    portal.session.headers["Authorization"] = f"Bearer {fresh['access_token']}"
    sandbox.hubspot.switchboard.settings["expire_tokens"] = True
    assert [portal("GET", "/crm/owners/{V}").status_code for _ in range(2)] == [401, 401]
    revoked = requests.post(url, data=grant | {"refresh_token": "old"}, timeout=5)
    assert (revoked.status_code, revoked.json()["status"]) == (400, "BAD_REFRESH_TOKEN")
    portal.session.close()


def test_client_refreshes_on_the_legacy_path(client: HubSpot) -> None:
    issued = client.oauth.tokens_api.create(
        grant_type="refresh_token",
        client_id="dealsync",
        client_secret="sandbox-secret",
        refresh_token="refresh-sandbox",
    )
    assert issued.expires_in == 1800


def test_the_ten_second_limit(sandbox: Sandbox, portal: Portal) -> None:
    sandbox.hubspot.switchboard.settings |= {"limits": "on", "ten_second_limit": 3}
    sandbox.hubspot.switchboard.offset = timedelta(hours=1)
    answers = [portal("GET", "/crm/owners/{V}") for _ in range(4)]
    assert [answer.headers["X-HubSpot-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    body = answers[-1].json()
    assert answers[-1].status_code == 429
    assert (body["errorType"], body["policyName"]) == ("RATE_LIMIT", "TEN_SECONDLY_ROLLING")
    assert body["message"] == "You have reached your ten_secondly_rolling limit."
    assert links_of(portal, "deals", "109", "companies").status_code == 200
    assert portal.objects("POST", "deals/search", {}).status_code == 200
    sandbox.hubspot.switchboard.offset += timedelta(seconds=10)
    assert portal("GET", "/crm/owners/{V}").status_code == 200


def test_the_daily_limit(sandbox: Sandbox, portal: Portal) -> None:
    sandbox.hubspot.switchboard.offset = timedelta(days=3)
    sandbox.hubspot.switchboard.settings |= {"limits": "on", "daily_limit": 2}
    answers = [portal("GET", "/crm/owners/{V}") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert (answers[-1].json()["policyName"], answers[-1].json()["message"]) == (
        "DAILY",
        "You have reached your daily limit.",
    )
    assert answers[-1].headers["X-HubSpot-RateLimit-Daily-Remaining"] == "0"
    sandbox.hubspot.switchboard.offset += timedelta(days=1)
    assert portal("GET", "/crm/owners/{V}").status_code == 200


def test_a_hidden_property(sandbox: Sandbox, portal: Portal) -> None:
    sandbox.hubspot.switchboard.settings["hidden_properties"] = {"deals": ["amount"]}
    assert "amount" not in portal.properties("deals", "100", "amount", "dealname")
    described = portal("GET", "/crm/properties/{V}/deals").json()["results"]
    assert "amount" not in [prop["name"] for prop in described]
    refused = portal.objects("PATCH", "deals/100", {"properties": {"amount": "1"}})
    assert codes(refused) == ["PROPERTY_DOESNT_EXIST"]


def test_a_missing_scope(sandbox: Sandbox, portal: Portal) -> None:
    sandbox.hubspot.switchboard.settings["missing_scopes"] = ["line_items"]
    answer = portal.objects("GET", "line_items")
    assert (answer.status_code, answer.json()["category"]) == (403, "MISSING_SCOPES")
    context = answer.json()["errors"][0]["context"]
    assert context == {"requiredGranularScopes": ["crm.objects.line_items.read"]}
    assert portal.objects("GET", "deals").status_code == 200
    assert links_of(portal, "deals", "100", "line_items").status_code == 403


def test_a_locked_record(sandbox: Sandbox, portal: Portal) -> None:
    sandbox.hubspot.switchboard.settings["locked_ids"] = ["103"]
    rows = [{"id": id_, "properties": {"amount": "1"}, "objectWriteTraceId": id_} for id_ in ("103", "104")]
    assert portal.objects("POST", "deals/batch/update", {"inputs": rows}).status_code == 423
    assert portal.properties("deals", "104", "amount")["amount"] == "12.5"
    assert portal.objects("GET", "deals/103").status_code == 200


def test_body_that_is_not_json(portal: Portal) -> None:
    url = f"{portal.url}/crm/objects/2026-09/deals/search"
    answer = portal.session.post(url, data="{nonsense", timeout=5)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Invalid input JSON")


def test_calls_are_recorded_by_kind(sandbox: Sandbox, portal: Portal) -> None:
    """A call is recorded once it is answered: one more call makes sure of the three before it."""
    portal.objects("POST", "deals/batch/read", {"inputs": [{"id": "100"}]})
    links_of(portal, "deals", "100", "companies")
    portal.objects("POST", "deals/search", {})
    portal("GET", "/crm/owners/{V}")
    kinds = [call.kind for call in sandbox.hubspot.switchboard.calls]
    first = kinds.index("batch.read")
    assert kinds[first : first + 3] == ["batch.read", "associations.read", "search.search"]
