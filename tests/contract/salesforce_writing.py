"""What the tests of writing to Salesforce are written with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connector.record import Change
from connector.retry import Patient

from .cases import Cases
from .salesforce_rig import KINDS, SalesforceRig

CASES = Cases()
OURS, PLAIN, TEXT = KINDS.ours, KINDS.plain, KINDS.text


def upserts(salesforce: SalesforceRig, count: int) -> list[Change]:
    return [CASES.upsert(salesforce, f"k{number:05}", str(number)) for number in range(count)]


def calls(salesforce: SalesforceRig, path: str = "") -> int:
    salesforce.calls()
    return sum(path in call.path and call.kind != "login" for call in salesforce.switchboard.calls)


def quiet(salesforce: SalesforceRig) -> None:
    """Signed in and described; from here on the calls are those of the writing alone."""
    salesforce.crm.describe(OURS), salesforce.crm.describe(PLAIN)
    salesforce.calls()
    salesforce.switchboard.calls.clear()


def patient(salesforce: SalesforceRig) -> tuple[Patient, list[float]]:
    waits: list[float] = []
    start = datetime(2026, 1, 1, tzinfo=UTC)
    crm = Patient(salesforce.crm, sleep=waits.append, now=lambda: start + timedelta(seconds=sum(waits)))
    return crm, waits


def jobs(salesforce: SalesforceRig) -> list[str]:
    return [job.state for job in salesforce.sandbox.salesforce.org.ingest.values()]
