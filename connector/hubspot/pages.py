"""The calls that read records: lists, searches and batches, each checked to be whole and to advance.

Search with page offsets loses rows that are edited meanwhile and ends at 10,000; a walk by id through a closed
window does neither. Source: developers.hubspot.com, "Search the CRM" and "Using object APIs".
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from connector.errors import TryAgain
from connector.hubspot import routes
from connector.hubspot.answers import Row, Rows
from connector.hubspot.decode import moment
from connector.hubspot.errors import Refusal, fault
from connector.hubspot.gateway import Gateway
from connector.hubspot.narrow import abreast, batches
from connector.hubspot.windows import Window, milliseconds

LIST_PAGE = 100
SEARCH_PAGE = 200
READ_BATCH = 100
SEARCHES = 5  # in flight: HubSpot answers as many a second, for all programs of the account together


class Batch(NamedTuple):
    """Rows of one or more calls, where the next one continues (empty: it was the last), and HubSpot's time."""

    rows: list[Row]
    after: str
    at: datetime


class Pages:
    """Reads rows of one portal, a call at a time. Safe for many threads."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._searching = threading.BoundedSemaphore(SEARCHES)

    def listed(
        self, kind: str, names: Sequence[str], after: str = "", *, archived: bool = False
    ) -> Iterator[Batch]:
        """Every live (or archived) row by ascending id, as the database has it."""
        query = {"limit": str(LIST_PAGE), "archived": str(archived).lower(), "properties": ",".join(names)}
        while True:
            answer = self._gateway.send(routes.LIST, kind, query={**query, **({"after": after} if after else {})})
            before, after = after, _after(answer)
            if after and after == before:
                raise TryAgain(f"{self._gateway.name}: HubSpot repeats page {after} of {kind}")
            yield Batch(answer.results, after, self._gateway.server_time)
            if not after:
                return

    def searched(self, kind: str, modified: str, window: Window) -> Iterator[Batch]:
        """Rows that were modified inside ``window``, by ascending id, with their stamp only: the index may lag."""
        after = window.after
        while True:
            last = int(after or 0)
            answer = self._search(kind, _search(modified, window, after))
            window = window.opened(self._gateway.server_time)
            rows = sorted((row for row in answer.results if int(row.id) > last), key=lambda row: int(row.id))
            if not _after(answer):
                yield Batch(rows, "", self._gateway.server_time)
                return
            if not rows:
                raise TryAgain(f"{self._gateway.name}: the search of {kind} does not advance")
            after = rows[-1].id
            yield Batch(rows, after, self._gateway.server_time)

    def rows(self, kind: str, keys: Sequence[str], names: Sequence[str], by: str = "id") -> list[Row]:
        """The live rows that hold these keys, each once; a merged-away id answers with the survivor."""

        def ask(batch: Sequence[str]) -> Rows:
            body: dict[str, Any] = {"properties": list(names), "inputs": [{"id": key} for key in batch]}
            if by != "id":
                body["idProperty"] = by
            return self._gateway.send(routes.READ, kind, body=body)

        found: dict[str, Row] = {}
        for answer in abreast(ask, list(batches(list(dict.fromkeys(keys)), READ_BATCH))):
            self._check(kind, answer)
            found |= {row.id: row for row in answer.results if not row.archived}
        return list(found.values())

    def _search(self, kind: str, body: dict[str, Any]) -> Rows:
        if not self._searching.acquire(blocking=False):
            raise TryAgain(f"{self._gateway.name}: {SEARCHES} searches are under way", code="SECONDLY", after=1)
        try:
            return self._gateway.send(routes.SEARCH, kind, body=body)
        finally:
            self._searching.release()

    def _check(self, kind: str, answer: Rows) -> None:
        """A key that is not there is no failure; any other error of a 207 is."""
        for error in answer.errors:
            if error.get("category") != "OBJECT_NOT_FOUND":
                place = f"{self._gateway.name}: batch read of {kind}"
                raise fault(Refusal(place, kind, 207, error, reading=True))


def gathered(calls: Iterator[Batch], enough: int) -> Iterator[Batch]:
    """Batches joined until they hold ``enough`` rows. What was read before a limit struck is handed over first."""
    held: Batch | None = None
    try:
        for batch in calls:
            held = Batch([*held.rows, *batch.rows], batch.after, held.at) if held else batch
            if not held.after or len(held.rows) >= enough:
                yield held
                held = None
    except TryAgain:
        if held:
            yield held
        raise


def _after(answer: Rows) -> str:
    return str(answer.paging.next.after) if answer.paging and answer.paging.next else ""


def _search(modified: str, window: Window, after: str) -> dict[str, Any]:
    filters = [
        {"propertyName": modified, "operator": "GTE", "value": str(milliseconds(moment(window.lo)))},
        {"propertyName": "hs_object_id", "operator": "GT", "value": after or "0"},
    ]
    if window.hi:  # unknown before the first answer, whose time closes the window
        filters.append({"propertyName": modified, "operator": "LTE", "value": str(milliseconds(moment(window.hi)))})
    return {
        "filterGroups": [{"filters": filters}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "properties": [modified],
        "limit": SEARCH_PAGE,
    }
