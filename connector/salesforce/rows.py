"""Asks for rows with whatever columns can still be seen, in as many queries as their names take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import astuple

from connector.errors import PauseMapping, TryAgain
from connector.record import Record
from connector.salesforce.columns import Cells, Columns, joined
from connector.salesforce.describe import Catalogue
from connector.salesforce.soql import select
from connector.salesforce.windows import Window, between
from connector.salesforce.wire import OK, Answer, Ask, Wire, query_path

QUERIES_PER_CALL = 5
"""Of one composite call (REST API Developer Guide, "Composite")."""


@dataclass
class Run:
    """One reading as it goes: what can still be seen, where it stands, and what its open query selects."""

    columns: Columns
    window: Window
    selected: tuple[str, ...] = ()

    def clause(self) -> str:
        """WHERE and ORDER BY of what is left of this leg."""
        return f"{self.window.where(self.columns.stamp)} ORDER BY {self.columns.stamp}, Id"


class Rows:
    """Queries of one org. A field that has just been hidden or removed is left out, and described anew."""

    def __init__(self, wire: Wire, catalogue: Catalogue) -> None:
        self._wire = wire
        self._catalogue = catalogue

    def opening(self, run: Run) -> Ask:
        """What `first` will ask for a leg, to be asked with others."""
        soql = select(run.columns.parts()[0], run.columns.kind, run.clause())
        return Ask(run.columns.kind, query_path(soql, deleted=not run.window.live))

    def first(
        self, run: Run, clause: str, *, deleted: bool = False, ready: Mapping[str, Answer] | None = None
    ) -> Answer:
        """The first page of the first columns. ``ready``: answers that are there already, by their path."""
        while True:
            columns = run.columns
            run.selected = columns.parts()[0]
            soql = select(run.selected, columns.kind, clause)
            if ready and (answer := ready.get(query_path(soql, deleted=deleted))):
                return answer
            try:
                return self._wire.query(soql, kind=columns.kind, deleted=deleted)
            except PauseMapping as fault:
                self._hide(run, fault)

    def following(self, url: str | None, kind: str, decoder: msgspec.json.Decoder[Any]) -> Any:
        """The next page of a locator, or None where there is none, or it has died."""
        if url is None:
            return None
        try:
            return self._wire.more(url, kind=kind).read(decoder)
        except TryAgain as fault:
            if fault.code != "INVALID_QUERY_LOCATOR":
                raise
        return None

    def records(self, run: Run, page: Any) -> tuple[Record, ...]:
        """The records of one page of a window; columns that were too many for it are asked for now."""
        columns = run.columns
        if len(columns.parts()) == 1 or not page.records:
            return columns.from_json(map(astuple, page.records))
        cells = [astuple(row) for row in page.records]
        clause = between(columns.stamp, cells[0], cells[-1])
        others = self._others(run, clause, deleted=not run.window.live)
        return run.columns.from_json(joined(cells, others))

    def matching(self, run: Run, clauses: Sequence[str]) -> Iterator[Record]:
        """The live records that some clauses find, five clauses a call."""
        for start in range(0, len(clauses), QUERIES_PER_CALL):
            some = clauses[start : start + QUERIES_PER_CALL]
            ready = self._together(run, some) if len(some) > 1 else {}
            for clause in some:
                yield from self._matching(run, clause, ready)

    def _together(self, run: Run, clauses: Sequence[str]) -> dict[str, Answer]:
        kind, names = run.columns.kind, run.columns.parts()[0]
        asks = [Ask(kind, query_path(select(names, kind, clause), deleted=False)) for clause in clauses]
        return {ask.path: answer for ask, status, answer in self._wire.composite(asks) if status == OK}

    def _matching(self, run: Run, clause: str, ready: Mapping[str, Answer]) -> tuple[Record, ...]:
        answer = self.first(run, clause, ready=ready)
        cells: Iterator[Cells] = (astuple(row) for row in self.all(answer, run.columns))
        if len(run.columns.parts()) > 1:
            cells = joined(list(cells), self._others(run, clause, deleted=False))
        return run.columns.from_json(cells)

    def all(self, answer: Answer, columns: Columns) -> Iterator[Any]:
        """The rows of every page of an answer."""
        page = answer.read(columns.page)
        yield from page.records
        while not page.done:
            page = self._wire.more(str(page.nextRecordsUrl), kind=columns.kind).read(columns.page)
            yield from page.records

    def _others(self, run: Run, clause: str, *, deleted: bool) -> list[list[Cells]]:
        """The same rows with the columns that the first query did not hold."""
        while True:
            columns = run.columns
            found = []
            try:
                for names in columns.parts(without=set(run.selected)):
                    soql = select(names, columns.kind, clause)
                    answer = self._wire.query(soql, kind=columns.kind, deleted=deleted)
                    found.append([astuple(row) for row in self.all(answer, columns)])
            except PauseMapping as fault:
                self._hide(run, fault)
            else:
                return found

    def _hide(self, run: Run, fault: PauseMapping) -> None:
        if fault.code != "INVALID_FIELD" or fault.field is None or fault.field not in run.columns.types:
            raise fault
        self._catalogue.forget(run.columns.kind)
        run.columns = run.columns.without(fault.field)
        run.window = run.window.hiding(fault.field)
