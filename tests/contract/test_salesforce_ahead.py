"""What will be asked next is fetched in one call: what an idle poll costs, and that nothing is lost by it."""

from __future__ import annotations

from collections import Counter

import pytest

from connector.record import ABSENT, Cursor
from connector.sandbox.switchboard import Fault

from .cases import HOUR, Cases, latest, window
from .salesforce_bulk_rig import ids_of
from .salesforce_rig import DEAL, KINDS, PARTNER, SalesforceRig

PLAIN, TEXT = KINDS.plain, KINDS.text
CASES = Cases()
FIELDS = {
    PLAIN: [TEXT, KINDS.number],
    "Account": ["Name"],
    "Opportunity": ["Name", "StageName"],
    KINDS.ours: [KINDS.key],
    "OpportunityLineItem": ["ProductCode"],
}
Asks = list[tuple[str, list[str], Cursor | None]]


def asks(cursors: dict[str, Cursor] | None = None) -> Asks:
    return [(kind, fields, (cursors or {}).get(kind)) for kind, fields in FIELDS.items()]


def poll(salesforce: SalesforceRig, wanted: Asks) -> dict[str, Cursor]:
    """One reading of every object, announced; the cursors after it."""
    salesforce.crm.ahead(wanted)
    return {kind: window(salesforce.crm, kind, fields, since)[-1].cursor for kind, fields, since in wanted}


def calls(salesforce: SalesforceRig) -> int:
    """Calls since the last time, as the org counts them."""
    number = salesforce.ledger.calls["sf", "api"]
    salesforce.ledger.calls.clear()
    return number


def test_a_quiet_poll_of_five_objects_is_one_call_describes_and_all(salesforce: SalesforceRig) -> None:
    cursors = poll(salesforce, asks())
    assert calls(salesforce) == 2, "at first one for the describes, one for the rows"
    for _ in range(3):
        salesforce.advance(300)
        cursors = poll(salesforce, asks(cursors))
        assert calls(salesforce) == 1
    salesforce.advance(HOUR)
    poll(salesforce, asks(cursors))
    assert calls(salesforce) == 1 + 5, "and once an hour the log of deletions of each"


def test_what_was_fetched_ahead_is_what_would_have_been_read(salesforce: SalesforceRig) -> None:
    ids = CASES.plain(salesforce, 25)
    salesforce.crm.ahead(asks())
    pages = window(salesforce.crm, PLAIN, FIELDS[PLAIN])
    assert ids_of(pages) == Counter(ids)
    assert latest(window(salesforce.crm, "Opportunity", ["Name", "StageName"]))[DEAL].values == ("Deal", "Proposal")
    assert latest(window(salesforce.crm, "Account", ["Name"]))[PARTNER].values == ("Partner",)
    again = salesforce.another()
    assert latest(window(again, PLAIN, FIELDS[PLAIN])) == latest(pages)


def test_an_answer_is_used_once_and_never_for_another_question(salesforce: SalesforceRig) -> None:
    salesforce.crm.ahead(asks())
    window(salesforce.crm, PLAIN, FIELDS[PLAIN])
    [row_id] = CASES.plain(salesforce)
    assert row_id in latest(window(salesforce.crm, PLAIN, FIELDS[PLAIN]))
    assert latest(window(salesforce.crm, "Account", ["Name", "Industry"]))[PARTNER].values == ("Partner", None)


def test_an_answer_that_nobody_took_is_not_kept_for_later(salesforce: SalesforceRig) -> None:
    salesforce.crm.ahead(asks())
    [row_id] = CASES.plain(salesforce)
    salesforce.advance(HOUR)
    salesforce.crm.ahead([("Account", ["Name"], None)])
    assert row_id in latest(window(salesforce.crm, PLAIN, FIELDS[PLAIN]))


def test_the_window_of_a_page_fetched_ahead_ends_when_it_was_fetched(salesforce: SalesforceRig) -> None:
    salesforce.crm.ahead(asks())
    salesforce.advance(2 * HOUR)
    [row_id] = CASES.plain(salesforce)
    salesforce.advance(60)
    first = window(salesforce.crm, PLAIN, FIELDS[PLAIN])
    assert row_id not in latest(first)
    assert row_id in latest(window(salesforce.crm, PLAIN, FIELDS[PLAIN], first[-1].cursor))


def test_one_object_that_fails_leaves_the_others_and_says_why_itself(salesforce: SalesforceRig) -> None:
    wanted: Asks = [("No_Such__c", ["A"], None), *asks(), (PLAIN, [TEXT], Cursor("not ours"))]
    salesforce.crm.ahead(wanted)
    calls(salesforce)
    assert latest(window(salesforce.crm, "Account", ["Name"]))[PARTNER].values == ("Partner",)
    assert calls(salesforce) == 0
    with pytest.raises(Exception, match="No_Such__c"):
        window(salesforce.crm, "No_Such__c", ["A"])


@pytest.mark.parametrize("effect", [{"drop": True}, {"drop_after": True}, {"truncate": True}, {"html": True}])
@pytest.mark.parametrize("skip", [0, 1])
def test_an_announcement_that_fails_costs_nothing_but_calls(
    salesforce: SalesforceRig, effect: dict[str, bool], skip: int
) -> None:
    [row_id] = CASES.plain(salesforce)
    salesforce.switchboard.faults.append(Fault(path="/composite", skip=skip, **effect))
    salesforce.crm.ahead(asks())
    assert row_id in latest(window(salesforce.crm, PLAIN, FIELDS[PLAIN]))


def test_a_spent_day_is_said_by_the_reading_not_by_the_announcement(salesforce: SalesforceRig) -> None:
    salesforce.switchboard.settings["daily_limit"] = 0
    salesforce.crm.ahead(asks())


def test_a_field_hidden_since_is_noticed_without_a_call_more(salesforce: SalesforceRig) -> None:
    CASES.plain(salesforce, 3)
    cursors = poll(salesforce, asks())
    salesforce.hide(PLAIN, KINDS.number)
    salesforce.advance(300)
    calls(salesforce)
    salesforce.crm.ahead(asks(cursors))
    pages = window(salesforce.crm, PLAIN, FIELDS[PLAIN], cursors[PLAIN])
    assert {record.values for record in latest(pages).values()} == {(f"row {n}", ABSENT) for n in range(3)}
    assert calls(salesforce) == 2, "the query that failed is asked again with the others"


def test_a_field_shown_again_is_noticed_although_no_describe_says_it_changed(salesforce: SalesforceRig) -> None:
    ids = salesforce.create(PLAIN, *({KINDS.number: "1"} for _ in range(3)))
    salesforce.hide(PLAIN, KINDS.number)
    cursors = poll(salesforce, asks())
    salesforce.advance(HOUR)
    salesforce.switchboard.settings["hidden_fields"] = {}
    salesforce.crm.ahead(asks(cursors))
    found = latest(window(salesforce.crm, PLAIN, FIELDS[PLAIN], cursors[PLAIN]))
    assert {row_id: record.values[1] for row_id, record in found.items()} == dict.fromkeys(ids, "1")


def test_where_a_field_is_missed_a_whole_describe_is_asked_for_once_an_hour(salesforce: SalesforceRig) -> None:
    wanted: Asks = [(PLAIN, [TEXT, "no_such_field"], None)]
    poll(salesforce, wanted)
    sent: list[str] = []
    salesforce.switchboard.strike = lambda method, text: sent.append(text)  # type: ignore[assignment]
    try:
        for _ in range(24):
            salesforce.advance(300)
            poll(salesforce, wanted)
    finally:
        del salesforce.switchboard.strike  # type: ignore[method-assign]
    composites = [text for text in sent if "/describe" in text]
    assert len(composites) == 24
    assert sum("If-Modified-Since" not in text for text in composites) in (2, 3)


def test_more_objects_than_one_call_takes_take_as_few_as_possible(salesforce: SalesforceRig) -> None:
    kinds = [*FIELDS, "Product2", "User", "OpportunityTeamMember", "OpportunityHistory"]
    wanted: Asks = [(kind, FIELDS.get(kind, []), None) for kind in kinds]
    cursors = poll(salesforce, wanted)
    calls(salesforce)
    salesforce.advance(60)
    poll(salesforce, [(kind, fields, cursors[kind]) for kind, fields, _ in wanted])
    assert calls(salesforce) == 2, "nine queries, five a call"
