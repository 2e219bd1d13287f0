"""HubSpot's deal splits: what is refused before it is sent, what the portal refuses, and what was kept."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from connector.errors import CrmError, Gone, InDoubt, PauseMapping, Rejected
from connector.hubspot.crm import HubSpotCrm
from connector.hubspot.splits import split_text
from connector.record import Change, Op, Outcome
from connector.sandbox.serve import Sandbox, start
from connector.sandbox.switchboard import Fault
from connector.sandbox.world import World

DEAL = {"dealname": "D", "pipeline": "default", "dealstage": "contractsent", "hubspot_owner_id": "77"}
WORLD = {
    "portal": {"owners": [{"id": str(number), "email": f"{number}@x.example"} for number in (77, 88, 99, 100)]},
    "objects": {
        "deals": [
            *({"id": str(number), "properties": DEAL} for number in range(1, 101)),
            {"id": "101", "properties": DEAL | {"hubspot_owner_id": None}},
        ]
    },
}


class Free:
    """Lets every call pass."""

    def take(self, connection: str, limit: str, calls: int = 1) -> float:
        return 0.0

    def learn(self, connection: str, limit: str, *, used: int, allowed: int) -> None:
        """What the portal says of its day does not matter here."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with start(World(hubspot=WORLD)) as sandbox:
        sandbox.hubspot.switchboard.settings["limits"] = "off"
        yield sandbox


@pytest.fixture
def hs(sandbox: Sandbox) -> Iterator[HubSpotCrm]:
    crm = HubSpotCrm("hs", {"url": sandbox.hubspot_url, "token": "pat-sandbox"}, ledger=Free())
    yield crm
    crm.close()


def split(text: str | None, deal: int | str = 1) -> Change:
    return Change(f"s-{deal}", Op.UPSERT, "deal_splits", str(deal), (("splits", text),))


def one(crm: HubSpotCrm, change: Change) -> Outcome:
    [outcome] = crm.write([change])
    return outcome


def kept(crm: HubSpotCrm, *deals: str) -> dict[str, object]:
    return {record.ref.id: record.values[0] for record in crm.read("deal_splits", deals, ["splits"])}


def calls(sandbox: Sandbox) -> list[str]:
    return [call.kind for call in sandbox.hubspot.switchboard.calls]


def test_a_split_replaces_the_one_before_as_a_whole(hs: HubSpotCrm) -> None:
    assert kept(hs, "1") == {"1": None}
    assert one(hs, split("77:0.6;88:0.4")).fault is None
    assert one(hs, split("77:0.33333333;99:0.33333333;100:0.33333334")).fault is None
    assert kept(hs, "1") == {"1": "77:0.33333333;99:0.33333333;100:0.33333334"}


def test_what_is_there_already_is_not_written_again(sandbox: Sandbox, hs: HubSpotCrm) -> None:
    assert one(hs, split("77:1")).fault is None
    assert one(hs, split("77:1")).fault is None
    assert calls(sandbox).count("splits.upsert") == 1


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("77:0.6;88:0.5", "add up to 1.1"),
        ("88:0.6;99:0.4", "its owner 77"),
        ("77:0.333333333;88:0.666666667", "8 decimals"),
        ("77:1.5;88:-0.5", "above 0"),
        ("77:0.5;77:0.5", "every owner once"),
        ("77:NaN;88:0.5", "77:NaN"),
        ("nobody", "owner:part"),
        ("88:0.4;77:0.6", "spelt 77:0.6;88:0.4"),
        ("77:0.60;88:0.40", "spelt 77:0.6;88:0.4"),
        (None, "add up to 0"),
    ],
)
def test_what_hubspot_would_refuse_is_not_sent(
    sandbox: Sandbox, hs: HubSpotCrm, text: str | None, named: str
) -> None:
    fault = one(hs, split(text)).fault
    assert isinstance(fault, Rejected)
    assert named in fault.message
    assert fault.message.startswith("hs: splits of deal 1: ")
    assert "splits.upsert" not in calls(sandbox)


def test_a_deal_without_an_owner_cannot_be_split(hs: HubSpotCrm) -> None:
    fault = one(hs, split("77:1", 101)).fault
    assert isinstance(fault, Rejected)
    assert "it has none" in fault.message


@pytest.mark.parametrize(
    "change",
    [
        Change("s", Op.REMOVE, "deal_splits", "k", by="engine_key"),
        Change("s", Op.UPSERT, "deal_splits", "k", (("splits", "77:1"),), by="engine_key"),
        Change("s", Op.UPSERT, "deal_splits", "1", (("splits", "77:1"), ("amount", "5"))),
    ],
)
def test_splits_are_only_replaced_by_the_id_of_their_deal(hs: HubSpotCrm, change: Change) -> None:
    assert isinstance(one(hs, change).fault, Rejected)


def test_a_removed_split_leaves_the_whole_deal_to_its_owner(sandbox: Sandbox, hs: HubSpotCrm) -> None:
    assert one(hs, split("77:0.6;88:0.4")).fault is None
    removal = Change("gone", Op.REMOVE, "deal_splits", "1")
    for _ in range(2):
        assert (one(hs, removal).change, one(hs, removal).fault) == (removal, None)
        assert kept(hs, "1") == {"1": "77:1"}
    assert calls(sandbox).count("splits.upsert") == 2, "what is given back is not given back again"
    assert isinstance(one(hs, Change("x", Op.REMOVE, "deal_splits", "999")).fault, Gone)
    assert isinstance(one(hs, Change("x", Op.REMOVE, "deal_splits", "101")).fault, Rejected)


def test_a_bad_row_does_not_stop_the_others(sandbox: Sandbox, hs: HubSpotCrm) -> None:
    sandbox.hubspot.switchboard.settings["split_users_most"] = 2
    three = "77:0.5;88:0.25;99:0.25"
    changes = [*(split("77:0.5;88:0.5", deal) for deal in range(1, 100)), split(three, 100), split("77:1", 999)]
    found: dict[str, CrmError | None] = {outcome.change.id: outcome.fault for outcome in hs.write(changes)}
    assert len(found) == 101
    assert {name: type(fault) for name, fault in found.items() if fault} == {"s-100": Rejected, "s-999": Gone}
    assert "more split users" in str(found["s-100"])


def test_ten_thousand_parts_are_sent_without_a_float(hs: HubSpotCrm) -> None:
    part = Decimal("0.00000001")
    assert one(hs, split(split_text({"77": 1 - part, "88": part}))).fault is None
    assert kept(hs, "1") == {"1": "77:0.99999999;88:0.00000001"}


def test_an_answer_that_says_something_else_is_in_doubt(sandbox: Sandbox, hs: HubSpotCrm) -> None:
    bodies: list[dict[str, object]] = [{"results": []}, {"results": [{"id": 1, "splits": []}]}]
    for body in bodies:
        sandbox.hubspot.switchboard.faults.append(Fault(path="splits.*/upsert", status=200, body=body))
        outcome = one(hs, split("77:1"))
        assert isinstance(outcome.fault, InDoubt)
        assert outcome.record_id == "1"


@pytest.mark.parametrize(
    ("setting", "named"),
    [({"deal_splits": "off"}, "not turned on"), ({"missing_scopes": ["deal_splits"]}, "crm.dealsplits.read_write")],
)
def test_a_portal_that_cannot_hold_splits_refuses_them_with_the_reason(
    sandbox: Sandbox, hs: HubSpotCrm, setting: dict[str, object], named: str
) -> None:
    assert hs.refuses("deal_splits") is None
    sandbox.hubspot.switchboard.settings.update(setting)
    assert named in str(hs.refuses("deal_splits"))
    sandbox.hubspot.switchboard.calls.clear()
    found = list(hs.write([split("77:1", deal) for deal in range(1, 101)]))
    assert {type(outcome.fault) for outcome in found} == {PauseMapping}
    assert named in str(found[0].fault)
    assert calls(sandbox) == ["splits.read"], "a hundred deals, one call"


def test_the_legacy_paths_take_splits_too(sandbox: Sandbox) -> None:
    crm = HubSpotCrm("hs", {"url": sandbox.hubspot_url, "token": "pat-sandbox", "api_version": "v3"}, ledger=Free())
    assert one(crm, split("77:0.6;88:0.4")).fault is None
    assert kept(crm, "1", "2", "999") == {"1": "77:0.6;88:0.4", "2": None}
    assert [field.name for field in crm.describe("deal_splits")] == ["id", "splits"]
    crm.close()
