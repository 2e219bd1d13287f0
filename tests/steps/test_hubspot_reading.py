"""What only HubSpot does to a reader: late search, ten thousand rows, paged associations, merges, owners."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from connector.errors import PauseMapping, TryAgain
from connector.hubspot.pages import SEARCHES
from connector.record import ABSENT
from tests.steps.hubspot_portal import DAY, HOUR, MINUTE, PERSON, SINCE, STAMP, bench, deals, live


@pytest.mark.parametrize("version", ["2026-09", "2026-03", "v3"])
def test_every_api_version_reads_the_same(version: str) -> None:
    companies = [{"id": "1", "properties": {"name": "Acme", "hs_lastmodifieddate": STAMP}}]
    objects = {"companies": companies, "deals": deals(3, associations={"companies#Primary": ["1"]})}
    with bench({"objects": objects}, api_version=version) as hs:
        for since in (None, SINCE):
            found, _ = hs.read("deals", ["dealname", "companies#Primary", "companies#"], since)
            assert [record.values for record in found] == [("D", "1", "1")] * 3
        assert [record.ref.id for record in hs.read("owners", ["id"])[0]] == ["77"]
        assert hs.crm.read("partner_attribution", ["k"], ["share"], by="engine_key") == []
        assert hs.crm.whoami().org == "48000001"


def test_more_rows_of_one_millisecond_than_search_pages_are_each_read_once() -> None:
    with bench({"objects": {"deals": deals(10_200)}}) as hs:
        found, _ = hs.read("deals", ["dealname"], SINCE)
        assert len(found) == len({record.ref.id for record in found}) == 10_200
        assert hs.ledger.taken["search"] == 51
        assert found[0].stamp.microsecond == 7000


def test_rows_edited_between_search_pages_are_not_lost() -> None:
    with bench({"objects": {"deals": deals(1000)}}) as hs:
        seen: set[str] = set()
        edited = iter(range(1000, 1025))
        cursor = SINCE
        for page in hs.crm.changes("deals", ["dealname"], SINCE):
            seen |= {record.ref.id for record in page.records}
            hs.advance(5)
            for number in (next(edited, None) for _ in range(5)):
                if number:  # the edited ones leave the window that is being read
                    hs.edit("deals", str(number + 800), dealname="edited")
            cursor = page.cursor
        found, _ = hs.read("deals", ["dealname"], cursor)
        assert {record.ref.id for record in found if record.values == ("edited",)} == {
            str(number) for number in range(1800, 1825)
        }
        assert len(seen | {record.ref.id for record in found}) == 1000


def test_a_write_that_search_shows_late_is_read_by_the_overlap() -> None:
    with bench({"objects": {"deals": deals(2)}}) as hs:
        _, cursor = hs.read("deals", ["dealname"])
        hs.hubspot.switchboard.settings["index_lag_seconds"] = 300
        hs.edit("deals", "1001", dealname="late")
        missed, cursor = hs.read("deals", ["dealname"], cursor)
        assert missed == []
        hs.advance(400)
        found, _ = hs.read("deals", ["dealname"], cursor)
        assert [(record.ref.id, record.values) for record in found] == [("1001", ("late",))]


def test_values_of_a_stale_index_are_read_again_by_id() -> None:
    with bench({"objects": {"deals": deals(1)}}) as hs:
        hs.hubspot.switchboard.settings["index_lag_seconds"] = 300
        hs.edit("deals", "1000", dealname="new")
        [stale] = hs.person("POST", "objects/2026-09/deals/search", {"properties": ["dealname"]})["results"]
        assert stale["properties"]["dealname"] == "D"
        [record] = hs.read("deals", ["dealname"], SINCE)[0]
        assert record.values == ("new",)


def test_associations_of_one_record_are_read_to_their_last_page() -> None:
    companies = [{"id": str(number), "properties": {"name": "C"}} for number in range(1, 31)]
    linked = [str(number) for number in range(30, 0, -1)]
    two = deals(2)
    two[0]["associations"] = {"companies#": linked}
    with bench({"objects": {"companies": companies, "deals": two}}) as hs:
        hs.hubspot.switchboard.settings["association_page_size"] = 7
        found, _ = hs.read("deals", ["companies#"])
        assert [record.values for record in found] == [(";".join(linked[::-1]),), (None,)]


def test_a_missing_label_is_absent_and_a_new_one_is_found() -> None:
    companies = [{"id": "1", "properties": {"name": "C"}}]
    with bench({"objects": {"companies": companies, "deals": deals(1)}}) as hs:
        fields = ["companies#Referral partner", "no_such_objects#", "dealname"]
        assert hs.read("deals", fields)[0][0].values == (ABSENT, ABSENT, "D")
        path = f"{hs.url}/crm/associations/2026-09/deals/companies/labels"
        body = {"label": "Referral partner", "name": "referral"}
        requests.post(path, json=body, headers=PERSON, timeout=5).raise_for_status()
        assert hs.read("deals", fields)[0][0].values == (None, ABSENT, "D")


def test_an_object_without_its_scope_pauses_only_itself() -> None:
    with bench({"objects": {"deals": deals(1)}}) as hs:
        hs.hubspot.switchboard.settings["missing_scopes"] = ["companies"]
        with pytest.raises(PauseMapping, match=r"crm\.objects\.companies\.read") as caught:
            hs.read("companies", ["name"])
        assert caught.value.kind == "companies"
        assert hs.read("deals", ["dealname", "companies#"])[0][0].values == ("D", ABSENT)


def test_both_parties_of_a_merge_are_named_and_the_old_id_answers() -> None:
    companies = [{"id": str(n), "properties": {"name": f"C{n}", "hs_lastmodifieddate": STAMP}} for n in (1, 2, 3)]
    with bench({"objects": {"companies": companies}}) as hs:
        url = f"{hs.url}/crm/objects/2026-09/companies/merge"
        body = {"primaryObjectId": "3", "objectIdToMerge": "1"}
        requests.post(url, json=body, headers=PERSON, timeout=5).raise_for_status()
        found, _ = hs.read("companies", ["name"], SINCE)
        gone = {record.ref.id: record.merged_into for record in found if record.deleted}
        [survivor] = set(gone.values())
        assert "1" in gone
        assert survivor in {record.ref.id for record in found if not record.deleted}
        keys = ["1", *(str(number) for number in range(100, 200)), survivor or ""]  # of two calls
        assert [record.ref.id for record in hs.crm.read("companies", keys, ["name"])] == [survivor]


def test_a_quiet_cycle_costs_two_calls_and_a_first_one_a_call_for_each_hundred() -> None:
    companies = [{"id": "1", "properties": {"name": "C", "hs_lastmodifieddate": STAMP}}]
    objects = {"companies": companies, "deals": deals(1001, associations={"companies#Primary": ["1"]})}
    with bench({"objects": objects}) as hs:
        found, cursor = hs.read("deals", ["dealname", "companies#Primary"])
        assert [record.values for record in found] == [("D", "1")] * 1001
        describing = 3  # properties, labels, and once a program: the account's time zone
        assert hs.ledger.taken == {"general": 11 + describing, "associations": 2}
        hs.ledger.taken.clear()
        assert hs.read("deals", ["dealname", "companies#Primary"], cursor)[0] == []
        assert hs.ledger.taken == {"search": 1, "general": 1}


def test_owners_are_read_whole_deactivated_ones_too() -> None:
    people = [
        {"id": "7", "email": "a@x.test", "firstName": "A", "lastName": "", "userId": 70},
        {"id": "8", "email": "b@x.test", "firstName": "B", "lastName": "Z", "userId": 80, "archived": True},
    ]
    with bench({"portal": {"owners": people}}) as hs:
        fields = ["id", "email", "firstName", "lastName", "userId", "archived", "shoe_size"]
        cursor = hs.read("owners", fields)[1]
        hs.advance(HOUR + MINUTE)
        hs.crm.whoami()  # any answer tells the time
        for since in (None, cursor):
            values = [record.values for record in hs.read("owners", fields, since)[0]]
            assert values == [
                ("7", "a@x.test", "A", None, "70", "false", ABSENT),
                ("8", "b@x.test", "B", "Z", "80", "true", ABSENT),
            ]
        assert [record.ref.id for record in hs.crm.read("owners", ["8", "9"], ["id"])] == ["8"]
        assert [list(ids) for ids in hs.crm.ids("owners")] == [["7", "8"]]
        assert [field.name for field in hs.crm.describe("owners")] == fields[:-1]


def test_a_limit_of_the_portal_says_how_long_to_wait() -> None:
    with bench({"objects": {"deals": deals(1)}}) as hs:
        hs.hubspot.switchboard.settings |= {"limits": "on", "search_per_second": 2}
        with pytest.raises(TryAgain) as caught:
            for _ in range(4):
                hs.read("deals", ["dealname"], SINCE)
        assert (caught.value.code, caught.value.after) == ("SECONDLY", 1)


def test_pipelines_and_stages_are_known_by_id_as_two_may_have_one_label() -> None:
    stages = [
        {"id": "111", "label": "Won", "probability": "1.0"},
        {"id": "112", "label": "Open", "probability": "0.2"},
    ]
    pipelines = [
        {"id": "default", "label": "Sales", "stages": stages},
        {"id": "990", "label": "Sales", "stages": [{"id": "221", "label": "Won", "probability": "1.0"}]},
    ]
    with bench({"portal": {"pipelines": pipelines}}) as hs:
        cursor = hs.read("pipelines", ["id"])[1]
        hs.advance(HOUR + MINUTE)
        hs.crm.whoami()  # any answer tells the time
        for since in (None, cursor):
            found, _ = hs.read("pipelines", ["id", "label", "archived"], since)
            assert [record.values for record in found] == [("default", "Sales", "false"), ("990", "Sales", "false")]
        found, _ = hs.read(
            "pipeline_stages", ["id", "label", "pipeline", "probability", "isClosed", "displayOrder"]
        )
        assert [record.values for record in found] == [
            ("111", "Won", "default", "1", "true", "0"),
            ("112", "Open", "default", "0.2", "false", "1"),
            ("221", "Won", "990", "1", "true", "0"),
        ]
        assert [record.ref.id for record in hs.crm.read("pipeline_stages", ["221", "5"], ["id"])] == ["221"]
        assert {field.name for field in hs.crm.describe("pipeline_stages")} >= {"pipeline", "probability"}


@pytest.mark.parametrize("version", ["2026-09", "v3"])
def test_exchange_rates_are_a_short_list(version: str) -> None:
    rates = {"EUR": "1.1", "JPY": "0.0064"}
    with bench({"portal": {"companyCurrency": "USD", "exchangeRates": rates}}, api_version=version) as hs:
        found, _ = hs.read("exchange_rates", ["fromCurrencyCode", "toCurrencyCode", "conversionRate", "shoe_size"])
        assert [record.values for record in found] == [
            ("EUR", "USD", "1.1", ABSENT),
            ("JPY", "USD", "0.0064", ABSENT),
        ]
        assert {field.name for field in hs.crm.describe("exchange_rates")} >= {"id", "effectiveAt"}


def test_rates_of_earlier_days_are_read_too_to_the_last_page() -> None:
    past = [["EUR", f"1.{number}", f"2026-0{number % 9 + 1}-01T00:00:00Z"] for number in range(10, 140)]
    with bench({"portal": {"companyCurrency": "USD", "pastRates": past, "exchangeRates": {"EUR": "1.1"}}}) as hs:
        found, _ = hs.read("exchange_rates", ["conversionRate", "effectiveAt"])
        assert len(live(found)) == 131
        hs.person_sets_rate("EUR", "1.2")
        hs.advance(DAY)
        again = live(hs.read("exchange_rates", ["conversionRate"])[0])
        assert [again[number] for number in ("131", "132")] == [("1.1",), ("1.2",)]


def test_never_more_searches_are_under_way_than_hubspot_answers_in_a_second() -> None:
    with bench({"objects": {"deals": deals(1)}}) as hs:
        hs.crm.describe("deals")
        hs.fault("deals/search", delay=0.3, times=SEARCHES)
        with ThreadPoolExecutor(SEARCHES + 3) as pool:
            reads = [pool.submit(hs.read, "deals", ["dealname"], SINCE) for _ in range(SEARCHES + 3)]
            faults = [read.exception() for read in reads]
        refused = [fault for fault in faults if fault]
        assert len(refused) == 3
        assert all(isinstance(fault, TryAgain) and fault.after == 1 for fault in refused)
        assert hs.ledger.taken["search"] == SEARCHES, "a search that must wait is not counted"


def test_what_hubspot_says_of_its_day_is_learnt() -> None:
    with bench({"objects": {"deals": deals(1)}}) as hs:
        hs.settings |= {"limits": "on", "daily_limit": 5000}
        hs.read("deals", ["dealname"])
        assert hs.ledger.said == (2, 5000)


def test_a_short_list_is_read_again_after_an_hour_and_a_poll_before_that_costs_nothing() -> None:
    with bench({}) as hs:
        _, cursor = hs.read("owners", ["email"])
        hs.ledger.taken.clear()
        assert hs.read("owners", ["email"], cursor) == ([], cursor)
        assert not hs.ledger.taken
        hs.advance(HOUR + MINUTE)
        hs.crm.whoami()  # any answer tells the time
        again, _ = hs.read("owners", ["email"], cursor)
        assert [record.ref.id for record in again] == ["77"]
