"""Orgs that are not like the demo's: what a CRM lacks is no reason to fail."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from connector.sandbox.serve import start
from connector.sandbox.world import World, load_world

from .program import Program, open_desk


def one_currency() -> World:
    """The demo's world in an org that has never heard of a second currency."""
    world = load_world("demo", datetime.now(UTC))
    world.salesforce["org"] |= {"multi_currency": False, "currencies": ["USD"]}
    world.salesforce["objects"].pop("CurrencyType")
    for rows in world.salesforce["objects"].values():
        for row in rows:
            row.pop("CurrencyIsoCode", None)
    return world


def test_an_org_with_one_currency_gets_its_amounts_too(tmp_path: Path, program: Program) -> None:
    with start(one_currency()) as sandbox:
        desk = open_desk(tmp_path / "dealsync", program, sandbox.salesforce_url, sandbox.hubspot_url)
        ran = desk("run", "--once", "--json")
        assert (ran.code, ran.json["outcomes"].keys()) == (0, {"done"}), ran.json["faults"]
        rows = sandbox.salesforce.rows("Partner_Attribution__c")
        assert {"111111.11", "83333.33", "55555.55"} <= {str(row["Amount__c"]) for row in rows}
        again = desk("run", "--once", "--json")
        assert (again.code, again.json["changes"], again.json["held"]) == (0, [], [])
