"""Rate limits as HubSpot counts them: ten seconds rolling, search by the second, and the account's day."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime, timedelta

from connector.sandbox.hubspot.errors import limited
from connector.sandbox.hubspot.portal import Portal
from connector.sandbox.hubspot.signin import Sender

TEN_SECONDS = timedelta(seconds=10)
SECOND = timedelta(seconds=1)
OAUTH_TEN_SECOND_LIMIT = 110


class Limits:
    """Counts calls by the portal's clock. Ten seconds are counted by token, the rest for the whole account."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._rolling: dict[str, deque[datetime]] = defaultdict(deque)
        self._searches: deque[datetime] = deque()
        self.day = ""
        self.today = 0

    def take(self, sender: Sender, counted: str) -> dict[str, str]:
        """Count one call of the class ``search``, ``associations`` or ``general``; returns its rate headers.

        Search and associations are exempt from the ten seconds. Refused calls do not count. Raises Refusal (429).
        """
        if self._portal.setting("limits", "on") == "off":
            return {}
        now = self._portal.now()
        most = self._ten_seconds(sender)
        used = _recent(self._rolling[sender.token], now, TEN_SECONDS)
        searches = _recent(self._searches, now, SECOND)
        daily = self._daily(now)
        if self.today >= daily and not sender.oauth:
            raise limited("DAILY", self._headers(sender, most - len(used)))
        if counted == "general" and len(used) >= most:
            raise limited("TEN_SECONDLY_ROLLING", self._headers(sender, 0))
        if counted == "search" and len(searches) >= int(self._portal.setting("search_per_second", 5)):
            raise limited("SECONDLY", {})
        self.today += 1
        {"general": used, "search": searches}.get(counted, deque()).append(now)
        return {} if counted == "search" else self._headers(sender, most - len(used))

    def daily_limit(self) -> int:
        """Calls a day, as the setting has it."""
        return int(self._portal.setting("daily_limit", 625_000))

    def _daily(self, now: datetime) -> int:
        day = now.astimezone(self._portal.zone).date().isoformat()
        if day != self.day:
            self.day, self.today = day, 0
        return self.daily_limit()

    def _ten_seconds(self, sender: Sender) -> int:
        default = OAUTH_TEN_SECOND_LIMIT if sender.oauth else 190
        return int(self._portal.setting("ten_second_limit", default))

    def _headers(self, sender: Sender, remaining: int) -> dict[str, str]:
        headers = {
            "X-HubSpot-RateLimit-Max": str(self._ten_seconds(sender)),
            "X-HubSpot-RateLimit-Remaining": str(max(remaining, 0)),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
        }
        if not sender.oauth:
            headers["X-HubSpot-RateLimit-Daily"] = str(self.daily_limit())
            headers["X-HubSpot-RateLimit-Daily-Remaining"] = str(max(self.daily_limit() - self.today, 0))
        return headers


def _recent(calls: deque[datetime], now: datetime, window: timedelta) -> deque[datetime]:
    """The calls of the window; a clock that was set back forgets the future."""
    while calls and calls[0] <= now - window:
        calls.popleft()
    while calls and calls[-1] > now:
        calls.pop()
    return calls
