"""Writing to Salesforce: partial success, composite calls, keys, lost answers, and what each write says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.errors import InDoubt, PauseMapping, Rejected, TryAgain
from connector.record import Change, Op
from connector.sandbox.salesforce.org import Org
from connector.sandbox.switchboard import Fault

from .cases import faults, outcomes
from .salesforce_rig import DEAL, KINDS, WORLD, SalesforceRig
from .salesforce_writing import CASES, OURS, PLAIN, TEXT, calls, quiet, upserts

# partial success


def test_collections_partial_failure_commits_the_rest_and_names_each_culprit(salesforce: SalesforceRig) -> None:
    batch = upserts(salesforce, 200)
    for number, (name, value) in {
        3: (KINDS.amount, "1e30"),
        77: ("Split_Status__c", "?"),
        199: ("Roles__c", "x" * 300),
    }.items():
        batch[number] = replace(batch[number], values=(*KINDS.ours_needs.items(), (name, value)))
    found = outcomes(salesforce.crm, batch)
    codes = {name: outcome.fault.code for name, outcome in found.items() if outcome.fault}
    assert codes == {
        "c-k00003": "NUMBER_OUTSIDE_VALID_RANGE",
        "c-k00077": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "c-k00199": "STRING_TOO_LONG",
    }
    assert len(CASES.ours(salesforce, *(change.key for change in batch))) == 197


def test_a_thousand_rows_of_several_objects_go_by_one_composite_call(salesforce: SalesforceRig) -> None:
    ids = CASES.plain(salesforce, 300)
    outcomes(salesforce.crm, [CASES.upsert(salesforce, "old")])
    quiet(salesforce)
    updates = [CASES.update(salesforce, row, **{TEXT: "ours"}) for row in ids]
    batch = [*upserts(salesforce, 400), *updates, CASES.remove(salesforce, "old")]
    assert set(faults(salesforce.crm, batch).values()) == {None}
    assert (calls(salesforce, "/composite"), calls(salesforce, "/query")) == (1, 1)
    assert len(salesforce.crm.read(PLAIN, ["ours"], [], by=TEXT)) == 300


def test_one_refused_collection_of_a_composite_call_leaves_the_others(salesforce: SalesforceRig) -> None:
    [row_id] = CASES.plain(salesforce)
    quiet(salesforce)
    salesforce.hide(PLAIN, KINDS.number)
    hidden = CASES.update(salesforce, row_id, **{KINDS.number: "1"})
    found = faults(salesforce.crm, [*upserts(salesforce, 2), hidden])
    assert found == {"c-k00000": None, "c-k00001": None, hidden.id: PauseMapping}


def test_an_object_that_is_not_there_pauses_only_its_own_changes(salesforce: SalesforceRig) -> None:
    gone = Change("gone", Op.UPDATE, "Nothing__c", DEAL, (("A__c", "1"),))
    assert faults(salesforce.crm, [gone, *upserts(salesforce, 1)]) == {"gone": PauseMapping, "c-k00000": None}


@pytest.mark.parametrize("rows", [3, 450])
def test_a_half_written_collection_is_in_doubt_and_repeating_it_is_harmless(
    salesforce: SalesforceRig, rows: int
) -> None:
    batch = upserts(salesforce, rows)
    quiet(salesforce)
    salesforce.switchboard.settings["half_written"] = 2
    found = set(faults(salesforce.crm, batch).values())
    assert InDoubt in found and found <= {InDoubt, None}
    written = CASES.ours(salesforce, *(change.key for change in batch))
    assert 2 <= len(written) < rows
    assert set(faults(salesforce.crm, batch).values()) == {None}
    assert len(CASES.ours(salesforce, *(change.key for change in batch))) == rows


def test_a_lost_answer_to_a_composite_call_is_in_doubt_row_by_row(salesforce: SalesforceRig) -> None:
    batch = upserts(salesforce, 450)
    quiet(salesforce)
    salesforce.fault("drop_after", "write")
    assert set(faults(salesforce.crm, batch).values()) == {InDoubt}
    again = outcomes(salesforce.crm, batch)
    assert not any(outcome.created or outcome.fault for outcome in again.values()), "each row is there once"


def test_a_composite_answer_that_lost_a_part_is_in_doubt(salesforce: SalesforceRig) -> None:
    quiet(salesforce)
    salesforce.switchboard.faults.append(Fault(path="/composite", status=200, body={"compositeResponse": []}))
    assert set(faults(salesforce.crm, upserts(salesforce, 201)).values()) == {InDoubt}


@pytest.mark.parametrize("rows", [1, 201])
@pytest.mark.parametrize(
    ("status", "error"),
    [*((status, TryAgain) for status in (406, 420, 429, 503)), *((status, InDoubt) for status in (500, 502, 504))],
)
def test_a_page_of_the_edge_is_waited_out_or_read_back(
    salesforce: SalesforceRig, rows: int, status: int, error: type[Exception]
) -> None:
    batch = upserts(salesforce, rows)
    quiet(salesforce)
    salesforce.switchboard.faults.append(Fault(path="/composite", status=status, body="<html>Edge</html>"))
    assert set(faults(salesforce.crm, batch).values()) == {error}
    assert set(faults(salesforce.crm, batch).values()) == {None}


# keys


def test_the_same_key_twice_in_another_case_is_two_rows_where_the_key_minds_case(salesforce: SalesforceRig) -> None:
    pair = [CASES.upsert(salesforce, "key", "1"), CASES.upsert(salesforce, "KEY", "2")]
    assert faults(salesforce.crm, pair) == {"c-key": None, "c-KEY": None}
    assert CASES.ours(salesforce, "key", "KEY") == {"key": "1", "KEY": "2"}


def test_a_key_that_differs_only_in_case_is_refused_where_the_org_cannot_tell_them_apart(
    salesforce: SalesforceRig,
) -> None:
    values = tuple(KINDS.needs.items())
    pair = [Change(key, Op.UPSERT, PLAIN, key, values, by="Filing_Key__c") for key in ("key", "KEY")]
    found = outcomes(salesforce.crm, pair)
    assert {outcome.fault.code for outcome in found.values() if outcome.fault} == {"DUPLICATE_VALUE"}


@pytest.mark.parametrize("group", ["", "g"])
def test_keys_with_every_awkward_letter_find_their_row_again(salesforce: SalesforceRig, group: str) -> None:
    keys = ["a/b:c", "100 %", "it's", "ü日本", "a?b#c&d=e", "..", "a+b"]
    batch = [replace(CASES.upsert(salesforce, key), group=group) for key in keys]
    assert set(faults(salesforce.crm, batch).values()) == {None}
    assert sorted(CASES.ours(salesforce, *keys)) == sorted(keys)
    assert not any(outcome.created for outcome in outcomes(salesforce.crm, batch).values())


def test_an_upsert_by_a_key_that_several_rows_may_hold_is_never_sent(salesforce: SalesforceRig) -> None:
    quiet(salesforce)
    change = Change("c", Op.UPSERT, PLAIN, "x", (), by="Joint_Key__c")
    fault = outcomes(salesforce.crm, [change])["c"].fault
    assert isinstance(fault, Rejected)
    assert "not unique" in fault.message
    assert calls(salesforce) == 0


def test_an_upsert_by_a_unique_field_that_is_no_external_id_is_never_sent(salesforce: SalesforceRig) -> None:
    schema = {OURS: {"fields": {"Serial__c": {"type": "string", "length": 20, "unique": True}}}}
    salesforce.sandbox.salesforce.org = Org({**WORLD.salesforce, "schema": schema}, salesforce.switchboard)
    fault = outcomes(salesforce.crm, [Change("c", Op.UPSERT, OURS, "x", (), by="Serial__c")])["c"].fault
    assert isinstance(fault, Rejected)
    assert "External ID" in fault.message


def test_several_rows_behind_one_key_are_told_by_the_graph(salesforce: SalesforceRig) -> None:
    quiet(salesforce)
    node = {
        "httpStatusCode": 300,
        "body": ["/services/data/v62.0/sobjects/X/a02000000000001AAA"],
        "referenceId": "n0",
    }
    body = {"graphs": [{"graphId": "0", "isSuccessful": False, "graphResponse": {"compositeResponse": [node]}}]}
    salesforce.switchboard.faults.append(Fault(path="/composite/graph", status=200, body=body))
    fault = outcomes(salesforce.crm, [replace(CASES.upsert(salesforce, "a"), group="g")])["c-a"].fault
    assert isinstance(fault, Rejected)
    assert "a02000000000001AAA" in fault.message


# what every write says of itself


def test_every_way_of_writing_names_us_and_runs_no_assignment_rule(salesforce: SalesforceRig) -> None:
    seen: list[dict[str, str]] = []
    session = salesforce.crm._wire._client.session
    session.hooks["response"].append(lambda answer, **_: seen.append(dict(answer.request.headers)))
    outcomes(salesforce.crm, [CASES.upsert(salesforce, "warm")])
    seen.clear()
    salesforce.expire()
    outcomes(salesforce.crm, [replace(CASES.upsert(salesforce, "a"), group="g")])
    outcomes(salesforce.crm, [CASES.upsert(salesforce, "b")])
    writes = [headers for headers in seen if "Authorization" in headers]
    assert len(writes) == 3, "one of them twice, as its session had ended"
    for headers in writes:
        assert headers["Sforce-Call-Options"] == "client=dealsync"
        assert headers["Sforce-Auto-Assign"] == "FALSE"
        assert "allowSave=false" in headers["Sforce-Duplicate-Rule-Header"]
