"""Two deals, each with an approved partner, turn out to be one: nobody is paid twice, and nobody is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import World, load_world, resolve
from tests.system.program import Desk, Program, open_desk

ANKER, ROBOTIK, CUSTOMER = "18402551877", "18402552306", "18402559901"
FIRST, SECOND = "31277599001", "31277599002"
AMOUNT = "120000"


def deal(deal_id: str, name: str) -> dict[str, Any]:
    values = {
        "dealname": name,
        "pipeline": "default",
        "dealstage": "contractsent",
        "amount": AMOUNT,
        "deal_currency_code": "EUR",
        "closedate": "{now+40d}",
        "createdate": "{now-33d}",
        "hs_lastmodifieddate": "{now-3d}",
    }
    return {"id": deal_id, "properties": values, "associations": {"companies#Primary": [CUSTOMER]}}


def claim(number: int, partner: str, deal_id: str, role: str, evidence: str) -> dict[str, Any]:
    values = {
        "registration_name": f"Claim {number}",
        "filing_key": f"PRT-MERGE-{number}",
        "customer_name": "Wolff Pumpen GmbH",
        "customer_domain": "wolff-pumpen.de",
        "customer_country": "DE",
        "roles": role,
        "regions": "emea",
        "submitted_at": f"{{now-29d+{number}h}}",
        "evidence": evidence,
        "review_vote": "approve",
        "review_voter": "61204417",
        "review_voted_at": "{now-20d}",
        "review_vote_reason": "Passed.",
        "hs_createdate": "{now-29d}",
        "hs_lastmodifieddate": "{now-20d}",
    }
    links = {"deals#": [deal_id], "companies#Registering partner": [partner]}
    return {"id": str(36120099900 + number), "properties": values, "associations": links}


def world(now: datetime) -> World:
    """The demo's, with one more customer, and two deals of it that are the same business."""
    found = load_world("demo", now)
    name = {"name": "Wolff Pumpen GmbH", "domain": "wolff-pumpen.de", "country": "Germany"}
    extra = {
        "companies": [{"id": CUSTOMER, "properties": name}],
        "deals": [deal(FIRST, "Wolff: pump line"), deal(SECOND, "Wolff: pump line (again)")],
        "partner_registration": [
            claim(1, ANKER, FIRST, "implement", "POC|{now-27d}|Design|verified"),
            claim(2, ROBOTIK, SECOND, "presales", "QUOTE|{now-26d}|Offer|verified"),
        ],
    }
    for kind, rows in resolve(extra, now).items():
        found.hubspot["objects"][kind] += rows
    return found


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    running = Program()
    yield running
    running.close()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with start(world(datetime.now(UTC))) as sandbox:
        sandbox.hubspot.switchboard.settings["limits"] = "off"
        yield sandbox


@pytest.fixture
def desk(tmp_path: Path, program: Program, sandbox: Sandbox) -> Desk:
    return open_desk(tmp_path / "dealsync", program, sandbox.salesforce_url, sandbox.hubspot_url)


def ran(desk: Desk) -> dict[str, Any]:
    found = desk("run", "--once", "--json")
    assert found.code == 0, found.out + found.err
    answer: dict[str, Any] = found.json
    return answer


def parts(sandbox: Sandbox, *deals: str) -> list[dict[str, Any]]:
    """The live attribution rows of these deals."""
    return [
        row
        for row in sandbox.hubspot.rows("partner_attribution")
        if not row["archived"] and set(row["associations"].get("deals#", ())) & set(deals)  # type: ignore[attr-defined]
    ]


def totals(rows: list[dict[str, Any]]) -> tuple[Decimal, Decimal]:
    """Percent and amount that the rows divide."""
    shares = sum((Decimal(row["properties"]["share"]) for row in rows), Decimal(0))
    return shares, sum((Decimal(row["properties"]["amount"]) for row in rows), Decimal(0))


def test_a_merge_of_two_deals_with_an_approved_partner_each(sandbox: Sandbox, desk: Desk) -> None:
    ran(desk)
    for one in (FIRST, SECOND):
        assert totals(parts(sandbox, one)) == (Decimal(100), Decimal(AMOUNT)), one
    claims = {row["id"]: row for row in sandbox.hubspot.rows("partner_registration")}
    assert {claims[str(36120099900 + n)]["properties"]["status"] for n in (1, 2)} == {"approved"}  # type: ignore[index]
    requests.post(
        f"{sandbox.hubspot_url}/crm/objects/2026-09/deals/merge",
        json={"primaryObjectId": FIRST, "objectIdToMerge": SECOND},
        headers={"Authorization": "Bearer pat-person"},
        timeout=5,
    ).raise_for_status()
    ran(desk)
    ran(desk)
    rows = parts(sandbox, FIRST, SECOND)
    assert totals(rows) == (Decimal(100), Decimal(AMOUNT)), rows
    partners = {partner for row in rows for partner in row["associations"].get("companies#Attributed partner", ())}
    assert {ANKER, ROBOTIK} <= partners
    assert ran(desk)["changes"] == []
