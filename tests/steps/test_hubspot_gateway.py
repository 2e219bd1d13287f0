"""The one way out to HubSpot: what it sends, what it counts, and what it makes of a bad answer.

`responses` stands in for the network: it sees `requests`, which our gateway sends with.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from urllib3.exceptions import MaxRetryError, NewConnectionError

from connector.crm import Ledger
from connector.errors import InDoubt, PauseMapping, PauseUntil, StopCrm, TryAgain
from connector.hubspot import routes
from connector.hubspot.gateway import Gateway

URL = "https://api.hubapi.com"
DATE = {"Date": "Tue, 24 Nov 2026 14:00:00 GMT"}
ROW = {"id": "1", "properties": {"dealname": "A"}, "updatedAt": "2026-11-24T09:30:00Z"}
LIST = f"{URL}/crm/objects/2026-09/deals"
UPSERT = f"{URL}/crm/objects/2026-09/deals/batch/upsert"
ACCOUNT = f"{URL}/account-info/2026-09/details"
TOKEN = f"{URL}/oauth/2026-09/token"
OAUTH = {"flow": "refresh_token", "client_id": "c", "client_secret": "s", "refresh_token": "r-configured"}
DAILY = {"status": "error", "message": "daily", "errorType": "RATE_LIMIT", "policyName": "DAILY"}
REVOKED = {"status": "BAD_REFRESH_TOKEN", "message": "revoked", "error": "invalid_grant"}


class Calls(Ledger):
    """Counts by class; ``waits`` are the answers for a class that is full."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.waits: dict[str, float] = {}

    def take(self, connection: str, limit: str, calls: int = 1) -> float:
        self.taken[limit] += calls
        return self.waits.get(limit, 0.0)


@pytest.fixture
def net() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def ledger() -> Calls:
    return Calls()


def gateway(ledger: Ledger) -> Gateway:
    return Gateway("hs", {"token": "t"}, ledger, None)


def oauth(ledger: Ledger) -> Gateway:
    return Gateway("hs", OAUTH, ledger, None)


def grant(token: str, **more: Any) -> dict[str, Any]:
    return {"access_token": token, "expires_in": 1800, "token_type": "bearer", **more}


def test_the_vendors_request_is_sent_with_our_token_and_body(net: responses.RequestsMock, ledger: Calls) -> None:
    net.post(UPSERT, json={"results": [ROW]}, headers=DATE)
    found = gateway(ledger).send(routes.UPSERT, "deals", body={"inputs": []})
    assert found.results[0].properties == {"dealname": "A"}
    request = net.calls[0].request
    assert request.headers["Authorization"] == "Bearer t"
    assert request.headers["User-Agent"] == "dealsync"
    assert json.loads(request.body or b"") == {"inputs": []}


def test_a_netrc_file_does_not_replace_our_token(
    net: responses.RequestsMock, ledger: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine api.hubapi.com login somebody password else")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    net.get(LIST, json={"results": []}, headers=DATE)
    gateway(ledger).send(routes.LIST, "deals")
    assert net.calls[0].request.headers["Authorization"] == "Bearer t"


def test_each_call_is_counted_by_its_class_and_a_full_class_is_not_called(
    net: responses.RequestsMock, ledger: Calls
) -> None:
    net.get(LIST, json={"results": []}, headers=DATE)
    net.post(f"{LIST}/search", json={"results": []}, headers=DATE)
    net.post(f"{URL}/crm/associations/2026-09/deals/companies/batch/read", json={"results": []}, headers=DATE)
    hs = gateway(ledger)
    hs.send(routes.LIST, "deals")
    hs.send(routes.SEARCH, "deals", body={})
    hs.send(routes.LINKS, "deals", "companies", body={})
    assert ledger.taken == {"general": 1, "search": 1, "associations": 1}
    ledger.waits["search"] = 0.4
    with pytest.raises(TryAgain) as caught:
        hs.send(routes.SEARCH, "deals", body={})
    assert caught.value.after == 0.4
    assert len(net.calls) == 3


@pytest.mark.parametrize(
    "spoilt",
    [
        {"body": "<html>maintenance</html>", "content_type": "text/html"},
        {"body": b'{"results": [{"id": "1", "prop'},
        {"json": {"status": "COMPLETE"}},
        {"json": {"results": None}},
        {"json": []},
        {"body": b""},
        {"body": b"\xff\xfe{"},
        {"status": 503, "body": "<html>busy</html>"},
        {"status": 429, "json": {"policyName": "SECONDLY", "errorType": "RATE_LIMIT"}},
        {"status": 423, "json": {"category": "LOCKED", "message": "locked"}},
        {"body": requests.ReadTimeout("slow")},
        {"body": requests.ConnectionError(ConnectionResetError(104, "reset"))},
        {"body": requests.exceptions.ChunkedEncodingError("half")},
    ],
)
def test_an_answer_that_is_none_is_never_no_data(
    net: responses.RequestsMock, ledger: Calls, spoilt: dict[str, Any]
) -> None:
    net.get(LIST, headers=DATE, **spoilt)
    with pytest.raises(TryAgain):
        gateway(ledger).send(routes.LIST, "deals")


def unreachable() -> requests.ConnectionError:
    reason = NewConnectionError(None, "refused")  # type: ignore[arg-type]  # no pool is needed to say so
    return requests.ConnectionError(MaxRetryError(None, "/", reason))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spoilt", "error"),
    [
        ({"body": "<html>maintenance</html>"}, InDoubt),
        ({"body": b'{"results": [{"id"'}, InDoubt),
        ({"body": requests.ReadTimeout("slow")}, InDoubt),
        ({"body": requests.ConnectionError(ConnectionResetError(104, "reset"))}, InDoubt),
        ({"body": unreachable()}, TryAgain),
        ({"status": 502, "body": "bad gateway"}, TryAgain),
    ],
)
def test_a_write_without_an_answer_is_in_doubt_unless_it_never_left(
    net: responses.RequestsMock, ledger: Calls, spoilt: dict[str, Any], error: type[Exception]
) -> None:
    net.post(UPSERT, headers=DATE, **spoilt)
    with pytest.raises(error):
        gateway(ledger).send(routes.UPSERT, "deals", body={})


def test_a_daily_limit_asks_once_for_the_accounts_midnight(net: responses.RequestsMock, ledger: Calls) -> None:
    net.get(LIST, status=429, json=DAILY, headers=DATE)
    net.get(ACCOUNT, json={"portalId": 1, "timeZone": "America/New_York"}, headers=DATE)
    hs = gateway(ledger)
    for _ in range(2):
        with pytest.raises(PauseUntil) as caught:
            hs.send(routes.LIST, "deals")
        assert caught.value.when == datetime(2026, 11, 25, 5, tzinfo=UTC)
    assert [call.request.url for call in net.calls].count(ACCOUNT) == 1


def test_a_daily_limit_that_hides_the_zone_too_pauses_for_an_hour(
    net: responses.RequestsMock, ledger: Calls
) -> None:
    net.get(LIST, status=429, json=DAILY, headers=DATE)
    net.get(ACCOUNT, status=429, json=DAILY, headers=DATE)
    with pytest.raises(PauseUntil) as caught:
        gateway(ledger).send(routes.LIST, "deals")
    assert caught.value.when == datetime(2026, 11, 24, 15, tzinfo=UTC)


def test_a_refused_fixed_token_stops_after_one_call(net: responses.RequestsMock, ledger: Calls) -> None:
    net.get(LIST, status=401, json={"category": "INVALID_AUTHENTICATION", "message": "no"}, headers=DATE)
    with pytest.raises(StopCrm, match="token"):
        gateway(ledger).send(routes.LIST, "deals")
    assert len(net.calls) == 1


def test_many_threads_renew_a_token_once(net: responses.RequestsMock, ledger: Calls) -> None:
    together = threading.Barrier(8, timeout=5)

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        if request.headers["Authorization"] == "Bearer a1":
            together.wait()  # everybody is refused before anybody renews
            return 401, DATE, json.dumps({"message": "expired", "category": "EXPIRED_AUTHENTICATION"})
        return 200, DATE, json.dumps({"results": [ROW]})

    net.post(TOKEN, json=grant("a1"), headers=DATE)
    net.post(TOKEN, json=grant("a2"), headers=DATE)
    net.add_callback("GET", LIST, callback=answer)
    hs = oauth(ledger)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: len(hs.send(routes.LIST, "deals").results), range(8)))
    assert found == [1] * 8
    assert _token_calls(net) == 2
    assert "refresh_token=r-configured" in str(net.calls[0].request.body)


def test_a_renewed_token_that_is_refused_as_well_stops(net: responses.RequestsMock, ledger: Calls) -> None:
    net.post(TOKEN, json=grant("a1"), headers=DATE)
    net.get(LIST, status=401, json={"category": "EXPIRED_AUTHENTICATION"}, headers=DATE)
    with pytest.raises(StopCrm):
        oauth(ledger).send(routes.LIST, "deals")
    assert len(net.calls) == 4, "sign in, refused, sign in, refused"


def test_a_token_is_renewed_before_it_ends(net: responses.RequestsMock, ledger: Calls) -> None:
    net.post(TOKEN, json=grant("a1", expires_in=-10), headers=DATE)
    net.get(LIST, json={"results": []}, headers=DATE)
    hs = oauth(ledger)
    hs.send(routes.LIST, "deals")
    hs.send(routes.LIST, "deals")
    assert _token_calls(net) == 2
    net.replace("POST", TOKEN, json=grant("a2"), headers=DATE)
    for _ in range(3):
        hs.send(routes.LIST, "deals")
    assert _token_calls(net) == 3


def test_a_token_is_understood_in_either_spelling(net: responses.RequestsMock, ledger: Calls) -> None:
    net.post(TOKEN, json={"accessToken": "a1", "expiresIn": 1800, "tokenType": "bearer"}, headers=DATE)
    net.get(LIST, json={"results": []}, headers=DATE)
    oauth(ledger).send(routes.LIST, "deals")
    assert net.calls[1].request.headers["Authorization"] == "Bearer a1"


def test_a_revoked_refresh_token_stops_and_is_not_asked_again(net: responses.RequestsMock, ledger: Calls) -> None:
    net.post(TOKEN, status=400, json=REVOKED, headers=DATE)
    hs = oauth(ledger)
    for _ in range(3):
        with pytest.raises(StopCrm, match="connect the app"):
            hs.send(routes.LIST, "deals")
    assert _token_calls(net) == 1


def test_a_sign_in_refused_in_unknown_words_stops_too(net: responses.RequestsMock, ledger: Calls) -> None:
    net.post(TOKEN, status=400, json={"message": "new wording"}, headers=DATE)
    with pytest.raises(StopCrm, match="new wording"):
        oauth(ledger).send(routes.LIST, "deals")


def _token_calls(net: responses.RequestsMock) -> int:
    return sum(call.request.url == TOKEN for call in net.calls)


def test_a_missing_scope_names_the_object_as_the_mapping_does(net: responses.RequestsMock, ledger: Calls) -> None:
    net.get(f"{URL}/crm/objects/2026-09/2-7", status=403, json={"category": "MISSING_SCOPES"}, headers=DATE)
    hs = gateway(ledger)
    hs.types["partner_attribution"] = "2-7"
    with pytest.raises(PauseMapping) as caught:
        hs.send(routes.LIST, "partner_attribution")
    assert caught.value.kind == "partner_attribution"
