"""Writes records in batches, then their associations; every change gets its outcome by name, never by position.

Source: developers.hubspot.com, "Using object APIs" (batch upsert, update, archive; objectWriteTraceId).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connector.errors import CrmError, Gone, InDoubt, PauseMapping, PauseUntil, StopCrm, TryAgain
from connector.hubspot import routes
from connector.hubspot.answers import Answer, Row, Rows
from connector.hubspot.describe import Portal
from connector.hubspot.errors import Refusal, fault
from connector.hubspot.gateway import Gateway
from connector.hubspot.links import MARK, Links
from connector.hubspot.narrow import batches, narrowed
from connector.hubspot.read import Reader
from connector.record import Change, Op, Outcome

WRITE_BATCH = 100
STOPS = (TryAgain, PauseUntil, StopCrm)
"""After these, nothing more is sent: the limit holds for the rest too, and later changes must not overtake."""


class Writer:
    """Writes to one portal."""

    def __init__(self, gateway: Gateway, portal: Portal, reader: Reader, links: Links) -> None:
        self._gateway, self._portal, self._reader, self._links = gateway, portal, reader, links

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """See `connector.crm.Crm.write`."""
        stop: CrmError | None = None
        for call in _calls(changes):
            if stop:
                yield from _all(call, stop)
                continue
            for outcome in self._written(call):
                stop = outcome.fault if isinstance(outcome.fault, STOPS) else stop
                yield outcome

    def _written(self, call: Sequence[Change]) -> Iterator[Outcome]:
        try:
            self._portal.know(call[0].kind)
        except CrmError as error:
            yield from _all(call, error)
            return
        if call[0].op is Op.REMOVE:
            yield from self._removed(call)
            return
        bare = [change for change in call if change.op is Op.UPDATE and not _properties(change)]
        rest = [change for change in call if change not in bare]
        outcomes = [Outcome(change, record_id=change.key) for change in bare]
        for sent, answer in narrowed(self._send, rest, _names_field) if rest else ():
            outcomes += _all(sent, answer) if isinstance(answer, CrmError) else self._outcomes(sent, answer)
        yield from self._associated(outcomes)

    def _send(self, call: Sequence[Change]) -> Rows:
        upsert = call[0].op is Op.UPSERT
        inputs: list[dict[str, Any]] = [
            {
                "id": change.key,
                **({"idProperty": change.by} if upsert else {}),
                "properties": _properties(change),
                "objectWriteTraceId": str(place),
            }
            for place, change in enumerate(call)
        ]
        route = routes.UPSERT if upsert else routes.UPDATE
        return self._gateway.send(route, call[0].kind, body={"inputs": inputs})

    def _outcomes(self, call: Sequence[Change], answer: Rows) -> Iterator[Outcome]:
        traced = {row.object_write_trace_id: row for row in answer.results}
        keyed = {_key(row, call[0]): row for row in answer.results}
        faults = self._faults(call[0].kind, answer)
        for place, change in enumerate(call):
            row = traced.get(str(place)) or keyed.get(change.key)
            if row:
                yield Outcome(change, row.id, row.new)
            else:
                named = faults.get(("objectWriteTraceId", str(place))) or faults.get(("ids", change.key))
                yield Outcome(change, fault=named or faults.get(("", "")) or self._unmentioned(change))

    def _faults(self, kind: str, answer: Rows) -> Mapping[tuple[str, str], CrmError]:
        """Each error under the rows that its context names; one that names none under ``("", "")``."""
        found: dict[tuple[str, str], CrmError] = {}
        place = f"{self._gateway.name}: batch write of {kind}"
        for error in answer.errors:
            context = error.get("context") or {}
            named = [(key, str(name)) for key in ("objectWriteTraceId", "ids") for name in context.get(key, ())]
            found |= dict.fromkeys(named or [("", "")], fault(Refusal(place, kind, 207, error)))
        return found

    def _unmentioned(self, change: Change) -> CrmError:
        place = f"{self._gateway.name}: batch write of {change.kind}"
        return InDoubt(f"{place}: the answer does not mention {change.key!r}. Fix: it is read back")

    def _removed(self, call: Sequence[Change]) -> Iterator[Outcome]:
        try:
            ids = self._ids(call)
        except CrmError as error:
            yield from _all(call, error)
            return
        yield from (Outcome(change) for change in call if change.key not in ids)
        there = [change for change in call if change.key in ids]

        def archive(some: Sequence[Change]) -> Answer:
            inputs = [{"id": ids[change.key]} for change in some]
            return self._gateway.send(routes.ARCHIVE, some[0].kind, body={"inputs": inputs})

        for sent, answer in narrowed(archive, there) if there else ():
            failure = answer if isinstance(answer, CrmError) and not isinstance(answer, Gone) else None
            yield from (Outcome(change, ids[change.key], fault=failure) for change in sent)

    def _ids(self, call: Sequence[Change]) -> dict[str, str]:
        """The id of each record to remove, by key; HubSpot archives by id only."""
        kind, by, keys = call[0].kind, call[0].by, [change.key for change in call]
        if by == "id":
            return dict(zip(keys, keys, strict=True))
        return {row.properties.get(by) or "": row.id for row in self._reader.rows(kind, keys, [by], by)}

    def _associated(self, outcomes: Sequence[Outcome]) -> Iterator[Outcome]:
        """A change is written only when its associations are, too."""
        wanted: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)
        good = [outcome for outcome in outcomes if not outcome.fault and outcome.record_id]
        for outcome in good:
            for name, value in outcome.change.values:
                if MARK in name and outcome.record_id:
                    wanted[name][outcome.record_id] = frozenset(value.split(";") if value else ())
        new = {outcome.record_id for outcome in good if outcome.record_id and outcome.created}
        failed: dict[str, CrmError] = {}
        for name, ids in wanted.items():
            failed |= self._linked(outcomes[0].change.kind, name, ids, new)
        for outcome in outcomes:
            yield replace(outcome, fault=outcome.fault or failed.get(outcome.record_id or ""))

    def _linked(
        self, kind: str, name: str, wanted: Mapping[str, frozenset[str]], new: set[str]
    ) -> Mapping[str, CrmError]:
        try:
            link = self._links.resolve(kind, name)
        except CrmError as error:
            return dict.fromkeys(wanted, error)
        if link:
            return self._links.write(link, wanted, new)
        place = f"{self._gateway.name}: {kind} has no association {name!r}"
        fix = "Fix: create the label in HubSpot (dealsync init) or correct the mapping"
        return dict.fromkeys(wanted, PauseMapping(f"{place}. {fix}", kind=kind, field=name, code="NO_LABEL"))


def _calls(changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
    """Changes in calls that HubSpot takes: of one kind and op, no record twice, later changes of it later."""
    seen: Counter[tuple[str, str, str]] = Counter()
    groups: dict[tuple[int, Op, str, str], list[Change]] = defaultdict(list)
    for change in changes:
        record = (change.kind, change.by, change.key)
        groups[seen[record], change.op, change.kind, change.by].append(change)
        seen[record] += 1
    for _, group in sorted(groups.items(), key=lambda item: item[0][0]):
        yield from batches(group, WRITE_BATCH)


def _all(call: Sequence[Change], error: CrmError) -> list[Outcome]:
    return [Outcome(change, fault=error) for change in call]


def _properties(change: Change) -> dict[str, str]:
    """The values that are properties; the empty text clears one."""
    return {name: value or "" for name, value in change.values if MARK not in name}


def _key(row: Row, change: Change) -> str:
    return row.id if change.op is Op.UPDATE else row.properties.get(change.by) or ""


def _names_field(refusal: CrmError, change: Change) -> bool:
    """Whether the refusal is about a property that this change writes, whatever its value."""
    return isinstance(refusal, PauseMapping) and refusal.field in dict(change.values)
