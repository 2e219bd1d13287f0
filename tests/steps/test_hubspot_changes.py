"""What HubSpot tells late, twice, in disorder or not at all: every change is read, once, with the fewest calls."""

from __future__ import annotations

from datetime import datetime

import pytest

from connector.errors import TryAgain
from connector.record import Cursor, Record
from tests.steps.hubspot_portal import (
    DAY,
    HOUR,
    MINUTE,
    PAST_NIGHT,
    SINCE,
    STAMP,
    bench,
    companies,
    deals,
    live,
    quiet,
)

NAME = ["dealname"]
LINKED = ["dealname", "companies#Primary", "companies#"]


# more rows than a search pages


@pytest.mark.parametrize("count", [0, 1, 100, 200, 10_000, 10_001])
def test_every_size_of_portal_is_read_once_each_way(count: int) -> None:
    with bench({"objects": {"deals": deals(count)}}) as hs:
        for since, size in ((None, 100), (SINCE, 200)):
            hs.ledger.taken.clear()
            found, _ = hs.read("deals", NAME, since)
            assert len(found) == len(live(found)) == count
            pages = max(1, -(-count // size))
            described = int(since is None)
            bin_ = int(since is not None)
            by_id = -(-count // 100) if since else 0
            assert hs.ledger.taken["search"] + hs.ledger.taken["general"] == pages + by_id + described + bin_


def test_12_000_changes_over_an_hour_are_each_read_once() -> None:
    rows = deals(12_000)
    for number, row in enumerate(rows):
        stamp = f"2026-10-01T00:{number // 200:02}:{number % 60:02}.{number % 1000:03}Z"
        row["properties"] = {**row["properties"], "hs_lastmodifieddate": stamp}
    with bench({"objects": {"deals": rows}}) as hs:
        found, _ = hs.read("deals", NAME, SINCE)
        assert len(found) == len(live(found)) == 12_000
        assert hs.ledger.taken["search"] == 60


def test_25_000_changes_of_one_millisecond_are_each_read_once() -> None:
    with bench({"objects": {"deals": deals(25_000)}}) as hs:
        found, _ = hs.read("deals", NAME, SINCE)
        assert len(found) == len(live(found)) == 25_000
        assert {record.stamp for record in found} == {datetime.fromisoformat(STAMP)}
        assert hs.ledger.taken["search"] == 125


def test_edits_between_the_pages_of_a_first_reading_lose_nothing() -> None:
    with bench({"objects": {"deals": deals(500)}}) as hs:
        found: list[Record] = []
        cursor: Cursor | None = None
        for page in hs.crm.changes("deals", NAME, None):
            found += page.records
            cursor = page.cursor
            hs.edit_all("deals", [str(1000 + len(found) - 100), "1499"], dealname=f"edited at {len(found)}")
        assert len(live(found)) == 500
        after = live(found + hs.read("deals", NAME, cursor)[0])
        there = hs.hubspot.portal.tables["deals"].rows.values()
        assert after == {row.id: (row.properties["dealname"],) for row in there}


# a search index that is behind


def test_a_change_that_search_shows_an_hour_late_is_found_by_the_pass_that_comes_later() -> None:
    with bench({"objects": {"deals": deals(2)}}) as hs:
        cursor = quiet(hs, "deals", NAME)
        hs.settings["index_lag_seconds"] = 55 * MINUTE
        hs.edit("deals", "1001", dealname="late")
        found = []
        for _ in range(13):
            hs.advance(10 * MINUTE)
            some, cursor = hs.read("deals", NAME, cursor)
            found += some
        assert [(record.ref.id, record.values) for record in found] == [("1001", ("late",))]


def test_a_late_change_of_the_very_second_of_the_first_reading_is_found() -> None:
    """HubSpot tells its time in whole seconds: what was edited in the rest of that second is not in the list."""
    with bench({"objects": {"deals": deals(1)}}) as hs:
        into_the_second = hs.hubspot.portal.now().microsecond / 1_000_000
        hs.advance(1.1 - into_the_second)
        cursor = hs.read("deals", NAME)[1]
        hs.settings["index_lag_seconds"] = 50 * MINUTE
        hs.edit("deals", "1000", dealname="late")
        found: list[Record] = []
        for _ in range(19):
            hs.advance(10 * MINUTE)
            some, cursor = hs.read("deals", NAME, cursor)
            found += some
        assert live(found) == {"1000": ("late",)}


def test_values_come_from_the_record_and_never_from_a_stale_index() -> None:
    with bench({"objects": {"deals": deals(2)}}) as hs:
        hs.settings["index_lag_seconds"] = HOUR
        hs.edit("deals", "1000", dealname="new")
        assert live(hs.read("deals", NAME, SINCE)[0]) == {"1000": ("new",), "1001": ("D",)}


def test_a_page_in_disorder_with_a_row_from_outside_is_sorted_out() -> None:
    rows = deals(450)
    rows[3]["properties"] = {**rows[3]["properties"], "hs_lastmodifieddate": "2026-01-01T00:00:00Z"}
    with bench({"objects": {"deals": rows}}) as hs:
        hs.settings["search_disorder"] = True
        found, _ = hs.read("deals", NAME, SINCE)
        assert live(found).keys() == {row["id"] for row in rows} - {"1003"}
        assert len(found) == 449


def test_a_clock_of_ours_that_is_wrong_changes_nothing() -> None:
    """The window is closed by HubSpot's own time: here it is three days ahead of this machine."""
    with bench({"objects": {"deals": deals(1)}}) as hs:
        hs.advance(3 * DAY)
        cursor = hs.read("deals", NAME)[1]
        hs.edit("deals", "1000", dealname="now")
        hs.advance(1)
        assert live(hs.read("deals", NAME, cursor)[0]) == {"1000": ("now",)}


# what changes without a stamp


def test_an_association_added_without_touching_the_deal_is_found_in_the_night() -> None:
    objects = {"companies": companies("1"), "deals": deals(3)}
    with bench({"objects": objects}) as hs:
        cursor = quiet(hs, "deals", LINKED)
        hs.link("deals", "1001", "companies", "1")
        hs.advance(HOUR)
        found, cursor = hs.read("deals", LINKED, cursor)
        assert found == [], "the record's stamp did not move"
        hs.advance(PAST_NIGHT)
        hs.ledger.taken.clear()
        found, cursor = hs.read("deals", LINKED, cursor)
        assert live(found)["1001"] == ("D", None, "1")
        assert hs.ledger.taken == {"search": 1, "general": 2, "associations": 1}, "bin, list, links"
        hs.unlink("deals", "1001", "companies", "1")
        hs.advance(PAST_NIGHT)
        assert live(hs.read("deals", LINKED, cursor)[0])["1001"] == ("D", None, None)


def test_an_association_added_soon_after_an_edit_is_found_within_two_hours() -> None:
    objects = {"companies": companies("1"), "deals": deals(300)}
    with bench({"objects": objects}) as hs:
        cursor = quiet(hs, "deals", LINKED)
        hs.edit_all("deals", [str(1000 + number) for number in range(250)], dealname="new")
        hs.advance(1)
        found, cursor = hs.read("deals", LINKED, cursor)
        assert len(found) == 250
        hs.link("deals", "1100", "companies", "1")
        found = []
        hs.ledger.taken.clear()
        for _ in range(14):
            hs.advance(10 * MINUTE)
            some, cursor = hs.read("deals", LINKED, cursor)
            found += some
        assert live(found) == {"1100": ("new", None, "1")}
        assert hs.ledger.taken["general"] <= 14 + 1, "one read, and the recycle bin"


def test_a_calculated_property_that_drifts_is_refreshed_in_the_night() -> None:
    row = deals(1)
    row[0]["properties"] = {**row[0]["properties"], "amount": "100", "deal_currency_code": "EUR"}
    with bench({"portal": {"exchangeRates": {"EUR": "1.1"}}, "objects": {"deals": row}}) as hs:
        asked = ["amount_in_home_currency"]
        assert live(hs.read("deals", asked)[0]) == {"1000": ("110",)}
        cursor = quiet(hs, "deals", asked)
        hs.person_sets_rate("EUR", "1.25")
        assert live(hs.read("deals", asked, cursor)[0]) == {}
        hs.advance(PAST_NIGHT)
        assert live(hs.read("deals", asked, cursor)[0]) == {"1000": ("125",)}


def test_the_whole_is_not_read_again_where_every_change_has_its_stamp() -> None:
    with bench({"objects": {"companies": companies("1")}}) as hs:
        cursor = quiet(hs, "companies", ["name"])
        hs.advance(9 * DAY)
        hs.ledger.taken.clear()
        assert hs.read("companies", ["name"], cursor)[0] == []
        assert hs.ledger.taken == {"search": 1, "general": 1}


# associations


def test_records_without_associations_are_no_failure_and_results_are_matched_by_id() -> None:
    rows = deals(5)
    rows[1]["associations"] = {"companies#Primary": ["17"]}
    rows[4]["associations"] = {"companies#": ["90071992547409931"]}
    objects = {"companies": companies("17", "90071992547409931"), "deals": rows}
    with bench({"objects": objects}) as hs:
        found = live(hs.read("deals", LINKED)[0])
        assert found["1001"] == ("D", "17", "17")
        assert found["1004"] == ("D", None, "90071992547409931"), "17 digits pass no float"
        assert [found[row_id][1:] for row_id in ("1000", "1002", "1003")] == [(None, None)] * 3
        assert hs.ledger.taken["associations"] == 1, "two labels of one object share a call"


def test_a_new_primary_company_is_one_set_and_not_two_events() -> None:
    rows = deals(1, associations={"companies#Primary": ["1"]})
    with bench({"objects": {"companies": companies("1", "2"), "deals": rows}}) as hs:
        body = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}]
        hs.person("PUT", "objects/2026-09/deals/1000/associations/companies/2", body)
        assert live(hs.read("deals", LINKED)[0]) == {"1000": ("D", "2", "1;2")}


def test_an_association_page_that_repeats_is_a_fault_and_no_endless_loop() -> None:
    ids = [str(number) for number in range(1, 6)]
    rows = deals(1, associations={"companies#": ids})
    page = {
        "status": "COMPLETE",
        "results": [{"from": {"id": "1000"}, "to": [], "paging": {"next": {"after": "3"}}}],
    }
    with bench({"objects": {"companies": companies(*ids), "deals": rows}}) as hs:
        hs.fault("associations/.*/batch/read", status=200, body=page, times=2)
        with pytest.raises(TryAgain, match="repeats page 3"):
            hs.read("deals", ["companies#"])
        assert live(hs.read("deals", ["companies#"])[0]) == {"1000": (";".join(ids),)}
