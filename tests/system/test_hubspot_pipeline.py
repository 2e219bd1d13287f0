"""A portal without custom objects, from `init` to `explain`: what is lacking is said, created, and used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import World, resolve

from .program import Desk, Program, open_desk

DEAL, CUSTOMER, PARTNER = "101", "201", "202"
PIPELINE = "Partner registration"


def portal(now: datetime) -> Any:
    """A customer with a deal, and a partner; nothing of ours."""
    deal = {"dealname": "Pumps", "pipeline": "default", "dealstage": "contractsent", "amount": "9000"}
    deal |= {"closedate": "{now+40d}", "createdate": "{now-33d}"}
    partner = {"name": "Anker", "is_partner": "true", "partner_status": "active", "agreement_start": "{today-500d}"}
    partner |= {"agreement_end": "{today+500d}", "partner_tier": "gold"}
    companies = [
        {"id": CUSTOMER, "properties": {"name": "Wolff", "domain": "wolff-pumpen.de", "country": "Germany"}},
        {"id": PARTNER, "properties": partner},
    ]
    deals = [{"id": DEAL, "properties": deal, "associations": {"companies#Primary": [CUSTOMER]}}]
    world = {"portal": {"custom_objects": False}, "objects": {"deals": deals, "companies": companies}}
    return resolve(world, now)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with start(World(hubspot=portal(datetime.now(UTC)))) as running:
        running.hubspot.switchboard.settings |= {"limits": "off", "missing_scopes": ["schemas"]}
        yield running


@pytest.fixture
def desk(tmp_path: Path, program: Program, sandbox: Sandbox) -> Desk:
    """An installation with this portal alone."""
    desk = open_desk(tmp_path / "dealsync", program, sandbox.salesforce_url, sandbox.hubspot_url)
    text = (desk.home / "config.toml").read_text("utf-8")
    desk.edit("config.toml", text[text.index("[connection.sf]") : text.index("[connection.hs]")], "")
    desk.edit("config.toml", 'opportunity = "sf"', 'opportunity = "hs"')
    for path in (desk.home / "mappings").glob("sf-*.toml"):
        path.unlink()
    return desk


def layout(desk: Desk) -> dict[str, str]:
    """What the doctor says of the layout."""
    findings = desk("doctor", "--json").json["findings"]
    [found] = [finding for finding in findings if finding["place"] == "hs: layout"]
    return dict(found)


def file_claim(sandbox: Sandbox, now: datetime) -> str:
    """A person files a claim as a deal of the pipeline, links the partner, and approves it there."""
    hubspot = partial(requests.request, headers={"Authorization": "Bearer pat-person"}, timeout=5)
    crm = f"{sandbox.hubspot_url}/crm"
    [made] = [
        each
        for each in hubspot("GET", f"{crm}/pipelines/2026-09/deals").json()["results"]
        if each["label"] == PIPELINE
    ]
    [filed] = [stage["id"] for stage in made["stages"] if stage["label"] == "Filed"]
    claim = {
        "registration_name": "Anker: pumps",
        "registration_filing_key": "PRT-1",
        "registration_customer_name": "Wolff",
        "registration_roles": "implement",
        "registration_regions": "emea",
        "registration_submitted_at": "{now-29d}",
        "registration_evidence": "POC|{now-27d}|Design|verified",
        "registration_review_vote": "approve",
        "registration_review_voter": "77",
        "registration_review_voted_at": "{now-20d}",
        "registration_deal_id": DEAL,
    }
    body = {"dealname": "Anker claims the pumps", "pipeline": made["id"], "dealstage": filed, **claim}
    answer = hubspot("POST", f"{crm}/objects/2026-09/deals", json={"properties": resolve(body, now)})
    answer.raise_for_status()
    row = str(answer.json()["id"])
    path = f"{crm}/associations/2026-09/deals/companies"
    [label] = [
        each["typeId"]
        for each in hubspot("GET", f"{path}/labels").json()["results"]
        if each["label"] == "Registering partner"
    ]
    types = [{"associationCategory": "USER_DEFINED", "associationTypeId": label}]
    link = {"from": {"id": row}, "to": {"id": PARTNER}, "types": types}
    hubspot("POST", f"{path}/batch/create", json={"inputs": [link]}).raise_for_status()
    return row


def properties(sandbox: Sandbox, row: str) -> dict[str, Any]:
    rows: Any = sandbox.hubspot.rows("deals")
    return dict(next(each["properties"] for each in rows if each["id"] == row))


def test_from_init_to_explain_in_a_portal_without_custom_objects(desk: Desk, sandbox: Sandbox) -> None:
    lacking = layout(desk)
    assert lacking["severity"] == "error"
    assert "it would be a pipeline of deals" in lacking["what"]
    assert "dealsync init . --create hs" in lacking["fix"]
    assert "Enterprise" in lacking["fix"]

    created = desk("init", ".", "--create", "hs")
    assert created.code == 0, created.err
    assert created.out.startswith("Layout pipeline: HubSpot refuses custom objects")
    assert f"Created the pipeline '{PIPELINE}' with 14 stages." in created.out
    again = desk("init", ".", "--create", "hs").out
    assert again.startswith(f"Layout pipeline: the portal has the pipeline '{PIPELINE}'")
    assert "Created" not in again
    assert layout(desk)["severity"] == "ok"
    doctor = desk("doctor")
    assert doctor.code == 0, doctor.out

    claim = file_claim(sandbox, datetime.now(UTC))
    ran = desk("run", "--once")
    assert ran.code == 0, ran.out + ran.err
    deal = properties(sandbox, DEAL)
    assert (deal["partner_reg_status"], deal["partner_primary"], deal["partner_count"]) == (
        "approved",
        PARTNER,
        "1",
    )
    assert re.match(r"Anker \d+\.\d\d %", deal["partner_split_summary"])
    assert not properties(sandbox, claim).get("partner_reg_status"), "a claim is not a deal"
    explained = desk("explain", DEAL)
    assert explained.code == 0, explained.err
    assert "Anker" in explained.out
    assert "approved" in explained.out.lower()
    quiet = desk("run", "--once", "--json").json
    assert not quiet["changes"], quiet


def test_with_the_pipeline_in_place_custom_objects_that_become_possible_change_nothing(
    desk: Desk, sandbox: Sandbox
) -> None:
    assert desk("init", ".", "--create", "hs").code == 0
    sandbox.hubspot.switchboard.settings["missing_scopes"] = []
    again = desk("init", ".", "--create", "hs").out
    assert again.startswith(f"Layout pipeline: the portal has the pipeline '{PIPELINE}'")
    desk.edit("config.toml", 'layout = "auto"', 'layout = "custom_objects"')
    assert "Created the custom object partner_registration" in desk("init", ".", "--create", "hs").out
    assert layout(desk)["severity"] == "ok"
    desk.edit("config.toml", 'layout = "custom_objects"', 'layout = "auto"')
    both = layout(desk)
    assert (both["severity"], "the other one is there, too" in both["what"]) == ("warning", True)


@pytest.mark.parametrize(("name", "words"), [("sf", "no connection has this name"), ("hubspot", "use one of hs")])
def test_only_a_connection_that_is_there_can_be_laid_out(desk: Desk, name: str, words: str) -> None:
    refused = desk("init", ".", "--create", name)
    assert refused.code == 1
    assert words in refused.err


def test_a_salesforce_org_is_deployed_by_its_admin(tmp_path: Path, program: Program, sandbox: Sandbox) -> None:
    desk = open_desk(tmp_path / "both", program, sandbox.salesforce_url, sandbox.hubspot_url)
    refused = desk("init", ".", "--create", "sf")
    assert refused.code == 1
    assert "sf project deploy start" in refused.err
