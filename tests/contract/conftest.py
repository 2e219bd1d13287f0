"""The CRMs on trial."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from connector.salesforce import ingest
from connector.sandbox.salesforce.org import Org
from connector.sandbox.serve import Sandbox, start

from .salesforce_bulk_rig import BulkRig
from .salesforce_rig import KINDS, WORLD, SalesforceRig


@pytest.fixture(scope="session")
def salesforce_server() -> Iterator[Sandbox]:
    with start(WORLD) as running:
        yield running


@pytest.fixture
def salesforce(salesforce_server: Sandbox) -> SalesforceRig:
    """One server for all tests, a new org in it for each."""
    crm = salesforce_server.salesforce
    crm.switchboard.offset = timedelta()
    crm.switchboard.settings.clear()
    crm.switchboard.faults.clear()
    crm.switchboard.calls.clear()
    crm.switchboard.settings["session_seconds"] = 24 * 3600
    crm.org = Org(WORLD.salesforce, crm.switchboard)
    return SalesforceRig(salesforce_server)


@pytest.fixture
def bulk(salesforce: SalesforceRig, monkeypatch: pytest.MonkeyPatch) -> BulkRig:
    """The same, with a bulk job behind everything that is larger than a page."""
    monkeypatch.setattr("connector.salesforce.query.worth", lambda left, page: left > 0)
    return BulkRig(salesforce)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, salesforce: SalesforceRig) -> None:
    """Bulk ingest jobs are worth while from five rows on; signed in and described."""
    monkeypatch.setattr(ingest, "FEWEST_ROWS", 5)
    salesforce.crm.describe(KINDS.ours), salesforce.crm.describe(KINDS.plain)
    salesforce.calls()
    salesforce.switchboard.calls.clear()
