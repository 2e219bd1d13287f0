"""kill -9 between two calls to a CRM: the next run ends where an undisturbed one would have."""

from __future__ import annotations

import time

import pytest

from connector.sandbox.serve import Sandbox

from .program import Desk
from .test_signals import lines_of

ROWS = (("Partner_Attribution__c", 6), ("partner_attribution", 5))


@pytest.mark.parametrize("calls", [12, 25, 30, 33])
def test_a_process_that_is_killed_loses_nothing_and_doubles_nothing(
    desk: Desk, sandbox: Sandbox, calls: int
) -> None:
    """The one after it waits for nobody: that the first is dead can be told on its own machine."""
    process = desk.start("run", "--once")
    with lines_of(process):
        until = time.monotonic() + 60
        while made(sandbox) < calls and process.poll() is None and time.monotonic() < until:
            time.sleep(0.001)
        process.kill()
        process.wait()
    again = desk("run", "--once", "--json")
    if again.json["outcomes"].get("again"):
        again = desk("run", "--once", "--json")
    assert again.code == 0, again.err
    assert desk("run", "--once", "--json").json["changes"] == []
    salesforce, hubspot = sandbox.salesforce.rows(ROWS[0][0]), sandbox.hubspot.rows(ROWS[1][0])
    assert (len(salesforce), len(hubspot)) == (ROWS[0][1], ROWS[1][1])
    assert len({row["Engine_Key__c"] for row in salesforce}) == len(salesforce)


def made(sandbox: Sandbox) -> int:
    """How many calls both CRMs have had so far."""
    return len(sandbox.salesforce.switchboard.calls) + len(sandbox.hubspot.switchboard.calls)
