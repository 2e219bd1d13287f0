"""The stand-in's bulk queries and its log of deletions, asked by the unmodified simple-salesforce and by hand."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from simple_salesforce import Salesforce

from connector.sandbox.serve import Sandbox

from .conftest import ACME, ALPHA, BETA, BINNED, GAMMA, Api, code_of

SOQL = "SELECT Id, Name, Amount, IsDeleted, SystemModstamp, Account.Name FROM Opportunity"


def job(api: Api, query: str = SOQL, operation: str = "query") -> dict[str, Any]:
    answer = api("POST", "/jobs/query", {"operation": operation, "query": query})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def finished(api: Api, query: str = SOQL, operation: str = "query") -> str:
    path = f"/jobs/query/{job(api, query, operation)['id']}"
    assert api("GET", path).json()["state"] == "JobComplete"
    return path


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


# --- query jobs


def test_client_queries_in_bulk(sf: Salesforce) -> None:
    [text] = sf.bulk2.Opportunity.query(SOQL, wait=0.01)
    found = {row["Id"]: row for row in rows(text)}
    assert found.keys() == {ALPHA, BETA, GAMMA}
    assert found[ALPHA] == {
        "Id": ALPHA,
        "Name": "alpha",
        "Amount": "100.0",
        "IsDeleted": "false",
        "SystemModstamp": "2026-01-01T00:00:00.000Z",
        "Account.Name": "Acme",
    }
    assert (found[GAMMA]["Amount"], found[GAMMA]["Account.Name"]) == ("", "")


def test_client_queries_deleted_rows_and_pages_in_bulk(sf: Salesforce, crm: Sandbox) -> None:
    crm.salesforce.switchboard.settings |= {"query_job_page": 3, "query_job_polls": 2}
    pages = list(sf.bulk2.Opportunity.query_all("SELECT Id, IsDeleted FROM Opportunity", wait=0.01))
    assert [len(rows(page)) for page in pages] == [3, 1], "each with its head"
    assert {row["Id"]: row["IsDeleted"] for page in pages for row in rows(page)}[BINNED] == "true"


def test_a_job_says_how_it_is_and_ends_when_told(api: Api, crm: Sandbox) -> None:
    crm.salesforce.switchboard.settings["query_job_polls"] = 1
    made = job(api)
    path = f"/jobs/query/{made['id']}"
    assert (made["state"], made["object"], made["apiVersion"]) == ("UploadComplete", "Opportunity", 62.0)
    assert api("GET", path + "/results").status_code == 204
    assert code_of(api("DELETE", path)) == (400, "INVALIDJOBSTATE")
    assert api("GET", path).json()["state"] == "InProgress"
    done = api("GET", path).json()
    assert (done["state"], done["numberRecordsProcessed"]) == ("JobComplete", 3)
    assert code_of(api("PATCH", path, {"state": "Aborted"})) == (400, "INVALIDJOBSTATE")
    assert api("DELETE", path).status_code == 204
    assert code_of(api("GET", path)) == (404, "NOT_FOUND")


def test_a_job_can_be_aborted_and_then_has_no_results(api: Api) -> None:
    path = f"/jobs/query/{job(api)['id']}"
    assert api("PATCH", path, {"state": "Aborted"}).json()["state"] == "Aborted"
    assert api("GET", path).json()["state"] == "Aborted"
    assert api("GET", path + "/results").status_code == 204


def test_a_result_is_one_snapshot(api: Api) -> None:
    path = finished(api)
    api("PATCH", f"/sobjects/Opportunity/{ALPHA}", {"Name": "renamed"})
    assert "renamed" not in api("GET", path + "/results").text


def test_results_are_compressed_and_say_what_comes_next(api: Api) -> None:
    path = finished(api)
    first = api("GET", path + "/results", params={"maxRecords": 2})
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["sforce-numberofrecords"] == "2"
    last = api("GET", path + "/results", params={"maxRecords": 2, "locator": first.headers["sforce-locator"]})
    assert (last.headers["sforce-locator"], last.headers["sforce-numberofrecords"]) == ("null", "1")
    assert code_of(api("GET", path + "/results", params={"locator": "zzz"})) == (400, "INVALID_QUERY_LOCATOR")


def test_a_result_without_rows_is_its_head(api: Api) -> None:
    answer = api("GET", finished(api, "SELECT Id FROM Opportunity WHERE Name = 'nobody'") + "/results")
    assert (answer.text, answer.headers["sforce-locator"]) == ('"Id"\n', "null")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"operation": "query", "query": "SELECT COUNT() FROM Account"}, "INVALIDENTITY"),
        ({"operation": "query", "query": "SELECT Id FROM PartnerRole"}, "INVALIDENTITY"),
        ({"operation": "insert", "query": SOQL}, "INVALIDOPERATION"),
        ({"operation": "query", "query": "SELECT Nothing FROM Account"}, "INVALID_FIELD"),
        ({"operation": "query", "query": "SELECT Id FROM Nothing"}, "INVALID_TYPE"),
        ({"operation": "query", "query": "SELEKT"}, "MALFORMED_QUERY"),
    ],
)
def test_what_no_job_takes(api: Api, body: dict[str, str], code: str) -> None:
    assert code_of(api("POST", "/jobs/query", body)) == (400, code)


@pytest.mark.parametrize(
    "text", ['"quoted", twice', "two\nlines\r\nof it", "a\x00NUL", "a\u2028b\x85c", "NA", "🤝"]
)
def test_every_text_survives_the_csv(api: Api, text: str) -> None:
    api("PATCH", f"/sobjects/Opportunity/{ALPHA}", {"Description": text})
    path = finished(api, "SELECT Id, Description FROM Opportunity")
    answer = api("GET", path + "/results")
    answer.encoding = "utf-8"
    assert {row["Id"]: row["Description"] for row in rows(answer.text)}[ALPHA] == text


# --- the log of deletions


def log(api: Api, crm: Sandbox, since: float, until: float = 60.0, word: str = "deleted") -> Any:
    """``since`` and ``until`` are minutes before and after now."""
    now = crm.salesforce.switchboard.now()
    span = {"start": now - timedelta(minutes=since), "end": now + timedelta(minutes=until)}
    params = {name: moment.isoformat() for name, moment in span.items()}
    return api("GET", f"/sobjects/Opportunity/{word}/", params=params)


def test_the_log_tells_deletes_the_bin_has_forgotten(api: Api, crm: Sandbox) -> None:
    api("DELETE", f"/sobjects/Opportunity/{ALPHA}")
    crm.salesforce.purge("Opportunity", BETA)
    assert {row["Id"] for row in api.query(SOQL, "/queryAll")} == {ALPHA, GAMMA, BINNED}
    body = log(api, crm, 10).json()
    assert {row["id"] for row in body["deletedRecords"]} == {ALPHA, BETA}
    assert body["earliestDateAvailable"] < body["latestDateCovered"]
    crm.salesforce.switchboard.offset += timedelta(hours=1)
    assert log(api, crm, 10).json()["deletedRecords"] == []


def test_the_log_tells_changes(api: Api, crm: Sandbox) -> None:
    assert log(api, crm, 10, word="updated").json()["ids"] == []
    api("PATCH", f"/sobjects/Opportunity/{ALPHA}", {"Name": "renamed"})
    assert log(api, crm, 10, word="updated").json()["ids"] == [ALPHA]


def test_the_client_reads_the_log(sf: Salesforce, crm: Sandbox) -> None:
    crm.salesforce.purge("Opportunity", BETA)
    now = crm.salesforce.switchboard.now()
    found = sf.Opportunity.deleted(now - timedelta(hours=1), now + timedelta(minutes=5))
    assert [row["id"] for row in found["deletedRecords"]] == [BETA]


@pytest.mark.parametrize(
    ("since", "until", "code"),
    [
        (0, 0, "INVALID_REPLICATION_DATE"),
        (0, -5, "INVALID_REPLICATION_DATE"),
        (16 * 24 * 60, 0, "INVALID_REPLICATION_DATE"),
        (-30, 60, "INVALID_REPLICATION_DATE"),
    ],
)
def test_spans_that_the_log_refuses(api: Api, crm: Sandbox, since: float, until: float, code: str) -> None:
    assert code_of(log(api, crm, since, until)) == (400, code)


def test_a_log_that_was_purged_and_a_log_that_is_too_long(api: Api, crm: Sandbox) -> None:
    crm.salesforce.org.log_start = crm.salesforce.switchboard.now() - timedelta(minutes=5)
    assert code_of(log(api, crm, 10)) == (400, "INVALID_REPLICATION_DATE")
    assert log(api, crm, 3).status_code == 200
    crm.salesforce.switchboard.settings["replication_most"] = 0
    crm.salesforce.purge("Opportunity", BETA)
    assert code_of(log(api, crm, 3)) == (400, "EXCEEDED_ID_LIMIT")


# --- late, busy, too long


def test_an_edit_shows_when_its_transaction_ends(api: Api, crm: Sandbox) -> None:
    board = crm.salesforce.switchboard
    board.settings["late_commit_seconds"] = 300
    api("PATCH", f"/sobjects/Opportunity/{ALPHA}", {"Name": "late"})
    soql = f"SELECT Name, SystemModstamp FROM Opportunity WHERE Id = '{ALPHA}'"
    assert api.query(soql)[0]["Name"] == "alpha"
    started = board.now()
    board.offset += timedelta(seconds=301)
    [row] = api.query(soql)
    assert row["Name"] == "late"
    assert row["SystemModstamp"][:16] <= started.isoformat()[:16], "stamped when it began"


def test_too_many_long_calls_are_refused_in_salesforces_words(api: Api, crm: Sandbox) -> None:
    crm.salesforce.switchboard.settings["busy_calls"] = 1
    answer = api("GET", "/query", params={"q": SOQL})
    assert code_of(answer) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert "Concurrent" in answer.json()[0]["message"]
    assert api("GET", "/query", params={"q": SOQL}).status_code == 200


def test_an_address_or_a_query_can_be_too_long(api: Api) -> None:
    long = f"SELECT Id FROM Account WHERE Name IN ({', '.join([repr('x' * 20)] * 700)})"
    assert api("GET", "/query", params={"q": long}).status_code == 414
    body = {"operation": "query", "query": long.replace("x", "x" * 30)}
    assert code_of(api("POST", "/jobs/query", body)) == (400, "MALFORMED_QUERY")
    assert api.query(f"SELECT Name FROM Account WHERE Id = '{ACME}'")


def test_a_row_can_be_taken_out_of_the_bin(api: Api, crm: Sandbox) -> None:
    crm.salesforce.org.undelete("Opportunity", BINNED)
    assert BINNED in {row["Id"] for row in api.query(SOQL)}
    assert crm.salesforce.switchboard.now().isoformat()[:13] in str(
        next(row["SystemModstamp"] for row in api.query(SOQL) if row["Id"] == BINNED)
    )
