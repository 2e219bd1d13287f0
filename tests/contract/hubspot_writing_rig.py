"""A portal for the cases of writing: what the CRM's own people do there, and what became of our changes."""

from __future__ import annotations

from typing import Any

import requests

from connector.errors import CrmError
from connector.hubspot.crm import HubSpotCrm
from connector.record import Change, Op, Text
from connector.sandbox.serve import Sandbox
from connector.sandbox.switchboard import Switchboard

OURS = "partner_attribution"
BATCH = "/batch/(upsert|update)"
DEAL = {"dealname": "D", "pipeline": "default", "dealstage": "contractsent", "hubspot_owner_id": "77"}
WORLD = {
    "objects": {
        "companies": [{"id": str(number), "properties": {"name": f"C{number}"}} for number in range(1, 6)],
        "deals": [{"id": str(number), "properties": DEAL} for number in range(11, 61)],
    }
}


class Free:
    """Lets every call pass: the sandbox's own limits are off here."""

    def take(self, connection: str, limit: str, calls: int = 1) -> float:
        return 0.0

    def learn(self, connection: str, limit: str, *, used: int, allowed: int) -> None:
        """What the portal says of its day does not matter here."""


def opened(sandbox: Sandbox, **settings: str) -> HubSpotCrm:
    where = {"url": sandbox.hubspot_url, "token": "pat-sandbox", **settings}
    return HubSpotCrm("hs", where, ledger=Free())


def by_person(sandbox: Sandbox, method: str, path: str, body: object = None) -> Any:
    """What somebody does in HubSpot itself."""
    headers = {"Authorization": "Bearer pat-person"}
    url = f"{sandbox.hubspot_url}/crm/objects/2026-09/{path}"
    response = requests.request(method, url, json=body, headers=headers, timeout=5)
    response.raise_for_status()
    return response.json() if response.content else None


def upsert(key: str, **values: Text) -> Change:
    return Change(f"c-{key}", Op.UPSERT, OURS, key, tuple(values.items()), by="engine_key")


def update(deal: int | str, **values: Text) -> Change:
    return Change(f"d-{deal}", Op.UPDATE, "deals", str(deal), tuple(values.items()))


def faults(crm: HubSpotCrm, *changes: Change) -> dict[str, CrmError | None]:
    found = {outcome.change.id: outcome.fault for outcome in crm.write(changes)}
    assert sorted(found) == sorted(change.id for change in changes)
    return found


def kinds(found: dict[str, CrmError | None]) -> dict[str, type[CrmError]]:
    return {name: type(fault) for name, fault in found.items() if fault}


def rows(sandbox: Sandbox, kind: str = OURS) -> list[dict[str, Any]]:
    return [row for row in sandbox.hubspot.rows(kind) if not row["archived"] and not row["mergedInto"]]


def writes(board: Switchboard) -> int:
    return sum("/batch/" in call.path and not call.path.endswith("/read") for call in board.calls)
