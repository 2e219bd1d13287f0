"""Bulk ingest when something breaks: jobs that fail, hang, are aborted, forgotten or refused, and lost answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.errors import InDoubt, PauseMapping, PauseUntil, TryAgain
from connector.salesforce.crm import SalesforceCrm
from connector.sandbox.switchboard import Fault

from .cases import faults, outcomes
from .salesforce_rig import KINDS, SERVICE, SalesforceRig
from .salesforce_writing import CASES, OURS, jobs, patient, upserts


def asked(salesforce: SalesforceRig, kind: str = "") -> list[str]:
    """The calls so far, as method and last part of the path."""
    salesforce.calls()
    calls = [call for call in salesforce.switchboard.calls if call.kind not in ("login", "describe")]
    return [f"{call.method} {call.path.rsplit('/', 1)[1]}" for call in calls if kind in call.path]


def test_a_job_that_fails_half_way_is_finished_by_collections(salesforce: SalesforceRig, few: None) -> None:
    salesforce.switchboard.settings["bulk_fails_after"] = 3
    crm, _ = patient(salesforce)
    batch = upserts(salesforce, 9)
    assert set(faults(crm, batch).values()) == {None}
    assert len(CASES.ours(salesforce, *(change.key for change in batch))) == 9
    assert jobs(salesforce) == ["Failed"], "no second job"


def test_a_job_that_an_admin_aborts_is_finished_by_collections(salesforce: SalesforceRig, few: None) -> None:
    salesforce.switchboard.settings |= {"bulk_stuck": True, "bulk_early_rows": 2}
    batch = upserts(salesforce, 6)
    assert set(faults(salesforce.crm, batch).values()) == {TryAgain}
    [job] = salesforce.sandbox.salesforce.org.ingest.values()
    job.state = "Aborted"
    crm, _ = patient(salesforce)
    found = outcomes(crm, batch)
    assert {outcome.fault for outcome in found.values()} == {None}
    assert len(CASES.ours(salesforce, *(change.key for change in batch))) == 6


def test_a_stuck_job_is_waited_for_a_bounded_time_and_then_aborted(salesforce: SalesforceRig, few: None) -> None:
    salesforce.switchboard.settings["bulk_stuck"] = True
    crm, waits = patient(salesforce)
    batch = upserts(salesforce, 6)
    assert set(faults(crm, batch).values()) == {None}
    assert sum(waits) < 120
    assert jobs(salesforce) == ["Aborted"]
    assert len(CASES.ours(salesforce, *(change.key for change in batch))) == 6


def test_a_job_that_a_crash_left_running_is_waited_for_and_not_made_again(
    salesforce: SalesforceRig, few: None
) -> None:
    salesforce.switchboard.settings["bulk_polls"] = 0
    batch = upserts(salesforce, 6)
    salesforce.switchboard.settings["bulk_stuck"] = True
    assert set(faults(salesforce.crm, batch).values()) == {TryAgain}
    restarted = SalesforceCrm("sf", {"url": salesforce.sandbox.salesforce_url, **SERVICE}, ledger=salesforce.ledger)
    [fault] = {outcome.fault for outcome in outcomes(restarted, batch).values()}
    assert isinstance(fault, TryAgain)
    assert "earlier run" in fault.message
    assert len(jobs(salesforce)) == 1
    salesforce.switchboard.settings["bulk_stuck"] = False
    assert set(faults(salesforce.crm, batch).values()) == {None}, "whoever made it finds its results"


def test_a_session_that_dies_while_a_job_runs_is_renewed_and_the_job_goes_on(
    salesforce: SalesforceRig, few: None
) -> None:
    batch = upserts(salesforce, 6)
    assert set(faults(salesforce.crm, batch).values()) == {TryAgain}
    salesforce.expire()
    assert set(faults(salesforce.crm, batch).values()) == {None}
    assert jobs(salesforce) == ["JobComplete"]


@pytest.mark.parametrize("call", ["POST", "PUT"])
def test_a_lost_answer_before_the_job_is_closed_wrote_nothing(
    salesforce: SalesforceRig, few: None, call: str
) -> None:
    salesforce.switchboard.faults.append(Fault(method=call, path="/jobs/ingest", drop_after=True))
    batch = upserts(salesforce, 6)
    assert set(faults(salesforce.crm, batch).values()) == {TryAgain}
    assert CASES.ours(salesforce, *(change.key for change in batch)) == {}
    crm, _ = patient(salesforce)
    assert set(faults(crm, batch).values()) == {None}


def test_a_lost_answer_to_the_closing_shows_at_the_next_look(salesforce: SalesforceRig, few: None) -> None:
    salesforce.switchboard.faults.append(Fault(method="PATCH", path="/jobs/ingest", drop_after=True))
    crm, _ = patient(salesforce)
    assert set(faults(crm, upserts(salesforce, 6)).values()) == {None}
    assert jobs(salesforce) == ["JobComplete"]


def test_a_closing_that_never_arrived_is_made_again(salesforce: SalesforceRig, few: None) -> None:
    salesforce.switchboard.faults.append(Fault(method="PATCH", path="/jobs/ingest", drop=True))
    crm, _ = patient(salesforce)
    assert set(faults(crm, upserts(salesforce, 6)).values()) == {None}
    assert jobs(salesforce) == ["JobComplete"]


@pytest.mark.parametrize("spoilt", [{"truncate": True}, {"drop": True}, {"status": 503, "body": "<html/>"}])
def test_results_that_cannot_be_read_are_read_again(
    salesforce: SalesforceRig, few: None, spoilt: dict[str, object]
) -> None:
    salesforce.switchboard.faults.append(Fault(path="/successfulResults", **spoilt))  # type: ignore[arg-type]
    crm, _ = patient(salesforce)
    found = outcomes(crm, upserts(salesforce, 6))
    assert all(outcome.created and not outcome.fault for outcome in found.values())
    assert jobs(salesforce) == ["JobComplete"], "the same job, no second one"


def test_a_row_that_no_result_mentions_is_in_doubt(salesforce: SalesforceRig, few: None) -> None:
    header = '"sf__Id","sf__Created","Engine_Key__c"\n'
    salesforce.switchboard.faults.append(
        Fault(path="/successfulResults", status=200, body=header, headers={"content-type": "text/csv"})
    )
    crm, _ = patient(salesforce)
    assert set(faults(crm, upserts(salesforce, 6)).values()) == {InDoubt}


def test_a_file_that_salesforce_cannot_read_pauses_the_mapping_and_is_not_sent_again(
    salesforce: SalesforceRig, few: None
) -> None:
    salesforce.hide(OURS, KINDS.amount)
    crm, waits = patient(salesforce)
    [fault] = {outcome.fault for outcome in outcomes(crm, upserts(salesforce, 6)).values()}
    assert isinstance(fault, PauseMapping)
    assert (fault.field, fault.code) == (KINDS.amount, "InvalidBatch")
    assert waits == []


def test_an_org_that_refuses_jobs_gets_collections(salesforce: SalesforceRig, few: None) -> None:
    body = [{"errorCode": "FEATURENOTENABLED", "message": "Bulk API is not enabled"}]
    salesforce.switchboard.faults.append(Fault(method="POST", path="/jobs/ingest", times=9, status=400, body=body))
    crm, _ = patient(salesforce)
    assert set(faults(crm, upserts(salesforce, 6)).values()) == {None}
    assert asked(salesforce).count("POST ingest") == 1


def test_a_spent_day_in_the_middle_of_a_job_pauses_and_the_job_is_found_again(
    salesforce: SalesforceRig, few: None
) -> None:
    batch = upserts(salesforce, 6)
    assert set(faults(salesforce.crm, batch).values()) == {TryAgain}
    salesforce.switchboard.settings["daily_limit"] = 0
    assert set(faults(salesforce.crm, batch).values()) == {PauseUntil}
    del salesforce.switchboard.settings["daily_limit"]
    assert set(faults(salesforce.crm, batch).values()) == {None}
    assert jobs(salesforce) == ["JobComplete"]


def test_locked_rows_of_a_job_are_written_again_in_small_collections(salesforce: SalesforceRig, few: None) -> None:
    deal = KINDS.ours_needs["Opportunity__c"]
    salesforce.switchboard.settings["locked_ids"] = {deal: 3}
    crm, _ = patient(salesforce)
    batch = upserts(salesforce, 8)
    assert set(faults(crm, batch).values()) == {None}
    assert jobs(salesforce) == ["JobComplete"]
    assert len(CASES.ours(salesforce, *(change.key for change in batch))) == 8


def test_a_job_that_nobody_asks_for_any_more_is_ended(salesforce: SalesforceRig, few: None) -> None:
    salesforce.switchboard.settings["bulk_stuck"] = True
    assert set(faults(salesforce.crm, upserts(salesforce, 6)).values()) == {TryAgain}
    newer = replace(CASES.upsert(salesforce, "k00000", "99"), id="newer")
    assert faults(salesforce.crm, [newer]) == {"newer": None}
    assert jobs(salesforce) == ["Aborted"]
    assert CASES.ours(salesforce, "k00000", "k00001") == {"k00000": "99"}
