"""One deal in both CRMs that nothing links but its looks: proposed, held, linked by a person, divided once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest

from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import World, load_world

from .program import Desk, Program, open_desk

DEAL, TWIN = "0065e0000000rJqAAI", "31277461907"
CUSTOMER, ALIKE = "0015e0000003rsEAAQ", "18402560112"


def unlinked(joint: bool) -> World:
    """The demo's world; what said that Solstice Energy and its deal are one in both CRMs is taken out."""
    world = load_world("demo", datetime.now(UTC))
    here, there = world.salesforce["objects"], world.hubspot["objects"]
    next(row for row in here["Opportunity"] if row["Id"] == DEAL).pop("HubSpot_Deal_Id__c")
    next(row for row in there["deals"] if row["id"] == TWIN)["properties"].pop("salesforce_opportunity_id")
    company = next(row for row in there["companies"] if row["id"] == ALIKE)["properties"]
    company.pop("salesforce_account_id")
    company["domain"] = "solstice-energy.com"
    if not joint:
        told = [entry["properties"] for entry in there["partner_registration"]]
        for row, name in product((*here["Deal_Registration__c"], *told), ("Joint_Key__c", "joint_key")):
            if row.get(name) == "SOLSTICE-FS-1":
                del row[name]
    return world


@contextmanager
def desk_beside(world: World, folder: Path, program: Program) -> Iterator[tuple[Desk, Sandbox]]:
    with start(world) as sandbox:
        yield open_desk(folder, program, sandbox.salesforce_url, sandbox.hubspot_url), sandbox


def credit(sandbox: Sandbox) -> tuple[Decimal, int]:
    """What all partners together get of the deal and of its twin by the rows in Salesforce, and how many rows there
    are in both CRMs."""
    here = [row for row in sandbox.salesforce.rows("Partner_Attribution__c") if row["Opportunity__c"] == DEAL]
    there = [row for row in sandbox.hubspot.rows("partner_attribution") if TWIN in str(row["associations"])]
    return sum((Decimal(str(row["Amount__c"])) for row in here), Decimal()), len(here) + len(there)


@pytest.mark.parametrize("joint", [False, True], ids=["apart", "by_one_joint_key"])
def test_it_is_credited_to_nobody_until_a_person_links_it_and_then_once(
    tmp_path: Path, program: Program, joint: bool
) -> None:
    with desk_beside(unlinked(joint), tmp_path / "dealsync", program) as (desk, sandbox):
        ran = desk("run", "--once", "--json")
        assert ran.code == 0, ran.err
        rows = (f"sf:Account:{CUSTOMER}", f"hs:companies:{ALIKE}")
        pairs = desk("cases", "--kind", "identity", "--json").json["pairs"]
        assert set(rows) in [{side["row"] for side in pair["sides"]} for pair in pairs]
        assert "C17" in desk("cases").out
        assert credit(sandbox) == (0, 0)
        for pair in (rows, (DEAL, TWIN)):
            assert desk("link", *pair, "--by", "Maria").code == 0
        assert desk("run", "--once", "--json").code == 0
        assert "C17" not in desk("cases").out
        assert credit(sandbox) == (96_000, 4)
        again = desk("run", "--once", "--json").json
        assert (again["changes"], again["held"]) == ([], [])
