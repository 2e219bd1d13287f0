"""A connection opens by its settings, or says everything that is wrong with them at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from connector.errors import StopCrm
from connector.record import Capabilities
from connector.registry import open_crm

SALESFORCE = {
    "kind": "salesforce",
    "url": "https://acme.my.salesforce.com",
    "flow": "client_credentials",
    "client_id": "id",
    "client_secret": "very-secret",
}
HUBSPOT = {"kind": "hubspot", "flow": "token", "token": "very-secret"}


class Free:
    def take(self, connection: str, limit: str, calls: int = 1) -> float:
        return 0.0


@pytest.mark.parametrize("settings", [SALESFORCE, HUBSPOT, SALESFORCE | {"url": "http://localhost:8001"}])
def test_a_complete_connection_opens_without_a_call(settings: dict[str, str]) -> None:
    crm = open_crm("prod", settings, ledger=Free())
    assert crm.name == "prod"
    assert isinstance(crm.can, Capabilities)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, ["kind is ''", "salesforce, hubspot"]),
        ({"kind": "sugar"}, ["kind is 'sugar'"]),
        ({"kind": "salesforce"}, ["url is missing", "client_id is missing", "client_secret is missing"]),
        (SALESFORCE | {"flow": "jwt"}, ["username is missing", "private_key is missing"]),
        (SALESFORCE | {"flow": "password"}, ["flow is 'password'", "client_credentials, refresh_token, jwt"]),
        (
            SALESFORCE | {"url": "http://acme.my.salesforce.com", "client_id": ""},
            ["url is", "client_id is missing"],
        ),
        (SALESFORCE | {"url": "acme.my.salesforce.com"}, ["url is"]),
        (SALESFORCE | {"url": "http://127.0.0.1.evil.example"}, ["url is"]),
        (HUBSPOT | {"flow": "refresh_token"}, ["client_id is missing", "refresh_token is missing"]),
        (HUBSPOT | {"url": "http://api.hubapi.com"}, ["url is"]),
    ],
)
def test_every_fault_is_named_with_its_fix(settings: dict[str, str], said: list[str]) -> None:
    with pytest.raises(StopCrm) as caught:
        open_crm("prod", settings, ledger=Free())
    assert caught.value.message.startswith("[connection.prod] in config.toml: ")
    for words in said:
        assert words in caught.value.message
    assert "very-secret" not in caught.value.message


def test_no_vendor_is_imported_before_it_is_asked_for() -> None:
    script = (
        "import sys, connector.registry; print({'requests', 'hubspot', 'simple_salesforce'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
