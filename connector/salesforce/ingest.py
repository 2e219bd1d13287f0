"""Bulk API 2.0 ingest: ten thousand rows by one job, each with its own result (Bulk API 2.0 Guide, "Ingest").

Nothing here waits: a job that still runs answers TryAgain for its changes, and the next call with the same changes
goes on with the same job, which `connector.retry` does. A job that outlives that patience is aborted, and what it
has written by then is read from its results.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from connector.errors import CrmError, InDoubt, PauseMapping, TryAgain
from connector.record import Change, Op, Outcome
from connector.salesforce.collection import ROWS_PER_CALL, encoded
from connector.salesforce.decode import long_id
from connector.salesforce.encode import NOTHING, Encoder
from connector.salesforce.errors import WAIT, bulk_fault, job_fault
from connector.salesforce.org import BODY, Org

JOB_ROWS = 10_000
"""Rows that Salesforce takes as one batch: more of them only make a job outlive our patience."""
CALLS = 8
"""Of one job: look for an earlier one, create, upload, close, two looks, successes and failures."""
FEWEST_ROWS = CALLS * ROWS_PER_CALL
"""From here on a job costs no more calls than collections do."""
WAITS: Final = (2.0, 5.0, 10.0, 25.0, 45.0)
"""Seconds between the looks at a job. Together they stay below the horizon of `connector.retry`."""
RUNNING, ENDED = ("UploadComplete", "InProgress"), ("Aborted", "Failed")
Sent = tuple[list[Outcome], list[Change]]
"""The outcomes of a job, and the changes that it surely did not write: they go another way."""
CSV: Final = {"Content-Type": "text/csv; charset=UTF-8"}


class JobInfo(msgspec.Struct, rename="camel"):
    """What Salesforce says of a job (Bulk API 2.0 Guide, "Get Job Info")."""

    id: str
    state: str
    object: str = ""
    operation: str = ""
    external_id_field_name: str | None = None
    number_records_processed: int = 0
    number_records_failed: int = 0
    error_message: str | None = None


class JobList(msgspec.Struct):
    """Some jobs of the org, the latest first."""

    records: list[JobInfo]


JOB, JOBS = msgspec.json.Decoder(JobInfo), msgspec.json.Decoder(JobList)


@dataclass
class Job:
    """One job on its way. ``refused`` are outcomes of changes that were never in it."""

    id: str
    changes: Sequence[Change]
    refused: list[Outcome]
    looks: int = 0

    @property
    def first(self) -> Change:
        return self.changes[0]

    @property
    def key(self) -> str:
        """The column by which results are told apart: their order is not that of the file."""
        return self.first.by if self.first.op is Op.UPSERT else "Id"


class Ingest:
    """The jobs of one org. ``usable`` turns false when the org refuses them or a job breaks: collections go on."""

    def __init__(self, org: Org, encoder: Encoder) -> None:
        self._org = org
        self._encoder = encoder
        self._open: dict[frozenset[str], Job] = {}
        self.usable = True

    def takes(self, changes: Sequence[Change]) -> list[list[Change]]:
        """What of some changes (one object, operation and key, no record twice) goes by jobs: those of a job that
        is already on its way, then as many whole jobs as are worth their calls.
        """
        by_id = {change.id: change for change in changes}
        jobs = [[by_id.pop(name) for name in sorted(ids)] for ids in self._open if ids <= by_id.keys()]
        fits = [change for change in by_id.values() if change.op is not Op.REMOVE and _expressible(change)]
        for start in range(0, len(fits) if self.usable else 0, JOB_ROWS):
            if len(fits) - start >= FEWEST_ROWS:
                jobs.append(fits[start : start + JOB_ROWS])
        return jobs

    def give_up(self, wanted: Collection[str]) -> None:
        """End the jobs whose changes nobody asks for any more: they must not land after something newer."""
        for ids in [ids for ids in self._open if not ids <= set(wanted)]:
            self._abort(self._open.pop(ids))

    def send(self, changes: Sequence[Change]) -> Sent:
        """What became of a job's changes; TryAgain for all of them while it runs. Raises what stops the call."""
        self._org.catalogue.fields(changes[0].kind)  # an object that is not there costs one call
        ids = frozenset(change.id for change in changes)
        job = self._open.get(ids)
        if job is None:
            try:
                if earlier := self._earlier(changes[0]):
                    return [Outcome(change, fault=earlier) for change in changes], []
                job = self._begun(changes)
            except PauseMapping:
                self.usable = False
                return [], list(changes)
            if not job.changes:
                return job.refused, []
            self._open[ids] = job
        return self._looked(ids, job)

    def _begun(self, changes: Sequence[Change]) -> Job:
        """A new job with all its rows. Until it is closed nothing is written, so a lost answer is no doubt."""
        first = changes[0]
        lines, sent, refused = encoded(changes, self._encoder.line)
        if not sent:
            return Job("", sent, refused)
        job = Job("", sent, refused)
        facts = {"object": first.kind, "operation": first.op.value, "contentType": "CSV", "lineEnding": "LF"}
        key = {"externalIdFieldName": first.by} if first.op is Op.UPSERT else {}
        try:
            answer = self._org.wire.write("POST", "jobs/ingest", BODY.encode(facts | key), kind=first.kind)
            job.id = answer.read(JOB).id
            path = f"jobs/ingest/{job.id}/batches"
            self._org.wire.write("PUT", path, _file(lines), kind=first.kind, headers=CSV)
        except InDoubt as doubt:
            self._abort(job)
            raise TryAgain(f"{doubt.message}; nothing was written yet, {WAIT}") from doubt
        self._close(job)
        return job

    def _earlier(self, first: Change) -> TryAgain | None:
        """A job of ours that a crash left running must not land on top of a newer one. Upserts by our own key tell
        whose they are; updates by id are not asked for, as other programs make them too.
        """
        if first.op is not Op.UPSERT:
            return None
        known = {job.id for job in self._open.values()}
        for job in self._org.wire.get("jobs/ingest?jobType=V2Ingest", kind=first.kind).read(JOBS).records:
            ours = (job.object, job.external_id_field_name) == (first.kind, first.by)
            if ours and job.state in RUNNING and job.id not in known:
                return TryAgain(f"{self._place(first)}: ingest job {job.id} of an earlier run still runs; {WAIT}")
        return None

    def _close(self, job: Job) -> None:
        """From here on Salesforce writes. A lost answer shows at the next look."""
        try:
            self._patch(job, "UploadComplete")
        except InDoubt:
            return

    def _patch(self, job: Job, state: str) -> None:
        body = BODY.encode({"state": state})
        self._org.wire.write("PATCH", f"jobs/ingest/{job.id}", body, kind=job.first.kind)

    def _looked(self, ids: frozenset[str], job: Job) -> Sent:
        info = self._org.wire.get(f"jobs/ingest/{job.id}", kind=job.first.kind).read(JOB)
        if info.state == "Open":
            self._close(job)
        if info.state in ("Open", *RUNNING):
            if job.looks < len(WAITS):
                job.looks += 1
                return self._waiting(job, info), []
            self._abort(job)
            info = self._org.wire.get(f"jobs/ingest/{job.id}", kind=job.first.kind).read(JOB)
        outcomes, left = self._results(job, info)
        del self._open[ids]
        self.usable = self.usable and info.state == "JobComplete"
        return job.refused + outcomes, left

    def _waiting(self, job: Job, info: JobInfo) -> list[Outcome]:
        done = f"{info.number_records_processed} of {len(job.changes)} rows"
        message = f"{self._place(job.first)}: ingest job {job.id} is at {done}; it is looked at again by itself"
        fault = TryAgain(message, after=WAITS[job.looks - 1])
        changes = [*job.changes, *(outcome.change for outcome in job.refused)]
        return [Outcome(change, fault=fault) for change in changes]

    def _abort(self, job: Job) -> None:
        if job.id:
            try:
                self._patch(job, "Aborted")
            except CrmError:
                return  # it ended by itself, or the next call will say what is wrong

    def _results(self, job: Job, info: JobInfo) -> Sent:
        """What became of each row: one that no list has is in doubt, or was not written if the job broke off."""
        if broken := job_fault(self._encoder.place(job.first), info.error_message or ""):
            return [Outcome(change, fault=broken) for change in job.changes], []
        found: dict[str, Outcome] = {}
        by_key = {self._name(job, change): change for change in job.changes}
        whole = info.state == "JobComplete"
        if info.number_records_processed > info.number_records_failed or not whole:
            for line in self._lines(job, "successfulResults"):
                change = by_key[line[job.key]]
                found[change.id] = Outcome(change, record_id=line["sf__Id"], created=line["sf__Created"] == "true")
        if info.number_records_failed or not whole:
            for line in self._lines(job, "failedResults"):
                change = by_key[line[job.key]]
                found[change.id] = Outcome(change, fault=bulk_fault(self._encoder.place(change), line["sf__Error"]))
        unknown = [change for change in job.changes if change.id not in found]
        if info.state in ENDED:
            return list(found.values()), unknown
        doubt = InDoubt(f"{self._place(job.first)}: ingest job {job.id} says nothing of a row; it is read back")
        return [*found.values(), *(Outcome(change, fault=doubt) for change in unknown)], []

    def _name(self, job: Job, change: Change) -> str:
        return change.key if job.first.op is Op.UPSERT else long_id(change.key)

    def _lines(self, job: Job, name: str) -> list[dict[str, str]]:
        answer = self._org.wire.get(f"jobs/ingest/{job.id}/{name}", kind=job.first.kind)
        return list(csv.DictReader(io.StringIO(answer.body.decode("utf-8"), newline="")))

    def _place(self, change: Change) -> str:
        return str(self._encoder.place(change))


def _expressible(change: Change) -> bool:
    """An ingest file has no way to write the text that empties a field."""
    return all(text != NOTHING for _, text in change.values)


def _file(lines: Sequence[dict[str, Any]]) -> bytes:
    """The file of a job. A row that says nothing of a column leaves that field as it is."""
    columns = list(dict.fromkeys(name for line in lines for name in line))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().encode("utf-8")
