"""Records by the hundred: partial success, upserts, duplicates, sizes."""

from __future__ import annotations

from typing import Any

import pytest

from connector.sandbox.serve import Sandbox

from .portal import DEAL, Portal, codes


def test_one_bad_row_refuses_a_batch_without_trace_ids(sandbox: Sandbox, portal: Portal) -> None:
    before = len(sandbox.hubspot.rows("deals"))
    rows = [{"properties": DEAL}, {"properties": DEAL | {"dealstage": "nowhere"}}]
    answer = portal.objects("POST", "deals/batch/create", {"inputs": rows})
    assert (answer.status_code, codes(answer)) == (400, ["INVALID_OPTION"])
    assert len(sandbox.hubspot.rows("deals")) == before


def test_with_trace_ids_the_good_rows_are_written(portal: Portal) -> None:
    rows = [
        {"properties": DEAL | {"dealstage": stage}, "objectWriteTraceId": stage}
        for stage in ("nowhere", "closedwon")
    ]
    answer = portal.objects("POST", "deals/batch/create", {"inputs": rows})
    body = answer.json()
    assert (answer.status_code, body["status"], body["numErrors"]) == (207, "COMPLETE", 1)
    assert [row["objectWriteTraceId"] for row in body["results"]] == ["closedwon"]
    error = body["errors"][0]
    assert (error["category"], error["context"]) == ("VALIDATION_ERROR", {"objectWriteTraceId": ["nowhere"]})
    assert error["message"].startswith("Property values were not valid: ")


def test_upsert_by_a_unique_property(portal: Portal) -> None:
    def rows(*keys: str) -> dict[str, Any]:
        return {"inputs": [{"id": key, "idProperty": "engine_key", "properties": {"share": "60"}} for key in keys]}

    first = portal.objects("POST", "partner_attribution/batch/upsert", rows("u1", "u2")).json()["results"]
    second = portal.objects("POST", "partner_attribution/batch/upsert", rows("u2", "u3")).json()["results"]
    assert [row["new"] for row in first] == [True, True]
    assert {row["properties"]["engine_key"]: row["new"] for row in second} == {"u2": False, "u3": True}
    read = {
        "idProperty": "engine_key",
        "inputs": [{"id": "u2"}, {"id": "u9"}],
        "properties": ["engine_key", "share"],
    }
    answer = portal.objects("POST", "partner_attribution/batch/read", read).json()
    assert [row["properties"]["share"] for row in answer["results"]] == ["60"]
    assert answer["errors"][0]["context"] == {"ids": ["u9"]}


def test_upsert_by_a_property_that_is_not_unique(portal: Portal) -> None:
    rows = [{"id": "Deal 100", "idProperty": "dealname", "properties": {"amount": "1"}}]
    answer = portal.objects("POST", "deals/batch/upsert", {"inputs": rows})
    assert answer.status_code == 400
    assert answer.json()["message"] == "Unable to perform update/upsert by non-unique 0-3 property dealname"


def test_a_unique_value_is_held_by_one_record(portal: Portal) -> None:
    portal.new("partner_attribution", engine_key="only")
    again = portal.objects("POST", "partner_attribution", {"properties": {"engine_key": "only"}})
    assert (again.status_code, codes(again)) == (400, ["CONFLICTING_UNIQUE_VALUE"])
    twice = [{"properties": {"engine_key": "twice"}, "objectWriteTraceId": str(number)} for number in range(2)]
    answer = portal.objects("POST", "partner_attribution/batch/create", {"inputs": twice}).json()
    assert [error["context"] for error in answer["errors"]] == [{"objectWriteTraceId": ["1"]}]


@pytest.mark.parametrize("twice", [["500", "500"], ["500", "d100:p8"]])
def test_a_record_named_twice_refuses_the_batch(portal: Portal, twice: list[str]) -> None:
    rows = [
        {"id": id_, "properties": {"share": "1"}, "objectWriteTraceId": str(place)}
        | ({} if id_.isdigit() else {"idProperty": "engine_key"})
        for place, id_ in enumerate(twice)
    ]
    answer = portal.objects("POST", "partner_attribution/batch/upsert", {"inputs": rows})
    assert answer.status_code == 400
    assert answer.json()["message"] == "Duplicate IDs found in batch input: [500]. IDs must be unique"
    assert answer.json()["context"] == {"ids": ["500"]}


@pytest.mark.parametrize(
    ("path", "most", "more"),
    [("read", 100, {}), ("update", 100, {}), ("read", 50, {"propertiesWithHistory": ["amount"]})],
)
def test_batch_sizes(portal: Portal, path: str, most: int, more: dict[str, Any]) -> None:
    inputs = [{"id": str(number), "properties": {}} for number in range(most + 1)]
    answer = portal.objects("POST", f"deals/batch/{path}", {"inputs": inputs} | more)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
    assert str(most) in answer.json()["message"]
