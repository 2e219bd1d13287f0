"""Reads what is large with Bulk API 2.0 query jobs: worth it above a break-even, resumed by the job's id."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

import msgspec
import requests

from connector.errors import PauseMapping, TryAgain
from connector.record import Record
from connector.salesforce.columns import Columns
from connector.salesforce.downloads import Downloads
from connector.salesforce.sheet import Sheet, batches
from connector.salesforce.soql import SOQL_CHARACTERS
from connector.salesforce.windows import Job, Window
from connector.salesforce.wire import Wire

ROWS_PER_CALL: Final = 100_000
MANY: Final = ROWS_PER_CALL
"""Rows that are worth one more call, so that they come down side by side."""
PAGE: Final = 2_000
POLLS: Final = 3
"""What a job is expected to be asked before it is complete."""
LEAST_CALLS: Final = 10
"""Of REST's: below, REST is done before a job has left its queue (20,000 rows)."""
WAITS: Final = (0.5, 1, 2, 4, 8, 15)
"""Seconds before each asking; the last one again and again."""
STUCK: Final = 500
"""Askings, about two hours: such a job will not end any more."""
ASK_AGAIN: Final = timedelta(days=1)
"""After an object, or the org, was refused a job."""
JOBS: Final = 2
"""That may come to nothing before REST does the rest."""


Step = tuple[tuple[Record, ...], Window, bool]
"""Records, the cursor after them, and whether the leg is complete."""


class State(msgspec.Struct):
    """What a job answers (Bulk API 2.0, "Get Information About a Query Job")."""

    id: str
    state: str
    numberRecordsProcessed: int = 0  # noqa: N815 the vendor's word


STATE = msgspec.json.Decoder(State)


def worth(left: int, page: int) -> bool:
    """Whether a job takes fewer calls than REST for ``left`` rows of which REST brings ``page`` a call."""
    by_rest = -(-left // max(page, 1))
    by_job = 2 + POLLS + -(-left // ROWS_PER_CALL)
    return by_rest >= LEAST_CALLS and by_rest > by_job


class Jobs:
    """The query jobs of one org. Waiting is left to `connector.retry`: a job outlives the wait in its cursor."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._refused: dict[str, datetime] = {}

    def begin(self, columns: Columns, window: Window) -> Window | None:
        """The same leg by a job, or None where a job is refused, or cannot take so long a query.

        No ORDER BY: it would keep Salesforce from reading in chunks (Bulk API 2.0, "Query Limits").
        """
        soql = columns.soql(window.where(columns.stamp))
        moment, refused = self._wire.place(columns.kind).moment, self._refused.get(columns.kind)
        if window.tries >= JOBS or len(soql) > SOQL_CHARACTERS or (refused and moment - refused < ASK_AGAIN):
            return None
        wanted = {"operation": "query" if window.live else "queryAll", "query": soql, "lineEnding": "LF"}
        try:
            answer = self._wire.ask("POST", "jobs/query", wanted, kind=columns.kind)
        except PauseMapping as fault:
            if fault.code != "INVALID_FIELD" and "No such column" not in fault.message:
                self._refused[columns.kind] = moment
            return None
        return window.closed_at(answer.moment).in_bulk(Job(answer.read(STATE).id))

    def read(self, columns: Columns, window: Window, job: Job) -> Iterator[Step]:
        """Goes on with a job: waits, asks whether it is complete, then reads it from where the cursor says.

        A job that came to nothing (failed, aborted, deleted, stuck) ends the steps with a window without it.
        """
        if not job.ready:
            asked = self._asked(columns, job) if job.polls else job.polled()
            if asked is None:
                yield (), window.without_job(), False
                return
            window, job = window.in_bulk(asked), asked
            if not job.ready:
                yield (), window, False
                raise under_way(columns, job)
        try:
            yield from self._results(columns, window, job)
        except PauseMapping:
            yield (), window.without_job(), False

    def _asked(self, columns: Columns, job: Job) -> Job | None:
        """The job as it is now, or None when nothing will come of it."""
        path = f"jobs/query/{job.id}"
        try:
            found = self._wire.get(path, kind=columns.kind).read(STATE)
        except PauseMapping:
            return None
        if found.state == "JobComplete":
            return Job(job.id, total=found.numberRecordsProcessed, ready=True)
        if found.state in ("Failed", "Aborted"):
            return None
        if job.polls < STUCK:
            return job.polled()
        with suppress(PauseMapping):
            self._wire.ask("PATCH", path, {"state": "Aborted"}, kind=columns.kind)
            self._wire.ask("DELETE", path, kind=columns.kind)
        return None

    def _results(self, columns: Columns, window: Window, job: Job) -> Iterator[Step]:
        for locator, response in self._pages(columns.kind, job):
            if locator != job.locator:
                job = job.at(locator)
            with closing(response):
                sheet = Sheet(response, self._wire.place(columns.kind))
                for batch in batches(sheet.rows(columns, skip=job.rows), PAGE):
                    job = job.read(len(batch))
                    window = window.in_bulk(job)
                    yield columns.from_csv(batch), window, False
        # a proxy that takes the locator away must not end the reading
        whole = job.seen >= job.total
        yield (), window if whole else window.without_job(), whole

    def _pages(self, kind: str, job: Job) -> Iterator[tuple[str, requests.Response]]:
        """Pages of results with their locators: large ones side by side, where Salesforce offers that."""
        begun = job.locator or not job.seen  # the pages of one call after the other end elsewhere
        if begun and job.total - job.seen > MANY:
            pages = Downloads(self._wire, kind, job.id).pages(job.locator)
            first = None
            with suppress(PauseMapping):  # not offered, or the job is gone: the first page itself will tell
                first = next(pages, None)
            if first:
                yield first
                yield from pages
                return
        locator: str | None = job.locator
        while locator is not None:
            path = f"jobs/query/{job.id}/results?maxRecords={ROWS_PER_CALL}"
            path += f"&locator={quote(locator, safe='')}" if locator else ""
            response = self._wire.stream(path, kind=kind)
            yield locator, response
            more = response.headers.get("Sforce-Locator", "")
            locator = more if more not in ("", "null") else None


def under_way(columns: Columns, job: Job) -> TryAgain:
    """What to raise while Salesforce works on it."""
    wait = WAITS[min(job.polls, len(WAITS)) - 1]
    return TryAgain(f"{columns.connection}, {columns.kind}: the bulk job {job.id} is under way", after=wait)
