"""Composite graphs: each group of changes lands whole or not at all, up to 75 groups in one call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from connector.errors import CrmError, InDoubt, PauseMapping, Rejected
from connector.record import Change, Op, Outcome
from connector.salesforce.collection import Collections
from connector.salesforce.decode import GRAPHS, Graph, Node, long_id
from connector.salesforce.encode import Encoder
from connector.salesforce.errors import row_fault
from connector.salesforce.natives import NATIVES, Natives, Step
from connector.salesforce.org import BODY, Json, Org

GRAPHS_PER_CALL, NODES_PER_CALL = 75, 500
BYSTANDERS = ("PROCESSING_HALTED", "ALL_OR_NONE_OPERATION_ROLLED_BACK")
"""What rows say that were only rolled back with another one."""


@dataclass(frozen=True, slots=True)
class Stepped:
    """One step of a change: most changes are one request, a native partner is up to two, and some are none."""

    change: Change
    step: Step


Graphed = tuple[Sequence[Change], list[Stepped]]
"""A group, and the nodes of its graph."""


class Atomic:
    """Sends groups (REST API Developer Guide, "Composite Graph")."""

    def __init__(self, org: Org, encoder: Encoder, collections: Collections, natives: Natives) -> None:
        self._org = org
        self._encoder = encoder
        self._collections = collections
        self._natives = natives

    def send(self, groups: Sequence[Sequence[Change]]) -> Iterator[Outcome]:
        """The outcomes of as many groups as one call takes. Raises what stops the whole call."""
        steps = self._steps([change for group in groups for change in group])
        sent: list[Graphed] = []
        for group in groups:
            fault = self._refusal(group, steps)
            todo = [] if fault else [Stepped(change, step) for change in group for step in _listed(steps, change)]
            if fault or not todo:
                yield from (Outcome(change, fault=fault) for change in group)
                continue
            if sum(len(nodes) for _, nodes in sent) + len(todo) > NODES_PER_CALL:
                yield from self._posted(sent)
                sent = []
            sent.append((group, todo))
        yield from self._posted(sent) if sent else ()

    def _steps(self, changes: Sequence[Change]) -> dict[str, list[Step] | CrmError]:
        """What each change takes, by change id."""
        for kind in dict.fromkeys(change.kind for change in changes):
            self._org.catalogue.fields(kind)  # an object that is not there stops the call before it is sent
        plain = [change for change in changes if change.kind not in NATIVES]
        ids = self._collections.ids([change for change in plain if change.op is Op.REMOVE])
        steps = self._natives.steps([change for change in changes if change.kind in NATIVES])
        for change in plain:
            try:
                steps[change.id] = self._plain(change, ids)
            except (PauseMapping, Rejected) as fault:
                steps[change.id] = fault
        return steps

    def _plain(self, change: Change, ids: Mapping[str, str]) -> list[Step]:
        kind = f"sobjects/{quote(change.kind, safe='')}"
        match change.op:
            case Op.REMOVE:
                return [Step("DELETE", f"{kind}/{ids[change.id]}")] if change.id in ids else []
            case Op.UPDATE:
                return [Step("PATCH", f"{kind}/{long_id(change.key)}", self._encoder.values(change))]
            case Op.UPSERT:
                key = quote(str(self._encoder.key(change)), safe="")
                path = f"{kind}/{quote(change.by, safe='')}/{key}"
                return [Step("PATCH", path, self._encoder.values(change))]

    def _refusal(self, group: Sequence[Change], steps: Mapping[str, list[Step] | CrmError]) -> CrmError | None:
        """Why a group cannot be sent."""
        for change in group:
            if isinstance(fault := steps[change.id], CrmError):
                return fault
        count = sum(len(_listed(steps, change)) for change in group)
        if count <= NODES_PER_CALL:
            return None
        return Rejected(f"{self._org.name}: {count} changes in one group; at most {NODES_PER_CALL} fit")

    def _posted(self, sent: Sequence[Graphed]) -> list[Outcome]:
        graphs = [
            {"graphId": str(number), "compositeRequest": [self._node(*item) for item in enumerate(todo)]}
            for number, (_, todo) in enumerate(sent)
        ]
        kind = sent[0][0][0].kind
        body = BODY.encode({"graphs": graphs})
        answer = self._org.wire.write("POST", "composite/graph", body, kind=kind, headers=self._org.headers)
        results = {result.graphId: result for result in answer.read(GRAPHS).graphs}
        if results.keys() != {graph["graphId"] for graph in graphs}:
            raise InDoubt(f"{self._org.name}: {len(results)} results for {len(graphs)} graphs; they are read back")
        return [
            outcome
            for number, (group, todo) in enumerate(sent)
            for outcome in self._outcomes(group, todo, results[str(number)])
        ]

    def _node(self, number: int, stepped: Stepped) -> Json:
        step = stepped.step
        node = {"method": step.method, "url": self._org.url(step.path), "referenceId": f"n{number}"}
        return node if step.body is None else node | {"body": step.body}

    def _outcomes(self, group: Sequence[Change], todo: Sequence[Stepped], graph: Graph) -> list[Outcome]:
        nodes = graph.graphResponse.compositeResponse
        if graph.isSuccessful and len(nodes) == len(todo):
            answered = {one.change.id: node for one, node in zip(todo, nodes, strict=True)}
            return [_written(change, answered.get(change.id)) for change in group]
        failed = [(one, node) for one, node in zip(todo, nodes, strict=False) if node.httpStatusCode >= 300]
        if not failed:
            message = f"{self._org.name}: a graph without a usable answer; its rows are read back"
            return [Outcome(change, fault=InDoubt(message)) for change in group]
        fault = self._culprit(failed)
        return [Outcome(change, fault=fault) for change in group]

    def _culprit(self, failed: Sequence[tuple[Stepped, Node]]) -> CrmError:
        """The fault of the node that stopped its graph; the others were only rolled back (TryAgain)."""
        faults = [row_fault(self._encoder.place(one.change), node.body) for one, node in failed]
        for one, _ in failed:
            self._org.catalogue.forget(one.change.kind)  # a field may have been hidden since we asked
        return next((fault for fault in faults if fault.code not in BYSTANDERS), faults[0])


def _listed(steps: Mapping[str, list[Step] | CrmError], change: Change) -> list[Step]:
    found = steps[change.id]
    return [] if isinstance(found, CrmError) else found


def _written(change: Change, node: Node | None) -> Outcome:
    """``node`` is the answer to the last step of the change; without one there was nothing to do."""
    body = node.body if node and isinstance(node.body, dict) else {}
    known = long_id(change.key) if change.op is Op.UPDATE else None
    return Outcome(change, record_id=body.get("id") or known, created=bool(node and node.httpStatusCode == 201))
