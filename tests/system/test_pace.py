"""Commands in a row: each knows what those before it asked of HubSpot, and waits instead of being refused."""

from __future__ import annotations

from datetime import UTC, datetime

import requests

from connector.sandbox.serve import Sandbox
from sync.store.budgets import StoreLedger
from sync.store.opening import open_store

from .program import Desk

TEN_SECONDS = 190


def refused(sandbox: Sandbox) -> list[str]:
    return [call.path for call in sandbox.hubspot.switchboard.calls if call.status == 429]


def test_three_runs_in_a_row_are_never_told_to_wait(desk: Desk, sandbox: Sandbox) -> None:
    for _ in range(3):
        ran = desk("run", "--once")
        assert ran.code == 0, ran.err
    searches = [call for call in sandbox.hubspot.switchboard.calls if call.kind == "search.search"]
    assert len(searches) > 5, "more than HubSpot answers in a second"
    assert refused(sandbox) == []


def spend(desk: Desk, sandbox: Sandbox, calls: int) -> None:
    """Calls of a command that ended a moment ago."""
    store = open_store("sqlite:///dealsync.db", desk.home)
    ledger = StoreLedger(lambda: datetime.now(UTC))
    ledger.share(store)
    url = f"{sandbox.hubspot_url}/crm/owners/2026-09"
    with requests.Session() as session:
        for _ in range(calls):
            assert ledger.take("hs", "general") == 0
            answer = session.get(url, headers={"Authorization": "Bearer pat-sandbox"}, timeout=10)
            assert answer.status_code == 200
    ledger.release()
    store.close()


def test_a_look_at_the_portal_waits_for_what_the_commands_before_it_spent(desk: Desk, sandbox: Sandbox) -> None:
    desk("status")  # the store is made
    spend(desk, sandbox, TEN_SECONDS - 10)
    ran = desk("doctor", "hs", "--json")
    assert ran.code == 0, ran.out
    asked = [call for call in sandbox.hubspot.switchboard.calls if call.path.endswith("/schemas")]
    assert asked, "it went on after the wait"
    assert refused(sandbox) == []


def test_signing_in_counts_with_the_calls_of_the_commands_before_it(desk: Desk, sandbox: Sandbox) -> None:
    desk("status")
    spend(desk, sandbox, TEN_SECONDS)
    ran = desk("run", "--once")
    assert ran.code == 0, ran.err
    assert "general limit is reached" in ran.err
    assert refused(sandbox) == []
