"""What only Salesforce does: locators, late commits, limits, locks, graphs, ids, and what each costs in calls."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest

from connector.errors import InDoubt, Locked, PauseMapping, PauseUntil, Rejected, StopCrm, TryAgain
from connector.record import ABSENT, Change, Op
from connector.salesforce.crm import SalesforceCrm
from connector.salesforce.decode import long_id
from connector.sandbox.serve import start
from connector.sandbox.switchboard import Fault

from .cases import Cases, faults, latest, outcomes, window
from .salesforce_rig import DEAL, KINDS, PARTNER, SERVICE, WORLD, SalesforceRig

PLAIN, TEXT = KINDS.plain, KINDS.text
CASES = Cases()


def upsert(salesforce: SalesforceRig, key: str, amount: str = "1", group: str = "") -> Change:
    return replace(CASES.upsert(salesforce, key, amount), group=group)


def api_calls(salesforce: SalesforceRig) -> int:
    """Calls of the adapter since `ready`, sign-ins not counted."""
    return salesforce.ledger.calls["sf", "api"]


def ready(salesforce: SalesforceRig) -> None:
    """Signed in and described, so that only the work itself is counted."""
    salesforce.crm.describe(PLAIN), salesforce.crm.describe(KINDS.ours)
    salesforce.ledger.calls.clear()


class TestReading:
    def test_a_dead_locator_goes_on_by_keyset(self, salesforce: SalesforceRig) -> None:
        ids = CASES.plain(salesforce, 35)
        salesforce.switchboard.settings["invalid_locators"] = True
        pages = window(salesforce.crm, PLAIN, [TEXT])
        read = Counter(record.ref.id for page in pages for record in page.records)
        assert (len(pages), read) == (4, Counter(ids))
        found = [row_id for batch in salesforce.crm.ids(PLAIN) for row_id in batch]
        assert sorted(found) == sorted(ids)

    def test_a_field_hidden_between_pages_is_absent_from_there_on(self, salesforce: SalesforceRig) -> None:
        salesforce.create(PLAIN, *({KINDS.number: "1"} for _ in range(15)))
        reading = salesforce.crm.changes(PLAIN, [KINDS.number], None)
        first = next(reading)
        salesforce.hide(PLAIN, KINDS.number)
        salesforce.switchboard.settings["invalid_locators"] = True
        rest = [record for page in reading for record in page.records]
        assert {record.values for record in first.records} == {("1",)}
        assert {record.values for record in rest} == {(ABSENT,)}
        assert len(rest) == 5

    def test_a_field_that_comes_back_is_read_again(self, salesforce: SalesforceRig) -> None:
        [row_id] = salesforce.create(PLAIN, {KINDS.number: "1"})
        salesforce.hide(PLAIN, KINDS.number)
        assert latest(window(salesforce.crm, PLAIN, [KINDS.number]))[row_id].values == (ABSENT,)
        salesforce.switchboard.settings["hidden_fields"] = {}
        assert latest(window(salesforce.crm, PLAIN, [KINDS.number]))[row_id].values == ("1",)

    def test_a_row_that_shows_late_is_in_the_next_window(self, salesforce: SalesforceRig) -> None:
        salesforce.switchboard.settings["late_commit_seconds"] = 500
        [late] = salesforce.create(PLAIN, {})
        salesforce.advance(300)
        first = window(salesforce.crm, PLAIN, [])
        salesforce.advance(300)
        assert late not in latest(first)
        assert late in latest(window(salesforce.crm, PLAIN, [], first[-1].cursor))

    def test_a_purged_row_is_missing_from_the_sweep(self, salesforce: SalesforceRig) -> None:
        kept, purged = CASES.plain(salesforce, 2)
        salesforce.sandbox.salesforce.org.purge(PLAIN, purged)
        assert [row_id for batch in salesforce.crm.ids(PLAIN) for row_id in batch] == [kept]

    def test_a_foreign_cursor_pauses_the_mapping(self, salesforce: SalesforceRig) -> None:
        with pytest.raises(PauseMapping, match="read the object anew"):
            list(salesforce.crm.changes(PLAIN, [], "12345"))  # type: ignore[arg-type]

    def test_numbers_keep_every_digit(self, salesforce: SalesforceRig) -> None:
        body = {"done": True, "records": []}
        row = '{"Id":"a01000000000001AAA","SystemModstamp":"2026-01-01T00:00:00.000+0000","IsDeleted":false,'
        text = str(body).replace("'", '"').replace("True", "true")
        text = text.replace("[]", "[" + row + '"Contribution__c":12345678901234567.89}]')
        salesforce.crm.describe(PLAIN)
        salesforce.switchboard.faults.append(
            Fault(path="/query", status=200, body=text, headers={"content-type": "application/json"})
        )
        [page] = window(salesforce.crm, PLAIN, [KINDS.number])
        assert page.records[0].values == ("12345678901234567.89",)

    def test_short_ids_find_their_records(self, salesforce: SalesforceRig) -> None:
        [row_id] = CASES.plain(salesforce)
        [record] = salesforce.crm.read(PLAIN, [row_id[:15]], [TEXT, KINDS.link])
        assert (record.ref.id, record.values[1]) == (row_id, PARTNER)
        found = salesforce.crm.read(PLAIN, [PARTNER[:15]], [], by=KINDS.link)
        assert [record.ref.id for record in found] == [row_id]

    def test_a_chain_of_merges_ends_at_the_survivor(self, salesforce: SalesforceRig) -> None:
        first, second, third = salesforce.create("Account", *({"Name": name} for name in "abc"))
        salesforce.merge("Account", first, second)
        salesforce.merge("Account", second, third)
        [record] = salesforce.crm.read("Account", [first], ["Name"])
        assert (record.ref.id, record.values) == (third, ("c",))

    def test_many_long_keys_are_cut_into_addresses_that_fit(self, salesforce: SalesforceRig) -> None:
        keys = [f"{number:03}" + "ä'" * 38 for number in range(150)]
        assert set(faults(salesforce.crm, [upsert(salesforce, key) for key in keys]).values()) == {None}
        assert len(CASES.ours(salesforce, *keys)) == 150


class TestWriting:
    def test_a_locked_row_is_tried_again_and_the_others_are_written(self, salesforce: SalesforceRig) -> None:
        held, free = CASES.plain(salesforce, 2)
        salesforce.switchboard.settings["locked_ids"] = [held]
        found = faults(salesforce.crm, [CASES.update(salesforce, row, **{TEXT: "x"}) for row in (held, free)])
        assert found == {f"u-{held}": TryAgain, f"u-{free}": None}

    def test_one_lock_keeps_a_whole_group_waiting(self, salesforce: SalesforceRig) -> None:
        salesforce.switchboard.settings["locked_ids"] = [DEAL]
        deal = Change("deal", Op.UPDATE, "Opportunity", DEAL[:15], (("Partner_Count__c", "1"),), group="g")
        batch = [upsert(salesforce, "a", group="g"), deal]
        assert faults(salesforce.crm, batch) == {"c-a": TryAgain, "deal": TryAgain}
        salesforce.switchboard.settings["locked_ids"] = []
        found = outcomes(salesforce.crm, batch)
        assert (found["deal"].fault, found["deal"].record_id) == (None, DEAL)
        assert found["c-a"].created
        assert re.fullmatch(r"\w{18}", str(found["c-a"].record_id))

    def test_a_group_that_no_call_takes_is_rejected(self, salesforce: SalesforceRig) -> None:
        batch = [upsert(salesforce, f"k{number}", group="huge") for number in range(501)]
        assert set(faults(salesforce.crm, batch).values()) == {Rejected}

    def test_removal_takes_only_the_row_that_carries_exactly_our_key(self, salesforce: SalesforceRig) -> None:
        [row_id] = salesforce.create(PLAIN, {"Filing_Key__c": "abc"})
        shouted = Change("r", Op.REMOVE, PLAIN, "ABC", by="Filing_Key__c")
        assert faults(salesforce.crm, [shouted]) == {"r": None}
        assert [record.ref.id for record in salesforce.crm.read(PLAIN, [row_id], [])] == [row_id]

    def test_an_upsert_needs_a_unique_field(self, salesforce: SalesforceRig) -> None:
        change = Change("c", Op.UPSERT, PLAIN, "Acme", by=TEXT)
        assert faults(salesforce.crm, [change]) == {"c": Rejected}

    def test_a_reference_to_nothing_is_rejected_by_name(self, salesforce: SalesforceRig) -> None:
        [row_id] = CASES.plain(salesforce)
        change = CASES.update(salesforce, row_id, **{KINDS.link: "001000000000999AAA"})
        fault = outcomes(salesforce.crm, [change])[change.id].fault
        assert isinstance(fault, Rejected)
        assert KINDS.link in fault.message

    def test_clearing_a_checkbox_unticks_it(self, salesforce: SalesforceRig) -> None:
        [row_id] = salesforce.create(PLAIN, {KINDS.boolean: "true"})
        change = CASES.update(salesforce, row_id, **{KINDS.boolean: None})
        assert faults(salesforce.crm, [change]) == {change.id: None}
        assert CASES.one(salesforce, row_id, KINDS.boolean) == "false"

    def test_a_lost_graph_is_in_doubt_and_may_be_written_again(self, salesforce: SalesforceRig) -> None:
        batch = [upsert(salesforce, key, group="g") for key in "ab"]
        salesforce.fault("drop_after", "write")
        assert faults(salesforce.crm, batch) == {"c-a": InDoubt, "c-b": InDoubt}
        assert faults(salesforce.crm, batch) == {"c-a": None, "c-b": None}
        assert len(CASES.ours(salesforce, "a", "b")) == 2

    def test_a_gateway_that_gives_up_leaves_a_write_in_doubt(self, salesforce: SalesforceRig) -> None:
        salesforce.switchboard.faults.append(Fault(path="/composite", status=504, body="<html>Gateway</html>"))
        assert faults(salesforce.crm, [upsert(salesforce, "a")]) == {"c-a": InDoubt}

    def test_a_refusal_by_salesforce_names_the_culprit_to_its_whole_group(self, salesforce: SalesforceRig) -> None:
        wrong = (*KINDS.ours_needs.items(), ("Split_Status__c", "no such option"))
        bad = replace(upsert(salesforce, "b"), values=wrong)
        batch = [replace(change, group="g") for change in (upsert(salesforce, "a"), bad, upsert(salesforce, "c"))]
        found = outcomes(salesforce.crm, [*batch, upsert(salesforce, "d", group="h")])
        for change in batch:
            fault = found[change.id].fault
            assert isinstance(fault, Rejected)
            assert "Split_Status__c" in fault.message
        assert CASES.ours(salesforce, "a", "b", "c", "d") == {"d": "1"}

    def test_a_row_that_somebody_deletes_first_is_removed(self, salesforce: SalesforceRig) -> None:
        outcomes(salesforce.crm, [upsert(salesforce, "a")])
        gone = [{"success": False, "errors": [{"statusCode": "ENTITY_IS_DELETED", "message": "entity is deleted"}]}]
        salesforce.switchboard.faults.append(Fault(method="DELETE", status=200, body=gone))
        assert faults(salesforce.crm, [CASES.remove(salesforce, "a")]) == {"r-a": None}

    def test_a_call_refused_for_one_hidden_field_is_sent_without_it(self, salesforce: SalesforceRig) -> None:
        first, second = CASES.plain(salesforce, 2)
        ready(salesforce)
        salesforce.hide(PLAIN, KINDS.number)
        message = f"No such column '{KINDS.number}' on sobject of type {PLAIN}"
        body = [{"errorCode": "INVALID_FIELD", "message": message}]
        holding_it = rf"/composite[\s\S]*{KINDS.number}"
        salesforce.switchboard.faults.append(Fault(method="PATCH", path=holding_it, times=9, status=400, body=body))
        hidden = CASES.update(salesforce, first, **{KINDS.number: "1"})
        seen = CASES.update(salesforce, second, **{TEXT: "x"})
        assert faults(salesforce.crm, [hidden, seen]) == {hidden.id: PauseMapping, seen.id: None}

    def test_an_org_that_went_away_leaves_nothing_in_doubt(self) -> None:
        with start(WORLD) as sandbox:
            rig = SalesforceRig(sandbox)
            rig.crm.describe(KINDS.ours)
        assert faults(rig.crm, [upsert(rig, "a")]) == {"c-a": TryAgain}


class TestLimits:
    def test_a_spent_day_pauses_everything(self, salesforce: SalesforceRig) -> None:
        ready(salesforce)
        salesforce.switchboard.settings["daily_limit"] = 0
        with pytest.raises(PauseUntil) as caught:
            list(salesforce.crm.ids(PLAIN))
        assert caught.value.when.tzinfo
        keys = [f"k{number}" for number in range(450)]
        before = api_calls(salesforce)
        assert set(faults(salesforce.crm, [upsert(salesforce, key) for key in keys]).values()) == {PauseUntil}
        assert api_calls(salesforce) - before == 1, "after the first refusal nothing more is sent"

    def test_too_many_long_calls_at_once_are_tried_again(self, salesforce: SalesforceRig) -> None:
        body = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentPerOrgLongTxn Limit exceeded."}]
        salesforce.switchboard.faults.append(Fault(path="/query", status=403, body=body))
        with pytest.raises(TryAgain) as caught:
            list(salesforce.crm.ids(PLAIN))
        assert caught.value.after

    def test_our_own_budget_is_asked_before_each_call(self, salesforce: SalesforceRig) -> None:
        class Spent:
            def take(self, connection: str, limit: str, calls: int = 1) -> float:
                assert (connection, limit, calls) == ("sf", "api", 1)
                return 7.5

        crm = SalesforceCrm("sf", {"url": salesforce.sandbox.salesforce_url, **SERVICE}, ledger=Spent())
        before = api_calls(salesforce)
        with pytest.raises(TryAgain) as caught:
            crm.describe(PLAIN)
        assert caught.value.after == 7.5
        assert set(faults(crm, [upsert(salesforce, "a")]).values()) == {TryAgain}
        assert api_calls(salesforce) == before

    def test_what_the_work_costs(self, salesforce: SalesforceRig) -> None:
        CASES.plain(salesforce, 25)
        ready(salesforce)
        by_their_count = salesforce.sandbox.salesforce.org.used()
        window(salesforce.crm, PLAIN, [TEXT])
        assert api_calls(salesforce) == 3, "one call a page"
        keys = [f"k{number}" for number in range(400)]
        list(salesforce.crm.write([upsert(salesforce, key) for key in keys]))
        assert api_calls(salesforce) == 4, "up to 1,000 rows a call"
        list(salesforce.crm.write([upsert(salesforce, f"{k}x", group=f"g{n % 75}") for n, k in enumerate(keys)]))
        assert api_calls(salesforce) == 5, "75 groups of up to 500 rows a call"
        assert salesforce.sandbox.salesforce.org.used() - by_their_count == 5
        salesforce.crm.read(PLAIN, [long_id(f"a00{number:012}") for number in range(2_000)], [TEXT])
        assert api_calls(salesforce) == 6, "2,000 ids a call"


class TestIdentity:
    def test_whoami(self, salesforce: SalesforceRig) -> None:
        identity = salesforce.crm.whoami()
        assert re.fullmatch(r"00D\w{15}", identity.org)
        assert (identity.user, identity.edition) == ("dealsync@sandbox.test", "Enterprise Edition")
        assert identity.daily_limit == 100_000
        assert identity.daily_used
        assert identity.daily_used < 10

    def test_provision_leaves_metadata_to_administrators(self, salesforce: SalesforceRig) -> None:
        assert salesforce.crm.provision(()) == ()

    def test_an_unknown_version_stops_the_crm(self, salesforce: SalesforceRig) -> None:
        settings = {"url": salesforce.sandbox.salesforce_url, **SERVICE, "api_version": "12.0"}
        crm = SalesforceCrm("sf", settings, ledger=salesforce.ledger)
        with pytest.raises((StopCrm, PauseMapping)):
            crm.describe(PLAIN)


def test_approval_locks_are_for_a_later_run() -> None:
    from connector.salesforce.errors import CODES

    assert CODES["ENTITY_IS_LOCKED"][0] is Locked
