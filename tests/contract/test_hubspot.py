"""HubSpot, over the sandbox's wire, is really a Crm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
import requests

from connector.hubspot.crm import HubSpotCrm
from connector.record import Text
from connector.sandbox.serve import Sandbox, start
from connector.sandbox.switchboard import Fault
from connector.sandbox.world import World

from .contract import WireContract
from .rig import Call, Effect, Kinds, WireRig

KINDS = Kinds(
    plain="partner_registration",
    text="registration_name",
    number="declared_value",
    boolean="lead_partner",
    date="expected_close",
    datetime="submitted_at",
    choice="customer_choice",
    choices="roles",
    link="companies#Registering partner",
    options=("source", "resell"),
    choice_option="chosen",
    target="companies",
    target_text="name",
    ours="partner_attribution",
    key="engine_key",
    amount="amount",
)
SPOILS = {
    "changes": ("GET|POST", r"^/crm/objects/[^/]+/[^/]+(/search|\?)"),
    "read": ("POST", r"^/crm/objects/.*/batch/read"),
    "write": ("POST", r"^/crm/objects/.*/batch/(upsert|update|archive)"),
}
EFFECTS: dict[Effect, dict[str, Any]] = {
    "drop": {"drop": True},
    "drop_after": {"drop_after": True},
    "unavailable": {"status": 503, "body": "Service Unavailable"},
    "html": {"html": True},
    "truncate": {"truncate": True},
}


class FreeLedger:
    """Lets every call pass: the sandbox's own limits are off here."""

    def take(self, connection: str, limit: str, calls: int = 1) -> float:
        return 0.0

    def learn(self, connection: str, limit: str, *, used: int, allowed: int) -> None:
        """The sandbox's day has no end."""


class HubSpotRig:
    kinds = KINDS
    page_size = 100

    def __init__(self, sandbox: Sandbox) -> None:
        self._board = sandbox.hubspot.switchboard
        self._board.settings["limits"] = "off"
        self._url = sandbox.hubspot_url
        self._person = requests.Session()
        self._person.headers["Authorization"] = "Bearer pat-person"
        settings = {
            "url": sandbox.hubspot_url,
            "flow": "refresh_token",
            "client_id": "dealsync",
            "client_secret": "sandbox-secret",
            "refresh_token": "refresh-sandbox",
        }
        self.crm = HubSpotCrm("hs", settings, ledger=FreeLedger())

    def create(self, kind: str, *rows: Mapping[str, Text]) -> list[str]:
        ids: list[str] = []
        for start_ in range(0, len(rows), 100):
            batch = rows[start_ : start_ + 100]
            inputs = [
                {"properties": _properties(row), "objectWriteTraceId": str(place)}
                for place, row in enumerate(batch)
            ]
            made = self._post(f"/crm/objects/2026-09/{kind}/batch/create", {"inputs": inputs})["results"]
            ids += [row["id"] for row in sorted(made, key=lambda row: int(row["objectWriteTraceId"]))]
        for row_id, row in zip(ids, rows, strict=True):
            self._link(kind, row_id, row)
        return ids

    def edit(self, kind: str, row_id: str, values: Mapping[str, Text]) -> None:
        url = f"{self._url}/crm/objects/2026-09/{kind}/{row_id}"
        self._person.patch(url, json={"properties": _properties(values)}).raise_for_status()

    def drop(self, kind: str, row_id: str) -> None:
        self._person.delete(f"{self._url}/crm/objects/2026-09/{kind}/{row_id}").raise_for_status()

    def merge(self, kind: str, loser: str, winner: str) -> None:
        body = {"primaryObjectId": winner, "objectIdToMerge": loser}
        self._post(f"/crm/objects/2026-09/{kind}/merge", body)

    def advance(self, seconds: float) -> None:
        self._board.offset += timedelta(seconds=seconds)

    def fault(self, effect: Effect, on: Call, *, skip: int = 0) -> None:
        method, path = SPOILS[on]
        self._board.faults.append(Fault(method=method, path=path, skip=skip, **EFFECTS[effect]))

    def hide(self, kind: str, field: str) -> None:
        self._board.settings["hidden_properties"] = {kind: [field]}

    def expire(self) -> None:
        self._board.settings["expire_tokens"] = True

    def refuse(self) -> None:
        body = {"status": "error", "message": "no longer", "category": "INVALID_AUTHENTICATION"}
        self._board.faults.append(Fault(status=401, body=body, times=1000))

    def calls(self) -> int:
        return len(self._board.calls)

    def close(self) -> None:
        self._person.close()
        self.crm.close()

    def _post(self, path: str, body: object) -> dict[str, Any]:
        response = self._person.post(self._url + path, json=body)
        response.raise_for_status()
        answer: dict[str, Any] = response.json() if response.content else {}
        return answer

    def _link(self, kind: str, row_id: str, row: Mapping[str, Text]) -> None:
        for field, value in row.items():
            other, hashed, label = field.partition("#")
            for target in (value or "").split(";") if hashed else ():
                path = f"/crm/associations/2026-09/{kind}/{other}"
                labels = self._person.get(f"{self._url}{path}/labels").json()["results"]
                [type_] = [each for each in labels if each["label"] == label]
                types = [{"associationCategory": type_["category"], "associationTypeId": type_["typeId"]}]
                row_ = {"from": {"id": row_id}, "to": {"id": target}, "types": types}
                self._post(f"{path}/batch/create", {"inputs": [row_]})


def _properties(row: Mapping[str, Text]) -> dict[str, str]:
    return {name: value or "" for name, value in row.items() if "#" not in name}


class TestHubSpot(WireContract):
    @pytest.fixture
    def rig(self) -> Iterator[WireRig]:
        with start(World()) as sandbox:
            rig = HubSpotRig(sandbox)
            yield rig
            rig.close()
