"""Bulk API 2.0 ingest: jobs that take one CSV file and report what became of each of its rows."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from connector.sandbox.salesforce.asks import Ask, Reply
from connector.sandbox.salesforce.errors import Refusal, not_found
from connector.sandbox.salesforce.identifiers import long_id, new_id
from connector.sandbox.salesforce.schema import Object
from connector.sandbox.salesforce.values import stamp_text
from connector.sandbox.salesforce.writes import external_key

_OPERATIONS: Final = ("insert", "update", "upsert", "delete", "hardDelete")
_MOST_BYTES = 150_000_000
_SUB_BATCH = 200  # rows that meet the platform's own checks together
_RUNNING = ("UploadComplete", "InProgress")
Line = dict[str, str]


@dataclass
class Job:
    """One ingest job; ``polls`` is how often it still answers InProgress."""

    id: str
    spec: Object
    operation: str
    key: str
    user: str
    created: str
    line_ending: str = "LF"
    state: str = "Open"
    data: bytes = b""
    message: str = ""
    polls: int = 0
    columns: list[str] = field(default_factory=list)
    waiting: list[Line] = field(default_factory=list)
    successes: list[Line] = field(default_factory=list)
    failures: list[Line] = field(default_factory=list)

    def body(self, version: str) -> dict[str, Any]:
        done = len(self.successes) + len(self.failures)
        facts: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.spec.name,
            "createdById": self.user,
            "createdDate": self.created,
            "systemModstamp": self.created,
            "state": self.state,
            "externalIdFieldName": self.key or None,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(version.removeprefix("v")),
            "jobType": "V2Ingest",
            "contentUrl": f"services/data/{version}/jobs/ingest/{self.id}/batches",
            "lineEnding": self.line_ending,
            "columnDelimiter": "COMMA",
            "numberRecordsProcessed": done,
            "numberRecordsFailed": len(self.failures),
        }
        return facts | ({"errorMessage": self.message} if self.message else {})


def create(ask: Ask) -> Reply:
    body = ask.fields()
    spec = ask.org.schema.find(str(body.get("object", "")))
    if spec is None:
        raise Refusal("INVALIDENTITY", f"Entity '{body.get('object')}' is not supported by the Bulk API.")
    operation, key = str(body.get("operation")), str(body.get("externalIdFieldName") or "")
    if operation not in _OPERATIONS:
        raise Refusal("INVALIDOPERATION", f"Unsupported operation: {operation}")
    if operation == "upsert":
        external_key(ask.org.tables, spec, key or "?")
    jobs: dict[str, Job] = ask.org.ingest
    ending = str(body.get("lineEnding", "LF"))
    now = stamp_text(ask.org.now())
    job = Job(new_id("750", len(jobs) + 1), spec, operation, key, ask.user, now, ending)
    jobs[job.id] = job
    return Reply(200, job.body(ask.version))


def upload(ask: Ask, job_id: str) -> Reply:
    job = _job(ask, job_id)
    if job.state != "Open" or job.data:
        raise Refusal("INVALIDJOBSTATE", f"The job {job.id} takes no more data: it is {job.state}")
    if len(ask.raw) > _MOST_BYTES:
        raise Refusal("FEATURENOTENABLED", "The request body is too large", status=413)
    job.data = ask.raw
    return Reply(201)


def patch(ask: Ask, job_id: str) -> Reply:
    job, wanted = _job(ask, job_id), str(ask.fields().get("state"))
    if wanted == "UploadComplete" and job.state == "Open":
        _start(ask, job)
    elif wanted == "Aborted" and job.state in ("Open", *_RUNNING):
        job.state = "Aborted"
    else:
        raise Refusal("INVALIDJOBSTATE", f"A job that is {job.state} cannot become {wanted}")
    return Reply(200, job.body(ask.version))


def status(ask: Ask, job_id: str) -> Reply:
    job = _job(ask, job_id)
    _advance(ask, job)
    return Reply(200, job.body(ask.version))


def every(ask: Ask) -> Reply:
    """All jobs. Looking at the list moves none of them."""
    found = [job.body(ask.version) for job in ask.org.ingest.values()]
    return Reply(200, {"done": True, "records": found, "nextRecordsUrl": None})


def delete(ask: Ask, job_id: str) -> Reply:
    job = _job(ask, job_id)
    if job.state in _RUNNING:
        raise Refusal("INVALIDJOBSTATE", f"A job that is {job.state} cannot be deleted")
    del ask.org.ingest[job.id]
    return Reply(204)


def successes(ask: Ask, job_id: str) -> Reply:
    job = _job(ask, job_id)
    return _csv(["sf__Id", "sf__Created", *job.columns], job.successes)


def failures(ask: Ask, job_id: str) -> Reply:
    job = _job(ask, job_id)
    return _csv(["sf__Id", "sf__Error", *job.columns], job.failures)


def unprocessed(ask: Ask, job_id: str) -> Reply:
    job = _job(ask, job_id)
    return _csv(job.columns, job.waiting)


def _job(ask: Ask, job_id: str) -> Job:
    found: Job | None = ask.org.ingest.get(long_id(job_id) or "")
    if found is None:
        raise not_found()
    return found


def _start(ask: Ask, job: Job) -> None:
    """Read the file. A file that does not fit the job fails it as a whole."""
    job.state = "InProgress"
    job.polls = int(ask.org.settings.get("bulk_polls", 1))
    text = job.data.decode("utf-8")
    if job.line_ending == "LF" and text.partition("\n")[0].endswith("\r"):
        _fail(job, "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF")
        return
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    job.columns = list(reader.fieldnames or ())
    for name in job.columns:
        if not _known(ask, job, name):
            _fail(job, f"InvalidBatch : Field name not found : {name}")
            return
    job.waiting = list(reader)
    _carry_out(ask, job, int(ask.org.settings.get("bulk_early_rows", 0)))


def _known(ask: Ask, job: Job, name: str) -> bool:
    if "." in name:
        return ask.org.schema.parent(job.spec, name.partition(".")[0]) is not None
    return ask.org.schema.field(job.spec, name) is not None


def _fail(job: Job, message: str) -> None:
    job.state, job.message = "Failed", message


def _advance(ask: Ask, job: Job) -> None:
    if job.state != "InProgress" or ask.org.settings.get("bulk_stuck"):
        return
    if job.polls > 0:
        job.polls -= 1
        return
    breaks = ask.org.settings.get("bulk_fails_after")
    _carry_out(ask, job, len(job.waiting) if breaks is None else int(breaks))
    if breaks is None:
        job.state = "JobComplete"
    else:
        _fail(job, "")


def _carry_out(ask: Ask, job: Job, count: int) -> None:
    """Write the next rows. The platform takes them in chunks, in which no key may come twice."""
    todo, job.waiting = job.waiting[:count], job.waiting[count:]
    for first in range(0, len(todo), _SUB_BATCH):
        chunk = todo[first : first + _SUB_BATCH]
        keys = Counter(line.get(job.key or "Id", "") for line in chunk)
        for line in chunk:
            repeated = keys[line.get(job.key or "Id", "")] > 1 and job.operation != "insert"
            _attempt(ask, job, line, repeated)


def _attempt(ask: Ask, job: Job, line: Line, repeated: bool) -> None:
    try:
        if repeated:
            raise Refusal("DUPLICATE_VALUE", "duplicate value found: the key comes twice", [job.key or "Id"])
        with ask.org.tables.whole_or_nothing():
            row_id, created = _write(ask, job, line)
        job.successes.append({"sf__Id": row_id, "sf__Created": str(created).lower(), **line})
    except Refusal as refusal:
        names = ",".join(refusal.fields)
        job.failures.append({"sf__Id": "", "sf__Error": f"{refusal.code}:{refusal.message}:{names} --", **line})


def _write(ask: Ask, job: Job, line: Line) -> tuple[str, bool]:
    values = _values(line)
    row_id = str(values.pop("Id", "") or "")
    match job.operation:
        case "insert":
            return ask.writer.create(job.spec, values), True
        case "upsert" if job.key.lower() != "id":
            key = external_key(ask.org.tables, job.spec, job.key)
            return ask.writer.upsert(job.spec, key, str(values.get(key.name, "")), values)
        case "update" | "upsert":
            ask.writer.update(job.spec, row_id, values)
        case _:
            ask.writer.delete(job.spec, row_id)
    return long_id(row_id) or row_id, False


def _values(line: Mapping[str, str]) -> dict[str, Any]:
    """A line as a row: an empty cell says nothing, ``#N/A`` empties the field."""
    values: dict[str, Any] = {}
    for name, text in line.items():
        if not text:
            continue
        value = None if text == "#N/A" else text
        parent, dot, key = name.partition(".")
        values[parent] = {key: value} if dot else value
    return values


def _csv(columns: list[str], lines: Iterable[Line]) -> Reply:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return Reply(200, text.getvalue().encode(), {"content-type": "text/csv"})
