"""Writes changes the cheapest way that keeps their promise: collections, one graph for each group, or a bulk job.

========================================= ============================== ==========================================
what                                       how                            API calls
========================================= ============================== ==========================================
changes of a group, native lists           composite graph                ceil(groups / min(75, 500 // group size))
other changes                              five collections of 200 rows   ceil(rows / 1000)
`ingest.FEWEST_ROWS` alike and more        Bulk API 2.0 ingest            6 + looks, for 10,000 rows
========================================= ============================== ==========================================

Every write may be repeated: an upsert by an external id that is ours, an update by id, a removal. Salesforce
offers no condition on any of these batches (If-Unmodified-Since is for single rows, and blind within a second), so
whoever must not overwrite a newer value looks just before it writes, as `sync.apply` does.

Rows that were refused because somebody holds their parent (UNABLE_TO_LOCK_ROW), or because the org's automation ran
out of time over so many, come back as TryAgain. When they are written again they go last and in small calls, parent
by parent, so that they hold up nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from connector.crm import Settings
from connector.errors import CrmError, PauseUntil, StopCrm, TryAgain
from connector.grouping import calls, groups
from connector.record import Change, Op, Outcome
from connector.salesforce.collection import COLLECTION, COLLECTIONS, ROWS_PER_CALL, Collections
from connector.salesforce.describe import Catalogue
from connector.salesforce.encode import Encoder
from connector.salesforce.errors import WRAPPERS
from connector.salesforce.graph import GRAPHS_PER_CALL, NODES_PER_CALL, Atomic
from connector.salesforce.ingest import Ingest
from connector.salesforce.natives import NATIVES, Natives
from connector.salesforce.org import Org, headers
from connector.salesforce.query import Reader
from connector.salesforce.wire import Wire

__all__ = ["ROWS_PER_CALL", "Writer"]
CROWDED = ("UNABLE_TO_LOCK_ROW", *WRAPPERS)
LOCKED_ROWS = 20
"""Rows of one call once their parent was found locked."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The changes of one call, and what sends them."""

    changes: Sequence[Change]
    send: Callable[[], Iterable[Outcome]]


class Writer:
    """Everything that is written to one org."""

    def __init__(self, name: str, wire: Wire, catalogue: Catalogue, reader: Reader, settings: Settings) -> None:
        org = Org(name, wire, catalogue, reader, headers(settings))
        self._encoder = Encoder(wire, catalogue)
        self._collections = Collections(org, self._encoder)
        self.natives = Natives(org, self._encoder)
        self._atomic = Atomic(org, self._encoder, self._collections, self.natives)
        self._ingest = Ingest(org, self._encoder)
        self._ingest.usable = settings.get("duplicates") != "allow"  # a job has no header to say so
        self._locked: set[str] = set()  # parents that somebody held when we last wrote to them

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """See `connector.crm.Crm.write`."""
        self._ingest.give_up({change.id for change in changes})
        together = [change for change in changes if change.group or change.kind in NATIVES]
        alone = [change for change in changes if not (change.group or change.kind in NATIVES)]
        batches = [*self._by_rows(alone), *self._by_groups(together)]
        for number, batch in enumerate(batches):
            left = {change.id: change for change in batch.changes}
            try:
                for outcome in batch.send():
                    del left[outcome.change.id]
                    yield self._noted(outcome)
            except (TryAgain, PauseUntil, StopCrm) as fault:
                later = (change for rest in batches[number + 1 :] for change in rest.changes)
                yield from (Outcome(change, fault=fault) for change in [*left.values(), *later])
                return
            except CrmError as fault:
                yield from (Outcome(change, fault=fault) for change in left.values())

    def _noted(self, outcome: Outcome) -> Outcome:
        """Remembers which parents are locked, for the next writing."""
        if outcome.fault is None:
            self._locked.discard(self._encoder.parent(outcome.change))
        elif isinstance(outcome.fault, TryAgain) and outcome.fault.code in CROWDED:
            self._locked.add(self._encoder.parent(outcome.change))
        return outcome

    def _is_locked(self, change: Change) -> bool:
        return bool(self._locked) and self._encoder.parent(change) in self._locked

    def _by_rows(self, changes: Sequence[Change]) -> Iterator[Batch]:
        """Bulk jobs, collections, and at last the rows of locked parents."""
        alike = _alike(changes)
        once = all(times == 1 for times, *_ in alike)
        jobs = [job for some in alike.values() for job in self._ingest.takes(some)] if once else []
        yield from (Batch(job, partial(self._by_job, job)) for job in jobs)
        taken = {change.id for job in jobs for change in job}
        rest = [[change for change in some if change.id not in taken] for some in alike.values()]
        free = [[change for change in some if not self._is_locked(change)] for some in rest]
        yield from self._called([chunk for some in free for chunk in self._chunks(some, COLLECTION)], COLLECTIONS)
        held = [[change for change in some if self._is_locked(change)] for some in rest]
        yield from self._called([chunk for some in held for chunk in self._chunks(some, LOCKED_ROWS)], 1)

    def _by_job(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """A job that is refused or ends early is finished by collections."""
        outcomes, left = self._ingest.send(changes)
        yield from outcomes
        for batch in self._called(list(self._chunks(left, COLLECTION)), COLLECTIONS):
            yield from batch.send()

    def _chunks(self, changes: Sequence[Change], size: int) -> Iterator[Sequence[Change]]:
        by_parent = sorted(changes, key=self._encoder.parent)
        yield from (by_parent[start : start + size] for start in range(0, len(by_parent), size))

    def _called(self, chunks: Sequence[Sequence[Change]], count: int) -> Iterator[Batch]:
        for start in range(0, len(chunks), count):
            some = chunks[start : start + count]
            changes = [change for chunk in some for change in chunk]
            yield Batch(changes, partial(self._collections.send, some))

    def _by_groups(self, changes: Sequence[Change]) -> Iterator[Batch]:
        """As many whole groups as one call takes; the groups of locked parents are the last."""
        found = list(groups(changes))
        held = [group for group in found if any(map(self._is_locked, group))]
        free = [group for group in found if group not in held]
        for some in (free, held):
            for call in calls([change for group in some for change in group], NODES_PER_CALL, GRAPHS_PER_CALL):
                flat = [change for group in call for change in group]
                yield Batch(flat, partial(self._atomic.send, call))


def _alike(changes: Sequence[Change]) -> dict[tuple[int, str, str, str], list[Change]]:
    """Changes that one collection takes; a second change of one record goes into a later one."""
    times: dict[tuple[str, str, str], int] = {}
    alike: dict[tuple[int, str, str, str], list[Change]] = {}
    for change in changes:
        record = (change.kind, change.by, change.key)
        times[record] = times.get(record, 0) + 1
        by = change.by if change.op is not Op.UPDATE else ""
        alike.setdefault((times[record], change.op.value, change.kind, by), []).append(change)
    return dict(sorted(alike.items(), key=lambda item: item[0][0]))
