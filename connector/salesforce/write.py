"""Writes changes: collections of up to 200 rows, and one atomic graph for each group of changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import msgspec

from connector.errors import CrmError, Gone, InDoubt, PauseMapping, PauseUntil, Rejected, StopCrm, TryAgain
from connector.grouping import calls
from connector.record import Change, FieldInfo, FieldType, Op, Outcome, Text
from connector.salesforce.decode import GRAPHS, ROWS, Graph, Node, RowResult, long_id
from connector.salesforce.describe import Catalogue
from connector.salesforce.errors import Place, row_fault
from connector.salesforce.query import Reader
from connector.salesforce.wire import Wire
from connector.spelling import spelt

ROWS_PER_CALL = 200
GRAPHS_PER_CALL, NODES_PER_CALL = 75, 500
BODY = msgspec.json.Encoder(decimal_format="number")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """The changes of one call. ``groups``: each inner list is written whole or not at all."""

    changes: Sequence[Change]
    groups: Sequence[Sequence[Change]] = ()


class Writer:
    """Everything that is written to one org."""

    def __init__(self, name: str, wire: Wire, catalogue: Catalogue, reader: Reader) -> None:
        self._name = name
        self._wire = wire
        self._catalogue = catalogue
        self._reader = reader

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """See `connector.crm.Crm.write`."""
        batches = [*_collections(changes), *_graph_calls(changes)]
        for number, batch in enumerate(batches):
            try:
                yield from self._send(batch)
            except (TryAgain, PauseUntil, StopCrm) as fault:
                unsent = (change for rest in batches[number:] for change in rest.changes)
                yield from (Outcome(change, fault=fault) for change in unsent)
                return
            except CrmError as fault:
                yield from (Outcome(change, fault=fault) for change in batch.changes)

    def _send(self, batch: Batch) -> list[Outcome]:
        for kind in dict.fromkeys(change.kind for change in batch.changes):
            self._catalogue.fields(kind)  # an object that is not there stops the batch, with one call
        if batch.groups:
            return self._send_graphs(batch.groups)
        if batch.changes[0].op is Op.REMOVE:
            return self._send_removals(batch.changes)
        try:
            return self._send_rows(batch.changes)
        except PauseMapping as fault:
            if fault.code != "INVALID_FIELD":
                raise
        # a field was hidden or removed since we asked: now only the changes that need it are refused
        self._catalogue.forget(batch.changes[0].kind)
        return self._send_rows(batch.changes)

    # collections (REST API Developer Guide, "sObject Collections")

    def _send_rows(self, changes: Sequence[Change]) -> list[Outcome]:
        """Upserts by one key field, or updates, of one kind."""
        first, refused, sent, rows = changes[0], [], [], []
        for change in changes:
            try:
                rows.append(self._row(change))
                sent.append(change)
            except (PauseMapping, Rejected) as fault:
                refused.append(Outcome(change, fault=fault))
        if not rows:
            return refused
        upsert = f"/{first.kind}/{first.by}" if first.op is Op.UPSERT else ""
        body = BODY.encode({"allOrNone": False, "records": rows})
        answer = self._wire.write("PATCH", f"composite/sobjects{upsert}", body, kind=first.kind)
        return refused + self._outcomes(sent, answer.read(ROWS))

    def _row(self, change: Change) -> Json:
        name = change.by if change.op is Op.UPSERT else "id"
        key = self._key(change) if change.op is Op.UPSERT else long_id(change.key)
        return {"attributes": {"type": change.kind}, **self._values(change), name: key}

    def _send_removals(self, changes: Sequence[Change]) -> list[Outcome]:
        ids = self._ids(changes)
        absent = [Outcome(change) for change in changes if change.id not in ids]
        present = [change for change in changes if change.id in ids]
        if not present:
            return absent
        path = f"composite/sobjects?ids={','.join(ids[change.id] for change in present)}&allOrNone=false"
        results = self._wire.write("DELETE", path, kind=changes[0].kind).read(ROWS)
        return absent + self._outcomes(present, results)

    def _ids(self, changes: Sequence[Change]) -> dict[str, str]:
        """Record ids of what is to be removed, by change id; what is not there is left out."""
        found = {change.id: long_id(change.key) for change in changes if change.by == "id"}
        by_field: dict[tuple[str, str], list[Change]] = {}
        for change in changes:
            if change.by != "id":
                by_field.setdefault((change.kind, change.by), []).append(change)
        for (kind, by), some in by_field.items():
            records = self._reader.read(kind, [change.key for change in some], [by], by)
            # the CRM compares without case; we remove only what carries exactly our key
            ids = {record.values[0]: record.ref.id for record in records}
            found |= {change.id: ids[change.key] for change in some if change.key in ids}
        return found

    def _outcomes(self, changes: Sequence[Change], results: list[RowResult]) -> list[Outcome]:
        if len(changes) != len(results):
            raise InDoubt(f"{self._name}: {len(results)} results for {len(changes)} rows; they are read back")
        return [self._outcome(change, result) for change, result in zip(changes, results, strict=True)]

    def _outcome(self, change: Change, result: RowResult) -> Outcome:
        if result.success:
            return Outcome(change, record_id=result.id, created=result.created)
        fault = row_fault(self._place(change), result.errors)
        if change.op is Op.REMOVE and isinstance(fault, Gone):
            return Outcome(change)
        return Outcome(change, fault=fault)

    # graphs (REST API Developer Guide, "Composite Graph")

    def _send_graphs(self, groups: Sequence[Sequence[Change]]) -> list[Outcome]:
        ids = self._ids([change for group in groups for change in group if change.op is Op.REMOVE])
        outcomes: list[Outcome] = []
        sent: list[list[Change]] = []
        graphs: list[Json] = []
        for group in groups:
            todo = [change for change in group if change.op is not Op.REMOVE or change.id in ids]
            try:
                if len(todo) > NODES_PER_CALL:
                    raise Rejected(f"{self._name}: {len(todo)} changes in one group; at most {NODES_PER_CALL} fit")
                nodes = [self._node(number, change, ids) for number, change in enumerate(todo)]
            except (PauseMapping, Rejected) as fault:
                outcomes += [Outcome(change, fault=fault) for change in group]
                continue
            outcomes += [Outcome(change) for change in group if change not in todo]
            if nodes:
                graphs.append({"graphId": str(len(sent)), "compositeRequest": nodes})
                sent.append(todo)
        return outcomes + self._posted(sent, graphs) if graphs else outcomes

    def _posted(self, sent: Sequence[Sequence[Change]], graphs: Sequence[Json]) -> list[Outcome]:
        answer = self._wire.write("POST", "composite/graph", BODY.encode({"graphs": graphs}), kind=sent[0][0].kind)
        results = {result.graphId: result for result in answer.read(GRAPHS).graphs}
        if results.keys() != {graph["graphId"] for graph in graphs}:
            raise InDoubt(f"{self._name}: {len(results)} results for {len(graphs)} graphs; they are read back")
        return [
            outcome
            for number, group in enumerate(sent)
            for outcome in self._graph_outcomes(group, results[str(number)])
        ]

    def _node(self, number: int, change: Change, ids: Mapping[str, str]) -> Json:
        kind = quote(change.kind, safe="")
        place = f"/services/data/{self._wire.version}/sobjects/{kind}"
        node: Json = {"method": "PATCH", "referenceId": f"n{number}"}
        match change.op:
            case Op.REMOVE:
                return node | {"method": "DELETE", "url": f"{place}/{ids[change.id]}"}
            case Op.UPDATE:
                return node | {"url": f"{place}/{long_id(change.key)}", "body": self._values(change)}
            case Op.UPSERT:
                key = quote(str(self._key(change)), safe="")
                return node | {"url": f"{place}/{quote(change.by, safe='')}/{key}", "body": self._values(change)}

    def _graph_outcomes(self, group: Sequence[Change], graph: Graph) -> list[Outcome]:
        nodes = graph.graphResponse.compositeResponse
        if graph.isSuccessful and len(nodes) == len(group):
            return [_written(change, node) for change, node in zip(group, nodes, strict=True)]
        failed = [(change, node) for change, node in zip(group, nodes, strict=False) if node.httpStatusCode >= 400]
        if not failed:
            fault: CrmError = InDoubt(f"{self._name}: a graph without a usable answer; its rows are read back")
        else:
            fault = self._culprit(failed)
        return [Outcome(change, fault=fault) for change in group]

    def _culprit(self, failed: Sequence[tuple[Change, Node]]) -> CrmError:
        """The fault of the node that stopped its graph; the others were only rolled back (TryAgain)."""
        faults = [row_fault(self._place(change), node.body) for change, node in failed]
        for change, _ in failed:
            self._catalogue.forget(change.kind)  # a field may have been hidden since we asked
        bystanders = ("PROCESSING_HALTED", "ALL_OR_NONE_OPERATION_ROLLED_BACK")
        return next((fault for fault in faults if fault.code not in bystanders), faults[0])

    # values

    def _key(self, change: Change) -> object:
        info = self._field(change, change.by)
        if not info.unique:
            raise Rejected(f"{self._place(change)}: {change.by} is not unique; map the key to a unique external id")
        return self._value(change, info, change.key)

    def _values(self, change: Change) -> Json:
        return {name: self._value(change, self._field(change, name), text) for name, text in change.values}

    def _field(self, change: Change, name: str) -> FieldInfo:
        info = self._catalogue.fields(change.kind).get(name)
        if info is None:
            message = f"{self._place(change)}: no field {name} for us; correct the mapping or give access to it"
            raise PauseMapping(message, kind=change.kind, field=name)
        if not info.writable:
            message = f"{self._place(change)}: {name} is read-only for us; correct the mapping or give access to it"
            raise PauseMapping(message, kind=change.kind, field=name)
        return info

    def _value(self, change: Change, info: FieldInfo, text: Text) -> object:
        """A value as Salesforce's JSON wants it. A checkbox cannot be empty: clearing it unticks it."""
        if info.type is FieldType.BOOLEAN and text is None:
            return False
        if text is None:
            return None
        if not spelt(info.type, text):
            raise Rejected(f"{self._place(change)}: {info.name}: {text!r} is no {info.type}; correct the value")
        match info.type:
            case FieldType.NUMBER:
                return Decimal(text)
            case FieldType.BOOLEAN:
                return text == "true"
            case FieldType.REFERENCE:
                return long_id(text)
        return text

    def _place(self, change: Change) -> Place:
        return self._wire.place(change.kind)


def _written(change: Change, node: Node) -> Outcome:
    body = node.body if isinstance(node.body, dict) else {}
    known = long_id(change.key) if change.op is Op.UPDATE else None
    return Outcome(change, record_id=body.get("id") or known, created=node.httpStatusCode == 201)


def _collections(changes: Sequence[Change]) -> Iterator[Batch]:
    """Changes without a group, by what one call takes; a second change of one record goes into a later call."""
    times: dict[tuple[str, str, str], int] = {}
    alike: dict[tuple[int, Op, str, str], list[Change]] = {}
    for change in changes:
        if change.group:
            continue
        record = (change.kind, change.by, change.key)
        times[record] = times.get(record, 0) + 1
        by = change.by if change.op is not Op.UPDATE else ""
        alike.setdefault((times[record], change.op, change.kind, by), []).append(change)
    for _, call in sorted(alike.items(), key=lambda item: item[0][0]):
        for start in range(0, len(call), ROWS_PER_CALL):
            yield Batch(call[start : start + ROWS_PER_CALL])


def _graph_calls(changes: Sequence[Change]) -> Iterator[Batch]:
    """Changes with a group, as many whole groups as one call takes."""
    grouped = [change for change in changes if change.group]
    for groups in calls(grouped, NODES_PER_CALL, GRAPHS_PER_CALL):
        yield Batch([change for group in groups for change in group], groups)
