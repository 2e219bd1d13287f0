"""HubSpot's nastiest failures of writing, replayed over the sandbox's wire; each name says what must happen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from connector.errors import Gone, InDoubt, PauseMapping, PauseUntil, Rejected, TryAgain
from connector.hubspot.crm import HubSpotCrm
from connector.record import Change, FieldInfo, FieldType, ObjectInfo, Op
from connector.retry import Patient
from connector.sandbox.serve import Sandbox, start
from connector.sandbox.switchboard import Fault, Switchboard
from connector.sandbox.world import World

from .hubspot_writing_rig import (
    BATCH,
    OURS,
    WORLD,
    by_person,
    faults,
    kinds,
    opened,
    rows,
    update,
    upsert,
    writes,
)

NOTE = (("hs_timestamp", "2026-11-24T09:30:00Z"), ("hs_note_body", "Approved: Acme brought it first."))


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


def test_one_bad_row_of_a_batch_does_not_lose_the_ninety_nine_good_ones(
    sandbox: Sandbox, hs: HubSpotCrm, board: Switchboard
) -> None:
    changes = [upsert(f"k{n}", split_status="nowhere" if n == 57 else "draft") for n in range(100)]
    assert kinds(faults(hs, *changes)) == {"c-k57": Rejected}
    assert len(rows(sandbox)) == 99
    assert writes(board) == 1, "trace ids: the good rows of the same call are written"


def test_one_error_that_names_thirty_seven_ids_is_thirty_seven_faults(sandbox: Sandbox, hs: HubSpotCrm) -> None:
    for deal in range(11, 48):
        by_person(sandbox, "DELETE", f"deals/{deal}")
    found = faults(hs, *(update(deal, dealname="new") for deal in range(11, 61)))
    assert kinds(found) == {f"d-{deal}": Gone for deal in range(11, 48)}


def test_results_in_another_order_and_another_case_are_matched_by_key(sandbox: Sandbox, hs: HubSpotCrm) -> None:
    emails = {f"Person{number}@Acme.Example": str(number) for number in range(20)}
    changes = [
        Change(f"c-{email}", Op.UPSERT, "contacts", email, (("firstname", name),), by="email")
        for email, name in emails.items()
    ]
    assert kinds(faults(hs, *changes)) == {}
    answer = {
        "results": [
            {"id": str(900 + number), "properties": {"email": email.lower()}, "new": True}
            for number, email in reversed(list(enumerate(emails)))
        ]
    }
    sandbox.hubspot.switchboard.faults.append(Fault(path="/batch/upsert", status=200, body=answer))
    found = {outcome.change.key: outcome.record_id for outcome in hs.write(changes)}
    assert found == {email: str(900 + number) for number, email in enumerate(emails)}, "without trace ids, too"


@pytest.mark.parametrize("effect", [{"drop_after": True}, {"html": True}, {"truncate": True}])
def test_a_lost_answer_is_in_doubt_and_writing_again_makes_no_second_record(
    sandbox: Sandbox, hs: HubSpotCrm, board: Switchboard, effect: dict[str, Any]
) -> None:
    board.faults.append(Fault(path=BATCH, **effect))
    assert kinds(faults(hs, upsert("a", share="1"))) == {"c-a": InDoubt}
    assert kinds(faults(hs, upsert("a", share="1"))) == {}
    assert [row["properties"]["share"] for row in rows(sandbox)] == ["1"]


def test_two_keys_of_one_record_do_not_refuse_the_rest_of_the_batch(sandbox: Sandbox, hs: HubSpotCrm) -> None:
    contact = by_person(sandbox, "POST", "contacts", {"properties": {"email": "one@acme.example"}})["id"]
    keys = ["one@acme.example", "ONE@acme.example", "two@acme.example"]
    changes = [Change(key, Op.UPSERT, "contacts", key, (("phone", "1"),), by="email") for key in keys]
    assert kinds(faults(hs, *changes)) == {}
    assert [row["id"] == contact for row in rows(sandbox, "contacts")] == [True, False]


def test_a_contact_that_exists_under_its_address_is_a_conflict(sandbox: Sandbox) -> None:
    by_person(sandbox, "POST", "contacts", {"properties": {"email": "one@acme.example"}})
    with pytest.raises(requests.HTTPError, match="409"):
        by_person(sandbox, "POST", "contacts", {"properties": {"email": "one@acme.example"}})


def test_a_conflict_rejects_its_row_and_names_the_record_in_the_way(hs: HubSpotCrm, board: Switchboard) -> None:
    said = "Contact already exists. Existing ID: 171591000198"
    body = {"status": "error", "category": "CONFLICT", "message": said}
    board.faults.append(Fault(path='"k1"', status=409, body=body, times=9))
    found = faults(hs, *(upsert(f"k{number}", share="1") for number in range(4)))
    assert kinds(found) == {"c-k1": Rejected}
    assert "171591000198" in str(found["c-k1"])


def test_a_locked_record_waits_two_seconds_and_holds_up_nobody_else(
    sandbox: Sandbox, hs: HubSpotCrm, board: Switchboard
) -> None:
    board.settings["locked_ids"] = ["30"]
    found = faults(hs, *(update(deal, dealname="new") for deal in range(11, 61)))
    assert kinds(found) == {"d-30": TryAgain}
    assert getattr(found["d-30"], "after", None) == 2
    assert sum(row["properties"]["dealname"] == "new" for row in rows(sandbox, "deals")) == 49
    assert writes(board) <= 14, "not one call for each record"
    removals = [Change(f"r-{deal}", Op.REMOVE, "deals", str(deal)) for deal in range(25, 35)]
    assert kinds(faults(hs, *removals)) == {"r-30": TryAgain}
    board.settings["locked_ids"] = []
    assert kinds(faults(hs, update(30, dealname="new"))) == {}


def test_a_lock_that_passes_is_waited_for_and_everything_is_written(
    sandbox: Sandbox, hs: HubSpotCrm, board: Switchboard
) -> None:
    body = {"status": "error", "message": "The record is locked", "category": "LOCKED"}
    board.faults.append(Fault(path=r'/batch/update(?s:.*)"id": "30"', status=423, body=body, times=99))
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        board.faults.clear()

    patient = Patient(hs, sleep=sleep, now=board.now)
    found = {
        outcome.change.id: outcome.fault
        for outcome in patient.write([update(n, amount="1") for n in range(11, 61)])
    }
    assert kinds(found) == {}
    assert waits == [2]
    assert {row["properties"]["amount"] for row in rows(sandbox, "deals")} == {"1"}


def test_a_migrating_portal_is_left_alone_until_it_says(hs: HubSpotCrm, board: Switchboard) -> None:
    board.settings["migrating_seconds"] = 86_400
    found = faults(hs, *(upsert(f"k{number}", share="1") for number in range(350)))
    assert set(kinds(found).values()) == {PauseUntil}
    assert len(found) == 350
    fault = found["c-k0"]
    assert isinstance(fault, PauseUntil)
    assert timedelta(hours=23) < fault.when - board.now() <= timedelta(hours=24)
    assert len(board.calls) == 1


def test_what_a_person_edits_between_our_read_and_our_write_stays(sandbox: Sandbox, hs: HubSpotCrm) -> None:
    [before] = hs.read("deals", ["11"], ["dealstage", "partner_count"])
    by_person(sandbox, "PATCH", "deals/11", {"properties": {"dealstage": "closedwon"}})
    assert faults(hs, update(11, partner_count="2")) == {"d-11": None}
    [after] = hs.read("deals", ["11"], ["dealstage", "partner_count"])
    assert before.values[0] != "closedwon"
    assert after.values == ("closedwon", "2"), "only our own properties were sent"


def test_the_primary_company_is_a_set_of_one_that_moves(sandbox: Sandbox, hs: HubSpotCrm) -> None:
    for company in ("1", "2"):
        change = Change("d", Op.UPDATE, "deals", "11", (("companies#Primary", company),))
        assert kinds(faults(hs, change)) == {}
    deal = next(row for row in rows(sandbox, "deals") if row["id"] == "11")
    assert deal["associations"] == {"companies#": ["1", "2"], "companies#Primary": ["2"]}


def test_a_merged_deal_is_gone_by_its_old_id_and_both_partners_stay_on_the_survivor(
    sandbox: Sandbox, hs: HubSpotCrm
) -> None:
    """Two deals, each with an approved partner, turn out to be one."""
    approved = [
        Change(
            f"r{deal}",
            Op.UPSERT,
            "partner_registration",
            f"f{deal}",
            (("status", "approved"), ("companies#Registering partner", partner), ("deals#", deal)),
            by="filing_key",
        )
        for deal, partner in (("11", "1"), ("12", "2"))
    ]
    split = [
        Change(
            f"a{deal}", Op.UPSERT, OURS, f"{deal}:{partner}", (("share", "100"), ("deals#", deal)), by="engine_key"
        )
        for deal, partner in (("11", "1"), ("12", "2"))
    ]
    assert kinds(faults(hs, *approved, *split)) == {}
    by_person(sandbox, "POST", "deals/merge", {"primaryObjectId": "11", "objectIdToMerge": "12"})
    [survivor] = hs.read("deals", ["12"], ["hs_merged_object_ids"])
    assert (survivor.ref.id, survivor.values) == ("11", ("12",))
    found = faults(hs, update("12", partner_count="1"), update("11", partner_count="2"))
    assert kinds(found) == {"d-12": Gone}, "what was planned for the loser is not written to the survivor"
    fields = ("status", "companies#Registering partner", "deals#")
    claims = hs.read("partner_registration", ["f11", "f12"], fields, by="filing_key")
    assert {record.values for record in claims} == {("approved", "1", "11"), ("approved", "2", "11")}
    halves = [
        Change("keep", Op.UPSERT, OURS, "11:1", (("share", "50"), ("deals#", "11")), by="engine_key"),
        Change("move", Op.UPSERT, OURS, "11:2", (("share", "50"), ("deals#", "11")), by="engine_key"),
        Change("drop", Op.REMOVE, OURS, "12:2", by="engine_key"),
    ]
    assert kinds(faults(hs, *halves)) == {}
    parts = {row["properties"]["engine_key"]: row["properties"]["share"] for row in rows(sandbox)}
    assert parts == {"11:1": "50", "11:2": "50"}, "one deal, one hundred percent"


def test_one_note_a_decision_however_often_it_is_written(sandbox: Sandbox, hs: HubSpotCrm) -> None:
    key = FieldInfo("decision_id", "Decision", FieldType.TEXT, unique=True)
    note = Change("n", Op.UPSERT, "notes", "d-1", (*NOTE, ("deals#", "11")), by="decision_id")
    [refused] = kinds(faults(hs, note)).values()
    assert issubclass(refused, PauseMapping | Rejected), "the portal has no key for notes yet"
    assert "no property is unique" in str(hs.refuses("notes"))
    assert hs.provision([ObjectInfo("notes", "Note", (key,))])
    assert hs.refuses("notes") is None
    for _ in range(2):
        assert kinds(faults(hs, note)) == {}
    [row] = rows(sandbox, "notes")
    assert row["associations"] == {"deals#": ["11"]}
    long = Change("n", Op.UPSERT, "notes", "d-2", (*NOTE[:1], ("hs_note_body", "x" * 65_537)), by="decision_id")
    assert kinds(faults(hs, long)) == {"n": Rejected}
    undated = Change("n", Op.UPSERT, "notes", "d-3", NOTE[1:], by="decision_id")
    found = faults(hs, undated)
    assert kinds(found) == {"n": Rejected}
    assert "hs_timestamp" in str(found["n"])


def test_a_thousand_records_with_two_associations_take_the_fewest_calls(hs: HubSpotCrm, board: Switchboard) -> None:
    links = (("companies#Attributed partner", "1"), ("deals#", "11"))
    rows_ = [
        Change(f"c{n}", Op.UPSERT, OURS, f"k{n}", (("share", "50"), *links), by="engine_key") for n in range(1000)
    ]
    assert kinds(faults(hs, *rows_)) == {}
    created = [call.kind for call in board.calls]
    assert (created.count("batch.upsert"), created.count("associations.create")) == (10, 2)
    assert len(created) <= 13, "and the labels, once"
    board.calls.clear()
    assert kinds(faults(hs, *rows_)) == {}
    again = [call.kind for call in board.calls]
    assert (again.count("batch.upsert"), again.count("associations.read"), len(again)) == (10, 2, 12)
