"""What CSV must not do to a value of Salesforce, to a row, or to our memory."""

from __future__ import annotations

import io
import tracemalloc
from datetime import UTC, datetime
from itertools import chain, repeat

import pytest
import requests
from urllib3 import HTTPResponse

from connector.errors import TryAgain
from connector.record import FieldType
from connector.salesforce.columns import Columns
from connector.salesforce.errors import Place
from connector.salesforce.sheet import Sheet, batches

from .cases import Cases, latest, window
from .salesforce_bulk_rig import BulkRig, ids_of
from .salesforce_rig import KINDS

PLAIN, TEXT = KINDS.plain, KINDS.text
CASES = Cases()
START = datetime(2026, 11, 24, tzinfo=UTC)


class TestCsv:
    @pytest.mark.parametrize("setting", ["query_job_heads_once", "query_job_bare"])
    def test_pages_without_their_heads_lose_no_row(self, bulk: BulkRig, setting: str) -> None:
        ids = CASES.plain(bulk, 35)
        bulk.switchboard.settings |= {setting: True, "query_job_page": 10}
        assert set(ids_of(window(bulk.crm, PLAIN, [TEXT]))) == set(ids)

    def test_a_value_reads_the_same_by_both_ways(self, bulk: BulkRig) -> None:
        full = CASES.row(bulk)
        bulk.create(PLAIN, *({**full, KINDS.number: str(number)} for number in range(12)), *({} for _ in range(12)))
        fields = [*KINDS.fields, "no_such_field", "SystemModstamp", "Id"]
        by_job = latest(window(bulk.crm, PLAIN, fields))
        assert bulk.jobs()["results"] == 1
        by_rest = {record.ref.id: record for record in bulk.crm.read(PLAIN, list(by_job), fields)}
        assert by_job == by_rest

    @pytest.mark.parametrize(
        "text",
        [
            'a "quoted", and, commas',
            "line\nfeed, carriage\rreturn, both\r\nand \u2028 \u2029 \x85 \x0b \x0c",
            "a\x00NUL\x00in the middle",
            "\ufeffmark, emoji 🤝🏽, 日本, combining e\u0301",
            "NA",
            "null",
            "#N/A",
            "None",
            "0",
            "-0",
            "1e5",
            "true",
            ";",
            "''",
            '""',
            "Ünï " * 32_000,
        ],
    )
    def test_no_text_is_changed_on_its_way(self, bulk: BulkRig, text: str) -> None:
        schema = bulk.sandbox.salesforce.org.schema.object("Opportunity").fields["description"]
        object.__setattr__(schema, "length", 131_072)
        deals = [{"Name": "x", "StageName": "Proposal", "CloseDate": "2026-12-31"} for _ in range(12)]
        made = bulk.create("Opportunity", *({**deal, "Description": text} for deal in deals))
        found = latest(window(bulk.crm, "Opportunity", ["Description", "Name"]))
        assert bulk.jobs()["results"] == 1
        assert {found[row_id].values for row_id in made} == {(text.strip(), "x")}

    def test_an_empty_cell_is_null(self, bulk: BulkRig) -> None:
        CASES.plain(bulk, 15)
        found = latest(window(bulk.crm, PLAIN, [KINDS.number, KINDS.date, KINDS.choice]))
        assert {record.values for record in found.values()} == {(None, None, None)}


class Endless(io.RawIOBase):
    """The body of a bulk result that is never in memory as a whole."""

    def __init__(self, rows: int) -> None:
        line = ",".join(f'"{cell}"' for cell in ("006000000000001AAA", "2026-01-01T00:00:00.000Z", "x" * 1000))
        head = b'"Id","SystemModstamp","Description"\n'
        self.left = chain([head], repeat(line.encode() + b"\n", rows))
        self.rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        part = self.rest or next(self.left, b"")
        size = min(len(part), len(buffer))
        buffer[:size], self.rest = part[:size], part[size:]
        return size


def test_a_result_of_any_size_is_read_in_constant_memory() -> None:
    columns = Columns("sf", "Opportunity", ("Description",), {"Description": FieldType.TEXT}, "SystemModstamp", ())
    response = requests.Response()
    response.raw = HTTPResponse(Endless(8_000), preload_content=False)
    sheet = Sheet(response, Place("sf", "Opportunity", START))
    tracemalloc.start()
    count = sum(len(columns.from_csv(batch)) for batch in batches(sheet.rows(columns), 500))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 8_000
    assert peak < 3_000_000, "of 8 MB"


@pytest.mark.parametrize("body", [b"", b'"Id","SystemModstamp"\n"006","2026'])
def test_a_result_that_ends_early_is_never_no_data(body: bytes) -> None:
    columns = Columns("sf", "Opportunity", (), {}, "SystemModstamp", ())
    response = requests.Response()
    response.raw = HTTPResponse(io.BytesIO(body), preload_content=False)
    with pytest.raises(TryAgain, match="broke off"):
        list(Sheet(response, Place("sf", "Opportunity", START)).rows(columns))


def test_fewer_rows_than_the_head_promises_are_tried_again() -> None:
    columns = Columns("sf", "Opportunity", (), {}, "SystemModstamp", ())
    response = requests.Response()
    response.headers["Sforce-NumberOfRecords"] = "2"
    body = b'"Id","SystemModstamp"\n"006000000000001AAA","2026-01-01T00:00:00.000Z"\n'
    response.raw = HTTPResponse(io.BytesIO(body), preload_content=False)
    with pytest.raises(TryAgain, match="1 of 2 rows"):
        list(Sheet(response, Place("sf", "Opportunity", START)).rows(columns))
