"""Two served CRMs on a clock that only waiting moves, dealsync beside them, and weather: calls that go wrong."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from tenacity import RetryCallState

from connector.budget import CallCount
from connector.crm import Crm
from connector.errors import StopCrm, TryAgain
from connector.registry import open_crm
from connector.retry import Patient
from connector.sandbox.serve import Sandbox
from connector.sandbox.switchboard import Fault
from sync.commands import write_new
from sync.config import load
from sync.cycle import cycle
from sync.store.opening import open_store
from sync.world import Report, World

TOLD: Final = 7
"""Seconds that a CRM asks us to wait for, where it says so."""
_SAME: Final = {
    "hung up before it was heard": Fault(drop=True),
    "hung up after it was done": Fault(drop_after=True),
    "answer cut in the middle": Fault(truncate=True),
    "maintenance page": Fault(html=True),
    "request timed out": Fault(status=408),
    "server error": Fault(status=500),
    "overloaded": Fault(status=503),
    "gateway timed out": Fault(status=504),
}
_SALESFORCE: Final = {
    "too many calls": Fault(status=429),
    "row locked": Fault(status=400, body=[{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "unable to lock"}]),
    "session ended": Fault(status=401, body=[{"errorCode": "INVALID_SESSION_ID", "message": "expired"}]),
    "day spent": Fault(status=403, body=[{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests"}]),
}
_HUBSPOT: Final = {
    "too many calls": Fault(status=429, headers={"Retry-After": str(TOLD)}, body={"message": "slow down"}),
    "row locked": Fault(status=423, body={"category": "LOCKED", "message": "locked"}),
    "session ended": Fault(status=401, body={"category": "EXPIRED_AUTHENTICATION", "message": "expired"}),
    "day spent": Fault(status=429, body={"policyName": "DAILY", "message": "spent"}),
}
WAYS: Final = {"sf": _SAME | _SALESFORCE, "hs": _SAME | _HUBSPOT}
"""Twelve ways for a call to fail, in each CRM's own words."""
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+[\d:]+)")
_WRITTEN: Final = {
    "salesforce": ("Partner_Attribution__c", "Opportunity", "Deal_Registration__c"),
    "hubspot": ("partner_attribution", "deals", "partner_registration"),
}


@dataclass
class Weather:
    """Spoils ``share`` of all calls, each in one of twelve ways, and in all of them before one comes again."""

    dice: random.Random
    share: float
    ways: dict[str, Fault]
    calls: int = 0
    met: list[str] = field(default_factory=list)
    _next: list[str] = field(default_factory=list)

    def __call__(self) -> Fault | None:
        self.calls += 1
        if self.dice.random() >= self.share:
            return None
        self._next = self._next or self.dice.sample(sorted(self.ways), len(self.ways))
        self.met.append(self._next.pop())
        return replace(self.ways[self.met[-1]])


@dataclass(frozen=True, slots=True)
class Wait:
    """One wait: after how many attempts, what the CRM asked for (seconds), and how long it was."""

    attempts: int
    asked: float | None
    seconds: float


@dataclass(kw_only=True)
class Watched(Patient):
    """Patience that writes down every wait."""

    waits: list[Wait]

    def _tell(self, state: RetryCallState) -> None:
        fault = state.outcome.exception() if state.outcome else None
        asked = fault.after if isinstance(fault, TryAgain) else None
        self.waits.append(Wait(state.attempt_number, asked, state.upcoming_sleep))


@dataclass
class Watch:
    """dealsync beside the sandbox's CRMs: cycles on virtual time; our own clock may lie ``behind`` the CRMs'."""

    world: World
    sandbox: Sandbox
    waits: list[Wait]
    ahead: timedelta = timedelta()
    behind: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead - self.behind

    def sleep(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)
        for crm in (self.sandbox.salesforce, self.sandbox.hubspot):
            crm.switchboard.offset = self.ahead

    def storm(self, seed: int, share: float) -> dict[str, Weather]:
        """From now on so many of all calls fail."""
        found = {}
        for name, crm in (("sf", self.sandbox.salesforce), ("hs", self.sandbox.hubspot)):
            found[name] = weather = Weather(random.Random(f"{seed} {name}"), share, WAYS[name])
            crm.switchboard.weather = weather
        return found

    def runs(self, most: int) -> list[Report | StopCrm]:
        """Cycles five minutes apart, until one has nothing to write and left nothing; some may be stopped."""
        found: list[Report | StopCrm] = []
        for _ in range(most):
            try:
                report = cycle(self.world, self.now())
                found.append(report)
                if report.complete and not report.changes:
                    break
            except StopCrm as stop:
                found.append(stop)
            self.sleep(300)
        return found


@contextmanager
def watch(home: Path, sandbox: Sandbox) -> Iterator[Watch]:
    """A new installation beside the CRMs; their own limits are off, what is counted is on virtual time."""
    write_new(home, (sandbox.salesforce_url, sandbox.hubspot_url))
    config = load(home)
    with closing(open_store(config.store_url, home)) as store:
        crms: dict[str, Crm] = {}
        world = World(store=store, crms=crms, mappings=config.mappings, **config.rules)
        found = Watch(world, sandbox, [])
        ledger = CallCount(now=found.now)
        for name in config.form.connection:
            crm = open_crm(name, config.settings(name), ledger=ledger)
            crms[name] = Watched(crm, sleep=found.sleep, now=found.now, waits=found.waits)
        for served in (sandbox.salesforce, sandbox.hubspot):
            served.switchboard.settings["limits"] = "off"
        yield found


def written(sandbox: Sandbox) -> list[str]:
    """What both CRMs say of deals, claims and shares, without ids and moments, which differ from run to run."""
    return sorted(
        f"{kind} " + " ".join(f"{name}={_MOMENT.sub('', str(row[name]))}" for name in sorted(row) if _named(name))
        for crm, kinds in _WRITTEN.items()
        for kind in kinds
        for row in getattr(sandbox, crm).rows(kind)
    )


def _named(field_name: str) -> bool:
    """Whether a field may be compared: ours and people's, but no moments and nothing that the CRM itself counts."""
    moment = field_name.lower().endswith(("_at__c", "_at"))
    own = field_name[0].islower() and not field_name.startswith(("hs_", "id"))
    return not moment and (field_name.endswith("__c") or own)
