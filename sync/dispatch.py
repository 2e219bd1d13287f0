"""Hands recorded writes over: sets at once, changes that stand alone when there are enough for a bulk job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from connector.crm import Crm
from sync.apply import Sent, apply
from sync.model.plan import PlannedChange
from sync.store import claims
from sync.store.opening import Store
from sync.store.outbox import Entry


@dataclass
class Dispatch:
    """What of one run is recorded and not yet sent: at most one bulk job of each object, however large the run.

    A crash loses nothing of it: what was recorded and never sent is decided afresh. Nothing is sent of groups that
    another worker than ``token`` has by now: LostTurn is raised.
    """

    store: Store
    crms: Mapping[str, Crm]
    now: datetime
    token: str
    _waiting: dict[tuple[str, str, str], list[Entry]] = field(default_factory=dict)

    def send(self, entries: Sequence[Entry]) -> Iterator[Sent]:
        """Send some recorded writes; those that a bulk job may take wait for one to be full, or for `rest`."""
        ready = []
        for entry in entries:
            if size := self._job_size(entry.change):
                place = entry.change.connection, entry.change.object, entry.change.by
                some = self._waiting.setdefault(place, [])
                some.append(entry)
                if len(some) == size:
                    ready += self._waiting.pop(place)
            else:
                ready.append(entry)
        return self._apply(ready)

    def rest(self) -> Iterator[Sent]:
        """Send what still waits."""
        while self._waiting:
            _, entries = self._waiting.popitem()
            yield from self._apply(entries)

    def _apply(self, entries: Sequence[Entry]) -> Iterator[Sent]:
        groups = sorted({entry.group_id for entry in entries})
        fence = partial(claims.fence, token=self.token, groups=groups)
        return apply(self.store, self.crms, entries, self.now, fence=fence)

    def _job_size(self, change: PlannedChange) -> int:
        """How many changes like this one a bulk job takes; 0: it is sent at once."""
        crm = self.crms.get(change.connection)
        return crm.can.bulk_batch if crm and crm.can.bulk_from and not change.group else 0
