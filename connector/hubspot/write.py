"""Writes records in batches, then their associations; every change gets its outcome by name, never by position.

Source: developers.hubspot.com, "Using object APIs" (batch upsert, update, archive; objectWriteTraceId).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from connector.errors import (
    CrmError,
    Gone,
    InDoubt,
    Locked,
    PauseMapping,
    PauseUntil,
    SkipRecord,
    StopCrm,
    TryAgain,
)
from connector.hubspot import routes
from connector.hubspot.answers import Answer, Row, Rows
from connector.hubspot.describe import Portal
from connector.hubspot.errors import LOCKED_CODES, Refusal, fault
from connector.hubspot.gateway import Gateway
from connector.hubspot.links import LINK_BATCH, MARK, Links
from connector.hubspot.merging import Merged, rounds
from connector.hubspot.narrow import narrowed
from connector.hubspot.preflight import SCHEMA_CODES, not_kept, refused
from connector.hubspot.read import Reader
from connector.hubspot.routes import Route
from connector.hubspot.splits import SPLITS, Splits
from connector.record import Change, Op, Outcome

A = TypeVar("A")
STOPS = (TryAgain, PauseUntil, StopCrm)
"""After these, nothing more is sent: the limit holds for the rest too, and later changes must not overtake."""


class Writer:
    """Writes to one portal."""

    def __init__(self, gateway: Gateway, portal: Portal, reader: Reader, links: Links, splits: Splits) -> None:
        self._gateway, self._portal, self._reader, self._links = gateway, portal, reader, links
        self._splits = splits

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """See `connector.crm.Crm.write`. A record that is locked holds up its own later changes, and no others."""
        written = _Written()
        for calls in rounds(changes):
            unlinked: list[Outcome] = []
            for outcome in self._records(calls, written):
                if outcome.fault or not _linked(outcome.change):
                    yield outcome
                else:
                    unlinked.append(outcome)
                if len(unlinked) >= LINK_BATCH:
                    yield from self._associated(unlinked)
                    unlinked = []
            yield from self._associated(unlinked)

    def _records(self, calls: Sequence[Sequence[Merged]], written: _Written) -> Iterator[Outcome]:
        """Outcomes of the records themselves, without their associations."""
        for call in calls:
            held = [merged for merged in call if _record(merged.change) in written.locked]
            yield from (Outcome(part, fault=written.locked[_record(part)]) for each in held for part in each.parts)
            free = [merged for merged in call if merged not in held]
            if written.stop:
                yield from (Outcome(part, fault=written.stop) for merged in free for part in merged.parts)
                continue
            for outcome in self._parted(free, written.asked_again) if free else ():
                written.note(outcome)
                yield outcome

    def _parted(self, call: Sequence[Merged], asked_again: set[str]) -> Iterator[Outcome]:
        """The outcome of each part. A refusal of a merged change is about one part of it: each is sent alone."""
        parts = {merged.parts[0].id: merged.parts for merged in call}
        for outcome in self._written([merged.change for merged in call], asked_again):
            mine = parts[outcome.change.id]
            if len(mine) > 1 and isinstance(outcome.fault, SkipRecord | PauseMapping):
                for part in mine:
                    yield from self._written([part], asked_again)
            else:
                yield from (replace(outcome, change=part) for part in mine)

    def _written(self, call: Sequence[Change], asked_again: set[str]) -> Iterator[Outcome]:
        if call[0].kind == SPLITS:
            yield from self._splits.write(call)
            return
        try:
            self._portal.know(call[0].kind)
            wrong = {} if call[0].op is Op.REMOVE else refused(self._gateway.name, self._portal, call, asked_again)
        except CrmError as error:
            yield from _all(call, error)
            return
        yield from (Outcome(change, fault=wrong[change.id]) for change in call if change.id in wrong)
        good = [change for change in call if change.id not in wrong]
        if good:
            yield from self._removed(good) if good[0].op is Op.REMOVE else self._sent(good)

    def _sent(self, call: Sequence[Change]) -> Iterator[Outcome]:
        bare = [change for change in call if change.op is Op.UPDATE and not _properties(change)]
        rest = [change for change in call if change not in bare]
        outcomes = [Outcome(change, record_id=change.key) for change in bare]
        for sent, answer in narrowed(self._send, rest, _names_field) if rest else ():
            outcomes += _all(sent, answer) if isinstance(answer, CrmError) else self._outcomes(sent, answer)
        if any(outcome.fault and outcome.fault.code in SCHEMA_CODES for outcome in outcomes):
            self._portal.forget(call[0].kind)  # it has changed since we were told
        yield from (_unlocked(outcome) for outcome in outcomes)

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
        return self._batch(routes.UPSERT if upsert else routes.UPDATE, call[0].kind, inputs)

    def _batch(self, route: Route[A], kind: str, inputs: Sequence[Mapping[str, Any]]) -> A:
        try:
            return self._gateway.send(route, kind, body={"inputs": inputs})
        except TryAgain as busy:
            if busy.code in LOCKED_CODES:  # of one record: the call is narrowed down to it
                raise Locked(busy.message, code=busy.code) from busy
            raise

    def _outcomes(self, call: Sequence[Change], answer: Rows) -> Iterator[Outcome]:
        traced = {row.object_write_trace_id: row for row in answer.results}
        keyed = {_key(row, call[0]).lower(): row for row in answer.results}
        faults = self._faults(call[0].kind, answer)
        known = self._portal.properties(call[0].kind)
        for place, change in enumerate(call):
            row = traced.get(str(place)) or keyed.get(change.key.lower())
            if row:
                yield Outcome(change, row.id, row.new, not_kept(self._gateway.name, known, change, row))
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
            return self._batch(routes.ARCHIVE, some[0].kind, [{"id": ids[change.key]} for change in some])

        for sent, answer in narrowed(archive, there) if there else ():
            failure = answer if isinstance(answer, CrmError) and not isinstance(answer, Gone) else None
            yield from (_unlocked(Outcome(change, ids[change.key], fault=failure)) for change in sent)

    def _ids(self, call: Sequence[Change]) -> dict[str, str]:
        """The id of each record to remove, by key; HubSpot archives by id only."""
        kind, by, keys = call[0].kind, call[0].by, [change.key for change in call]
        if by == "id":
            return dict(zip(keys, keys, strict=True))
        return {row.properties.get(by) or "": row.id for row in self._reader.rows(kind, keys, [by], by)}

    def _associated(self, outcomes: Sequence[Outcome]) -> Iterator[Outcome]:
        """A change is written only when its associations are, too."""
        wanted: dict[tuple[str, str], dict[str, frozenset[str]]] = defaultdict(dict)
        for outcome in outcomes:
            for name, value in outcome.change.values:
                if MARK in name and outcome.record_id:
                    ids = frozenset(value.split(";") if value else ())
                    wanted[outcome.change.kind, name][outcome.record_id] = ids
        new = {outcome.record_id for outcome in outcomes if outcome.record_id and outcome.created}
        failed: dict[tuple[str, str], CrmError] = {}
        for (kind, name), sets in wanted.items():
            failed |= {(kind, record_id): fault for record_id, fault in self._link(kind, name, sets, new).items()}
        for outcome in outcomes:
            yield replace(outcome, fault=failed.get((outcome.change.kind, outcome.record_id or "")))

    def _link(
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


@dataclass
class _Written:
    """What the calls of one write have met so far."""

    stop: CrmError | None = None
    locked: dict[tuple[str, str], CrmError] = field(default_factory=dict)
    asked_again: set[str] = field(default_factory=set)

    def note(self, outcome: Outcome) -> None:
        """Remember a fault that concerns later calls."""
        if isinstance(outcome.fault, TryAgain) and outcome.fault.code in LOCKED_CODES:
            self.locked[_record(outcome.change)] = outcome.fault
        elif isinstance(outcome.fault, STOPS):
            self.stop = outcome.fault


def _linked(change: Change) -> bool:
    return any(MARK in name for name, _ in change.values)


def _record(change: Change) -> tuple[str, str]:
    return change.kind, change.key


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


def _unlocked(outcome: Outcome) -> Outcome:
    """A lock lasts two seconds: the change is tried again then, not in a later run."""
    if isinstance(outcome.fault, Locked):
        again = TryAgain(outcome.fault.message, code=outcome.fault.code, after=LOCK_SECONDS)
        return replace(outcome, fault=again)
    return outcome


LOCK_SECONDS = 2.0
