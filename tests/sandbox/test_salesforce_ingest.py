"""Bulk ingest jobs of the stand-in: its states, its reports, what it refuses, and a client of its own."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from simple_salesforce import Salesforce

from connector.sandbox.serve import Sandbox

from .conftest import ALPHA, ATTRIBUTION, KEY, Api, code_of

CSV = {"Content-Type": "text/csv"}
UPSERT = {"object": ATTRIBUTION, "operation": "upsert", "externalIdFieldName": KEY, "lineEnding": "LF"}


def job(api: Api, text: str, **facts: Any) -> str:
    """A closed job with this file; its address."""
    made = api("POST", "/jobs/ingest", {**UPSERT, **facts}).json()
    path = f"/jobs/ingest/{made['id']}"
    assert api("PUT", f"{path}/batches", headers=CSV, data=text.encode()).status_code == 201
    assert api("PATCH", path, {"state": "UploadComplete"}).status_code == 200
    return path


def report(api: Api, path: str, name: str) -> list[dict[str, str]]:
    answer = api("GET", f"{path}/{name}")
    assert answer.headers["content-type"] == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


def test_the_client_upserts_by_job(sf: Salesforce) -> None:
    rows = [{KEY: f"k{number}", "Opportunity__c": ALPHA, "Amount__c": "1.5"} for number in range(30)]
    rows[7]["Amount__c"] = "a lot"
    jobs = sf.bulk2.Partner_Attribution__c.upsert(records=rows, external_id_field=KEY, wait=1)
    assert [(made["numberRecordsProcessed"], made["numberRecordsFailed"]) for made in jobs] == [(30, 1)]
    failed = sf.bulk2.Partner_Attribution__c.get_failed_records(jobs[0]["job_id"])
    assert "k7" in failed
    assert "JSON_PARSER_ERROR" in failed


def test_a_job_moves_from_open_to_complete_and_says_what_became_of_each_row(api: Api) -> None:
    made = api("POST", "/jobs/ingest", UPSERT).json()
    assert (made["state"], made["apiVersion"], made["jobType"]) == ("Open", 62.0, "V2Ingest")
    path = job(api, f"{KEY},Opportunity__c,Amount__c\na,{ALPHA},1\nb,{ALPHA},x\n")
    states = [api("GET", path).json()["state"] for _ in range(2)]
    assert states == ["InProgress", "JobComplete"]
    done = api("GET", path).json()
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (2, 1)
    [good], [bad] = report(api, path, "successfulResults"), report(api, path, "failedResults")
    assert (good["sf__Created"], good[KEY], good["sf__Id"][:3]) == ("true", "a", "a02")
    assert bad["sf__Error"].startswith("JSON_PARSER_ERROR:")
    assert report(api, path, "unprocessedRecords") == []
    assert [one["id"] for one in api("GET", "/jobs/ingest").json()["records"]] == [made["id"], done["id"]]
    assert api("DELETE", path).status_code == 204
    assert code_of(api("GET", path)) == (404, "NOT_FOUND")


def test_an_empty_cell_says_nothing_and_a_marked_one_clears(api: Api) -> None:
    path = job(api, f"{KEY},Opportunity__c,Amount__c,Roles__c\na,{ALPHA},1,x\n")
    api("GET", path), api("GET", path)
    path = job(api, f"{KEY},Amount__c,Roles__c\na,,#N/A\n")
    api("GET", path), api("GET", path)
    [row] = api.query(f"SELECT Amount__c, Roles__c FROM {ATTRIBUTION}")
    assert (row["Amount__c"], row["Roles__c"]) == (1.0, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{KEY},Hue__c\na,1\n", "InvalidBatch : Field name not found : Hue__c"),
        (f"{KEY}\r\na\r\n", "ClientInputError : LineEnding is invalid"),
    ],
)
def test_a_file_that_does_not_fit_fails_the_job(api: Api, text: str, message: str) -> None:
    found = api("GET", job(api, text)).json()
    assert found["state"] == "Failed"
    assert message in found["errorMessage"]


def test_the_same_key_twice_in_one_file_is_refused_twice(api: Api) -> None:
    path = job(api, f"{KEY},Opportunity__c\na,{ALPHA}\na,{ALPHA}\n")
    api("GET", path), api("GET", path)
    assert len(report(api, path, "failedResults")) == 2


def test_a_job_that_breaks_leaves_some_rows_written_and_the_rest_unprocessed(crm: Sandbox, api: Api) -> None:
    crm.salesforce.switchboard.settings["bulk_fails_after"] = 1
    path = job(api, f"{KEY},Opportunity__c\na,{ALPHA}\nb,{ALPHA}\nc,{ALPHA}\n")
    assert [api("GET", path).json()["state"] for _ in range(2)] == ["InProgress", "Failed"]
    assert [row[KEY] for row in report(api, path, "successfulResults")] == ["a"]
    assert [row[KEY] for row in report(api, path, "unprocessedrecords")] == ["b", "c"]


def test_an_aborted_job_stops_where_it_is(crm: Sandbox, api: Api) -> None:
    crm.salesforce.switchboard.settings |= {"bulk_stuck": True, "bulk_early_rows": 1}
    path = job(api, f"{KEY},Opportunity__c\na,{ALPHA}\nb,{ALPHA}\n")
    assert code_of(api("DELETE", path)) == (400, "INVALIDJOBSTATE")
    assert api("PATCH", path, {"state": "Aborted"}).json()["state"] == "Aborted"
    assert [row[KEY] for row in report(api, path, "unprocessedRecords")] == ["b"]
    assert code_of(api("PATCH", path, {"state": "UploadComplete"})) == (400, "INVALIDJOBSTATE")


def test_jobs_that_cannot_be(api: Api) -> None:
    assert code_of(api("POST", "/jobs/ingest", {**UPSERT, "object": "Nothing"})) == (400, "INVALIDENTITY")
    assert code_of(api("POST", "/jobs/ingest", {**UPSERT, "operation": "merge"})) == (400, "INVALIDOPERATION")
    assert code_of(api("POST", "/jobs/ingest", {**UPSERT, "externalIdFieldName": "Roles__c"})) == (404, "NOT_FOUND")
    path = job(api, f"{KEY}\na\n")
    assert code_of(api("PUT", f"{path}/batches", headers=CSV, data=b"x")) == (400, "INVALIDJOBSTATE")


@pytest.mark.parametrize(("operation", "left"), [("insert", 4), ("update", 3), ("delete", 2)])
def test_the_other_operations(api: Api, operation: str, left: int) -> None:
    rows = api.query("SELECT Id FROM Opportunity")
    files = {
        "insert": "Name,StageName,CloseDate,Account.Name\nN,Proposal,2026-12-31,\n",
        "update": f"Id,Amount\n{rows[0]['Id']},5\n",
        "delete": f"Id\n{rows[0]['Id']}\n",
    }
    path = job(api, files[operation], object="Opportunity", operation=operation, externalIdFieldName=None)
    assert [api("GET", path).json()["numberRecordsFailed"] for _ in range(2)] == [0, 0]
    assert len(api.query("SELECT Id FROM Opportunity")) == left
