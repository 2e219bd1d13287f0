"""A person at work inside the CRMs, by the vendors' own interfaces and a sign-in that is not dealsync's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import requests

from connector.sandbox.serve import Sandbox


@dataclass
class Person:
    """Edits and creates records as somebody does in Salesforce's and HubSpot's own screens."""

    sandbox: Sandbox
    _salesforce: requests.Session = field(default_factory=requests.Session)
    _hubspot: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        form = {"grant_type": "client_credentials", "client_id": "person", "client_secret": "sandbox"}
        url = f"{self.sandbox.salesforce_url}/services/oauth2/token"
        token = self._salesforce.post(url, data=form, timeout=5).json()["access_token"]
        self._salesforce.headers["Authorization"] = f"Bearer {token}"
        self._hubspot.headers["Authorization"] = "Bearer pat-person"

    def salesforce(self, kind: str, ident: str, **values: Any) -> None:
        """Save some fields of a Salesforce record."""
        url = f"{self.sandbox.salesforce_url}/services/data/v62.0/sobjects/{kind}/{ident}"
        answer = self._salesforce.patch(url, json=values, timeout=5)
        assert answer.status_code == 204, answer.text

    def salesforce_new(self, kind: str, **values: Any) -> str:
        """Create a Salesforce record; returns its id."""
        url = f"{self.sandbox.salesforce_url}/services/data/v62.0/sobjects/{kind}"
        answer = self._salesforce.post(url, json=values, timeout=5)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def hubspot(self, kind: str, ident: str, **values: str) -> None:
        """Save some properties of a HubSpot record."""
        url = f"{self.sandbox.hubspot_url}/crm/v3/objects/{kind}/{ident}"
        answer = self._hubspot.patch(url, json={"properties": values}, timeout=5)
        assert answer.status_code == 200, answer.text

    def leave(self) -> None:
        """Sign out of both."""
        self._salesforce.close()
        self._hubspot.close()
