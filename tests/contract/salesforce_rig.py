"""Salesforce on trial: the adapter, a stand-in org, and a person in it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import requests

from connector.budget import CallCount
from connector.record import Text
from connector.salesforce.crm import SalesforceCrm
from connector.sandbox.serve import Sandbox
from connector.sandbox.switchboard import Fault
from connector.sandbox.world import World

from .rig import Call, Effect, Kinds

PARTNER, DEAL = "001000000000001AAA", "006000000000001AAA"
KINDS = Kinds(
    plain="Deal_Registration__c",
    text="Customer_Name__c",
    number="Contribution__c",
    boolean="Lead_Partner__c",
    date="Expected_Close__c",
    datetime="Submitted_At__c",
    choice="Customer_Choice__c",
    choices="Roles__c",
    link="Partner_Account__c",
    options=("SOURCE", "RESELL"),
    choice_option="Chosen",
    target="Account",
    target_text="Name",
    ours="Partner_Attribution__c",
    key="Engine_Key__c",
    amount="Amount__c",
    needs={"Partner_Account__c": PARTNER, "Roles__c": "ADVISE"},
    ours_needs={"Opportunity__c": DEAL},
)
WORLD = World(
    salesforce={
        "objects": {
            "Account": [{"Id": PARTNER, "Name": "Partner"}],
            "Opportunity": [{"Id": DEAL, "Name": "Deal", "StageName": "Proposal", "CloseDate": "2026-12-31"}],
        }
    }
)
ROWS = {
    "changes": ("GET", r"/query"),
    "read": ("GET", r"/query"),
    "write": ("PATCH|POST|DELETE", r"/composite/"),
}
EFFECTS: dict[Effect, dict[str, Any]] = {
    "drop": {"drop": True},
    "drop_after": {"drop_after": True},
    "unavailable": {"status": 503, "body": "<html>Service Unavailable</html>"},
    "html": {"html": True},
    "truncate": {"truncate": True},
}
SERVICE = {"flow": "client_credentials", "client_id": "dealsync", "client_secret": "sandbox-secret"}


class SalesforceRig:
    kinds = KINDS
    page_size = 10

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.switchboard = sandbox.salesforce.switchboard
        self.switchboard.settings["page_size"] = self.page_size
        self.ledger = CallCount(now=lambda: datetime.now(UTC))
        self.crm = SalesforceCrm("sf", {"url": sandbox.salesforce_url, **SERVICE}, ledger=self.ledger)
        self._person = requests.Session()
        self._person.headers["Authorization"] = f"Bearer {self._token()}"

    def create(self, kind: str, *rows: Mapping[str, Text]) -> list[str]:
        needs = KINDS.needs if kind == KINDS.plain else {}
        records = [{"attributes": {"type": kind}, **_wire({**needs, **row})} for row in rows]
        return [
            result["id"]
            for first in range(0, len(records), 200)
            for result in self._edit("POST", "composite/sobjects", {"records": records[first : first + 200]})
        ]

    def edit(self, kind: str, row_id: str, values: Mapping[str, Text]) -> None:
        self._edit("PATCH", f"sobjects/{kind}/{row_id}", _wire(values))

    def drop(self, kind: str, row_id: str) -> None:
        self._edit("DELETE", f"sobjects/{kind}/{row_id}")

    def purge(self, kind: str, row_id: str) -> None:
        """Delete one row for good: the recycle bin is emptied."""
        self.sandbox.salesforce.org.purge(kind, row_id)

    def undelete(self, kind: str, row_id: str) -> None:
        self.sandbox.salesforce.org.undelete(kind, row_id)

    def another(self) -> SalesforceCrm:
        """The adapter of a program that has just started."""
        return SalesforceCrm("sf", {"url": self.sandbox.salesforce_url, **SERVICE}, ledger=self.ledger)

    def merge(self, kind: str, loser: str, winner: str) -> None:
        self.sandbox.salesforce.org.merge(kind, winner, loser)

    def advance(self, seconds: float) -> None:
        self.switchboard.offset += timedelta(seconds=seconds)

    def hide(self, kind: str, field: str) -> None:
        self.switchboard.settings["hidden_fields"] = {kind: [field]}

    def fault(self, effect: Effect, on: Call, *, skip: int = 0) -> None:
        method, path = ROWS[on]
        self.switchboard.faults.append(Fault(method=method, path=path, skip=skip, **EFFECTS[effect]))

    def expire(self) -> None:
        self.switchboard.settings["expire_sessions"] = True

    def refuse(self) -> None:
        self.switchboard.settings["refuse_sessions"] = True

    def calls(self) -> int:
        time.sleep(0.02)  # the switchboard notes a call a moment after it answered
        return len(self.switchboard.calls)

    def _token(self) -> str:
        form = {"grant_type": "client_credentials", "client_id": "person", "client_secret": "sandbox"}
        answer = requests.post(f"{self.sandbox.salesforce_url}/services/oauth2/token", data=form, timeout=5)
        return str(answer.json()["access_token"])

    def _edit(self, method: str, path: str, body: object = None) -> Any:
        url = f"{self.sandbox.salesforce_url}/services/data/v62.0/{path}"
        answer = self._person.request(method, url, json=body, timeout=5)
        if answer.status_code == 401:  # a person signs in again
            self._person.headers["Authorization"] = f"Bearer {self._token()}"
            answer = self._person.request(method, url, json=body, timeout=5)
        assert answer.status_code < 300, answer.text
        results = answer.json() if answer.content else None
        assert not isinstance(results, list) or all(result["success"] for result in results), results
        return results


def _wire(values: Mapping[str, Text]) -> dict[str, object]:
    """Canonical text as a person's client sends it."""
    wire: dict[str, object] = dict(values)
    for name, text in values.items():
        if text is not None and name in (KINDS.number, KINDS.amount):
            wire[name] = float(Decimal(text))
        if name == KINDS.boolean:
            wire[name] = text == "true"
    return wire
