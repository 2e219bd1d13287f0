"""Collections: up to 200 rows of one object each with its own result, five of them in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from connector.errors import CrmError, Gone, InDoubt, PauseMapping, Rejected
from connector.record import Change, Op, Outcome
from connector.salesforce.decode import ROWS, Nodes, RowResult, long_id
from connector.salesforce.encode import Encoder
from connector.salesforce.errors import call_fault, row_fault
from connector.salesforce.org import BODY, Json, Org
from connector.salesforce.wire import MAY_HAVE_HAPPENED

COLLECTION, COLLECTIONS = 200, 5
"""Rows of one collection, and collections of one composite call (REST API Developer Guide, "sObject Collections"
and "Composite")."""
ROWS_PER_CALL = COLLECTION * COLLECTIONS
ANSWERS = msgspec.json.Decoder(Nodes)
Chunk = Sequence[Change]
"""Changes of one object, one operation and one key field, at most 200."""


@dataclass(frozen=True, slots=True)
class Request:
    """One collection on its way: what of a chunk is really sent, and the call that sends it."""

    changes: Chunk
    method: str
    path: str
    body: Json | None = None


class Collections:
    """Partial success: a row that is refused does not stop the others."""

    def __init__(self, org: Org, encoder: Encoder) -> None:
        self._org = org
        self._encoder = encoder

    def send(self, chunks: Sequence[Chunk], *, again: bool = True) -> Iterator[Outcome]:
        """The outcomes of up to five chunks, by one call. Raises what stops the whole call.

        A field that was hidden or removed since it was described refuses a whole chunk: that is sent once more
        without the changes that need the field.
        """
        requests: list[Request] = []
        for chunk in chunks:
            try:
                request, settled = self._request(chunk)
            except PauseMapping as fault:
                yield from (Outcome(change, fault=fault) for change in chunk)
                continue
            yield from settled
            requests += [request] if request else []
        for request, result in self._answers(requests):
            if isinstance(result, PauseMapping) and result.code == "INVALID_FIELD" and again:
                self._org.catalogue.forget(request.changes[0].kind)
                yield from self.send([request.changes], again=False)
            elif isinstance(result, CrmError):
                yield from (Outcome(change, fault=result) for change in request.changes)
            else:
                yield from map(self._outcome, request.changes, result)

    def ids(self, changes: Sequence[Change]) -> dict[str, str]:
        """Record ids of what is to be removed, by change id; what is not there is left out."""
        found = {change.id: long_id(change.key) for change in changes if change.by == "id"}
        by_field: dict[tuple[str, str], list[Change]] = {}
        for change in changes:
            if change.by != "id":
                by_field.setdefault((change.kind, change.by), []).append(change)
        for (kind, by), some in by_field.items():
            records = self._org.reader.read(kind, [change.key for change in some], [by], by)
            # the CRM compares without case; we remove only what carries exactly our key
            ids = {record.values[0]: record.ref.id for record in records}
            found |= {change.id: ids[change.key] for change in some if change.key in ids}
        return found

    def _request(self, chunk: Chunk) -> tuple[Request | None, list[Outcome]]:
        """The call for a chunk, and the outcomes of what need not or cannot be sent."""
        first = chunk[0]
        self._org.catalogue.fields(first.kind)  # an object that is not there costs one call
        if first.op is Op.REMOVE:
            ids = self.ids(chunk)
            there = [change for change in chunk if change.id in ids]
            path = f"composite/sobjects?ids={','.join(ids[change.id] for change in there)}&allOrNone=false"
            settled = [Outcome(change) for change in chunk if change.id not in ids]
            return (Request(there, "DELETE", path) if there else None), settled
        rows, sent, refused = encoded(chunk, self._encoder.row)
        path = "composite/sobjects" + (f"/{first.kind}/{first.by}" if first.op is Op.UPSERT else "")
        body = {"allOrNone": False, "records": rows}
        return (Request(sent, "PATCH", path, body) if rows else None), refused

    def _answers(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Sequence[RowResult] | CrmError]]:
        if len(requests) == 1:
            yield requests[0], self._one(requests[0])
        elif requests:
            kind = requests[0].changes[0].kind
            body = BODY.encode({"compositeRequest": [self._part(*item) for item in enumerate(requests)]})
            answer = self._org.wire.write("POST", "composite", body, kind=kind, headers=self._org.headers)
            nodes = answer.read(ANSWERS).compositeResponse
            if len(nodes) != len(requests):
                raise InDoubt(f"{self._org.name}: {len(nodes)} answers for {len(requests)} collections; read back")
            for request, node in zip(requests, nodes, strict=True):
                yield request, self._results(request, node.httpStatusCode, node.body)

    def _one(self, request: Request) -> Sequence[RowResult] | CrmError:
        body = BODY.encode(request.body) if request.body else b""
        kind = request.changes[0].kind
        try:
            answer = self._org.wire.write(request.method, request.path, body, kind=kind, headers=self._org.headers)
        except PauseMapping as fault:
            return fault
        return self._counted(request, answer.read(ROWS))

    def _part(self, number: int, request: Request) -> Json:
        part = {"method": request.method, "url": self._org.url(request.path), "referenceId": f"c{number}"}
        body = {"body": request.body} if request.body else {}
        return part | body | {"httpHeaders": dict(self._org.headers)}

    def _results(self, request: Request, status: int, body: Any) -> Sequence[RowResult] | CrmError:
        place = self._encoder.place(request.changes[0])
        if status in MAY_HAVE_HAPPENED:
            return InDoubt(f"{place}: status {status}; what may have been written is read back")
        if status >= 300:
            return call_fault(place, status, body)
        try:
            return self._counted(request, msgspec.convert(body, list[RowResult]))
        except msgspec.ValidationError as error:
            return InDoubt(f"{place}: an answer that cannot be read ({error}); its rows are read back")

    def _counted(self, request: Request, results: list[RowResult]) -> Sequence[RowResult] | CrmError:
        if len(request.changes) == len(results):
            return results
        counts = f"{len(results)} results for {len(request.changes)} rows"
        return InDoubt(f"{self._org.name}: {counts}; they are read back")

    def _outcome(self, change: Change, result: RowResult) -> Outcome:
        if result.success:
            return Outcome(change, record_id=result.id, created=result.created)
        fault = row_fault(self._encoder.place(change), result.errors)
        if change.op is Op.REMOVE and isinstance(fault, Gone):
            return Outcome(change)
        return Outcome(change, fault=fault)


def encoded(
    changes: Sequence[Change], encode: Callable[[Change], Json]
) -> tuple[list[Json], list[Change], list[Outcome]]:
    """The rows that can be sent, the changes they come from, and the outcomes of those that cannot."""
    rows: list[Json] = []
    sent: list[Change] = []
    refused: list[Outcome] = []
    for change in changes:
        try:
            rows.append(encode(change))
            sent.append(change)
        except (PauseMapping, Rejected) as fault:
            refused.append(Outcome(change, fault=fault))
    return rows, sent, refused
