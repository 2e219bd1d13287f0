"""What HubSpot does to a reader on a bad day: nothing is lost, nothing is made up, and no call is wasted."""

from __future__ import annotations

import pytest
import requests

from connector.budget import CallCount
from connector.errors import PauseMapping, PauseUntil, TryAgain
from connector.hubspot.crm import HubSpotCrm
from connector.hubspot.read import AHEAD
from connector.record import ABSENT
from connector.retry import Patient
from tests.steps.hubspot_portal import HOUR, MINUTE, SINCE, bench, companies, deals, gone, live, quiet

NAME = ["dealname"]
LINKED = ["dealname", "companies#Primary", "companies#"]


# merged, deleted, restored


@pytest.mark.parametrize("mints", [False, True])
def test_every_name_of_a_merged_company_leads_to_the_survivor(mints: bool) -> None:
    with bench({"objects": {"companies": companies("1", "2", "3")}}) as hs:
        cursor = quiet(hs, "companies", ["name"])
        hs.settings["merge_mints"] = mints
        once = hs.merge("companies", "1", "2")
        hs.advance(1)
        survivor = hs.merge("companies", once, "3")
        hs.advance(MINUTE)
        for since in (cursor, None):  # as a change, and in a first reading that never saw the losers
            found, _ = hs.read("companies", ["name"], since)
            assert live(found).keys() == {survivor}
            assert {"1", "2", "3"} - {survivor} <= gone(found).keys()
            assert set(gone(found).values()) == {survivor}
        keys = ["1", "2", "3"]
        assert {record.ref.id for record in hs.crm.read("companies", keys, ["name"])} == {survivor}


def test_a_deal_that_is_merged_while_it_is_read_is_the_survivor() -> None:
    with bench({"objects": {"deals": deals(3)}}) as hs:
        reading = hs.crm.changes("deals", NAME, SINCE)
        hs.fault("deals/batch/read", status=503, body="busy")
        with pytest.raises(TryAgain):
            list(reading)
        hs.merge("deals", "1000", "1002")
        found, _ = hs.read("deals", NAME, SINCE)
        assert live(found).keys() == {"1001", "1002"}
        assert gone(found) == {"1000": "1002"}


def test_a_deal_that_is_deleted_and_restored_goes_and_comes_back() -> None:
    with bench({"objects": {"deals": deals(3)}}) as hs:
        cursor = quiet(hs, "deals", NAME)
        hs.advance(HOUR)
        hs.drop("deals", "1001")
        found, cursor = hs.read("deals", NAME, cursor)
        assert gone(found) == {"1001": None}
        hs.advance(HOUR)
        found, cursor = hs.read("deals", NAME, cursor)
        assert found == [], "told once"
        hs.restore("deals", "1001")
        hs.advance(HOUR)
        found, cursor = hs.read("deals", NAME, cursor)
        assert live(found) == {"1001": ("D",)}, "although its stamp did not move"
        hs.drop("deals", "1001")
        hs.advance(HOUR)
        assert gone(hs.read("deals", NAME, cursor)[0]) == {"1001": None}


def test_a_deal_that_was_merged_into_a_deleted_one_is_gone_too() -> None:
    with bench({"objects": {"deals": deals(3)}}) as hs:
        cursor = quiet(hs, "deals", NAME)
        hs.advance(HOUR)
        hs.merge("deals", "1000", "1001")
        hs.drop("deals", "1001")
        hs.advance(1)
        assert gone(hs.read("deals", NAME, cursor)[0]) == {"1001": None, "1000": "1001"}


def test_a_page_of_deletions_is_read_to_its_end() -> None:
    with bench({"objects": {"deals": deals(250)}}) as hs:
        cursor = quiet(hs, "deals", NAME)
        hs.advance(HOUR)
        inputs = [{"id": str(1000 + number)} for number in range(250)]
        for at in range(0, 250, 100):
            hs.person("POST", "objects/2026-09/deals/batch/archive", {"inputs": inputs[at : at + 100]})
        assert len(gone(hs.read("deals", NAME, cursor)[0])) == 250


def test_keys_that_are_not_there_are_counted_by_their_ids_and_not_by_the_number_of_errors() -> None:
    with bench({"objects": {"deals": deals(3)}}) as hs:
        keys = [*(str(number) for number in range(1, 38)), "1000", "1002"]
        assert {record.ref.id for record in hs.crm.read("deals", keys, NAME)} == {"1000", "1002"}


# answers that are none


@pytest.mark.parametrize("path", ["objects/2026-09/deals[?]", "deals/search", "deals/batch/read", "associations/"])
@pytest.mark.parametrize("effect", ["html", "truncate", "drop", "nothing", "list", "gateway"])
def test_a_spoilt_answer_is_a_fault_and_never_no_data(path: str, effect: str) -> None:
    bodies = {"nothing": {"status": 200, "body": {}}, "list": {"status": 200, "body": []}}
    bodies["gateway"] = {"status": 502, "body": "<html>Bad gateway</html>"}
    objects = {"companies": companies("1"), "deals": deals(3, associations={"companies#Primary": ["1"]})}
    with bench({"objects": objects}) as hs:
        since = None if "[?]" in path else SINCE
        hs.crm.describe("deals")
        hs.fault(path, **bodies.get(effect, {effect: True}))
        with pytest.raises(TryAgain):
            hs.read("deals", LINKED, since)
        assert live(hs.read("deals", LINKED, since)[0]).keys() == {"1000", "1001", "1002"}


def test_a_crash_between_two_pages_repeats_and_loses_nothing() -> None:
    with bench({"objects": {"deals": deals(700)}}) as hs:
        pages = list(hs.crm.changes("deals", NAME, SINCE))
        assert len(pages) > 3
        for kept in range(len(pages)):
            rest, _ = hs.read("deals", NAME, pages[kept].cursor)
            before = [record for page in pages[: kept + 1] for record in page.records]
            assert len(live([*before, *rest])) == 700
            assert len(before) + len(rest) == 700, "a stored page is not read again"


# limits


def test_each_limit_says_how_long_to_wait() -> None:
    with bench({"objects": {"deals": deals(1)}}) as hs:
        hs.read("deals", NAME, SINCE)
        hs.settings |= {"limits": "on", "search_per_second": 1, "ten_second_limit": 2}
        hs.advance(60)
        with pytest.raises(TryAgain) as searching:
            for _ in range(2):
                next(hs.crm.changes("deals", NAME, SINCE))
        assert (searching.value.code, searching.value.after) == ("SECONDLY", 1)
        ours = {"Authorization": "Bearer pat-sandbox"}  # another process of ours takes the last call
        assert requests.get(f"{hs.url}/crm/owners/2026-09", headers=ours, timeout=5).status_code == 200
        with pytest.raises(TryAgain) as reading:
            hs.crm.read("deals", ["1000"], NAME)
        assert (reading.value.code, reading.value.after) == ("TEN_SECONDLY_ROLLING", 10)


def test_the_day_s_limit_parks_the_portal_until_midnight_where_it_is() -> None:
    portal = {"timeZone": "America/New_York"}
    with bench({"portal": portal, "objects": {"deals": deals(1)}}) as hs:
        hs.crm.whoami()
        hs.settings |= {"limits": "on", "daily_limit": 1}
        with pytest.raises(PauseUntil) as caught:
            for _ in range(2):
                hs.read("deals", NAME, SINCE)
        there = caught.value.when.astimezone(hs.hubspot.portal.zone)
        assert (there.hour, there.minute) == (0, 0)
        assert 0 < (caught.value.when - hs.hubspot.portal.now()).total_seconds() <= 25 * HOUR


def test_under_the_search_limit_every_call_brings_the_reading_forward() -> None:
    with bench({"objects": {"deals": deals(3000)}}) as hs:
        hs.settings |= {"limits": "on", "search_per_second": 2, "ten_second_limit": 10_000}
        waited = []

        def sleep(seconds: float) -> None:
            waited.append(seconds)
            hs.advance(seconds)

        crm = Patient(hs.crm, sleep=sleep, now=hs.hubspot.portal.now)
        hs.crm.describe("companies")
        pages = list(crm.changes("deals", LINKED, SINCE))
        assert len(live([record for page in pages for record in page.records])) == 3000
        assert waited, "the limit was met"
        answered = [call for call in hs.hubspot.switchboard.calls if call.kind == "search.search"]
        assert sum(call.status == 200 for call in answered) == 15, "no page of search was asked for twice"


def test_our_own_count_of_calls_keeps_us_from_ever_being_refused() -> None:
    with bench({"objects": {"companies": companies("1"), "deals": deals(2500)}}) as hs:
        hs.settings["limits"] = "on"
        now = hs.hubspot.portal.now
        settings = {"url": hs.url, "token": "pat-sandbox"}
        counted = HubSpotCrm("hs", settings, ledger=CallCount(now=now))
        waited: list[float] = []

        def sleep(seconds: float) -> None:
            waited.append(seconds)
            hs.advance(seconds)

        crm = Patient(counted, sleep=sleep, now=now)
        for since in (None, SINCE):
            pages = list(crm.changes("deals", LINKED, since))
            assert len(live([record for page in pages for record in page.records])) == 2500
        counted.close()
        assert waited
        assert {call.status for call in hs.hubspot.switchboard.calls} <= {200, 207}


# what cannot be read


def test_a_property_removed_between_two_pages_is_absent_and_not_empty() -> None:
    with bench({"objects": {"deals": deals(2500)}}) as hs:
        reading = hs.crm.changes("deals", ["dealname", "amount"], None)
        first = next(reading)
        assert first.records[0].values == ("D", None)
        hs.settings["hidden_properties"] = {"deals": ["amount"]}
        rest = [record.values for page in reading for record in page.records]
        read_before = rest.index(("D", ABSENT))
        assert read_before <= AHEAD * 100, "no more than what was read ahead of the removal"
        assert set(rest[:read_before]) <= {("D", None)}
        assert set(rest[read_before:]) == {("D", ABSENT)}


def test_empty_properties_may_be_left_out_and_are_asked_about_once() -> None:
    with bench({"objects": {"deals": deals(250)}}) as hs:
        hs.settings["omit_empty"] = True
        found, _ = hs.read("deals", ["dealname", "amount"])
        assert {record.values for record in found} == {("D", None)}
        assert hs.ledger.taken == {"general": 3 + 2}, "three pages, and the properties twice"


def test_what_this_portal_lacks_is_not_asked_for_at_every_poll() -> None:
    with bench({"objects": {"deals": deals(1)}}) as hs:
        fields = ["dealname", "no_such_property", "companies#No such label"]
        cursor = quiet(hs, "deals", fields)
        hs.settings["missing_scopes"] = ["companies"]
        polls = []
        for _ in range(122):
            hs.advance(MINUTE)
            hs.ledger.taken.clear()
            found, cursor = hs.read("deals", fields, cursor)
            polls.append(sum(hs.ledger.taken.values()))
        assert polls.count(1) >= 105, "a search, and seldom the recycle bin"
        hs.person("POST", "properties/2026-09/deals", _text("no_such_property"))
        hs.edit("deals", "1000", no_such_property="now")
        found = []
        for _ in range(13):
            hs.advance(10 * MINUTE)
            some, cursor = hs.read("deals", fields, cursor)
            found += some
        assert live(found) == {"1000": ("D", "now", ABSENT)}, "a property that was created later is read of all"


def _text(name: str) -> dict[str, str]:
    group = {"groupName": "dealinformation"}
    return {"name": name, "label": name, "type": "string", "fieldType": "text", **group}


def test_more_properties_than_fit_into_an_address_are_read_all_the_same() -> None:
    names = [f"a_property_with_a_long_name_{number}" for number in range(300)]
    with bench({"objects": {"deals": deals(3)}}) as hs:
        for name in names:
            hs.person("POST", "properties/2026-09/deals", _text(name))
        hs.edit("deals", "1001", **{names[-1]: "there"})
        found = live(hs.read("deals", [*names, "dealname"])[0])
        assert found["1001"][-2:] == ("there", "D")
        assert found["1000"][-2:] == (None, "D")


def test_an_object_that_we_may_not_see_leaves_the_others_alone() -> None:
    with bench({"objects": {"deals": deals(1)}}) as hs:
        hs.settings["missing_scopes"] = ["partner_registration"]
        with pytest.raises(PauseMapping):
            hs.read("partner_registration", ["status"])
        assert live(hs.read("deals", NAME)[0]) == {"1000": ("D",)}
