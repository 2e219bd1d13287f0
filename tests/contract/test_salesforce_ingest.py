"""Bulk ingest: thousands of rows by one job, each with its own outcome, whatever happens on the way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.errors import PauseMapping, Rejected, TryAgain
from connector.record import Change, Op
from connector.salesforce import ingest
from connector.salesforce.crm import SalesforceCrm

from .cases import faults, outcomes
from .salesforce_rig import KINDS, SERVICE, SalesforceRig
from .salesforce_writing import CASES, OURS, PLAIN, TEXT, jobs, patient, upserts

AWKWARD = [
    "plain",
    'say "hi"',
    "a,b;c",
    "two\nlines",
    "cr\r\nlf",
    "line\u2028separator",
    "😀 ü 日本",
    "NA",
    "null",
    "'",
    "=1+1",
]


def test_ten_thousand_rows_cost_seven_calls(salesforce: SalesforceRig) -> None:
    salesforce.crm.describe(OURS)
    salesforce.ledger.calls.clear()
    crm, waits = patient(salesforce)
    batch = upserts(salesforce, 10_000)
    found = outcomes(crm, batch)
    assert {outcome.fault for outcome in found.values()} == {None}
    assert all(outcome.created and outcome.record_id for outcome in found.values())
    assert salesforce.ledger.calls["sf", "api"] == 7, "look, create, upload, close, two looks, successes"
    assert len(waits) == 1
    assert salesforce.ledger.calls["sf", "api"] < len(batch) / 1000, "fewer than collections would take"


def test_below_the_break_even_rows_go_by_collections(salesforce: SalesforceRig, few: None) -> None:
    assert set(faults(salesforce.crm, upserts(salesforce, 4)).values()) == {None}
    assert jobs(salesforce) == []


def test_a_job_reports_each_row_in_whatever_order(salesforce: SalesforceRig, few: None) -> None:
    batch = upserts(salesforce, 8)
    batch[2] = replace(batch[2], values=(*KINDS.ours_needs.items(), ("Split_Status__c", "?")))
    batch[5] = CASES.upsert(salesforce, "k00005", "no number")
    crm, _ = patient(salesforce)
    found = outcomes(crm, batch)
    assert found["c-k00002"].fault.code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"  # type: ignore[union-attr]
    assert isinstance(found["c-k00005"].fault, Rejected), "refused before it was sent"
    assert sum(outcome.fault is None for outcome in found.values()) == 6
    assert sorted(CASES.ours(salesforce, *(change.key for change in batch)).values()) == list("013467")  # type: ignore[type-var]


def test_updates_by_id_leave_what_they_do_not_name_and_clear_what_they_clear(
    salesforce: SalesforceRig, few: None
) -> None:
    ids = salesforce.create(
        PLAIN, *({TEXT: f"row {n}", KINDS.number: "7", KINDS.boolean: "true"} for n in range(6))
    )
    batch = [CASES.update(salesforce, row, **{TEXT: "ours"}) for row in ids]
    batch[1] = CASES.update(salesforce, ids[1], **{KINDS.number: None, KINDS.boolean: None})
    crm, _ = patient(salesforce)
    assert set(faults(crm, batch).values()) == {None}
    found = {
        record.ref.id: record.values
        for record in salesforce.crm.read(PLAIN, ids, [TEXT, KINDS.number, KINDS.boolean])
    }
    assert found[ids[0]] == ("ours", "7", "true")
    assert found[ids[1]] == ("row 1", None, "false")
    assert jobs(salesforce) == ["JobComplete"]


def test_awkward_text_survives_the_file_byte_by_byte(salesforce: SalesforceRig, few: None) -> None:
    ids = CASES.plain(salesforce, len(AWKWARD))
    batch = [CASES.update(salesforce, row, **{TEXT: text}) for row, text in zip(ids, AWKWARD, strict=True)]
    crm, _ = patient(salesforce)
    assert set(faults(crm, batch).values()) == {None}
    assert [CASES.one(salesforce, row, TEXT) for row in ids] == AWKWARD
    assert jobs(salesforce) == ["JobComplete"]


def test_the_text_that_empties_a_field_goes_another_way(salesforce: SalesforceRig, few: None) -> None:
    ids = CASES.plain(salesforce, 6)
    batch = [CASES.update(salesforce, row, **{TEXT: "#N/A"}) for row in ids]
    assert set(faults(salesforce.crm, batch).values()) == {None}
    assert {CASES.one(salesforce, row, TEXT) for row in ids} == {"#N/A"}
    assert jobs(salesforce) == []


def test_an_object_that_is_not_there_costs_one_call_however_many_its_rows(
    salesforce: SalesforceRig, few: None
) -> None:
    batch = [replace(change, kind="Nothing__c") for change in upserts(salesforce, 50)]
    before = salesforce.ledger.calls["sf", "api"]
    assert set(faults(salesforce.crm, batch).values()) == {PauseMapping}
    assert salesforce.ledger.calls["sf", "api"] - before == 1


def test_where_duplicates_are_allowed_no_job_is_made_as_it_cannot_say_so(
    salesforce: SalesforceRig, few: None
) -> None:
    settings = {"url": salesforce.sandbox.salesforce_url, **SERVICE, "duplicates": "allow"}
    crm = SalesforceCrm("sf", settings, ledger=salesforce.ledger)
    assert set(faults(crm, upserts(salesforce, 6)).values()) == {None}
    assert jobs(salesforce) == []


def test_removals_and_second_changes_of_a_record_do_not_go_by_job(salesforce: SalesforceRig, few: None) -> None:
    batch = upserts(salesforce, 6)
    twice = [*batch, *(replace(change, id=change.id + "+") for change in batch)]
    assert set(faults(salesforce.crm, twice).values()) == {None}
    removals = [Change(f"r{change.key}", Op.REMOVE, OURS, change.key, by=KINDS.key) for change in batch]
    assert set(faults(salesforce.crm, removals).values()) == {None}
    assert jobs(salesforce) == []


def test_a_running_job_holds_up_only_its_own_changes(salesforce: SalesforceRig, few: None) -> None:
    [row_id] = CASES.plain(salesforce)
    salesforce.switchboard.settings["bulk_stuck"] = True
    batch = upserts(salesforce, 6)
    grouped = replace(CASES.upsert(salesforce, "grouped"), group="g")
    update = CASES.update(salesforce, row_id, **{TEXT: "ours"})
    found = faults(salesforce.crm, [*batch, grouped, update])
    assert found == {**{change.id: TryAgain for change in batch}, grouped.id: None, update.id: None}


def test_two_jobs_of_one_object_run_side_by_side(
    salesforce: SalesforceRig, few: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "JOB_ROWS", 6)
    batch = upserts(salesforce, 18)
    assert set(faults(salesforce.crm, batch).values()) == {TryAgain}
    assert jobs(salesforce) == ["InProgress"] * 3
    assert set(faults(salesforce.crm, batch).values()) == {None}
    assert jobs(salesforce) == ["JobComplete"] * 3
