"""A first load of a real size: 8,800 exported opportunities, read, judged, held, agreed to and written."""

from __future__ import annotations

import csv
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import World

from .maven import PARTNERS, with_partners
from .program import ROOT, Desk, Program, Ran, open_desk

FOLDER = ROOT.parent.joinpath("shared", "data", "crm", "maven")
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the Maven CRM exports are not beside the repository")


@dataclass
class Load:
    """The first load, step by step: what each command answered, its calls and its seconds."""

    desk: Desk
    sandbox: Sandbox
    source: list[dict[str, str]]
    steps: dict[str, tuple[Ran, int, float]] = field(default_factory=dict)

    def step(self, name: str, *arguments: str) -> None:
        calls, begin = len(self.sandbox.salesforce.switchboard.calls), time.monotonic()
        ran = self.desk(*arguments, "--json")
        seconds = time.monotonic() - begin
        self.steps[name] = (ran, len(self.sandbox.salesforce.switchboard.calls) - calls, seconds)

    def said(self, name: str) -> Any:
        return self.steps[name][0].json

    def raw(self, kind: str) -> list[dict[str, Any]]:
        """The stored rows of one Salesforce object, as they were read, with the group they were put in."""
        return [json.loads(row["raw"]) | {"group": row["group_id"], "id": row["id"]} for row in self.records[kind]]

    @property
    def records(self) -> dict[str, list[dict[str, Any]]]:
        """Every stored row by object."""
        found = defaultdict(list)
        for row in self.desk.named_rows("record"):
            found[row["object"]].append(row)
        return found

    def splits(self) -> dict[str, list[dict[str, Any]]]:
        """The attribution rows that Salesforce now has, by opportunity."""
        found = defaultdict(list)
        for row in self.sandbox.salesforce.rows("Partner_Attribution__c"):
            found[str(row["Opportunity__c"])].append(row)
        return found


def only_salesforce(desk: Desk) -> None:
    """What an admin does who has no HubSpot: its mappings and its connection go."""
    for path in (desk.home / "mappings").glob("hs-*.toml"):
        path.unlink()
    text = (desk.home / "config.toml").read_text("utf-8")
    connection = text[text.index("[connection.hs]") : text.index("[limits]")]
    desk.edit("config.toml", connection, "")


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory, program: Program) -> Iterator[Load]:
    with (FOLDER / "sales_pipeline.csv").open(encoding="utf-8") as file:
        source = list(csv.DictReader(file))
    with start(World(salesforce=with_partners(FOLDER, datetime.now(UTC)))) as sandbox:
        home = tmp_path_factory.mktemp("maven") / "dealsync"
        desk = open_desk(home, program, sandbox.salesforce_url, sandbox.hubspot_url)
        only_salesforce(desk)
        loaded = Load(desk, sandbox, source)
        loaded.step("first run", "run", "--once")
        loaded.step("plan", "plan", "-o", "first.plan")
        loaded.step("apply", "apply", "first.plan")
        loaded.step("second run", "run", "--once")
        yield loaded


def test_the_brake_holds_the_first_run(load: Load) -> None:
    ran = load.steps["first run"][0]
    assert (ran.code, ran.json["sent"], ran.json["outcomes"]) == (2, False, {})
    [reason] = ran.json["unsafe"]
    assert "by itself" in reason


def test_a_person_agrees_to_the_plan_and_all_of_it_is_written(load: Load) -> None:
    ran = load.steps["apply"][0]
    assert (ran.code, ran.json["faults"], ran.json["notes"]) == (0, [], [])
    assert ran.json["outcomes"] == {"done": sum(load.said("plan")["counts"][kind] for kind in ("create", "update"))}


def test_every_row_of_the_files_is_in_the_store(load: Load) -> None:
    stored = {kind: len(rows) for kind, rows in load.records.items()}
    assert len(load.source) == 8800
    assert (stored["Opportunity"], stored["OpportunityLineItem"]) == (8800, 8800)
    assert stored["Account"] == 85 + len(PARTNERS)
    assert load.said("second run")["problems"] == {}


def test_opportunities_without_an_account_stand_alone(load: Load) -> None:
    without = sum(not row["account"] for row in load.source)
    rows = load.raw("Opportunity")
    sizes = Counter(row["group"] for row in rows)
    alone = [sizes[row["group"]] for row in rows if row["AccountId"] is None]
    assert (without, len(alone), set(alone)) == (1425, 1425, {1})


def test_a_product_keeps_the_spelling_of_the_file(load: Load) -> None:
    spelt = Counter(row["product"] for row in load.source)
    assert Counter(row["ProductCode"] for row in load.raw("OpportunityLineItem")) == spelt
    assert spelt["GTXPro"] > 1000


def test_values_and_missing_values_are_those_of_the_file(load: Load) -> None:
    amounts = Counter(Decimal(row["close_value"]) if row["close_value"] else None for row in load.source)
    stored = [row["Amount"] for row in load.raw("Opportunity")]
    assert Counter(None if amount is None else Decimal(amount) for amount in stored) == amounts
    assert amounts[None] == 2089


def test_every_registration_is_answered(load: Load) -> None:
    rows = load.sandbox.salesforce.rows("Deal_Registration__c")
    states = Counter(str(row["Status__c"]) for row in rows)
    assert len(rows) > 600
    assert states.keys() == {"Approved", "Won", "Lost", "Rejected", "Under Review", "In Conflict"}
    assert all(row["Partner_Message__c"] for row in rows)


def test_splits_total_exactly_and_open_deals_without_value_have_no_amounts(load: Load) -> None:
    deals = {str(row["Id"]): row for row in load.sandbox.salesforce.rows("Opportunity")}
    splits = load.splits()
    assert len(splits) > 100
    valueless = 0
    for ident, rows in splits.items():
        assert sum(Decimal(str(row["Share__c"])) for row in rows) == 100, deals[ident]["Name"]
        amounts = [row["Amount__c"] for row in rows]
        if deals[ident]["Amount"] is None:
            valueless += 1
            assert set(amounts) == {None}
        else:
            assert sum(Decimal(str(amount)) for amount in amounts) == Decimal(str(deals[ident]["Amount"]))
    assert 0 < valueless < len(splits)


def test_nobody_holds_an_exclusive_role_twice_on_one_deal(load: Load) -> None:
    for rows in load.splits().values():
        roles = Counter(role for row in rows for role in str(row["Roles__c"]).split(";"))
        assert not {role for role in ("SOURCE", "RESELL", "IMPLEMENT", "SUPPORT") if roles[role] > 1}


def test_deals_without_a_registration_are_never_written(load: Load) -> None:
    claimed = {row["Opportunity__c"] for row in load.sandbox.salesforce.rows("Deal_Registration__c")}
    written = {row["Id"] for row in load.sandbox.salesforce.rows("Opportunity") if row["Deal_Reg_Status__c"]}
    assert written == claimed


def test_the_second_run_writes_nothing(load: Load) -> None:
    ran, calls, _ = load.steps["second run"]
    assert (ran.code, ran.json["outcomes"], ran.json["changes"], ran.json["held"]) == (0, {}, [], [])
    assert calls <= 30


def test_calls_and_seconds_stay_within_reason(load: Load, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        for name, (_, calls, seconds) in load.steps.items():
            print(f"\n    {name:<10} {calls:4} Salesforce calls {seconds:6.1f} s", end="")  # noqa: T201
    assert sum(calls for _, calls, _ in load.steps.values()) < 200
    assert sum(seconds for _, _, seconds in load.steps.values()) < 300
