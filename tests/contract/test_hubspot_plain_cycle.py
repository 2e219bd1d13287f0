"""A whole cycle over a HubSpot without custom objects: claims in a pipeline are decided, and their deal says it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import requests

from connector.hubspot.crm import HubSpotCrm
from connector.hubspot.plain import PlainCrm
from connector.record import FieldType, ObjectInfo
from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import World as Portals
from connector.sandbox.world import resolve
from sync.cycle import cycle
from sync.mapping.fieldmap import Mappings
from sync.store.opening import open_store
from sync.world import World
from tests.machine.office import NO_BRAKE, shipped, standard

from .hubspot_writing_rig import Free

CLAIM, LABEL = "partner_registration", "Partner registration"
DEAL, OTHER, CUSTOMER, PARTNER = "101", "102", "201", "202"
NATIVE = ("hs_createdate", "hs_lastmodifieddate", "hs_object_id")


def portal(now: datetime) -> dict[str, Any]:
    """A customer with two deals, a partner, and no custom objects."""
    dates = {"closedate": "{now+40d}", "createdate": "{now-33d}"}
    values = {"dealname": "Pumps", "pipeline": "default", "dealstage": "contractsent", "amount": "9000", **dates}
    deals = [
        {"id": deal, "properties": values, "associations": {"companies#Primary": [CUSTOMER]}}
        for deal in (DEAL, OTHER)
    ]
    partner = {"name": "Anker", "is_partner": "true", "partner_status": "active", "agreement_start": "{today-500d}"}
    companies = [
        {"id": CUSTOMER, "properties": {"name": "Wolff", "domain": "wolff-pumpen.de", "country": "Germany"}},
        {"id": PARTNER, "properties": partner | {"agreement_end": "{today+500d}", "partner_tier": "gold"}},
    ]
    world = {"portal": {"custom_objects": False}, "objects": {"deals": deals, "companies": companies}}
    found: dict[str, Any] = resolve(world, now)
    return found


def wanted() -> ObjectInfo:
    """The custom object of the shipped mapping, as a portal that has it describes it."""
    with start(Portals()) as sandbox:
        crm = HubSpotCrm("hs", {"url": sandbox.hubspot_url, "token": "pat-sandbox"}, ledger=Free())
        described = crm.describe(CLAIM)
        crm.close()
    own = [field for field in described if field.type is not FieldType.ASSOCIATION and field.name not in NATIVE]
    labels = (("companies", "Registering partner"), ("deals", ""))
    return ObjectInfo(CLAIM, LABEL, tuple(own), custom=True, associated=labels)


def file_claim(sandbox: Sandbox, crm: PlainCrm, now: datetime) -> str:
    """A person files a claim as a deal of the pipeline, and approves it there."""
    spelling = crm._spelling()
    values = {
        "registration_name": "Anker: pumps",
        "filing_key": "PRT-1",
        "customer_name": "Wolff",
        "customer_domain": "wolff-pumpen.de",
        "customer_country": "DE",
        "roles": "implement",
        "regions": "emea",
        "submitted_at": "{now-29d}",
        "evidence": "POC|{now-27d}|Design|verified",
        "review_vote": "approve",
        "review_voter": "77",
        "review_voted_at": "{now-20d}",
        "deals#": DEAL,
    }
    body = {spelling.field(name): value for name, value in values.items()}
    body |= {
        "dealname": "Anker claims the pumps",
        "pipeline": spelling.pipeline,
        "dealstage": spelling.filed,
    }
    hubspot = partial(requests.request, headers={"Authorization": "Bearer pat-person"}, timeout=5)
    made = hubspot(
        "POST", f"{sandbox.hubspot_url}/crm/objects/2026-09/deals", json={"properties": resolve(body, now)}
    )
    claim = str(made.json()["id"])
    path = f"{sandbox.hubspot_url}/crm/associations/2026-09/deals/companies"
    labels = hubspot("GET", f"{path}/labels").json()["results"]
    [label] = [each["typeId"] for each in labels if each["label"] == "Registering partner"]
    types = [{"associationCategory": "USER_DEFINED", "associationTypeId": label}]
    link = {"from": {"id": claim}, "to": {"id": PARTNER}, "types": types}
    hubspot("POST", f"{path}/batch/create", json={"inputs": [link]}).raise_for_status()
    return claim


def test_a_claim_in_a_pipeline_is_decided_and_its_deal_says_so(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with start(Portals(hubspot=portal(now))) as sandbox:
        sandbox.hubspot.switchboard.settings |= {"limits": "off", "missing_scopes": ["schemas"]}
        hubspot = HubSpotCrm("hs", {"url": sandbox.hubspot_url, "token": "pat-sandbox"}, ledger=Free())
        hubspot.lay_out(hubspot.layout([wanted()], {CLAIM: "status"}))
        crm = PlainCrm(hubspot, kind=CLAIM, stage="status", label=LABEL)
        claim = file_claim(sandbox, crm, now)
        world = World(
            store=open_store("sqlite:///dealsync.db", tmp_path),
            crms={"hs": crm},
            mappings=Mappings(tuple(m for m in shipped().of_connection("hs") if m.canonical != "attribution")),
            policies=standard(),
            record_of={"opportunity": "hs", "account": "hs"},
            limits=NO_BRAKE,
        )
        report = cycle(world, now)
        assert not report.faults, report.faults
        again = cycle(world, now)
        assert again.totals.changes == 0, "quiet"
        world.store.close()
        rows = {row["id"]: row["properties"] for row in sandbox.hubspot.rows("deals")}
        [status] = [record.values[0] for record in crm.read(CLAIM, [claim], ["status"])]
        hubspot.close()
    assert status == "approved"
    said = {name: value for name, value in rows[DEAL].items() if name.startswith("partner_")}  # type: ignore[attr-defined]
    assert (said["partner_reg_status"], said["partner_primary"], said["partner_count"]) == (
        "approved",
        PARTNER,
        "1",
    )
    assert not rows[OTHER].get("partner_reg_status"), "nobody claimed it"  # type: ignore[attr-defined]
    assert not rows[claim].get("partner_reg_status"), "a claim is not a deal"  # type: ignore[attr-defined]
