"""A count of calls that the processes of one store share, so that together they stay below a CRM's seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from connector.budget import LIMITS, CallCount, Limits
from sync.store import runs
from sync.store.dialect import moment
from sync.store.opening import Store

_CALLS: Final = "calls:"


class SharedCount(CallCount):
    """A `connector.crm.Ledger`: days are counted here and by the CRM itself, seconds by all processes together.

    Until `share` it is alone: a sign-in that fails leaves no store behind.
    """

    def __init__(
        self, limits: Limits = LIMITS, *, now: Callable[[], datetime], percent: Mapping[str, int] | None = None
    ) -> None:
        super().__init__(limits, now=now, percent=percent)
        self._store: Store | None = None

    def share(self, store: Store) -> None:
        """From now on with the other processes of ``store``, on the clock of its database."""
        self._store = store

    def take(self, connection: str, limit: str, calls: int = 1) -> float:
        """See `connector.crm.Ledger.take`. Raises BadInput where the store cannot be used."""
        quick = [bucket for bucket in self._limits.get(limit, ()) if not bucket.daily]
        if self._store is None or not quick:
            return super().take(connection, limit, calls)
        name = f"{_CALLS}{connection}:{limit}"
        with self._store.write() as writing:
            now = moment(writing)
            kept = [entry for entry in _kept(runs.recall(writing, name)) if entry[0] <= now.timestamp()]
            spent = [(datetime.fromtimestamp(at, UTC), number) for at, number in kept]
            wait = max(bucket.wait(spent, now, calls) for bucket in quick) or super().take(connection, limit, calls)
            if wait > 0:
                return wait
            longest = max(bucket.seconds for bucket in quick)
            left = [entry for entry in kept if entry[0] > now.timestamp() - longest]
            runs.remember(writing, name, msgspec.json.encode([*left, (now.timestamp(), calls)]).decode())
        return 0.0


def _kept(said: str | None) -> list[tuple[float, int]]:
    return msgspec.json.decode(said, type=list[tuple[float, int]]) if said else []
