"""How a record leaves Salesforce, and how we come to know: the bin, out of it again, for good, by merge."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.record import Cursor, Page
from connector.sandbox.switchboard import Fault

from .cases import HOUR, Cases, latest, window
from .salesforce_rig import KINDS, SalesforceRig

PLAIN, TEXT = KINDS.plain, KINDS.text
CASES = Cases()
MINUTES = 60.0


def later(salesforce: SalesforceRig, cursor: Cursor, seconds: float) -> list[Page]:
    salesforce.advance(seconds)
    return window(salesforce.crm, PLAIN, [TEXT], cursor)


def asked_logs(salesforce: SalesforceRig) -> int:
    salesforce.calls()
    return sum(call.path.rstrip("/").endswith("/deleted") for call in salesforce.switchboard.calls)


def test_a_row_deleted_for_good_between_two_readings_is_told_within_the_hour(salesforce: SalesforceRig) -> None:
    kept, gone = CASES.plain(salesforce, 2)
    salesforce.advance(HOUR)
    pages = window(salesforce.crm, PLAIN, [TEXT])
    salesforce.advance(HOUR)
    salesforce.purge(PLAIN, gone)
    found = latest(later(salesforce, pages[-1].cursor, 2 * MINUTES))
    assert found.keys() == {gone}
    assert (found[gone].deleted, found[gone].merged_into) == (True, None)
    assert kept not in found


def test_the_log_is_asked_once_an_hour(salesforce: SalesforceRig) -> None:
    cursor = window(salesforce.crm, PLAIN, [TEXT])[-1].cursor
    for _ in range(36):
        cursor = later(salesforce, cursor, 5 * MINUTES)[-1].cursor
    assert asked_logs(salesforce) in (2, 3)


def test_deleted_taken_back_and_deleted_for_good(salesforce: SalesforceRig) -> None:
    [row_id] = CASES.plain(salesforce)
    pages = window(salesforce.crm, PLAIN, [TEXT])
    salesforce.drop(PLAIN, row_id)
    pages = later(salesforce, pages[-1].cursor, 5 * MINUTES)
    assert latest(pages)[row_id].deleted
    salesforce.undelete(PLAIN, row_id)
    pages = later(salesforce, pages[-1].cursor, 15 * MINUTES)
    assert not latest(pages)[row_id].deleted
    salesforce.purge(PLAIN, row_id)
    pages = later(salesforce, pages[-1].cursor, HOUR)
    assert latest(pages)[row_id].deleted


def test_what_was_taken_out_of_the_bin_again_is_no_tombstone(salesforce: SalesforceRig) -> None:
    [row_id] = CASES.plain(salesforce)
    pages = window(salesforce.crm, PLAIN, [TEXT])
    salesforce.advance(10 * MINUTES)
    log = {"id": row_id, "deletedDate": "2026-01-01T00:00:00.000+0000"}
    body = {"deletedRecords": [log], "latestDateCovered": "2126-01-01T00:00:00.000+0000"}
    salesforce.switchboard.faults.append(Fault(path="/deleted", status=200, body=body))
    assert not any(record.deleted for record in latest(later(salesforce, pages[-1].cursor, HOUR)).values())


def test_a_purged_log_is_not_an_error_and_the_sweep_finds_what_is_missing(salesforce: SalesforceRig) -> None:
    kept, gone = CASES.plain(salesforce, 2)
    salesforce.advance(HOUR)
    pages = window(salesforce.crm, PLAIN, [TEXT])
    salesforce.purge(PLAIN, gone)
    salesforce.sandbox.salesforce.org.log_start = salesforce.switchboard.now() + timedelta(days=1)
    pages = later(salesforce, pages[-1].cursor, 2 * HOUR)
    assert latest(pages) == {}
    assert asked_logs(salesforce) == 1
    assert [name for batch in salesforce.crm.ids(PLAIN) for name in batch] == [kept]
    later(salesforce, pages[-1].cursor, 2 * HOUR)
    assert asked_logs(salesforce) == 2, "it is asked again, from now on"


def test_a_program_that_slept_for_a_month_goes_on(salesforce: SalesforceRig) -> None:
    [row_id] = CASES.plain(salesforce)
    cursor = window(salesforce.crm, PLAIN, [TEXT])[-1].cursor
    salesforce.switchboard.settings["session_seconds"] = 60 * 24 * HOUR
    salesforce.advance(30 * 24 * HOUR)
    salesforce.edit(PLAIN, row_id, {TEXT: "new"})
    assert latest(later(salesforce, cursor, 5))[row_id].values == ("new",)


def test_more_deletes_than_one_answer_holds_are_told_in_parts(salesforce: SalesforceRig) -> None:
    ids = CASES.plain(salesforce, 12)
    pages = window(salesforce.crm, PLAIN, [TEXT])
    salesforce.switchboard.settings["replication_most"] = 3
    found = set()
    for row_id in ids:
        salesforce.advance(10 * MINUTES)
        salesforce.purge(PLAIN, row_id)
    for _ in range(8):
        pages = later(salesforce, pages[-1].cursor, 10 * MINUTES)
        found |= {record.ref.id for record in latest(pages).values() if record.deleted}
    assert found == set(ids)


@pytest.mark.parametrize("code", ["INVALID_TYPE", "NOT_FOUND", "INSUFFICIENT_ACCESS"])
def test_an_object_without_a_log_is_read_all_the_same(salesforce: SalesforceRig, code: str) -> None:
    [row_id] = CASES.plain(salesforce)
    cursor = window(salesforce.crm, PLAIN, [TEXT])[-1].cursor
    salesforce.advance(2 * HOUR)
    salesforce.edit(PLAIN, row_id, {TEXT: "new"})
    body = [{"errorCode": code, "message": "no replication for this object"}]
    salesforce.switchboard.faults.append(Fault(path="/deleted", status=400, body=body))
    assert latest(later(salesforce, cursor, 5))[row_id].values == ("new",)


def test_a_merge_moves_the_children_and_names_the_survivor(salesforce: SalesforceRig) -> None:
    loser, winner = salesforce.create("Account", {"Name": "Acme Inc"}, {"Name": "Acme"})
    [child] = salesforce.create(PLAIN, {KINDS.link: loser})
    accounts = window(salesforce.crm, "Account", ["Name"])[-1].cursor
    children = window(salesforce.crm, PLAIN, [KINDS.link])[-1].cursor
    salesforce.advance(60)
    salesforce.merge("Account", loser, winner)
    salesforce.advance(60)
    stone = latest(window(salesforce.crm, "Account", ["Name"], accounts))[loser]
    assert (stone.deleted, stone.merged_into) == (True, winner)
    assert latest(window(salesforce.crm, PLAIN, [KINDS.link], children))[child].values == (winner,)
