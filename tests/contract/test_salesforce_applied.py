"""Ten thousand changed deals reach Salesforce by one bulk job, whatever happens in the middle of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert

from connector.record import Op
from connector.salesforce import ingest
from connector.sandbox.serve import start
from connector.sandbox.switchboard import Fault
from connector.sandbox.world import World
from sync.apply import apply, recover
from sync.dispatch import Dispatch
from sync.model.plan import FieldChange, PlannedChange
from sync.store import outbox
from sync.store.claims import claim
from sync.store.opening import Store, open_store
from sync.store.outbox import AGAIN, DONE, SENDING, STALE, TODO, Entry
from tests.machine.crash import Killed

from .salesforce_rig import WORLD, SalesforceRig
from .salesforce_writing import jobs, patient

NOW = datetime(2026, 11, 24, tzinfo=UTC)
EXPIRED = '[{"errorCode":"INVALID_SESSION_ID","message":"Session expired or invalid"}]'
FIELD = "Split_Summary__c"


@contextmanager
def org_of(deals: int) -> Iterator[SalesforceRig]:
    deal = {"StageName": "Proposal", "CloseDate": "2026-12-31"}
    rows = [{"Id": f"006{number:012}AAA", "Name": f"Deal {number}", **deal} for number in range(deals)]
    with start(World(salesforce={"objects": {**WORLD.salesforce["objects"], "Opportunity": rows}})) as running:
        rig = SalesforceRig(running)
        rig.switchboard.settings["page_size"] = 2000
        yield rig


@pytest.fixture
def salesforce(monkeypatch: pytest.MonkeyPatch) -> Iterator[SalesforceRig]:
    """Forty deals, where jobs are made of twenty rows and more."""
    monkeypatch.setattr(ingest, "FEWEST_ROWS", 20)
    with org_of(40) as rig:
        rig.crm.can = replace(rig.crm.can, bulk_from=20)
        yield rig


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store("sqlite:///dealsync.db", tmp_path)
    yield opened
    opened.close()


def summaries(salesforce: SalesforceRig, text: str) -> list[PlannedChange]:
    """A new summary for each deal, from what it says now."""
    rows = salesforce.sandbox.salesforce.rows("Opportunity")
    return [
        PlannedChange(
            "sf", "Opportunity", Op.UPDATE, "id", row["Id"], (FieldChange(FIELD, row.get(FIELD), text),), "", ""
        )
        for row in rows
    ]


def recorded(store: Store, changes: list[PlannedChange]) -> list[Entry]:
    """The intents of one run, a group for each deal."""
    with store.write() as connection:
        for change in changes:
            outbox.put(connection, f"run {change.fields[0].after}", change.key, [change], NOW)
        return outbox.open_entries(connection, [TODO])


def said(salesforce: SalesforceRig) -> Counter[str]:
    return Counter(row.get(FIELD) for row in salesforce.sandbox.salesforce.rows("Opportunity"))


def states(store: Store) -> dict[str, int]:
    with store.read() as connection:
        return outbox.count_states(connection)


def test_ten_thousand_changes_are_one_job_although_the_session_dies_in_the_middle_of_it(store: Store) -> None:
    with org_of(10_000) as salesforce:
        entries = recorded(store, summaries(salesforce, "new"))
        salesforce.crm.describe("Opportunity")
        salesforce.ledger.calls.clear()
        path = r"/jobs/ingest/[^/]+$"
        salesforce.switchboard.faults.append(Fault(method="GET", path=path, status=401, body=EXPIRED))
        groups = {entry.group_id for entry in entries}
        mine = [{"group_id": own, "run_id": "run", "token": "one", "at": "", "done": False} for own in groups]
        with store.write() as connection:
            connection.execute(insert(claim), mine)
        dispatch = Dispatch(store, {"sf": patient(salesforce)[0]}, NOW, "one")
        pages = [list(dispatch.send(entries[page : page + 500])) for page in range(0, 10_000, 500)]
        assert [len(found) for found in pages] == [0] * 19 + [10_000], "the last page filled the job"
        assert jobs(salesforce) == ["JobComplete"]
        looks, job, again = 5, 6, 1  # 2,000 rows a look
        assert salesforce.ledger.calls["sf", "api"] == looks + job + again
        assert said(salesforce) == {"new": 10_000}
        assert states(store) == {DONE: 10_000}


def test_a_job_that_fails_half_way_is_finished_by_collections_and_all_of_it_is_on_record(
    salesforce: SalesforceRig, store: Store
) -> None:
    salesforce.switchboard.settings["bulk_fails_after"] = 25
    entries = recorded(store, summaries(salesforce, "new"))
    sent = list(apply(store, {"sf": patient(salesforce)[0]}, entries, NOW))
    assert {state for _, state, _ in sent} == {DONE}
    assert jobs(salesforce) == ["Failed"]
    assert said(salesforce) == {"new": 40}
    assert states(store) == {DONE: 40}


def test_what_a_person_changed_since_the_plan_is_left_out_of_the_job(
    salesforce: SalesforceRig, store: Store
) -> None:
    entries = recorded(store, summaries(salesforce, "new"))
    salesforce.edit("Opportunity", entries[7].change.key, {FIELD: "mine"})
    found = {entry.seq: state for entry, state, _ in apply(store, {"sf": patient(salesforce)[0]}, entries, NOW)}
    assert found == {entry.seq: DONE for entry in entries} | {entries[7].seq: STALE}
    assert jobs(salesforce) == ["JobComplete"]
    assert said(salesforce) == {"new": 39, "mine": 1}


def test_after_a_crash_in_the_middle_of_a_job_what_landed_is_read_back(
    salesforce: SalesforceRig, store: Store
) -> None:
    salesforce.switchboard.settings |= {"bulk_stuck": True, "bulk_early_rows": 15}
    entries = recorded(store, summaries(salesforce, "new"))

    def die(_seconds: float) -> None:
        raise Killed

    with pytest.raises(Killed):
        list(apply(store, {"sf": replace(patient(salesforce)[0], sleep=die)}, entries, NOW))
    assert states(store) == {SENDING: 40}, "on record before the first of them was sent"
    [job] = salesforce.sandbox.salesforce.org.ingest.values()
    job.state = "Aborted"
    settled = recover(store, {"sf": patient(salesforce)[0]}, NOW)
    assert Counter(state for _, state, _ in settled) == {DONE: 15, AGAIN: 25}
    assert said(salesforce)["new"] == 15
