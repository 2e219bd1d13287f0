"""Large readings from Salesforce: bulk jobs, and what goes wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from connector.errors import PauseUntil, TryAgain
from connector.record import ABSENT, Page
from connector.salesforce.bulk import ROWS_PER_CALL, STUCK, worth
from connector.sandbox.switchboard import Fault

from .cases import HOUR, Cases, latest, window
from .reading import Reading
from .rig import Rig
from .salesforce_bulk_rig import BulkRig, ids_of
from .salesforce_rig import KINDS

PLAIN, TEXT = KINDS.plain, KINDS.text
CASES = Cases()
RESULTS = r"/results"


class TestReadingInBulk(Reading):
    """Everything that reading promises, with a job behind every window that is larger than a page."""

    @pytest.fixture
    def rig(self, bulk: BulkRig) -> Rig:
        return bulk


def until_it_waits(reading: Iterator[Page]) -> list[Page]:
    """The pages that come before a job must be waited for."""
    pages = []
    with pytest.raises(TryAgain, match="is under way"):
        for page in reading:
            pages.append(page)
    return pages


class TestJobs:
    def test_a_job_is_created_once_polled_and_read(self, bulk: BulkRig) -> None:
        ids = CASES.plain(bulk, 35)
        bulk.switchboard.settings |= {"query_job_polls": 2, "query_job_page": 10}
        assert ids_of(window(bulk.crm, PLAIN, [TEXT])) == Counter(ids)
        assert bulk.jobs() == {"POST": 1, "GET": 3, "results": 3}
        assert bulk.slept == [0.5, 1, 2], "the waits grow"

    def test_a_first_reading_asks_for_live_rows_and_a_window_for_deleted_ones_too(self, bulk: BulkRig) -> None:
        ids = CASES.plain(bulk, 15)
        cursor = window(bulk.crm, PLAIN, [])[-1].cursor
        for row_id in ids:
            bulk.drop(PLAIN, row_id)
        bulk.advance(5)
        found = latest(window(bulk.crm, PLAIN, [], cursor))
        assert all(found[row_id].deleted for row_id in ids)
        operations = [job.operation for job in bulk.sandbox.salesforce.org.query_jobs.values()]
        assert operations == ["query", "queryAll"]

    def test_a_job_is_never_asked_to_sort(self, bulk: BulkRig) -> None:
        ids = CASES.plain(bulk, 15)
        trap = Fault(method="POST", path=r"jobs/query[\s\S]*ORDER BY", status=400, body="sorted")
        bulk.switchboard.faults.append(trap)
        assert ids_of(window(bulk.crm, PLAIN, [])) == Counter(ids)
        assert bulk.switchboard.faults == [trap]

    def test_a_session_that_dies_during_a_job_goes_on_with_the_same_job(self, bulk: BulkRig) -> None:
        ids = CASES.plain(bulk, 35)
        bulk.switchboard.settings |= {"query_job_polls": 2, "query_job_page": 10}
        pages = []
        for page in bulk.crm.changes(PLAIN, [TEXT], None):
            pages.append(page)
            bulk.expire()
        assert ids_of(pages) == Counter(ids)
        assert bulk.jobs()["POST"] == 1

    @pytest.mark.parametrize("effect", ["truncate", "drop", "drop_after", "html", "unavailable"])
    def test_a_result_that_breaks_off_is_read_on_without_a_row_twice(
        self, bulk: BulkRig, monkeypatch: pytest.MonkeyPatch, effect: str
    ) -> None:
        monkeypatch.setattr("connector.salesforce.bulk.PAGE", 100)
        ids = bulk.create(PLAIN, *({TEXT: f"{number} " * 40} for number in range(600)))
        bulk.switchboard.settings["query_job_page"] = 300
        spoilt = {"truncate": {"truncate": True}, "drop": {"drop": True}, "drop_after": {"drop_after": True}}
        spoilt |= {"html": {"html": True}, "unavailable": {"status": 503}}
        bulk.switchboard.faults += [Fault(path=RESULTS, skip=number, **spoilt[effect]) for number in (0, 1)]
        assert ids_of(window(bulk.crm, PLAIN, [TEXT])) == Counter(ids)
        assert bulk.jobs()["POST"] == 1

    @pytest.mark.parametrize("refusal", ["object", "limit", "feature"])
    def test_where_a_job_is_refused_rest_goes_on_where_it_was(self, bulk: BulkRig, refusal: str) -> None:
        ids = CASES.plain(bulk, 35)
        codes = {"limit": "LIMIT_EXCEEDED", "feature": "FEATURENOTENABLED"}
        if refusal == "object":
            bulk.switchboard.settings["query_jobs_refused"] = [PLAIN]
        else:
            body = [{"errorCode": codes[refusal], "message": "Max bulk v2 query jobs (10000) per 24 hrs"}]
            bulk.switchboard.faults.append(Fault(method="POST", path="jobs/query", status=400, body=body))
        pages = window(bulk.crm, PLAIN, [TEXT])
        assert (len(pages), ids_of(pages)) == (4, Counter(ids))
        window(bulk.crm, PLAIN, [TEXT])
        assert bulk.jobs() == {"POST": 1}, "it is not asked for again"
        bulk.advance(25 * HOUR)
        window(bulk.crm, PLAIN, [TEXT])
        assert bulk.jobs()["POST"] == 2, "before the next day"

    @pytest.mark.parametrize("ends", [["Failed"], ["Aborted"], ["Failed", "Aborted"]])
    def test_a_job_that_comes_to_nothing_is_tried_once_more_and_then_left_to_rest(
        self, bulk: BulkRig, ends: list[str]
    ) -> None:
        ids = CASES.plain(bulk, 35)
        bulk.switchboard.settings["query_job_ends"] = list(ends)
        assert set(ids_of(window(bulk.crm, PLAIN, [TEXT]))) == set(ids)
        assert bulk.jobs()["POST"] == 2

    def test_a_job_that_never_ends_is_aborted_and_deleted(
        self, bulk: BulkRig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("connector.salesforce.bulk.STUCK", 3)
        ids = CASES.plain(bulk, 35)
        bulk.switchboard.settings["bulk_stuck"] = True
        assert set(ids_of(window(bulk.crm, PLAIN, [TEXT]))) == set(ids)
        assert bulk.jobs() == {"POST": 2, "GET": 6, "PATCH": 2, "DELETE": 2}
        assert bulk.sandbox.salesforce.org.query_jobs == {}

    @pytest.mark.parametrize("after", [1, 2, 3])
    def test_a_job_that_somebody_deletes_loses_nothing(self, bulk: BulkRig, after: int) -> None:
        ids = CASES.plain(bulk, 35)
        bulk.switchboard.settings |= {"query_job_page": 10, "query_job_polls": 1}
        pages = []
        for page in bulk.crm.changes(PLAIN, [TEXT], None):
            pages.append(page)
            if len(pages) == after + 1:
                bulk.sandbox.salesforce.org.query_jobs.clear()
        assert set(ids_of(pages)) == set(ids)
        assert bulk.jobs()["POST"] == 2

    def test_a_program_that_starts_again_adopts_its_job(self, bulk: BulkRig) -> None:
        ids = CASES.plain(bulk, 35)
        bulk.switchboard.settings["query_job_polls"] = 3
        pages = until_it_waits(bulk.adapter.changes(PLAIN, [TEXT], None))
        pages += until_it_waits(bulk.another().changes(PLAIN, [TEXT], pages[-1].cursor))
        pages += window(bulk.crm, PLAIN, [TEXT], pages[-1].cursor)
        assert ids_of(pages) == Counter(ids)
        assert bulk.jobs()["POST"] == 1

    def test_a_job_without_rows_ends_the_window(self, bulk: BulkRig) -> None:
        ids = CASES.plain(bulk, 15)
        reading = bulk.crm.changes(PLAIN, [], None)
        pages = [next(reading)]
        for row_id in set(ids) - ids_of(pages).keys():
            bulk.drop(PLAIN, row_id)
        pages += reading
        assert pages[-1].drained
        assert len(ids_of(pages)) == 10

    def test_a_field_hidden_before_its_job_is_left_out_by_rest(self, bulk: BulkRig) -> None:
        bulk.create(PLAIN, *({KINDS.number: "1"} for _ in range(15)))
        reading = bulk.crm.changes(PLAIN, [KINDS.number, TEXT], None)
        pages = [next(reading)]
        bulk.hide(PLAIN, KINDS.number)
        bulk.switchboard.settings["invalid_locators"] = True
        pages += reading
        rest = [record.values for page in pages[1:] for record in page.records]
        assert rest == [(ABSENT, None)] * 5
        bulk.switchboard.settings |= {"hidden_fields": {}, "invalid_locators": False}
        again = latest(window(bulk.crm, PLAIN, [KINDS.number, TEXT], pages[-1].cursor))
        assert {record.values[0] for record in again.values()} == {"1"}

    def test_waiting_for_a_job_costs_nothing_but_its_polls(self, bulk: BulkRig) -> None:
        CASES.plain(bulk, 15)
        bulk.switchboard.settings["query_job_polls"] = 4
        window(bulk.crm, PLAIN, [TEXT, "no_such_field"])
        kinds = Counter(call.kind for call in bulk.switchboard.calls if call.method == "GET")
        assert kinds["describe"] == 1
        assert bulk.slept == [0.5, 1, 2, 4, 8]

    def test_a_day_that_is_spent_in_the_middle_of_a_job_keeps_what_was_read(self, bulk: BulkRig) -> None:
        ids = CASES.plain(bulk, 45)
        bulk.switchboard.settings["query_job_page"] = 10
        pages: list[Page] = []
        with pytest.raises(PauseUntil):
            for page in bulk.crm.changes(PLAIN, [TEXT], None):
                pages.append(page)
                if len(ids_of(pages)) == 30:
                    bulk.switchboard.settings["daily_limit"] = 0
        bulk.switchboard.settings["daily_limit"] = 100_000
        pages += window(bulk.crm, PLAIN, [TEXT], pages[-1].cursor)
        assert ids_of(pages) == Counter(ids), "nothing is read again"
        assert bulk.jobs()["POST"] == 1


class TestSlowQueries:
    SLOW = ({"errorCode": "QUERY_TIMEOUT", "message": "Your query request was running for too long."},)

    def slow(self, bulk: BulkRig, path: str = "query/", times: int = 1) -> None:
        bulk.switchboard.faults.append(Fault(path=path, times=times, status=400, body=list(self.SLOW)))

    def test_a_query_that_takes_too_long_is_left_to_a_job(self, bulk: BulkRig) -> None:
        ids = CASES.plain(bulk, 15)
        self.slow(bulk)
        pages = until_it_waits(bulk.adapter.changes(PLAIN, [], None))
        pages += window(bulk.crm, PLAIN, [], pages[-1].cursor)
        assert ids_of(pages) == Counter(ids)
        assert bulk.jobs()["POST"] == 1

    def test_without_jobs_a_window_that_takes_too_long_is_read_in_halves(self, bulk: BulkRig) -> None:
        bulk.switchboard.settings["query_jobs_refused"] = [PLAIN]
        cursor = window(bulk.crm, PLAIN, [])[-1].cursor
        ids = []
        for _ in range(4):
            bulk.advance(1800)
            ids += CASES.plain(bulk, 3)
        self.slow(bulk, path="queryAll/", times=2)
        pages = window(bulk.adapter, PLAIN, [], cursor)
        assert not set(ids) <= ids_of(pages).keys(), "only a part of the time has been read"
        while not set(ids) <= ids_of(pages).keys():
            rest = window(bulk.adapter, PLAIN, [], pages[-1].cursor)
            assert rest[-1].cursor != pages[-1].cursor, "each window goes further"
            pages += rest

    def test_a_window_that_cannot_be_narrower_is_tried_again(self, bulk: BulkRig) -> None:
        bulk.switchboard.settings["query_jobs_refused"] = [PLAIN]
        self.slow(bulk, times=10)
        with pytest.raises(TryAgain) as caught:
            window(bulk.adapter, PLAIN, [])
        assert caught.value.code == "QUERY_TIMEOUT"


@pytest.mark.parametrize(
    ("left", "page", "better"),
    [
        (0, 2000, False),
        (12_000, 2000, False),
        (18_000, 2000, False),
        (18_001, 2000, True),
        (2_000_000, 2000, True),
        (1_800, 200, False),
        (2_001, 200, True),  # the server shrinks pages of wide rows, never those of a job
    ],
)
def test_a_job_is_worth_its_calls_from_twenty_thousand_rows_on(left: int, page: int, better: bool) -> None:
    assert worth(left, page) is better


def test_a_job_never_takes_more_calls_than_rest() -> None:
    for left in range(0, 5_000_000, 7_919):
        if worth(left, 2000):
            assert -(-left // 2000) > 2 + 3 + -(-left // ROWS_PER_CALL)
    assert STUCK > 100
