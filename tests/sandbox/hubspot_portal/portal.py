"""The portal that these tests talk to, and plain requests on its dated paths."""

from __future__ import annotations

from typing import Any

import requests

DEAL = {"dealname": "Deal", "dealstage": "contractsent", "pipeline": "default"}
STAMP = "2026-01-02T03:04:05.678Z"
WORLD = {
    "portal": {"portalId": 4711, "timeZone": "Europe/Berlin", "companyCurrency": "EUR"},
    "objects": {
        "companies": [
            {"id": "7", "properties": {"name": "Acme", "domain": "acme.example", "is_partner": True}},
            {"id": "8", "properties": {"name": "Bolt", "hs_lastmodifieddate": STAMP}},
        ],
        "deals": [
            {
                "id": str(number),
                "properties": {**DEAL, "dealname": f"Deal {number}", "amount": 12.5, "hs_lastmodifieddate": STAMP},
                "associations": {"companies#Primary": ["7"], "companies#Referral partner": ["8"]},
            }
            for number in range(100, 110)
        ],
        "partner_attribution": [{"id": "500", "properties": {"engine_key": "d100:p8", "share": "40"}}],
    },
}


class Portal:
    """Plain requests on the 2026-09 paths."""

    def __init__(self, url: str, token: str = "pat-sandbox") -> None:
        self.url, self.session = url, requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        url = self.url + path.replace("{V}", "2026-09")
        return self.session.request(method, url, json=body, params=query, timeout=5)

    def objects(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        return self(method, f"/crm/objects/{{V}}/{path}", body, **query)

    def new(self, kind: str = "deals", **properties: Any) -> str:
        """The id of a new record."""
        answer = self.objects("POST", kind, {"properties": (DEAL if kind == "deals" else {}) | properties})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def properties(self, kind: str, id_: str, *names: str) -> dict[str, Any]:
        return dict(self.objects("GET", f"{kind}/{id_}", properties=",".join(names)).json()["properties"])


def codes(answer: requests.Response) -> list[str]:
    return [error["code"] for error in answer.json()["errors"]]


def links_of(portal: Portal, kind: str, id_: str, other: str, **more: str) -> requests.Response:
    return portal("POST", f"/crm/associations/{{V}}/{kind}/{other}/batch/read", {"inputs": [{"id": id_} | more]})
