"""The portal's own ten seconds, where it takes fewer calls than the ledger reckons with.

Source: developers.hubspot.com, "Usage guidelines": X-HubSpot-RateLimit-Max, -Remaining, -Interval-Milliseconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from threading import Lock

from connector.budget import LIMITS

USUAL = LIMITS["general"][0].calls
MARGIN = 0.4
"""Seconds by which our window is longer: we count when a call is sent, HubSpot when it arrives."""


class Pace:
    """What HubSpot's last answer said of the calls left, and those that were sent since. Safe for many threads.

    Moments are seconds of any clock that only goes forward. Nothing waits until HubSpot has said that it takes less
    than the ledger counts up to: a free or starter account, or a sign-in by OAuth.
    """

    def __init__(self) -> None:
        self._most, self._seconds = 0, 0.0
        self._sent: deque[float] = deque()
        self._lock = Lock()

    def take(self, now: float) -> float:
        """Count one call; or the seconds to wait, and it is not counted."""
        with self._lock:
            self._forget(now)
            if self._most and len(self._sent) >= self._most:
                return self._sent[-self._most] + self._seconds - now
            self._sent.append(now)
            return 0.0

    def learn(self, headers: Mapping[str, str], now: float) -> None:
        """What others spend of the same ten seconds counts too, as if it were spent now."""
        said = (
            headers.get(f"X-HubSpot-RateLimit-{name}", "") for name in ("Max", "Remaining", "Interval-Milliseconds")
        )
        most, left, milliseconds = (int(text) if text.isdecimal() else 0 for text in said)
        if not 0 < most < USUAL or not milliseconds:
            return
        with self._lock:
            self._most, self._seconds = most, milliseconds / 1000 + MARGIN
            self._forget(now)
            self._sent.extend([now] * (most - left - len(self._sent)))

    def _forget(self, now: float) -> None:
        while self._sent and self._sent[0] <= now - self._seconds:
            self._sent.popleft()
