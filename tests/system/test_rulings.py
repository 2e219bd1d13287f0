"""People decide from the command line, from outside: the word is taken, and the CRM says so after the next run."""

from __future__ import annotations

from datetime import date, timedelta

from connector.sandbox.serve import Sandbox

from .program import Desk


def protection(sandbox: Sandbox) -> dict[str, tuple[date, date]]:
    """Approved registrations in Salesforce to the first and last day of their windows."""
    rows = [row for row in sandbox.salesforce.rows("Deal_Registration__c") if row.get("Protection_End__c")]
    return {str(row["Id"]): (_day(row["Protection_Start__c"]), _day(row["Protection_End__c"])) for row in rows}


def _day(text: object) -> date:
    return date.fromisoformat(str(text))


def test_more_time_that_a_person_gives_is_in_the_crm_after_the_next_run(desk: Desk, sandbox: Sandbox) -> None:
    desk("run", "--once")
    before = protection(sandbox)
    registration = min(before, key=lambda ident: before[ident][1] - before[ident][0])
    start, end = before[registration]
    given = desk("extend", registration, "--days", "10", "--by", "Dana", "--json")
    assert given.code == 0, given.err
    assert given.json["by"] == "Dana"
    assert protection(sandbox) == before
    assert desk("run", "--once").code == 0
    assert protection(sandbox) == {**before, registration: (start, end + timedelta(days=10))}


def test_what_does_not_fit_is_an_error_with_what_would(desk: Desk, sandbox: Sandbox) -> None:
    desk("run", "--once")
    registration = min(protection(sandbox))
    refused = desk("reopen", registration)
    assert (refused.code, refused.out) == (1, "")
    assert "is APPROVED" in refused.err
    assert "possible now: approve, extend, revoke, withdraw" in refused.err
    slip = desk("revoke", registration[:-1] + "9", "--reason", "OTHER: a slip")
    assert slip.code == 1
    assert registration in slip.err
    assert desk("decide", registration).code == 64
    assert desk("cases").out == "Nothing waits for a person.\n"
