"""A served Salesforce with a small world, and ways to speak to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce

from connector.sandbox.salesforce.org import Org
from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import World

ACME, BOLT = "001000000000001AAA", "001000000000002AAA"
ALPHA, BETA, GAMMA, BINNED = (f"00600000000000{number}AAA" for number in (1, 2, 3, 4))
ATTRIBUTION, KEY = "Partner_Attribution__c", "Engine_Key__c"
SOON = {"CloseDate": "2026-12-31"}
WORLD = {
    "org": {"name": "Test", "multi_currency": True, "currencies": ["USD", "EUR"]},
    "objects": {
        "Account": [
            {"Id": ACME, "Name": "Acme", "BillingCountry": "DE", "IsPartner": False},
            {"Id": BOLT, "Name": "Bolt 100%", "IsPartner": True, "ParentId": ACME, "Description": "long text"},
        ],
        "Opportunity": [
            {
                "Id": ALPHA,
                "Name": "alpha",
                "AccountId": ACME,
                "StageName": "Prospecting",
                "Amount": 100,
                "CurrencyIsoCode": "EUR",
                "SystemModstamp": "2026-01-01T00:00:00Z",
                **SOON,
            },
            {
                "Id": BETA,
                "Name": "Beta's",
                "AccountId": BOLT,
                "StageName": "Closed Won",
                "Amount": 1234.5,
                "SystemModstamp": "2026-01-02T00:00:00Z",
                **SOON,
            },
            {
                "Id": GAMMA,
                "Name": "gamma_1",
                "StageName": "Closed Lost",
                "SystemModstamp": "2026-01-02T00:00:00Z",
                "CloseDate": "2027-02-01",
            },
            {
                "Id": BINNED,
                "Name": "binned",
                "StageName": "Proposal",
                "IsDeleted": True,
                "SystemModstamp": "2026-01-03T00:00:00Z",
                **SOON,
            },
        ],
    },
}


@pytest.fixture(scope="session")
def served() -> Iterator[Sandbox]:
    with start(World(salesforce=WORLD)) as sandbox:
        yield sandbox


@pytest.fixture
def crm(served: Sandbox) -> Sandbox:
    """The server, with the world as it was at first and a switchboard at rest."""
    board = served.salesforce.switchboard
    board.offset = timedelta()
    for kept in (board.settings, board.faults, board.calls):
        kept.clear()
    served.salesforce.org = Org(WORLD, board)
    return served


def code_of(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()[0]["errorCode"]


def attribution(key: str, **values: Any) -> dict[str, Any]:
    return {"attributes": {"type": ATTRIBUTION}, KEY: key, "Opportunity__c": ALPHA, **values}


class PlainHttp(HTTPAdapter):
    """simple-salesforce always writes https; the stand-in speaks http on loopback."""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        request.url = str(request.url).replace("https://", "http://", 1)
        return super().send(request, *args, **options)


def sign_in(crm: Sandbox, client_id: str = "dealsync", secret: str = "sandbox-secret") -> dict[str, str]:
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    answer = requests.post(f"{crm.salesforce_url}/services/oauth2/token", data=form, timeout=5)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture
def sf(crm: Sandbox) -> Iterator[Salesforce]:
    """The unmodified simple-salesforce, signed in as the service."""
    token = sign_in(crm)
    with requests.Session() as session:
        session.mount("https://127.0.0.1", PlainHttp())
        yield Salesforce(
            session_id=token["access_token"], instance_url=token["instance_url"], version="62.0", session=session
        )


class Api:
    """Plain requests to the data resources."""

    def __init__(self, crm: Sandbox, client_id: str, secret: str) -> None:
        self._root = f"{crm.salesforce_url}/services/data/v62.0"
        self._session = requests.Session()
        self._session.headers["Authorization"] = "Bearer " + sign_in(crm, client_id, secret)["access_token"]

    def __call__(self, method: str, path: str, body: object = None, **options: Any) -> requests.Response:
        return self._session.request(method, self._root + path, json=body, timeout=5, **options)

    def query(self, soql: str, path: str = "/query") -> list[Mapping[str, Any]]:
        answer = self("GET", path, params={"q": soql})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["records"])

    def close(self) -> None:
        self._session.close()


@pytest.fixture
def api(crm: Sandbox) -> Iterator[Api]:
    service = Api(crm, "dealsync", "sandbox-secret")
    yield service
    service.close()


@pytest.fixture
def person(crm: Sandbox) -> Iterator[Api]:
    human = Api(crm, "person", "sandbox")
    yield human
    human.close()
