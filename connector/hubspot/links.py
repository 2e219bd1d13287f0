"""Association fields: ``companies#Primary`` is the ids of the companies linked under that label, ``deals#`` any."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.errors import CrmError, Gone, PauseMapping, TryAgain
from connector.hubspot import routes
from connector.hubspot.answers import Answer, AssociationType, CreatedRows, Problem, Target
from connector.hubspot.describe import Portal
from connector.hubspot.errors import Refusal, fault
from connector.hubspot.gateway import Gateway
from connector.hubspot.narrow import abreast, batches, narrowed
from connector.hubspot.routes import Route
from connector.record import Text

READ_BATCH = 1000
LINK_BATCH = 2000
UNLINK_BATCH = 100
MARK = "#"

Pair = tuple[str, str]
"""(id of the record, id of the associated record)."""


@dataclass(frozen=True, slots=True)
class Link:
    """An association field, resolved to this portal's association types."""

    kind: str
    other: str
    label: str
    types: tuple[AssociationType, ...]  # of the label; for any label, the plain one first

    def picked(self, held: Mapping[str, Sequence[Target]]) -> dict[str, list[str]]:
        """Which of each record's associated ones are linked under this label; an id may come twice.

        By type id, as labels can be renamed.
        """
        if not self.label:
            return {record_id: [str(target.to_object_id) for target in to] for record_id, to in held.items()}
        wanted = {(each.category, each.type_id) for each in self.types}
        return {
            record_id: [
                str(target.to_object_id)
                for target in to
                for each in target.association_types
                if (each.category, each.type_id) in wanted
            ]
            for record_id, to in held.items()
        }


class Links:
    """Reads and writes association fields. Source: developers.hubspot.com, "Associations v4"."""

    def __init__(self, gateway: Gateway, portal: Portal) -> None:
        self._gateway, self._portal = gateway, portal

    def resolve(self, kind: str, name: str) -> Link | None:
        """The association field of that name, or ``None`` where this portal does not have it."""
        other, _, label = name.partition(MARK)
        try:
            types = self._portal.labels(kind, other)
        except PauseMapping:
            return None
        found = tuple(each for each in types if each.label == (label or None))
        if not found and not label:
            found = tuple(types)
        return Link(kind, other, label, found) if found else None

    def of(self, links: Mapping[str, Link], ids: Sequence[str]) -> dict[str, dict[str, Text]]:
        """The associated ids of each record under several fields, as their values; none of a record that is gone.

        Fields of one object share their calls. Raises CrmError.
        """
        shared: dict[tuple[str, str], dict[str, Link]] = defaultdict(dict)
        for name, link in links.items():
            shared[link.kind, link.other][name] = link
        found: dict[str, dict[str, Text]] = {}
        reads = abreast(lambda place: self._read(*place, ids), list(shared))
        for same, held in zip(shared.values(), reads, strict=True):
            for name, link in same.items():
                found[name] = {record_id: text(to) for record_id, to in link.picked(held).items()}
        return found

    def targets(self, link: Link, ids: Sequence[str]) -> dict[str, frozenset[str]]:
        """The associated ids of each record; a record that is gone has no entry. Raises CrmError."""
        held = self._read(link.kind, link.other, ids)
        return {record_id: frozenset(to) for record_id, to in link.picked(held).items()}

    def _read(self, kind: str, other: str, ids: Sequence[str]) -> dict[str, list[Target]]:
        held: dict[str, list[Target]] = {record_id: [] for record_id in ids}
        waiting = [{"id": record_id} for record_id in held]
        while waiting:
            batch, waiting = waiting[:READ_BATCH], waiting[READ_BATCH:]
            answer = self._gateway.send(routes.LINKS, kind, other, body={"inputs": batch})
            for gone in self._without_source(kind, other, answer.errors):
                held.pop(gone, None)
            sent = {asked["id"]: asked.get("after") for asked in batch}
            for row in answer.results:
                if row.source.id in held:  # a record that was merged away may answer under another id
                    held[row.source.id] += row.to
                if row.source.id in sent and row.paging and row.paging.next:
                    waiting.append(self._next(kind, other, row.source.id, sent, str(row.paging.next.after)))
        return held

    def write(self, link: Link, wanted: Mapping[str, frozenset[str]], new: Collection[str]) -> dict[str, CrmError]:
        """Make each record's links exactly the wanted ones; returns what failed, by record.

        ``new`` records were created a moment ago: they have no links that need to be read.
        """
        try:
            current = self.targets(link, [record_id for record_id in wanted if record_id not in new])
        except CrmError as error:
            return dict.fromkeys(wanted, error)
        current |= {record_id: frozenset() for record_id in new if record_id in wanted}
        gone = Gone(f"{self._place(link.kind, link.other)}: the record was deleted. Fix: read it again")
        failed: dict[str, CrmError] = {record_id: gone for record_id in wanted if record_id not in current}
        alive = [record_id for record_id in wanted if record_id in current]
        missing = [(source, to) for source in alive for to in _sorted(wanted[source] - current[source])]
        failed |= self._connect(link, missing)
        extra = [(source, to) for source in alive for to in _sorted(current[source] - wanted[source])]
        return failed | self._disconnect(link, [pair for pair in extra if pair[0] not in failed])

    def _connect(self, link: Link, pairs: Sequence[Pair]) -> dict[str, CrmError]:
        failed: dict[str, CrmError] = {}

        def send(batch: Sequence[Pair]) -> CreatedRows:
            inputs = [_input(link, pair) for pair in batch]
            return self._gateway.send(routes.LINK, link.kind, link.other, body={"inputs": inputs})

        for batch in batches(pairs, LINK_BATCH):
            for sent, answer in narrowed(send, batch):
                if isinstance(answer, CrmError):
                    failed |= {source: answer for source, _ in sent}
                elif answer.errors:
                    made = {(str(row.from_object_id), str(row.to_object_id)) for row in answer.results}
                    error = self._fault(link, answer.errors[0])
                    failed |= {pair[0]: error for pair in sent if pair not in made}
        return failed

    def _disconnect(self, link: Link, pairs: Sequence[Pair]) -> dict[str, CrmError]:
        failed: dict[str, CrmError] = {}
        route: Route[Answer] = routes.UNLABEL if link.label else routes.UNLINK
        inputs = [(pair[0], _input(link, pair)) for pair in pairs] if link.label else _unlinks(pairs)

        def send(batch: Sequence[tuple[str, dict[str, Any]]]) -> Answer:
            body = {"inputs": [row for _, row in batch]}
            return self._gateway.send(route, link.kind, link.other, body=body)

        for batch in batches(inputs, UNLINK_BATCH):
            for sent, answer in narrowed(send, batch):
                if isinstance(answer, CrmError):
                    failed |= {source: answer for source, _ in sent}
        return failed

    def _without_source(self, kind: str, other: str, errors: Sequence[Problem]) -> list[str]:
        """The records that are gone. Having no association is how the empty set is spelt; all else is raised."""
        gone: list[str] = []
        for error in errors:
            said = str(error.get("subCategory", ""))
            if said.endswith("FROM_OBJECT_NOT_FOUND"):
                gone += (error.get("context") or {}).get("fromObjectId", [])
            elif not said.endswith("NO_ASSOCIATIONS_FOUND"):
                raise fault(Refusal(self._place(kind, other), kind, 207, error, reading=True))
        return gone

    def _next(
        self, kind: str, other: str, record_id: str, sent: Mapping[str, str | None], after: str
    ) -> dict[str, str]:
        if sent[record_id] == after:
            raise TryAgain(f"{self._place(kind, other)}: HubSpot repeats page {after} of record {record_id}")
        return {"id": record_id, "after": after}

    def _fault(self, link: Link, error: Problem) -> CrmError:
        return fault(Refusal(self._place(link.kind, link.other), link.kind, 207, error))

    def _place(self, kind: str, other: str) -> str:
        return f"{self._gateway.name}: associations of {kind} with {other}"


def text(ids: Collection[str]) -> Text:
    """Associated ids as a field's value, each once and by number, so that equal sets are equal texts."""
    return ";".join(ids if len(ids) < 2 else _sorted({*ids})) or None


def _sorted(ids: Iterable[str]) -> list[str]:
    return sorted(ids, key=lambda record_id: (len(record_id), record_id))


def _input(link: Link, pair: Pair) -> dict[str, Any]:
    kind = link.types[0]
    types = [{"associationCategory": kind.category, "associationTypeId": kind.type_id}]
    return {"from": {"id": pair[0]}, "to": {"id": pair[1]}, "types": types}


def _unlinks(pairs: Iterable[Pair]) -> list[tuple[str, dict[str, Any]]]:
    linked: dict[str, list[dict[str, str]]] = defaultdict(list)
    for source, to in pairs:
        linked[source].append({"id": to})
    return [(source, {"from": {"id": source}, "to": targets}) for source, targets in linked.items()]
