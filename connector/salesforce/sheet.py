"""Reads the CSV of a bulk result as it comes: every byte of every value, in constant memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import chain, islice

import requests
from urllib3.exceptions import HTTPError

from connector.errors import TryAgain
from connector.record import ABSENT
from connector.salesforce.columns import Cells, Columns
from connector.salesforce.errors import WAIT, Place

LONGEST = 16 * 1024 * 1024
"""Characters of one value; a long text area holds 131,072, the csv module's own limit."""
CHUNK = 256 * 1024


class Sheet:
    """One page of a bulk result (Bulk API 2.0, "Get Results for a Query Job").

    The stream is read only as far as the rows are taken. Newlines, quotes, NUL and U+2028 inside values stay as
    they are: lines end where RFC 4180 ends them. An empty cell is null; CSV has no other empty text.
    """

    def __init__(self, response: requests.Response, place: Place) -> None:
        self._response = response
        self._place = place
        self._promised = response.headers.get("Sforce-NumberOfRecords", "")

    def rows(self, columns: Columns, skip: int = 0) -> Iterator[Cells]:
        """Rows in the order of the columns' names, after the first ``skip``; what did not come is ABSENT.

        Raises TryAgain where the stream breaks, or ends before the rows that its head promises.
        """
        count = 0
        try:
            for count, cells in enumerate(self._cells(columns), 1):
                if count > skip:
                    yield cells
        except (HTTPError, requests.RequestException, csv.Error, UnicodeDecodeError, OSError) as error:
            raise TryAgain(f"{self._place}: a bulk result broke off ({type(error).__name__}); {WAIT}") from error
        if self._promised.isdigit() and count < int(self._promised):
            raise TryAgain(f"{self._place}: {count} of {self._promised} rows of a bulk result came; {WAIT}")

    def _cells(self, columns: Columns) -> Iterator[Cells]:
        raw = self._response.raw
        raw.decode_content, raw.auto_close = True, False
        csv.field_size_limit(LONGEST)
        lines = csv.reader(io.TextIOWrapper(io.BufferedReader(raw, CHUNK), "utf-8", newline=""), strict=True)
        first = next(lines, None)
        if first is None and self._promised != "0":
            raise csv.Error("not even a head")
        # every page should repeat the head; where one does not, the columns are as they were selected
        headed = first is None or set(columns.heads) <= set(first)
        order = {name: place for place, name in enumerate(first if first and headed else columns.selected)}
        places = [order.get(name) for name in columns.names]
        for cells in lines if headed or first is None else chain([first], lines):
            if len(cells) != len(order):
                raise csv.Error(f"{len(cells)} cells in a row of {len(order)}")
            yield tuple(ABSENT if place is None else cells[place] or None for place in places)


def batches(rows: Iterator[Cells], size: int) -> Iterator[list[Cells]]:
    """Rows by the page."""
    while batch := list(islice(rows, size)):
        yield batch
