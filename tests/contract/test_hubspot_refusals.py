"""What HubSpot refuses or changes of what we write, and how it is said; over the sandbox's wire."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

import pytest

from connector.errors import CrmError, PauseMapping, Rejected
from connector.hubspot.crm import HubSpotCrm
from connector.record import Change, Op
from connector.sandbox.serve import Sandbox, start
from connector.sandbox.switchboard import Fault, Switchboard
from connector.sandbox.world import World

from .hubspot_writing_rig import (
    BATCH,
    DEAL,
    OURS,
    WORLD,
    faults,
    kinds,
    opened,
    rows,
    update,
    upsert,
    writes,
)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with start(World(hubspot=WORLD)) as sandbox:
        sandbox.hubspot.switchboard.settings["limits"] = "off"
        yield sandbox


@pytest.fixture
def board(sandbox: Sandbox) -> Switchboard:
    return sandbox.hubspot.switchboard


@pytest.fixture
def hs(sandbox: Sandbox) -> Iterator[HubSpotCrm]:
    crm = opened(sandbox)
    crm.describe(OURS)
    crm.describe("deals")
    sandbox.hubspot.switchboard.calls.clear()
    yield crm
    crm.close()


def test_a_missing_scope_pauses_one_object_and_the_others_go_on(
    sandbox: Sandbox, hs: HubSpotCrm, board: Switchboard
) -> None:
    board.settings["missing_scopes"] = ["deals"]
    found = faults(hs, update(11, dealname="new"), upsert("a", share="1"))
    assert kinds(found) == {"d-11": PauseMapping}
    assert "crm.objects.deals.write" in str(found["d-11"])
    assert len(rows(sandbox)) == 1


def test_a_property_that_vanished_pauses_its_rows_and_the_schema_is_asked_again(
    hs: HubSpotCrm, board: Switchboard
) -> None:
    board.settings["hidden_properties"] = {OURS: ["share"]}
    found = faults(hs, upsert("a", share="1"), upsert("b", roles="resell"))
    assert kinds(found) == {"c-a": PauseMapping}
    assert hs.read(OURS, ["b"], ["share", "roles"], by="engine_key")[0].values[1] == "resell"
    assert [call.kind for call in board.calls].count("definitions.list_properties") == 1


def test_an_option_that_was_removed_rejects_its_rows_by_name(sandbox: Sandbox, hs: HubSpotCrm) -> None:
    kind = sandbox.hubspot.portal.types[OURS]
    kind.properties["split_status"].options = [
        option for option in kind.properties["split_status"].options if option["value"] != "agreed"
    ]
    found = faults(hs, upsert("a", split_status="agreed"), upsert("b", split_status="draft"))
    assert kinds(found) == {"c-a": Rejected}
    assert "split_status" in str(found["c-a"])
    status = next(field for field in hs.describe(OURS) if field.name == "split_status")
    assert "agreed" not in status.options


@pytest.mark.parametrize(("api", "expected"), [("2026-09", {"d-11": Rejected}), ("2026-03", {}), ("v3", {})])
def test_what_an_admin_requires_is_refused_from_2026_09_on_and_not_retried(
    sandbox: Sandbox, board: Switchboard, api: str, expected: dict[str, type[CrmError]]
) -> None:
    rule = {"when": {"dealstage": "closedwon"}, "need": ["closedate"]}
    board.settings["rules"] = {"deals": [rule]}
    crm = opened(sandbox, api_version=api)
    found = faults(crm, update(11, dealstage="closedwon"), update(12, dealname="new"))
    assert kinds(found) == expected
    if expected:
        assert "closedate" in str(found["d-11"])
    dated = update(11, dealstage="closedwon", closedate="2026-11-24T00:00:00Z")
    assert kinds(faults(crm, dated)) == {}
    crm.close()


def test_a_calculated_property_is_refused_before_it_is_sent(hs: HubSpotCrm, board: Switchboard) -> None:
    found = faults(
        hs, *(update(deal, hs_is_closed_won="true") for deal in range(11, 31)), update(31, dealname="new")
    )
    assert set(kinds(found).values()) == {PauseMapping}
    assert len(kinds(found)) == 20
    assert "hs_is_closed_won is read-only" in str(found["d-11"])
    assert writes(board) == 1


def test_a_key_that_is_not_unique_is_refused_before_it_is_sent(hs: HubSpotCrm, board: Switchboard) -> None:
    changes = [Change(f"c{n}", Op.UPSERT, "deals", f"D{n}", (("amount", "1"),), by="dealname") for n in range(100)]
    found = faults(hs, *changes)
    assert set(kinds(found).values()) == {PauseMapping}
    assert "dealname is not unique" in str(found["c0"])
    assert writes(board) == 0


def test_a_value_that_hubspot_changes_on_the_way_is_said(hs: HubSpotCrm, board: Switchboard) -> None:
    row = {"id": "77", "properties": {"engine_key": "a", "policy_version": "cut"}, "objectWriteTraceId": "0"}
    board.faults.append(Fault(path=BATCH, status=200, body={"results": [row]}))
    [outcome] = hs.write([upsert("a", policy_version="cut short")])
    assert isinstance(outcome.fault, Rejected)
    assert outcome.record_id == "77"
    assert "sent as 'cut short' and kept as 'cut'" in outcome.fault.message


def test_what_every_portal_spells_its_own_way_is_no_change(hs: HubSpotCrm) -> None:
    spelt = {
        "registration_name": "Ärger \u00a0 日本",
        "roles": "resell;source",
        "submitted_at": "2026-11-24T09:30:00.123456Z",
        "expected_close": "2026-11-24",
        "declared_value": "12345678901234567890.123456789",
        "withdrawn": "true",
        "evidence": None,
    }
    change = Change("r", Op.UPSERT, "partner_registration", "f1", tuple(spelt.items()), by="filing_key")
    assert kinds(faults(hs, change)) == {}


def test_several_values_replace_what_was_there_and_are_not_appended(hs: HubSpotCrm) -> None:
    for roles in ("resell;source", "train"):
        change = Change("r", Op.UPSERT, "partner_registration", "f1", (("roles", roles),), by="filing_key")
        assert kinds(faults(hs, change)) == {}
    [record] = hs.read("partner_registration", ["f1"], ["roles"], by="filing_key")
    assert record.values == ("train",)


def test_ids_of_seventeen_digits_and_long_amounts_survive(sandbox: Sandbox) -> None:
    deal = {"id": "90071992547409931", "properties": DEAL}
    with start(World(hubspot={"objects": {"deals": [deal]}})) as other:
        other.hubspot.switchboard.settings["limits"] = "off"
        crm = opened(other)
        amount = "9007199254740993.01"
        assert kinds(faults(crm, update(deal["id"], amount=amount))) == {}  # type: ignore[arg-type]
        linked = (("amount", amount), ("deals#", "90071992547409931"))
        assert kinds(faults(crm, Change("a", Op.UPSERT, OURS, "k", linked, by="engine_key"))) == {}
        [record] = crm.read(OURS, ["k"], ["amount", "deals#"], by="engine_key")
        assert record.values == (amount, "90071992547409931")
        crm.close()


def test_a_release_of_urllib3_that_breaks_the_vendors_client_is_not_installed() -> None:
    assert version("urllib3") != "2.6.0"
