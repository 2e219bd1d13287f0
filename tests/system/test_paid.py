"""What finance paid is read back from both served CRMs, and stands beside what was earned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import World, load_world

from .program import Desk

EARNED = """
[incentives.RESELL]
kind = "margin"
percent = 10

[incentives.SOLUTION]
kind = "rebate"
percent = 1
"""
NORTHWIND, HAGEN = "0065e0000000r5wAAA", "31277400518"
NOW = datetime.now(UTC)
TODAY = NOW.date().isoformat()


def won() -> World:
    """The demo's CRMs where one deal of each is won, and finance paid one partner of each something."""
    world = load_world("demo", NOW)
    sold = next(row for row in world.salesforce["objects"]["Opportunity"] if row["Id"] == NORTHWIND)
    sold |= {"StageName": "Closed Won", "CloseDate": TODAY}
    reseller = world.salesforce["objects"]["Deal_Registration__c"][0]
    reseller |= {"Incentive_Paid__c": "5000.00", "Incentive_Paid_On__c": TODAY}
    objects = world.hubspot["objects"]
    line = next(deal for deal in objects["deals"] if deal["id"] == HAGEN)
    line["properties"] |= {"dealstage": "closedwon", "closedate": f"{TODAY}T00:00:00Z"}
    for filed in objects["partner_registration"]:
        if HAGEN in map(str, filed["associations"].get("deals#", ())):
            paid = {"incentive_paid": "70.00", "incentive_currency": "EUR", "incentive_paid_on": TODAY}
            filed["properties"] |= paid
            break
    return world


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with start(won()) as running:
        yield running


def test_what_finance_paid_comes_back_from_both_crms(desk: Desk, sandbox: Sandbox) -> None:
    rules = desk.home / "policies/standard.toml"
    rules.write_text(rules.read_text("utf-8") + EARNED, "utf-8")
    for _ in range(2):
        assert desk("run", "--once").code == 0
    period = f"{NOW.year}Q{(NOW.month + 2) // 3}"
    ran = desk("incentives", "--period", period, "--json")
    assert ran.code == 0, ran.err
    told = {
        own["partner"]: tuple(own[name] for name in ("currency", "earned", "paid", "left", "state", "paid_on"))
        for own in ran.json["settlements"]
    }
    assert told == {
        "Lumen Software Resale": ("USD", "21920.00", "5000.00", "16920.00", "part", TODAY),
        "Anker Automation": ("EUR", "6952.64", "70.00", "6882.64", "part", TODAY),
        "Robotik Süd": ("EUR", "8667.84", "0.00", "8667.84", "open", ""),
        "Präzision Maschinenbau": ("EUR", "4529.51", "0.00", "4529.51", "open", ""),
    }
