"""Signing in to Salesforce: every flow, one at a time, and never again once refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import responses
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connector.budget import CallCount
from connector.crm import Settings, Vault
from connector.errors import PauseUntil, StopCrm, TryAgain
from connector.salesforce.auth import is_sandbox
from connector.salesforce.crm import SalesforceCrm
from connector.sandbox.switchboard import Fault

from .cases import faults
from .salesforce_rig import KINDS, SERVICE, SalesforceRig
from .test_salesforce_wire import upsert

REFRESH = {"flow": "refresh_token", "client_id": "dealsync", "refresh_token": "refresh-sandbox"}
ELSEWHERE = "https://acme.my.salesforce.com"


def opened(salesforce: SalesforceRig, settings: Settings, vault: Vault | None = None) -> SalesforceCrm:
    url = salesforce.sandbox.salesforce_url
    return SalesforceCrm("sf", {"url": url, **settings}, ledger=salesforce.ledger, vault=vault)


def remote(**settings: str) -> SalesforceCrm:
    ledger = CallCount(now=lambda: datetime.now(UTC))
    return SalesforceCrm("sf", {"url": ELSEWHERE, **SERVICE, **settings}, ledger=ledger)


REGISTRATIONS = [
    {"attributes": {"type": KINDS.plain}, **KINDS.needs, KINDS.text: f"row {number}"} for number in range(15)
]


def sign_ins(salesforce: SalesforceRig) -> int:
    salesforce.calls()
    return sum(call.path.endswith("/token") for call in salesforce.switchboard.calls)


@pytest.fixture(scope="module")
def private_key() -> str:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_jwt_signs_in(salesforce: SalesforceRig, private_key: str) -> None:
    who = {"client_id": "dealsync", "username": "dealsync@sandbox.test", "private_key": private_key}
    assert opened(salesforce, {"flow": "jwt", **who}).whoami().user == "dealsync@sandbox.test"


def test_jwt_of_an_unknown_user_stops(salesforce: SalesforceRig, private_key: str) -> None:
    who = {"client_id": "nobody", "username": "dealsync@sandbox.test", "private_key": private_key}
    with pytest.warns(UserWarning, match="authorize"), pytest.raises(StopCrm, match="approved"):
        opened(salesforce, {"flow": "jwt", **who}).whoami()


def test_a_refresh_token_signs_in(salesforce: SalesforceRig) -> None:
    assert opened(salesforce, REFRESH).whoami().user == "dealsync@sandbox.test"


def test_refused_credentials_are_not_tried_again(salesforce: SalesforceRig) -> None:
    crm = opened(salesforce, {"client_id": "dealsync", "client_secret": "wrong-secret"})
    before = sign_ins(salesforce)
    for _ in range(3):
        with pytest.raises(StopCrm, match=r"sf: 400 invalid_client .*config\.toml") as caught:
            crm.whoami()
    assert sign_ins(salesforce) - before == 1
    assert "wrong-secret" not in str(caught.value)
    assert set(faults(crm, [upsert(salesforce, "a")]).values()) == {StopCrm}


def test_an_org_that_refuses_fresh_sessions_is_left_alone(salesforce: SalesforceRig) -> None:
    salesforce.refuse()
    with pytest.raises(StopCrm, match="did not help"):
        salesforce.crm.describe(KINDS.plain)
    before = salesforce.calls()
    with pytest.raises(StopCrm, match="did not help"):
        salesforce.crm.describe(KINDS.plain)
    assert salesforce.calls() == before


def test_threads_share_one_sign_in(salesforce: SalesforceRig) -> None:
    salesforce.crm.describe(KINDS.plain)
    before = sign_ins(salesforce)
    salesforce.expire()
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: list(salesforce.crm.ids(KINDS.plain)), range(16)))
    assert found == [[]] * 16
    assert sign_ins(salesforce) - before == 1


def test_an_unknown_flow_stops(salesforce: SalesforceRig) -> None:
    with pytest.raises(StopCrm, match="client_credentials, refresh_token, jwt"):
        opened(salesforce, {"flow": "password"}).whoami()


@pytest.mark.parametrize(
    "fault",
    [{"html": True}, {"status": 503, "body": "<html/>"}, {"drop": True}],
    ids=["html", "503", "drop"],
)
def test_a_sign_in_without_an_answer_is_tried_again(salesforce: SalesforceRig, fault: dict[str, Any]) -> None:
    crm = opened(salesforce, SERVICE)
    salesforce.switchboard.faults.append(Fault(path="/token", **fault))
    with pytest.raises(TryAgain):
        crm.whoami()
    assert crm.whoami().org


def test_nobody_listening_is_tried_again_and_nothing_is_in_doubt(salesforce: SalesforceRig) -> None:
    crm = SalesforceCrm("sf", {"url": "http://127.0.0.1:9", **SERVICE}, ledger=salesforce.ledger)
    with pytest.raises(TryAgain, match=r"127\.0\.0\.1:9"):
        crm.whoami()
    assert set(faults(crm, [upsert(salesforce, "a")]).values()) == {TryAgain}


@responses.activate
def test_the_org_may_move_at_a_renewal() -> None:
    token = f"{ELSEWHERE}/services/oauth2/token"
    old, new = "https://acme.my.salesforce.com", "https://acme2.my.salesforce.com"
    for value, instance in (("t1", old), ("t2", new)):
        responses.post(token, json={"access_token": value, "instance_url": instance})
    path = "/services/data/v62.0/sobjects/Account/describe"
    dead = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
    responses.get(old + path, status=401, json=dead)
    responses.get(new + path, json={"fields": []}, headers={"Date": "Tue, 24 Nov 2026 00:00:00 GMT"})
    assert remote().describe("Account") == ()
    request = responses.calls[-1].request
    assert request.headers["Authorization"] == "Bearer t2"
    assert request.headers["Sforce-Call-Options"] == "client=dealsync"


def test_an_org_that_moves_is_followed_by_reading_and_writing(salesforce: SalesforceRig) -> None:
    ids = {row["id"] for row in salesforce._edit("POST", "composite/sobjects", {"records": REGISTRATIONS})}
    crm = opened(salesforce, SERVICE)
    reading = crm.changes(KINDS.plain, [], None)
    read = {record.ref.id for record in next(reading).records}
    moved = salesforce.sandbox.salesforce_url.replace("127.0.0.1", "localhost")
    salesforce.switchboard.settings["instance_url"] = moved
    read |= {record.ref.id for page in reading for record in page.records}
    assert read == ids, "the rest of the pages came from the new address"
    assert faults(crm, [upsert(salesforce, "a"), upsert(salesforce, "b", group="g")]) == {"c-a": None, "c-b": None}


@pytest.mark.parametrize("error", ["inactive_user", "inactive_org", "invalid_grant", "invalid_client"])
def test_dead_credentials_are_reported_once_and_not_tried_again(salesforce: SalesforceRig, error: str) -> None:
    crm = opened(salesforce, SERVICE)
    salesforce.switchboard.settings["dead_credentials"] = error
    before = sign_ins(salesforce)
    for _ in range(4):
        with pytest.raises(StopCrm) as caught:
            crm.describe(KINDS.plain)
        assert caught.value.code == error
    assert sign_ins(salesforce) - before == 1


def test_credentials_that_die_in_the_middle_stop_every_change_with_the_reason(salesforce: SalesforceRig) -> None:
    crm = opened(salesforce, SERVICE)
    crm.describe(KINDS.ours)
    salesforce.expire()
    salesforce.switchboard.settings["dead_credentials"] = "inactive_user"
    assert faults(crm, [upsert(salesforce, "a"), upsert(salesforce, "b")]) == {"c-a": StopCrm, "c-b": StopCrm}


@pytest.mark.parametrize(
    ("url", "flow", "fix"),
    [
        ("https://acme.lightning.force.com", "client_credentials", "acme.my.salesforce.com"),
        ("https://acme.lightning.force.com", "refresh_token", "acme.my.salesforce.com"),
        ("https://login.salesforce.com", "client_credentials", "own ….my.salesforce.com"),
        ("https://test.salesforce.com", "client_credentials", "own ….my.salesforce.com"),
    ],
)
def test_an_address_that_cannot_sign_in_is_said_before_anything_is_sent(url: str, flow: str, fix: str) -> None:
    crm = remote(url=url, flow=flow, refresh_token="r")
    with pytest.raises(StopCrm, match=fix):
        crm.whoami()


@pytest.mark.parametrize(
    ("url", "sandbox"),
    [
        ("https://acme.my.salesforce.com", False),
        ("https://login.salesforce.com", False),
        ("https://acme--uat.sandbox.my.salesforce.com", True),
        ("https://test.salesforce.com", True),
    ],
)
def test_a_jwt_is_meant_for_the_right_sign_in_host(url: str, sandbox: bool) -> None:
    assert is_sandbox(url) is sandbox


@responses.activate
@pytest.mark.parametrize(
    ("description", "fix"),
    [
        ("expired access/refresh token", "new refresh_token in config.toml"),
        ("expired authorization code", "clock of this machine"),
        ("audience is invalid", ".sandbox."),
        ("user hasn't approved this consumer", "sandbox refresh"),
        ("ip restricted", "this machine's address"),
    ],
)
def test_a_refused_grant_says_what_to_do_about_it(description: str, fix: str) -> None:
    body = {"error": "invalid_grant", "error_description": description}
    responses.post(f"{ELSEWHERE}/services/oauth2/token", status=400, json=body)
    with pytest.raises(StopCrm) as caught:
        remote().whoami()
    assert fix in caught.value.message


def test_a_sign_in_that_never_answers_times_out(salesforce: SalesforceRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.salesforce.auth.TIMEOUT", (1.0, 0.2))
    salesforce.switchboard.faults.append(Fault(path="/token", delay=1.0))
    with pytest.raises(TryAgain, match="Timeout"):
        opened(salesforce, SERVICE).whoami()


@responses.activate
def test_an_org_that_is_not_https_stops() -> None:
    grant = {"access_token": "t", "instance_url": "http://acme.example"}
    responses.post(f"{ELSEWHERE}/services/oauth2/token", json=grant)
    with pytest.raises(StopCrm, match="not https"):
        remote().whoami()


@responses.activate
@pytest.mark.parametrize(
    ("code", "error"),
    [("inactive_user", StopCrm), ("rate_limit_exceeded", TryAgain), ("REQUEST_LIMIT_EXCEEDED", TryAgain)],
)
def test_a_refused_sign_in_says_what_to_do(code: str, error: type[Exception]) -> None:
    responses.post(f"{ELSEWHERE}/services/oauth2/token", status=400, json={"error": code})
    with pytest.raises(error) as caught:
        remote().whoami()
    assert not isinstance(caught.value, PauseUntil)
