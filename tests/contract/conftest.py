"""The CRMs on trial."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from connector.sandbox.salesforce.org import Org
from connector.sandbox.serve import Sandbox, start

from .salesforce_rig import WORLD, SalesforceRig


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
