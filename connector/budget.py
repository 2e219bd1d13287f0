"""How many calls may be made, or when: rolling windows of each limit class, and a count of them in memory."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from connector.errors import PauseUntil

DAY: Final = 24 * 3600
ONE_DAY: Final = timedelta(seconds=DAY)
PERCENT: Final = 80
"""How much of a day's allowance we take where nothing else is said: the rest is for people and other programs."""
BELIEVED: Final = timedelta(hours=1)
"""How long what a CRM said of its day is taken for true: afterwards one call goes and asks again."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """At most ``calls`` in any ``seconds``."""

    calls: int
    seconds: float

    @property
    def daily(self) -> bool:
        """Whether waiting for it means stopping for the day."""
        return self.seconds >= DAY

    def wait(self, spent: Sequence[tuple[datetime, int]], now: datetime, calls: int = 1) -> float:
        """Seconds until ``calls`` more fit; 0 when they fit now. ``spent`` are (moment, calls), oldest first.

        Raises ValueError for more calls than the bucket ever holds.
        """
        if calls > self.calls:
            raise ValueError(
                f"{calls} calls at once never fit into {self.calls} in {self.seconds} s; ask for fewer"
            )
        window = timedelta(seconds=self.seconds)
        free = self.calls - calls - sum(number for moment, number in spent if moment > now - window)
        for moment, number in spent:
            if free >= 0:
                return 0.0
            if moment > now - window:
                free += number
                if free >= 0:
                    return (moment + window - now).total_seconds()
        return 0.0


def day(calls: int) -> Bucket:
    """A day's whole allowance: a count takes only its percentage of it."""
    return Bucket(calls, DAY)


@dataclass(frozen=True, slots=True)
class Said:
    """What a CRM said of its day at ``moment``: calls allowed, and calls made by others than us."""

    moment: datetime
    allowed: int
    others: int


Limits = Mapping[str, tuple[Bucket, ...]]

# developers.hubspot.com, "API usage guidelines": 190 in 10 s for a private app of a Professional account, search
# 5 a second for the account. Salesforce limits nothing but the day (app limits cheat sheet, "API request limits").
# We count when a call is sent, the vendor when it arrives: our windows are that much longer than theirs.
LIMITS: Final[Limits] = {
    "general": (Bucket(190, 10.4), day(250_000)),
    "search": (Bucket(5, 1.2),),
    "associations": (Bucket(100, 10.4),),
    "api": (day(100_000),),
}


def real(bucket: Bucket, said: Said | None, percent: int, now: datetime) -> Bucket:
    """Our part of a day as large as the CRM said, less what others have spent of it; other buckets as they are."""
    if not bucket.daily:
        return bucket
    said = said or Said(now, bucket.calls, 0)
    others = said.others if now - said.moment < BELIEVED else 0
    return Bucket(max(0, said.allowed * percent // 100 - others), bucket.seconds)


def held(what: str, bucket: Bucket, spent: Sequence[tuple[datetime, int]], now: datetime, calls: int) -> float:
    """Seconds until ``calls`` more fit into one bucket (0: now). Raises PauseUntil where that takes the day."""
    # what others have spent comes back at a time that only the CRM knows: it is asked again
    over = bucket.daily and calls > bucket.calls
    wait = BELIEVED.total_seconds() if over else bucket.wait(spent, now, calls)
    if wait > 0 and bucket.daily:
        raise PauseUntil(f"{what} are spent; it goes on by itself", when=now + timedelta(seconds=wait))
    return wait


def book(bucket: Bucket, spent: deque[tuple[datetime, int]], now: datetime, calls: int) -> None:
    """Calls in one thousandth of the window share an entry, dated by the last: never too early.

    Thousandths begin at fixed moments; counted from the last call, an entry that is busy would never end.
    """
    width = bucket.seconds / 1000
    if spent and spent[-1][0].timestamp() // width == now.timestamp() // width:
        calls += spent.pop()[1]
    spent.append((now, calls))


class CallCount:
    """A `connector.crm.Ledger` in memory, for one process without a store. ``now`` is the clock (aware).

    ``percent``: how much of its day each connection takes, where that is not `PERCENT`.
    """

    def __init__(
        self, limits: Limits = LIMITS, *, now: Callable[[], datetime], percent: Mapping[str, int] | None = None
    ) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self._limits = limits
        self._now = now
        self._percent = percent or {}
        self._spent: dict[tuple[str, str, float], deque[tuple[datetime, int]]] = {}
        self._said: dict[tuple[str, str], Said] = {}
        self._lock = Lock()

    def take(self, connection: str, limit: str, calls: int = 1) -> float:
        """See `connector.crm.Ledger.take`: calls that must wait are not booked."""
        with self._lock:
            now = self._now()
            percent = self._percent.get(connection, PERCENT)
            buckets = [
                real(bucket, self._said.get((connection, limit)), percent, now)
                for bucket in self._limits.get(limit, ())
            ]
            spent = [self._window((connection, limit), bucket, now) for bucket in buckets]
            for bucket, window in zip(buckets, spent, strict=True):
                wait = held(f"{connection}: the day's {bucket.calls} {limit} calls", bucket, window, now, calls)
                if wait > 0:
                    return wait
            for bucket, window in zip(buckets, spent, strict=True):
                book(bucket, window, now, calls)
            self.calls[connection, limit] += calls
            return 0.0

    def learn(self, connection: str, limit: str, *, used: int, allowed: int) -> None:
        """See `connector.crm.Ledger.learn`: the day's allowance follows the CRM's own number."""
        with self._lock:
            now = self._now()
            days = [bucket for bucket in self._limits.get(limit, ()) if bucket.daily]
            ours = sum(number for day in days for _, number in self._window((connection, limit), day, now))
            self._said[connection, limit] = Said(now, allowed, max(0, used - ours))

    def _window(self, key: tuple[str, str], bucket: Bucket, now: datetime) -> deque[tuple[datetime, int]]:
        """What was spent of one bucket and still counts; what lies ahead was just now: a clock was stepped back."""
        spent = self._spent.setdefault((*key, bucket.seconds), deque())
        while spent and spent[0][0] <= now - timedelta(seconds=bucket.seconds):
            spent.popleft()
        ahead = 0
        while spent and spent[-1][0] > now:
            ahead += spent.pop()[1]
        if ahead:
            spent.append((now, ahead))
        return spent
