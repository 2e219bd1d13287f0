"""Reads records from one org: closed windows in order of SystemModstamp and Id, keys, and ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import msgspec

from connector.errors import CrmError, PauseMapping, TryAgain
from connector.record import Cursor, FieldType, Page, Record
from connector.salesforce.bulk import Jobs, worth
from connector.salesforce.columns import Columns
from connector.salesforce.decode import PAGE, long_id
from connector.salesforce.deleted import hard_deletes
from connector.salesforce.describe import Catalogue
from connector.salesforce.rows import QUERIES_PER_CALL, Rows, Run
from connector.salesforce.soql import BATCH, KEY_BYTES, literal, pieces, quoted, room, select
from connector.salesforce.windows import Window
from connector.salesforce.wire import Ask, Wire

STAMPS = ("SystemModstamp", "CreatedDate")
MARKS = ("IsDeleted", "MasterRecordId")
ASKS_PER_CALL = 25
READ_BATCH = QUERIES_PER_CALL * BATCH
LOOK_AGAIN = timedelta(hours=1)
Asked = tuple[str, Sequence[str], Cursor | None]
Leg = Iterator[tuple[tuple[Record, ...], bool]]
"""Records, and whether they are the last of this leg."""


class Reader:
    """Everything that is read from one org."""

    def __init__(self, name: str, wire: Wire, catalogue: Catalogue) -> None:
        self._name = name
        self._wire = wire
        self._catalogue = catalogue
        self._rows = Rows(wire, catalogue)
        self._jobs = Jobs(wire)
        self._sure: set[str] = set()  # objects that `ahead` has just described
        self._looked: dict[str, datetime] = {}  # when objects of which we miss a field were described as a whole

    # windows

    def changes(self, kind: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        """See `connector.crm.Crm.changes`. Where a query locator dies, a query after the last record goes on.

        What is large is read by a bulk job, whose rows come in no order. Two things make a window start with every
        live record again: a field that could not be seen and now can, and formulas or roll-ups read a day ago.
        """
        if self._window(kind, since).high is None:
            self._look_again(kind, fields)
        run = self._run(kind, fields, since)
        while True:
            for records, ended in self._leg(run):
                if ended and not run.window.again:
                    gone, known_to = hard_deletes(self._wire, run.columns, run.window)
                    following = run.window.next(run.columns, known_to)
                    yield Page((*records, *gone), following.cursor(), drained=True)
                    return
                if ended:
                    run.window = run.window.second_leg()
                yield Page(records, run.window.cursor(), drained=False)

    def ahead(self, asks: Sequence[Asked]) -> None:
        """Describes, and first pages of five objects a call (REST API Developer Guide, "Composite").

        A describe that has not changed is not sent again.
        """
        self._wire.forget_ready()
        self._sure.clear()
        with suppress(CrmError):
            describes = self._describes(asks)
            tried = self._openings(asks)
            self._together(describes, tried)
            for ask in describes:
                if self._wire.has(ask.path):
                    self._catalogue.doubt(ask.kind)
                    self._catalogue.fields(ask.kind)
                    self._sure.add(ask.kind)
            # what was not known before, or has just changed
            self._together([], [ask for ask in self._openings(asks) if ask not in tried])

    def _describes(self, asks: Sequence[Asked]) -> list[Ask]:
        wanted = {kind: self._condition(kind, fields) for kind, fields, _ in asks}
        return [Ask(kind, self._catalogue.path(kind), headers) for kind, headers in wanted.items()]

    def _condition(self, kind: str, fields: Sequence[str]) -> dict[str, str]:
        """Of a describe: none once an hour where we miss a field, which only a whole describe is sure to show."""
        moment, looked = self._wire.place(kind).moment, self._looked.get(kind)
        late = looked is None or moment - looked >= LOOK_AGAIN
        if late and not set(fields) <= self._known_names(kind):
            self._looked[kind] = moment
            return {}
        return self._catalogue.condition(kind)

    def _known_names(self, kind: str) -> Set[str]:
        return self._catalogue.fields(kind).keys() if self._catalogue.knows(kind) else frozenset()

    def _openings(self, asks: Sequence[Asked]) -> list[Ask]:
        """The first query of each window, as far as its object is known; a bulk job has none."""
        found = []
        for kind, fields, since in asks:
            if self._catalogue.knows(kind):
                with suppress(PauseMapping):
                    run = self._run(kind, fields, since)
                    found += [self._rows.opening(run)] if run.window.job is None else []
        return found

    def _together(self, describes: Sequence[Ask], queries: Sequence[Ask]) -> None:
        while describes or queries:
            some, queries = queries[:QUERIES_PER_CALL], queries[QUERIES_PER_CALL:]
            room = ASKS_PER_CALL - len(some)
            self._wire.together([*describes[:room], *some])
            describes = describes[room:]

    def _run(self, kind: str, fields: Sequence[str], since: Cursor | None) -> Run:
        window = self._window(kind, since)
        columns = self._columns(kind, fields)
        return Run(columns, window.opened(columns))

    def _leg(self, run: Run) -> Leg:
        """What is left of this leg, or of it by REST or by bulk, until the other one goes on."""
        if run.window.job is None:
            yield from self._by_rest(run)
            return
        for step in self._jobs.read(run.columns, run.window, run.window.job):
            records, run.window, ended = step
            yield records, ended

    def _by_rest(self, run: Run) -> Leg:
        url = None
        while True:
            page = self._rows.following(url, run.columns.kind, run.columns.page)
            opening = page is None
            if opening:
                page = self._opened(run)
                if page is None:
                    return
            records = self._rows.records(run, page)
            run.window = run.window.after(records)
            yield records, page.done
            if page.done:
                return
            if opening and worth(page.totalSize - len(page.records), len(page.records)):
                begun = self._jobs.begin(run.columns, run.window)
                if begun:
                    run.window = begun
                    return
            url = page.nextRecordsUrl

    def _opened(self, run: Run) -> Any:
        """The first page of what is left, or None where that takes Salesforce too long: another way is taken."""
        try:
            answer = self._rows.first(run, run.clause(), deleted=not run.window.live)
        except TryAgain as fault:
            run.window = self._relieved(run, fault)
            return None
        run.window = run.window.closed_at(answer.moment)
        return answer.read(run.columns.page)

    def _relieved(self, run: Run, fault: TryAgain) -> Window:
        """A way round a query that takes Salesforce too long: a bulk job, or half of the window."""
        if fault.code != "QUERY_TIMEOUT":
            raise fault
        relieved = self._jobs.begin(run.columns, run.window)
        if relieved is None:
            now = run.window.high or self._wire.user().moment  # a refusal tells us no time
            relieved = run.window.narrowed(now)
        if relieved is None:
            raise fault
        return relieved

    # keys and ids

    def ids(self, kind: str) -> Iterator[Sequence[str]]:
        """The ids of all live records, in order. Never by a job, whose snapshot may be older than the question."""
        self._catalogue.fields(kind)
        last, url = "", None
        while True:
            page = self._rows.following(url, kind, PAGE)
            if page is None:
                where = f" WHERE Id > {quoted(last)}" if last else ""
                page = self._wire.query(select(["Id"], kind, f"{where} ORDER BY Id"), kind=kind).read(PAGE)
            found = [str(row["Id"]) for row in page.records]
            if found:
                yield found
            if page.done:
                return
            last, url = found[-1] if found else last, page.nextRecordsUrl

    def read(self, kind: str, keys: Sequence[str], fields: Sequence[str], by: str) -> list[Record]:
        """See `connector.crm.Crm.read`."""
        run = Run(self._columns(kind, fields), Window())
        name = "Id" if by == "id" else by
        key_type = self._field_type(kind, name)
        wanted = dict.fromkeys(
            long_id(key) if key_type in (FieldType.ID, FieldType.REFERENCE) else key for key in keys
        )
        batches = pieces([literal(key, key_type) for key in wanted], room(run.columns.parts()[0]))
        clauses = [f" WHERE {name} IN ({', '.join(batch)})" for batch in batches]
        found = {record.ref.id: record for record in self._rows.matching(run, clauses)}
        gone = [key for key in wanted if key not in found]
        if name == "Id" and gone and "MasterRecordId" in run.columns.marks:
            masters = self._masters(kind, gone) - found.keys()
            found |= {record.ref.id: record for record in self.read(kind, sorted(masters), fields, by)}
        return list(found.values())

    def _masters(self, kind: str, gone: Sequence[str]) -> set[str]:
        """The records that absorbed some of these."""
        masters: set[str] = set()
        for batch in pieces([quoted(key) for key in gone], KEY_BYTES):
            soql = select(["Id", "MasterRecordId"], kind, f" WHERE Id IN ({', '.join(batch)})")
            page = self._wire.query(soql, kind=kind, deleted=True).read(PAGE)
            masters |= {row["MasterRecordId"] for row in page.records if row["MasterRecordId"]}
        return masters

    # what can be seen

    def _look_again(self, kind: str, fields: Sequence[str]) -> None:
        """A field that we could not see when we last asked may be there by now."""
        if kind in self._sure:
            self._sure.discard(kind)
        elif self._catalogue.knows(kind) and not set(fields) <= self._catalogue.fields(kind).keys():
            self._catalogue.forget(kind)

    def _columns(self, kind: str, fields: Sequence[str]) -> Columns:
        known = self._catalogue.fields(kind)
        described = self._catalogue.described(kind).fields
        usable = {field.name for field in described if field.filterable and field.sortable}
        stamp = next((name for name in STAMPS if name in usable), None)
        if stamp is None:
            message = f"{self._name}, {kind}: no SystemModstamp to sort and filter by; this object cannot be mapped"
            raise PauseMapping(message, kind=kind)
        return Columns(
            self._name,
            kind,
            tuple(fields),
            {name: known[name].type for name in fields if name in known},
            stamp,
            tuple(name for name in MARKS if name in known),
            frozenset(name for name in fields if name in known and known[name].calculated),
        )

    def _field_type(self, kind: str, name: str) -> FieldType:
        info = self._catalogue.fields(kind).get(name)
        if info is None:
            message = f"{self._name}, {kind}: no field {name} to look up by; correct the mapping"
            raise PauseMapping(message, kind=kind, field=name)
        return info.type

    def _window(self, kind: str, since: Cursor | None) -> Window:
        try:
            return msgspec.json.decode(since, type=Window) if since else Window()
        except msgspec.DecodeError as error:
            message = f"{self._name}, {kind}: the stored cursor {since!r} is not ours; read the object anew"
            raise PauseMapping(message, kind=kind) from error
