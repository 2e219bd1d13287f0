"""Calls that need not wait for one another do not: what that may change, and what it may not."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from connector.errors import TryAgain
from connector.hubspot.narrow import ABREAST, abreast, ahead
from connector.hubspot.read import AHEAD
from tests.steps.hubspot_portal import bench, companies, deals


def counted(made: list[int], most: int) -> Iterator[int]:
    for number in range(most):
        made.append(number)
        yield number


def test_what_is_read_ahead_comes_in_its_order_and_no_further_than_asked() -> None:
    made: list[int] = []
    reading = ahead(counted(made, 50), 3)
    assert next(reading) == 0
    assert next(reading) == 1
    assert len(made) <= 2 + 3
    assert list(reading) == list(range(2, 50))


def test_whoever_stops_reading_ends_the_calls_and_their_thread() -> None:
    made: list[int] = []
    before = threading.active_count()
    reading = ahead(counted(made, 10_000), 10)
    next(reading)
    reading.close()  # type: ignore[attr-defined]  # every generator can
    assert threading.active_count() == before
    assert len(made) <= 11


def test_a_call_that_fails_ahead_is_raised_after_all_that_was_read_before_it() -> None:
    with bench({"objects": {"deals": deals(1500)}}) as hs:
        hs.fault("objects/2026-09/deals", skip=12, status=503)
        pages = hs.crm.changes("deals", ["dealname"], None)
        read = [len(next(pages).records) for _ in range(12)]
        assert sum(read) == 1200
        with pytest.raises(TryAgain):
            next(pages)


def test_a_first_reading_that_is_given_up_made_a_few_calls_more_and_one_that_ends_made_none() -> None:
    with bench({"objects": {"deals": deals(3000)}}) as hs:
        pages = hs.crm.changes("deals", ["dealname"], None)
        next(pages)
        pages.close()  # type: ignore[attr-defined]  # every generator can
        hs.ledger.taken["general"] -= 1  # the schema
        assert 1 <= hs.ledger.taken["general"] <= 1 + AHEAD
        hs.ledger.taken.clear()
        assert len(hs.read("deals", ["dealname"])[0]) == 3000
        assert hs.ledger.taken == {"general": 30}


def test_answers_of_calls_side_by_side_stand_in_the_order_of_the_questions() -> None:
    waiting = threading.Barrier(ABREAST, timeout=10)

    def answer(number: int) -> int:
        waiting.wait()  # none of them is answered before all are asked
        return number * number

    assert abreast(answer, list(range(ABREAST))) == [number * number for number in range(ABREAST)]
    assert abreast(str, [7]) == ["7"]
    assert abreast(str, []) == []


def test_associations_with_two_objects_are_read_side_by_side_and_each_is_right() -> None:
    contacts = [{"id": "501", "properties": {"email": "a@b.example", "lastmodifieddate": "2026-10-01T00:00:00Z"}}]
    linked = {"companies#Primary": ["9"], "contacts#": ["501"]}
    world = {"companies": companies("9"), "contacts": contacts, "deals": deals(3, associations=linked)}
    with bench({"objects": world}) as hs:
        records, _ = hs.read("deals", ["contacts#", "companies#Primary"])
        assert {record.values for record in records} == {("501", "9")}
        assert hs.ledger.taken["associations"] == 2


def test_one_of_two_associations_that_cannot_be_read_is_a_fault_of_the_reading() -> None:
    contacts = [{"id": "501", "properties": {"email": "a@b.example", "lastmodifieddate": "2026-10-01T00:00:00Z"}}]
    with bench({"objects": {"companies": companies("9"), "contacts": contacts, "deals": deals(3)}}) as hs:
        hs.fault("associations/2026-09/deals/contacts/batch/read", status=502)
        with pytest.raises(TryAgain):
            hs.read("deals", ["companies#Primary", "contacts#"])
