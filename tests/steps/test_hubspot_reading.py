"""What only HubSpot does to a reader: late search, ten thousand rows, paged associations, merges, owners."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import requests

from connector.errors import PauseMapping, TryAgain
from connector.hubspot.crm import HubSpotCrm
from connector.record import ABSENT, Cursor, Record
from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import World

STAMP = "2026-10-01T00:00:00.007Z"
SINCE = Cursor('{"lo":"2026-09-30T00:00:00Z"}')
PERSON = {"Authorization": "Bearer pat-person"}


class Calls:
    """Counts by class, lets all pass."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()

    def take(self, connection: str, limit: str, calls: int = 1) -> float:
        self.taken[limit] += calls
        return 0.0


class Bench:
    """A portal, the adapter, and its counted calls."""

    def __init__(self, sandbox: Sandbox, settings: dict[str, str]) -> None:
        self.hubspot = sandbox.hubspot
        self.url = sandbox.hubspot_url
        self.hubspot.switchboard.settings["limits"] = "off"
        self.ledger = Calls()
        self.crm = HubSpotCrm("hs", {"url": self.url, "token": "pat-sandbox", **settings}, ledger=self.ledger)

    def edit(self, kind: str, row_id: str, **values: str) -> None:
        url = f"{self.url}/crm/objects/2026-09/{kind}/{row_id}"
        requests.patch(url, json={"properties": values}, headers=PERSON, timeout=5).raise_for_status()

    def advance(self, seconds: float) -> None:
        self.hubspot.switchboard.offset += timedelta(seconds=seconds)

    def read(self, kind: str, fields: Sequence[str], since: Cursor | None = None) -> tuple[list[Record], Cursor]:
        pages = list(self.crm.changes(kind, fields, since))
        return [record for page in pages for record in page.records], pages[-1].cursor


@contextmanager
def bench(hubspot: dict[str, Any], **settings: str) -> Iterator[Bench]:
    with start(World(hubspot=hubspot)) as sandbox:
        made = Bench(sandbox, settings)
        yield made
        made.crm.close()


def deals(count: int, **more: Any) -> list[dict[str, Any]]:
    properties = {"dealname": "D", "pipeline": "default", "dealstage": "contractsent", "hs_lastmodifieddate": STAMP}
    return [{"id": str(1000 + number), "properties": properties, **more} for number in range(count)]


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
    with bench({"objects": {"deals": deals(10_200)}}, fresh_values="off") as hs:
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
        [record] = hs.read("deals", ["dealname"], SINCE)[0]
        assert record.values == ("new",)
        hs.crm.close()
        stale = HubSpotCrm("hs", {"url": hs.url, "token": "pat-sandbox", "fresh_values": "off"}, ledger=hs.ledger)
        [record] = [row for page in stale.changes("deals", ["dealname"], SINCE) for row in page.records]
        assert record.values == ("D",)
        stale.close()


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
        describing = 2  # properties, labels
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
        for since in (None, hs.read("owners", fields)[1]):
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
