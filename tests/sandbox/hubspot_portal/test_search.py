"""Search: every operator, both ways of paging, its limits, and an index that is behind the records."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import World

from .portal import DEAL, Portal

SEEN = "2026-01-02T03:04:05.006Z"


def deal(number: int, **properties: str) -> dict[str, Any]:
    return {"id": str(number), "properties": {**DEAL, "dealname": f"Deal {number}", **properties}}


WORLD = {
    "objects": {
        "companies": [{"id": "7", "properties": {"name": "Acme"}}],
        "deals": [
            deal(1, amount="9.5", dealname="Cloud Renewal", closedate="2026-01-01T00:00:00Z", dealtype="renewal"),
            deal(2, amount="10", dealname="cloud migration", closedate="2026-01-01T00:00:00.500Z"),
            deal(3, amount="100", dealname="Backup", partner_protection_end="2026-03-31", partner_conflict="true"),
            deal(4, dealname="Über-Cloud", dealstage="closedwon") | {"associations": {"companies#": ["7"]}},
            *(deal(number, hs_lastmodifieddate=SEEN) for number in range(1001, 1601)),
        ],
        "line_items": [{"id": str(number), "properties": {}} for number in range(1, 10_051)],
    }
}


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with start(World(hubspot=WORLD)) as sandbox:
        yield sandbox


def found(portal: Portal, *filters: dict[str, Any], **body: Any) -> list[str]:
    """Ids of the matching deals among 1 to 4."""
    few = {"propertyName": "hs_object_id", "operator": "LTE", "value": "4"}
    answer = portal.objects("POST", "deals/search", {"filterGroups": [{"filters": [*filters, few]}], **body})
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["results"]]


def where(name: str, operator: str, *values: str) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator} | dict(zip(("value", "highValue"), values, strict=False))


def among(name: str, operator: str, *values: str) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, "values": list(values)}


@pytest.mark.parametrize(
    ("filter_", "ids"),
    [
        (where("amount", "EQ", "10.0"), "2"),
        (where("amount", "NEQ", "10"), "13"),
        (where("amount", "GT", "10"), "3"),
        (where("amount", "GTE", "10"), "23"),
        (where("amount", "LT", "10"), "1"),
        (where("amount", "LTE", "10"), "12"),
        (where("amount", "BETWEEN", "9.5", "10"), "12"),
        (where("amount", "HAS_PROPERTY"), "123"),
        (where("amount", "NOT_HAS_PROPERTY"), "4"),
        (among("amount", "IN", "9.50", "100"), "13"),
        (where("closedate", "GT", "2026-01-01T00:00:00Z"), "2"),
        (where("closedate", "EQ", "1767225600500"), "2"),
        (where("partner_protection_end", "GTE", "2026-03-31"), "3"),
        (where("partner_protection_end", "LT", "1774915200000"), ""),
        (where("partner_conflict", "EQ", "true"), "3"),
        (where("dealname", "EQ", "CLOUD RENEWAL"), "1"),
        (where("dealname", "CONTAINS_TOKEN", "cloud"), "124"),
        (where("dealname", "CONTAINS_TOKEN", "re*"), "1"),
        (where("dealname", "NOT_CONTAINS_TOKEN", "cloud"), "3"),
        (among("dealname", "IN", "backup"), "3"),
        (among("dealname", "IN", "Backup"), ""),
        (where("dealstage", "EQ", "closedwon"), "4"),
        (where("dealstage", "EQ", "ClosedWon"), ""),
        (among("dealstage", "NOT_IN", "closedwon", "closedlost"), "123"),
        (where("hs_is_closed_won", "EQ", "true"), "4"),
        (where("associations.company", "EQ", "7"), "4"),
    ],
)
def test_operators(portal: Portal, filter_: dict[str, Any], ids: str) -> None:
    assert found(portal, filter_) == list(ids)


def test_groups_are_alternatives(portal: Portal) -> None:
    groups = [
        {"filters": [where("hs_object_id", "EQ", "3"), where("amount", "GT", "1")]},
        {"filters": [where("dealtype", "EQ", "renewal")]},
        {"filters": [where("hs_object_id", "EQ", "4"), where("amount", "GT", "1")]},
    ]
    answer = portal.objects("POST", "deals/search", {"filterGroups": groups}).json()
    assert (answer["total"], [row["id"] for row in answer["results"]]) == (2, ["1", "3"])
    bare = portal.objects("POST", "deals/search", {"filters": [where("dealtype", "EQ", "renewal")]}).json()
    assert [row["id"] for row in bare["results"]] == ["1"]


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ({"propertyName": "amount", "direction": "DESCENDING"}, "3214"),
        ({"propertyName": "amount", "direction": "ASCENDING"}, "1234"),
        ({"propertyName": "dealname"}, "3214"),
        ("-hs_object_id", "4321"),
    ],
)
def test_one_sort_with_empty_values_last(portal: Portal, sort: object, ids: str) -> None:
    assert found(portal, sorts=[sort]) == list(ids)


def test_free_text(portal: Portal) -> None:
    assert found(portal, query="clo mig") == ["2"]


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"sorts": ["amount", "dealname"]},
        {"query": "x" * 3001},
        {"filterGroups": [{"filters": []}] * 6},
        {"filters": [where("amount", "GT", "1")] * 7},
        {"filterGroups": [{"filters": [where("amount", "GT", "1")] * 5}] * 4},
        {"filters": [where("bogus", "EQ", "1")]},
        {"filters": [where("amount", "LIKE", "1")]},
        {"filters": [where("amount", "EQ", "a lot")]},
        {"filters": [where("amount", "EQ")]},
        {"filters": [where("amount", "IN")]},
        {"sorts": ["bogus"]},
        {"limit": "many"},
        {"limit": 100, "after": "9901"},
    ],
)
def test_what_search_refuses(portal: Portal, body: dict[str, Any]) -> None:
    answer = portal.objects("POST", "deals/search", body)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")


def test_the_epoch_itself_is_no_date(portal: Portal) -> None:
    answer = portal.objects("POST", "deals/search", {"filters": [where("closedate", "GTE", "0" * 13)]})
    assert answer.status_code == 500


def test_offsets_end_at_ten_thousand(portal: Portal) -> None:
    def page(after: int) -> requests.Response:
        return portal.objects("POST", "line_items/search", {"limit": 200, "after": str(after)})

    last = page(9_800).json()
    assert (last["total"], last["paging"]) == (10_050, {"next": {"after": "10000"}})
    assert last["results"][-1]["id"] == "10000"
    assert page(10_000).status_code == 400


def test_archived_records_are_not_found(portal: Portal) -> None:
    id_ = portal.new()
    mine = {"filters": [where("hs_object_id", "EQ", id_)]}
    assert portal.objects("POST", "deals/search", mine).json()["total"] == 1
    portal.objects("DELETE", f"deals/{id_}")
    assert portal.objects("POST", "deals/search", mine).json()["total"] == 0


@pytest.mark.parametrize(("by_id", "lost"), [(True, 0), (False, 50)])
def test_paging_while_records_are_edited(portal: Portal, by_id: bool, lost: int) -> None:
    """After each page ten records that it held are edited and leave the window; offsets then skip ten others."""
    first = 1001 if by_id else 1301
    seen: set[str] = set()
    last, after = str(first - 1), 0
    for number in itertools.count():
        filters = [
            where("hs_lastmodifieddate", "EQ", SEEN),
            where("hs_object_id", "BETWEEN", str(first), str(first + 299)),
            where("hs_object_id", "GT", last),
        ]
        body = {"filters": filters, "sorts": ["hs_object_id"], "limit": 50, "after": after}
        page = portal.objects("POST", "deals/search", body).json()
        ids = [row["id"] for row in page["results"]]
        seen.update(ids)
        if "paging" not in page:
            break
        last, after = (ids[-1], 0) if by_id else (last, after + 50)
        edits = [{"id": id_, "properties": {"amount": str(number)}} for id_ in ids[:10]]
        assert portal.objects("POST", "deals/batch/update", {"inputs": edits}).status_code == 200
    assert len(seen) == 300 - lost


def test_search_is_behind_the_records(sandbox: Sandbox, portal: Portal) -> None:
    board = sandbox.hubspot.switchboard
    board.settings["index_lag_seconds"] = 30
    portal.objects("PATCH", "deals/1", {"properties": {"amount": "77"}})
    new = portal.new(amount="77")

    def amounts(amount: str) -> dict[str, str]:
        body = {"filters": [where("amount", "EQ", amount)], "properties": ["amount"]}
        rows = portal.objects("POST", "deals/search", body).json()["results"]
        return {row["id"]: row["properties"]["amount"] for row in rows}

    assert (amounts("9.5"), amounts("77")) == ({"1": "9.5"}, {})
    assert portal.properties("deals", "1", "amount")["amount"] == "77"
    board.offset = timedelta(seconds=31)
    assert (amounts("9.5"), amounts("77")) == ({}, {"1": "77", new: "77"})
    portal.objects("PATCH", "deals/1", {"properties": {"amount": "9.5"}})


def test_a_page_may_come_in_disorder_with_a_row_from_outside(sandbox: Sandbox, portal: Portal) -> None:
    body = {"filters": [where("hs_object_id", "BETWEEN", "1001", "1005")], "sorts": ["hs_object_id"], "limit": 3}
    sandbox.hubspot.switchboard.settings["search_disorder"] = True
    answer = portal.objects("POST", "deals/search", body).json()
    assert [row["id"] for row in answer["results"]] == ["1003", "1002", "1001", "1"]
    assert (answer["total"], answer["paging"]["next"]["after"]) == (5, "3")


def test_five_searches_a_second(sandbox: Sandbox, portal: Portal) -> None:
    board = sandbox.hubspot.switchboard
    board.settings["limits"] = "on"
    answers = [portal.objects("POST", "deals/search", {"limit": 1}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1].json()["policyName"] == "SECONDLY"
    assert answers[-1].json()["message"] == "You have reached your secondly limit."
    assert not [name for answer in answers for name in answer.headers if "ratelimit" in name.lower()]
    board.offset = timedelta(seconds=1)
    assert portal.objects("POST", "companies/search", {}).status_code == 200
