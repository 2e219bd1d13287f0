"""The calls that all workers make, counted against the same limits in the store."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Final

import msgspec
from sqlalchemy import Connection

from connector.budget import LIMITS, PERCENT, Bucket, CallCount, Limits, Said, held, real
from sync.model.problem import BadInput
from sync.store.dialect import moment
from sync.store.opening import Store
from sync.store.runs import recall, remember

SHARE: Final = 20
"""A worker reserves this part of the smallest bucket at once, for this part of the shortest window."""
MOST: Final = 50
"""At most so many calls are reserved at once: a worker that dies takes no more with it."""
LONGEST: Final = 60.0
"""Seconds that a reservation is good for at most, and between two words of a CRM on its day that are kept."""
SLOTS: Final = 100
"""What was spent is kept in so many parts of a window, each dated by its end: never too early."""

MILLISECOND: Final = 0.001
"""The least that a database's clock tells apart: whoever waits exactly long enough is told to wait again."""

Key = tuple[str, str]
Slots = dict[str, int]


class Shared(msgspec.Struct):
    """What all workers spent: by the seconds of a bucket, calls by the moment (ms) until which they are made."""

    spent: dict[str, Slots] = {}
    said: Said | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """Calls of one class that may still be made today, of those that are ours: less what others have spent."""

    limit: str
    calls: int
    allowed: int


@dataclass(slots=True)
class Lot:
    """Calls reserved and not yet made: good from ``begins`` to ``ends`` of our clock, booked at the store's ``at``.

    It begins too, because a clock may be stepped back.
    """

    left: int
    begins: datetime
    ends: datetime
    at: datetime


@dataclass(slots=True)
class StoreLedger:
    """A `connector.crm.Ledger` for all workers of a store; alone, in memory, until `share` names the store.

    Calls are reserved a few at once, so that few of them cost a commit; what is reserved counts as made at the end
    of its time, so all workers together never exceed a limit. ``now`` is the clock (aware).
    """

    now: Callable[[], datetime]
    percent: Mapping[str, int] = field(default_factory=dict)
    limits: Limits = field(default_factory=lambda: LIMITS)
    calls: Counter[Key] = field(default_factory=Counter)
    _alone: CallCount = field(init=False)
    _store: Store | None = None
    _lots: dict[Key, Lot] = field(default_factory=dict)
    _learnt: dict[Key, datetime] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)

    def __post_init__(self) -> None:
        self._alone = CallCount(self.limits, now=self.now, percent=self.percent)

    def share(self, store: Store) -> None:
        """From now on others of the same store count too, and what was spent so far counts for them."""
        with self._lock:
            self._store = store
            with store.write() as connection:
                for key, calls in self._alone.calls.items():
                    state = _read(connection, key)
                    for bucket in self.limits.get(key[1], ()):
                        _add(state, bucket, moment(connection), calls)
                    _keep(connection, key, state)

    def take(self, connection: str, limit: str, calls: int = 1) -> float:
        """See `connector.crm.Ledger.take`: calls that must wait are not booked."""
        key = (connection, limit)
        with self._lock:
            if self._store is None or limit not in self.limits:
                wait = self._alone.take(connection, limit, calls)
            else:
                lot = self._lots.get(key)
                ready = lot is not None and lot.left >= calls and lot.begins <= self.now() < lot.ends
                wait = 0.0 if ready else self._reserve(self._store, key, calls)
                self._lots[key].left -= 0 if wait else calls
            self.calls[key] += 0 if wait else calls
            return wait

    def learn(self, connection: str, limit: str, *, used: int, allowed: int) -> None:
        """See `connector.crm.Ledger.learn`: kept for all workers, once a minute."""
        key = (connection, limit)
        with self._lock:
            if self._store is None:
                self._alone.learn(connection, limit, used=used, allowed=allowed)
                return
            if key in self._learnt and self.now() - self._learnt[key] < timedelta(seconds=LONGEST):
                return
            self._learnt[key] = self.now()
            with self._store.write() as open_:
                state, at = _read(open_, key), moment(open_)
                days = [bucket for bucket in self.limits.get(limit, ()) if bucket.daily]
                ours = sum(calls for day in days for _, calls in _window(state, day, at))
                state.said = Said(at, allowed, max(0, used - ours))
                _keep(open_, key, state)

    def release(self) -> None:
        """What was reserved and not made is given back; a store that cannot be used any more counts it as made."""
        with self._lock, suppress(BadInput):
            if self._store is None or not any(lot.left for lot in self._lots.values()):
                return
            with self._store.write() as connection:
                for key in self._lots:
                    state = _read(connection, key)
                    self._give_back(state, key)
                    _keep(connection, key, state)
            self._lots.clear()

    def _reserve(self, store: Store, key: Key, calls: int) -> float:
        """A new lot, of many calls where they fit; the seconds to wait where not even ``calls`` do."""
        buckets = self.limits[key[1]]
        many = min(MOST, min(bucket.calls for bucket in buckets) // SHARE)
        lasts = min(LONGEST, min(bucket.seconds for bucket in buckets) / SHARE)
        begins = self.now()
        self._lots.setdefault(key, Lot(0, begins, begins, begins))
        with store.write() as connection:
            state, at = _read(connection, key), moment(connection)
            self._give_back(state, key)
            percent = self.percent.get(key[0], PERCENT)
            real_ones = [real(bucket, state.said, percent, at) for bucket in buckets]
            size = many if many > calls and _fits(state, real_ones, at, many) else calls
            for bucket in real_ones:
                what = f"{key[0]}: the day's {bucket.calls} {key[1]} calls"
                if wait := held(what, bucket, _window(state, bucket, at), at, size):
                    return wait + MILLISECOND
            made = at + timedelta(seconds=lasts if size > calls else 0)
            for bucket in buckets:
                _add(state, bucket, made, size)
            _keep(connection, key, state)
        self._lots[key] = Lot(size, begins, begins + timedelta(seconds=lasts), made)
        return 0.0

    def _give_back(self, state: Shared, key: Key) -> None:
        lot = self._lots[key]
        for bucket in self.limits[key[1]] if lot.left else ():
            _add(state, bucket, lot.at, -lot.left)


def left_today(connection: Connection, crm: str, percent: int = PERCENT) -> list[Left]:
    """What is left of a CRM's day, for each class of calls that has one and was used; by the clock of the store."""
    at, found = moment(connection), []
    for limit, buckets in LIMITS.items():
        state = _read(connection, (crm, limit))
        used = state.spent or state.said
        for day in [bucket for bucket in buckets if bucket.daily and used]:
            ours = real(day, state.said, percent, at).calls
            spent = sum(calls for _, calls in _window(state, day, at))
            found.append(Left(limit, max(0, ours - spent), ours))
    return found


def _fits(state: Shared, buckets: list[Bucket], at: datetime, calls: int) -> bool:
    return all(
        calls <= bucket.calls and bucket.wait(_window(state, bucket, at), at, calls) == 0 for bucket in buckets
    )


def _window(state: Shared, bucket: Bucket, now: datetime) -> list[tuple[datetime, int]]:
    """What counts of one bucket now, oldest first; what does not any more is forgotten."""
    start = int((now.timestamp() - bucket.seconds) * 1000)
    end = int((now.timestamp() + LONGEST + bucket.seconds / SLOTS) * 1000)
    slots: Slots = {}
    for at, calls in state.spent.get(_name(bucket), {}).items():
        if int(at) > start and calls:  # nobody reserves for later than the end: the clock was stepped back since
            slot = at if int(at) <= end else _slot(bucket, now)
            slots[slot] = slots.get(slot, 0) + calls
    state.spent[_name(bucket)] = slots
    return [(datetime.fromtimestamp(int(at) / 1000, UTC), slots[at]) for at in sorted(slots, key=int)]


def _add(state: Shared, bucket: Bucket, at: datetime, calls: int) -> None:
    slots, slot = state.spent.setdefault(_name(bucket), {}), _slot(bucket, at)
    slots[slot] = max(0, slots.get(slot, 0) + calls)


def _slot(bucket: Bucket, at: datetime) -> str:
    width = bucket.seconds * 1000 / SLOTS
    return str(math.ceil(math.ceil(at.timestamp() * 1000 / width) * width))


def _name(bucket: Bucket) -> str:
    return str(bucket.seconds)


def _read(connection: Connection, key: Key) -> Shared:
    text = recall(connection, _place(key))
    return msgspec.json.decode(text, type=Shared) if text else Shared()


def _keep(connection: Connection, key: Key, state: Shared) -> None:
    remember(connection, _place(key), msgspec.json.encode(state).decode())


def _place(key: Key) -> str:
    return "calls " + " ".join(key)
