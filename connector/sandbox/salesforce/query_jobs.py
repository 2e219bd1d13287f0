"""Bulk API 2.0 query: jobs that read one snapshot and hand it out as CSV, page by page."""

from __future__ import annotations

import base64
import binascii
import csv
import gzip
import io
from dataclasses import dataclass
from typing import Any, Final

from connector.sandbox.salesforce.asks import Ask, Reply
from connector.sandbox.salesforce.errors import Refusal, not_found
from connector.sandbox.salesforce.identifiers import new_id
from connector.sandbox.salesforce.select import Record, select
from connector.sandbox.salesforce.soql import Path, parse
from connector.sandbox.salesforce.values import stamp_text

_UNSUPPORTED: Final = ("PartnerRole", "RecentlyViewed")
_MOST: Final = 250_000  # rows of a page of results
_PAGES: Final = 5  # of results that are named at once
_ENDED: Final = ("JobComplete", "Failed", "Aborted")


@dataclass
class QueryJob:
    """One query job with its rows as they were when it was created; ``polls``: how often it is still under way."""

    id: str
    kind: str
    operation: str
    user: str
    created: str
    head: list[str]
    rows: list[list[str]]
    polls: int
    outcome: str
    state: str = "UploadComplete"

    def body(self, version: str) -> dict[str, Any]:
        facts = {
            "id": self.id,
            "operation": self.operation,
            "object": self.kind,
            "createdById": self.user,
            "createdDate": self.created,
            "systemModstamp": self.created,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(version.removeprefix("v")),
            "jobType": "V2Query",
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
            "isPkChunkingSupported": True,
        }
        return facts | ({"numberRecordsProcessed": len(self.rows)} if self.state == "JobComplete" else {})


def create(ask: Ask) -> Reply:
    body = ask.fields()
    operation, text = str(body.get("operation")), str(body.get("query", ""))
    if operation not in ("query", "queryAll"):
        raise Refusal("INVALIDOPERATION", f"Unsupported operation: {operation}")
    query = parse(text)
    refused = ask.org.settings.get("query_jobs_refused", ())
    if query.kind in (*_UNSUPPORTED, *refused) or not query.fields:
        raise Refusal("INVALIDENTITY", f"Entity '{query.kind}' is not supported by the Bulk API.")
    selection = select(ask.org.tables, text, include_deleted=operation == "queryAll")
    records = (selection.write(row, ask.version) for row in selection.rows)
    jobs: dict[str, QueryJob] = ask.org.query_jobs
    job = QueryJob(
        id=new_id("750", 500_000 + len(jobs)),
        kind=query.kind,
        operation=operation,
        user=ask.user,
        created=stamp_text(ask.org.now()),
        head=[_title(path) for path in query.fields],
        rows=[[_cell(record, path) for path in query.fields] for record in records],
        polls=int(ask.org.settings.get("query_job_polls", 0)),
        outcome=_outcome(ask),
    )
    jobs[job.id] = job
    return Reply(200, job.body(ask.version))


def status(ask: Ask, job_id: str) -> Reply:
    job = _job(ask, job_id)
    if job.state not in _ENDED:
        job.polls -= 1
        job.state = "InProgress" if job.polls >= 0 or ask.org.settings.get("bulk_stuck") else job.outcome
    return Reply(200, job.body(ask.version))


def patch(ask: Ask, job_id: str) -> Reply:
    job = _job(ask, job_id)
    if ask.fields().get("state") != "Aborted" or job.state in _ENDED:
        raise Refusal("INVALIDJOBSTATE", f"Job {job_id} is {job.state}: only a running job can be aborted")
    job.state = "Aborted"
    return Reply(200, job.body(ask.version))


def delete(ask: Ask, job_id: str) -> Reply:
    if _job(ask, job_id).state not in _ENDED:
        raise Refusal("INVALIDJOBSTATE", "A job that is under way cannot be deleted")
    del ask.org.query_jobs[job_id]
    return Reply(204)


def results(ask: Ask, job_id: str) -> Reply:
    """A page of CSV. ``Sforce-Locator`` is the word ``null`` after the last one."""
    job = _job(ask, job_id)
    if job.state != "JobComplete":
        return Reply(204)
    settings = ask.org.settings
    start = _start(ask.query.get("locator", ""))
    size = int(settings.get("query_job_page", ask.query.get("maxRecords", _MOST)))
    page = job.rows[start : start + size]
    headed = start == 0 or not settings.get("query_job_heads_once")
    body = gzip.compress(_csv([job.head, *page] if headed else page), 1)
    headers = {"content-type": "text/csv; charset=UTF-8", "content-encoding": "gzip"}
    if not settings.get("query_job_bare"):
        more = start + size < len(job.rows)
        headers["sforce-locator"] = _locator(start + size) if more else "null"
        headers["sforce-numberofrecords"] = str(len(page))
    return Reply(200, body, headers)


def result_pages(ask: Ask, job_id: str) -> Reply:
    """Where the next five pages of results are; they are as large as Salesforce likes, whatever anyone asks for."""
    job = _job(ask, job_id)
    if job.state != "JobComplete":
        raise Refusal("INVALIDJOBSTATE", f"Job {job_id} is {job.state}: its results are not there yet")
    size = int(ask.org.settings.get("query_job_page", _MOST))
    places = range(_start(ask.query.get("locator", "")), len(job.rows), size)
    root = f"/services/data/{ask.version}/jobs/query/{job_id}"
    body: dict[str, Any] = {
        "resultPages": [{"resultUrl": f"{root}/results?locator={_locator(place)}"} for place in places[:_PAGES]],
        "done": len(places) <= _PAGES,
    }
    if not body["done"]:
        body["nextRecordUrl"] = f"{root}/resultPages?locator={_locator(places[_PAGES])}"
    return Reply(200, body)


def _job(ask: Ask, job_id: str) -> QueryJob:
    found: QueryJob | None = ask.org.query_jobs.get(job_id)
    if found is None:
        raise not_found()
    return found


def _outcome(ask: Ask) -> str:
    """How a job ends: ``query_job_ends`` are the ends of the next jobs, in order."""
    ends = ask.org.settings.get("query_job_ends") or []
    return str(ends.pop(0)) if ends else "JobComplete"


def _title(path: Path) -> str:
    return f"{path.parent}.{path.name}" if path.parent else path.name


def _cell(record: Record, path: Path) -> str:
    """A value as the Bulk API spells it: nothing for null, and datetimes that end in Z."""
    folded = {name.lower(): value for name, value in record.items()} if path.parent else record
    parent = folded.get(path.parent.lower()) if path.parent else record
    value = (parent or {}).get(path.name)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text[:-5] + "Z" if text.endswith(".000+0000") and text[10:11] == "T" else text


def _csv(rows: list[list[str]]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return written.getvalue().encode()


def _locator(place: int) -> str:
    return base64.urlsafe_b64encode(f"p{place}".encode()).decode()


def _start(locator: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(locator).decode().removeprefix("p")) if locator else 0
    except (binascii.Error, ValueError) as error:
        raise Refusal("INVALID_QUERY_LOCATOR", "invalid query locator") from error
