"""The pages of a large bulk job come down side by side, and nothing that happens to one loses a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from connector.record import Page
from connector.sandbox.switchboard import Fault

from .cases import Cases, window
from .salesforce_bulk_rig import BulkRig, ids_of
from .salesforce_rig import KINDS

PLAIN, TEXT = KINDS.plain, KINDS.text
CASES = Cases()
RESULTS = r"/results"


@pytest.fixture(autouse=True)
def every_job_is_large(monkeypatch: pytest.MonkeyPatch, bulk: BulkRig) -> None:
    monkeypatch.setattr("connector.salesforce.bulk.MANY", 0)
    bulk.switchboard.settings["query_job_page"] = 10


def asked(bulk: BulkRig) -> Counter[str]:
    """The results that were read, and the lists of them."""
    ends = [call.path.rpartition("/")[2] for call in bulk.switchboard.calls if "/jobs/query/" in call.path]
    return Counter(end for end in ends if end.startswith("result"))


def test_each_page_is_read_once_and_every_five_are_named_by_one_call(bulk: BulkRig) -> None:
    ids = CASES.plain(bulk, 85)
    assert ids_of(window(bulk.crm, PLAIN, [TEXT])) == Counter(ids)
    assert asked(bulk) == {"results": 8, "resultPages": 2}


@pytest.mark.parametrize("effect", ["truncate", "drop", "drop_after", "html", "unavailable"])
@pytest.mark.parametrize("skip", [0, 3])
def test_a_page_that_breaks_off_is_read_again_and_no_row_twice(bulk: BulkRig, effect: str, skip: int) -> None:
    ids = bulk.create(PLAIN, *({TEXT: f"{number} " * 40} for number in range(65)))
    spoilt = {"truncate": {"truncate": True}, "drop": {"drop": True}, "drop_after": {"drop_after": True}}
    spoilt |= {"html": {"html": True}, "unavailable": {"status": 503}}
    bulk.switchboard.faults.append(Fault(path=RESULTS + "$", skip=skip, **spoilt[effect]))
    assert ids_of(window(bulk.crm, PLAIN, [TEXT])) == Counter(ids)
    assert bulk.jobs()["POST"] == 1


def test_where_they_are_not_offered_one_page_comes_after_the_other(bulk: BulkRig) -> None:
    ids = CASES.plain(bulk, 65)
    body = [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
    bulk.switchboard.faults.append(Fault(path=r"/resultPages", status=404, body=body))
    assert ids_of(window(bulk.crm, PLAIN, [TEXT])) == Counter(ids)
    assert asked(bulk) == {"results": 6, "resultPages": 1}


@pytest.mark.parametrize("number", range(2, 9))
def test_a_program_that_starts_again_goes_on_at_its_page(bulk: BulkRig, number: int) -> None:
    ids = CASES.plain(bulk, 85)
    before = taken(bulk.crm.changes(PLAIN, [TEXT], None), number)
    after = window(bulk.crm, PLAIN, [TEXT], before[-1].cursor)
    assert ids_of(before) + ids_of(after) == Counter(ids)
    assert bulk.jobs()["POST"] == 1


def test_a_reading_that_began_one_by_one_goes_on_so(bulk: BulkRig, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = CASES.plain(bulk, 65)
    monkeypatch.setattr("connector.salesforce.bulk.MANY", 1_000)
    before = taken(bulk.crm.changes(PLAIN, [TEXT], None), 4)
    monkeypatch.setattr("connector.salesforce.bulk.MANY", 0)
    after = window(bulk.crm, PLAIN, [TEXT], before[-1].cursor)
    assert ids_of(before) + ids_of(after) == Counter(ids)


@pytest.mark.parametrize("after", [2, 4, 7])
def test_a_job_that_somebody_deletes_on_the_way_loses_nothing(bulk: BulkRig, after: int) -> None:
    ids = CASES.plain(bulk, 85)
    pages = []
    for page in bulk.crm.changes(PLAIN, [TEXT], None):
        pages.append(page)
        if len(pages) == after:
            bulk.sandbox.salesforce.org.query_jobs.clear()
    assert set(ids_of(pages)) == set(ids)


def taken(reading: Iterator[Page], number: int) -> list[Page]:
    """The first pages of a reading, which then ends."""
    return [page for page, _ in zip(reading, range(number), strict=False)]
