"""A Salesforce whose adapter reads by bulk jobs whatever does not fit on one page, and is patient with them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from connector.crm import Crm
from connector.record import Page
from connector.retry import Patient

from .salesforce_rig import SalesforceRig


class BulkRig(SalesforceRig):
    """Whatever does not fit on one page is read by a job; the wait for it moves the clock."""

    crm: Crm

    def __init__(self, plain: SalesforceRig) -> None:
        self.__dict__ = plain.__dict__
        self.adapter = plain.crm
        self.slept: list[float] = []
        self.crm = Patient(plain.crm, sleep=self.sleep, now=lambda: datetime.now(UTC) + self.switchboard.offset)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)

    def jobs(self) -> Counter[str]:
        """What was asked of jobs: create, poll, results and so on."""
        words = Counter[str]()
        for call in self.switchboard.calls:
            if "/jobs/query" in call.path and call.status != 401:
                words["results" if call.path.endswith("/results") else call.method] += 1
        return words


def ids_of(pages: list[Page]) -> Counter[str]:
    return Counter(record.ref.id for page in pages for record in page.records)
