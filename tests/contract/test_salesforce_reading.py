"""Reading Salesforce when it is late, busy, limited, wide, or shows less than it did: each failure by its name."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from connector.errors import PauseMapping, PauseUntil, TryAgain
from connector.record import ABSENT, Page
from connector.salesforce.wire import USAGE
from connector.sandbox.switchboard import Fault

from .cases import HOUR, Cases, latest, window
from .salesforce_bulk_rig import BulkRig, ids_of
from .salesforce_rig import DEAL, KINDS, SalesforceRig

PLAIN, TEXT, NUMBER = KINDS.plain, KINDS.text, KINDS.number
DAY = 24 * HOUR
CASES = Cases()


def kinds_of_calls(salesforce: SalesforceRig) -> Counter[str]:
    salesforce.calls()
    return Counter(call.kind for call in salesforce.switchboard.calls)


def stored(salesforce: SalesforceRig, kind: str, row_id: str) -> dict[str, object]:
    """A row as the org keeps it, to change it as nobody can through the API."""
    org = salesforce.sandbox.salesforce.org
    return org.tables.table(org.schema.object(kind)).rows[row_id]  # type: ignore[return-value]


class TestWindows:
    def test_an_edit_that_shows_late_is_in_the_next_window(self, salesforce: SalesforceRig) -> None:
        [row_id] = CASES.plain(salesforce)
        salesforce.advance(HOUR)
        cursor = window(salesforce.crm, PLAIN, [TEXT])[-1].cursor
        salesforce.switchboard.settings["late_commit_seconds"] = 540
        salesforce.edit(PLAIN, row_id, {TEXT: "late"})
        salesforce.advance(500)
        between = window(salesforce.crm, PLAIN, [TEXT], cursor)
        assert row_id not in latest(between)
        salesforce.advance(100)
        found = latest(window(salesforce.crm, PLAIN, [TEXT], between[-1].cursor))
        assert found[row_id].values == ("late",)

    def test_thousands_of_rows_with_one_stamp_are_read_once_each(self, salesforce: SalesforceRig) -> None:
        salesforce.switchboard.settings |= {"page_size": 500, "invalid_locators": True}
        ids = CASES.plain(salesforce, 5000)
        for row_id in ids:
            stored(salesforce, PLAIN, row_id)["SystemModstamp"] = "2026-01-01T00:00:00.000+0000"
        pages = []
        cursor = None
        while not pages or not pages[-1].drained:
            pages.append(next(salesforce.another().changes(PLAIN, [], cursor)))
            cursor = pages[-1].cursor
        assert (len(pages), ids_of(pages)) == (10, Counter(ids))

    @pytest.mark.parametrize("minutes", [10, -10])
    def test_a_clock_that_is_not_ours_leaves_no_gap_and_no_future(
        self, salesforce: SalesforceRig, minutes: int
    ) -> None:
        salesforce.advance(minutes * 60)
        first = window(salesforce.crm, PLAIN, [])
        theirs = datetime.now(UTC) + timedelta(minutes=minutes)
        assert f'"low":"{theirs - timedelta(minutes=11):%Y-%m-%dT%H}' in first[-1].cursor
        ids = CASES.plain(salesforce, 3)
        salesforce.advance(5)
        assert set(ids) <= latest(window(salesforce.crm, PLAIN, [], first[-1].cursor)).keys()

    def test_a_session_that_dies_on_page_three_costs_one_sign_in(self, salesforce: SalesforceRig) -> None:
        ids = CASES.plain(salesforce, 45)
        salesforce.crm.describe(PLAIN)
        salesforce.switchboard.calls.clear()
        pages = []
        for page in salesforce.crm.changes(PLAIN, [TEXT], None):
            pages.append(page)
            if len(pages) == 2:
                salesforce.expire()
        assert ids_of(pages) == Counter(ids)
        assert kinds_of_calls(salesforce)["login"] == 1
        assert sum("query/0r8" in call.path for call in salesforce.switchboard.calls) == 5, "its locator goes on"

    def test_an_org_that_moves_is_read_on_at_its_new_address(self, salesforce: SalesforceRig) -> None:
        ids = CASES.plain(salesforce, 25)
        pages = []
        for page in salesforce.crm.changes(PLAIN, [TEXT], None):
            pages.append(page)
            moved = salesforce.sandbox.salesforce_url.replace("127.0.0.1", "localhost")
            salesforce.switchboard.settings["instance_url"] = moved
        assert ids_of(pages) == Counter(ids)

    def test_the_eleventh_cursor_closes_ours_and_nothing_is_lost(self, salesforce: SalesforceRig) -> None:
        ids = CASES.plain(salesforce, 35)
        reading = salesforce.crm.changes(PLAIN, [TEXT], None)
        pages = [next(reading)]
        others = [salesforce.crm.changes(PLAIN, [TEXT], None) for _ in range(10)]
        assert all(next(other) for other in others)
        pages += reading
        assert ids_of(pages) == Counter(ids)

    @pytest.mark.parametrize(
        ("status", "body"),
        [(502, "<html>Bad Gateway"), (503, "<html>"), (406, ""), (420, "<html>Edge"), (429, ""), (500, "?")],
    )
    def test_an_answer_of_the_edge_is_tried_again(self, salesforce: SalesforceRig, status: int, body: str) -> None:
        CASES.plain(salesforce, 15)
        salesforce.crm.describe(PLAIN)
        for skip in (0, 1):
            salesforce.switchboard.faults.append(Fault(path="/query", status=status, body=body, skip=skip))
            with pytest.raises(TryAgain):
                window(salesforce.crm, PLAIN, [TEXT])

    @pytest.mark.parametrize("body", [{}, [], {"done": False}, {"records": []}, {"done": True}, "text", 7])
    def test_some_other_json_is_never_no_data(self, salesforce: SalesforceRig, body: object) -> None:
        CASES.plain(salesforce, 3)
        headers = {"content-type": "application/json"}
        salesforce.switchboard.faults.append(Fault(path="/query", status=200, body=body, headers=headers))
        with pytest.raises(TryAgain, match="cannot be read"):
            window(salesforce.crm, PLAIN, [TEXT])


class TestLimits:
    def test_a_day_spent_in_the_middle_keeps_what_was_read(self, salesforce: SalesforceRig) -> None:
        ids = CASES.plain(salesforce, 45)
        pages: list[Page] = []
        with pytest.raises(PauseUntil) as caught:
            for page in salesforce.crm.changes(PLAIN, [TEXT], None):
                pages.append(page)
                if len(pages) == 2:
                    salesforce.switchboard.settings["daily_limit"] = 0
        assert caught.value.when > datetime.now(UTC)
        salesforce.switchboard.settings["daily_limit"] = 100_000
        pages += window(salesforce.another(), PLAIN, [TEXT], pages[-1].cursor)
        assert ids_of(pages) == Counter(ids), "nothing is read again"

    def test_our_own_budget_stops_in_the_middle_and_keeps_what_was_read(self, salesforce: SalesforceRig) -> None:
        ids = CASES.plain(salesforce, 45)
        used = salesforce.sandbox.salesforce.org.used()
        salesforce.switchboard.settings["daily_limit"] = (used + 4) * 5 // 4
        pages: list[Page] = []
        with pytest.raises(PauseUntil, match="api calls are spent"):
            for page in salesforce.crm.changes(PLAIN, [TEXT], None):
                pages.append(page)
        assert pages
        salesforce.switchboard.settings["daily_limit"] = 100_000
        salesforce.ledger.learn("sf", "api", used=used, allowed=100_000)
        pages += window(salesforce.crm, PLAIN, [TEXT], pages[-1].cursor)
        assert ids_of(pages) == Counter(ids)

    def test_too_many_long_calls_at_once_pass(self, bulk: BulkRig) -> None:
        ids = CASES.plain(bulk, 5)
        bulk.crm.describe(PLAIN)
        bulk.switchboard.settings["busy_calls"] = 2
        assert ids_of(window(bulk.crm, PLAIN, [])) == Counter(ids)
        assert bulk.slept == [5, 5]

    @pytest.mark.parametrize(
        ("header", "used"),
        [
            ("api-usage=18/5000", ("18", "5000")),
            ("api-usage=18/5000; per-app-api-usage=17/250(appName=x)", ("18", "5000")),
            ("per-app-api-usage=17/250(appName=x); api-usage=18/5000", ("18", "5000")),
            ("per-app-api-usage=17/250(appName=x)", None),
            ("", None),
        ],
    )
    def test_only_the_count_of_the_whole_org_is_believed(self, header: str, used: tuple[str, str] | None) -> None:
        found = USAGE.search(header)
        assert (found.groups() if found else None) == used


class TestWhatCanBeSeen:
    def test_a_field_shown_again_is_read_again_from_old_rows_too(self, salesforce: SalesforceRig) -> None:
        ids = salesforce.create(PLAIN, *({NUMBER: "1"} for _ in range(15)))
        salesforce.advance(HOUR)
        salesforce.hide(PLAIN, NUMBER)
        pages = window(salesforce.crm, PLAIN, [NUMBER, TEXT])
        assert {record.values for record in latest(pages).values()} == {(ABSENT, None)}
        salesforce.advance(DAY)
        pages = window(salesforce.another(), PLAIN, [NUMBER, TEXT], pages[-1].cursor)
        assert latest(pages) == {}, "hidden as before: nothing to read again"
        salesforce.switchboard.settings["hidden_fields"] = {}
        salesforce.edit(PLAIN, ids[0], {NUMBER: "2"})
        salesforce.drop(PLAIN, ids[1])
        salesforce.advance(60)
        pages = window(salesforce.another(), PLAIN, [NUMBER, TEXT], pages[-1].cursor)
        found = latest(pages)
        assert found.keys() == set(ids)
        assert (found[ids[0]].values, found[ids[2]].values) == (("2", None), ("1", None))
        assert found[ids[1]].deleted, "deletes are not forgotten for it"
        assert ids_of(pages) == Counter(ids), "what is in the window is not read before it too"
        salesforce.advance(HOUR)
        pages = window(salesforce.another(), PLAIN, [NUMBER, TEXT], pages[-1].cursor)
        assert latest(pages).keys() == set(ids[:2]), "once only, but for the overlap"

    def test_a_field_hidden_for_a_part_of_a_reading_is_read_again_too(self, salesforce: SalesforceRig) -> None:
        ids = salesforce.create(PLAIN, *({NUMBER: "1"} for _ in range(25)))
        salesforce.advance(HOUR)
        salesforce.hide(PLAIN, NUMBER)
        first = next(salesforce.crm.changes(PLAIN, [NUMBER], None))
        salesforce.switchboard.settings["hidden_fields"] = {}
        salesforce.advance(HOUR)
        rest = window(salesforce.another(), PLAIN, [NUMBER], first.cursor)
        again = window(salesforce.another(), PLAIN, [NUMBER], rest[-1].cursor)
        assert latest(again).keys() == set(ids)
        assert {record.values for record in latest(again).values()} == {("1",)}

    def test_a_field_hidden_in_the_middle_and_shown_again_is_read_again(self, salesforce: SalesforceRig) -> None:
        ids = salesforce.create(PLAIN, *({NUMBER: "1"} for _ in range(15)))
        salesforce.advance(HOUR)
        reading = salesforce.crm.changes(PLAIN, [NUMBER], None)
        pages = [next(reading)]
        salesforce.hide(PLAIN, NUMBER)
        salesforce.switchboard.settings["invalid_locators"] = True
        pages += reading
        salesforce.switchboard.settings |= {"hidden_fields": {}, "invalid_locators": False}
        again = latest(window(salesforce.another(), PLAIN, [NUMBER], pages[-1].cursor))
        assert {row_id: record.values for row_id, record in again.items()} == dict.fromkeys(ids, ("1",))

    def test_a_reading_again_can_be_interrupted_anywhere(self, salesforce: SalesforceRig) -> None:
        ids = salesforce.create(PLAIN, *({NUMBER: "1"} for _ in range(25)))
        salesforce.advance(HOUR)
        salesforce.hide(PLAIN, NUMBER)
        cursor = window(salesforce.crm, PLAIN, [NUMBER])[-1].cursor
        salesforce.advance(HOUR)
        salesforce.switchboard.settings["hidden_fields"] = {}
        pages: list[Page] = []
        while not pages or not pages[-1].drained:
            pages.append(next(salesforce.another().changes(PLAIN, [NUMBER], cursor)))
            cursor = pages[-1].cursor
        assert ids_of(pages) == Counter(ids)

    def test_a_new_type_of_field_passes_as_its_text(self, salesforce: SalesforceRig) -> None:
        fields = [("Id", "id"), ("SystemModstamp", "datetime"), ("Place__c", "location"), ("Facts__c", "json")]
        fields += [("Hour__c", "time"), ("New__c", "hologram"), ("Flag__c", "hologram"), ("Size__c", "hologram")]
        described = {"fields": [{"name": name, "type": kind} for name, kind in fields]}
        row = {"attributes": {"type": "X"}, "Id": DEAL, "SystemModstamp": "2026-01-01T00:00:00.000+0000"}
        row |= {"Place__c": {"latitude": 1, "longitude": 2}, "Facts__c": [1], "Hour__c": "10:00:00.000Z"}
        row |= {"New__c": "text", "Flag__c": True, "Size__c": 1.50}
        page = {"totalSize": 1, "done": True, "records": [row]}
        for path, body in ((r"/describe", described), (r"/query", page)):
            salesforce.switchboard.faults.append(Fault(path=path, status=200, body=body))
        [found] = window(salesforce.crm, "X", [name for name, _ in fields[2:]])
        values = ('{"latitude":1,"longitude":2}', "[1]", "10:00:00.000Z", "text", "true", "1.5")
        assert found.records[0].values == values

    def test_an_object_is_read_by_a_stamp_that_can_be_sorted_and_filtered(self, salesforce: SalesforceRig) -> None:
        useless = {"name": "SystemModstamp", "type": "datetime", "filterable": False}
        created = {"name": "CreatedDate", "type": "datetime"}
        for fields, ends in (([useless, created], True), ([useless], False)):
            salesforce.switchboard.faults.append(Fault(path="/describe", status=200, body={"fields": fields}))
            page = {"done": True, "records": [{"Id": DEAL, "CreatedDate": "2026-01-01T00:00:00.000+0000"}]}
            salesforce.switchboard.faults += [Fault(path="/query.*CreatedDate", status=200, body=page)] * ends
            if ends:
                [found] = window(salesforce.crm, "X", [])
                assert found.records[0].ref.id == DEAL
                salesforce.crm = salesforce.another()
            else:
                with pytest.raises(PauseMapping, match="no SystemModstamp to sort"):
                    window(salesforce.crm, "X", [])

    def test_an_old_row_that_is_shared_with_us_is_in_the_sweep(self, salesforce: SalesforceRig) -> None:
        cursor = window(salesforce.crm, PLAIN, [])[-1].cursor
        [row_id] = CASES.plain(salesforce)
        stored(salesforce, PLAIN, row_id)["SystemModstamp"] = "2020-01-01T00:00:00.000+0000"
        assert latest(window(salesforce.crm, PLAIN, [], cursor)) == {}
        assert [name for batch in salesforce.crm.ids(PLAIN) for name in batch] == [row_id]

    def test_formulas_are_read_again_once_a_day(self, salesforce: SalesforceRig) -> None:
        fields = ["Name", "IsWon"]
        stored(salesforce, "Opportunity", DEAL)["SystemModstamp"] = "2026-01-01T00:00:00.000+0000"
        cursor = window(salesforce.crm, "Opportunity", fields)[-1].cursor
        stored(salesforce, "Opportunity", DEAL)["IsWon"] = True  # a formula moves no stamp
        seen = []
        for _ in range(60):
            salesforce.advance(HOUR)
            pages = window(salesforce.crm, "Opportunity", fields, cursor)
            seen.append([record.values for record in latest(pages).values()])
            cursor = pages[-1].cursor
        assert [number for number, found in enumerate(seen) if found] == [24, 49]
        assert seen[24] == [[("Deal", "true")]][0]

    def test_without_formulas_nothing_is_read_twice(self, salesforce: SalesforceRig) -> None:
        CASES.plain(salesforce, 3)
        salesforce.advance(HOUR)
        cursor = window(salesforce.crm, PLAIN, [TEXT])[-1].cursor
        for _ in range(3):
            salesforce.advance(DAY)
            [page] = window(salesforce.crm, PLAIN, [TEXT], cursor)
            assert page.records == ()
            cursor = page.cursor
