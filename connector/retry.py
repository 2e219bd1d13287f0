"""Patience with a CRM: waits when it says try again, and goes on from where it was. The only module that waits."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential_jitter

from connector.crm import Crm, Ledger
from connector.errors import TryAgain
from connector.record import (
    Capabilities,
    Change,
    Cursor,
    FieldInfo,
    Identity,
    ObjectInfo,
    Outcome,
    Page,
    Record,
    RecordTypes,
)

T = TypeVar("T")
BACKOFF = wait_exponential_jitter(initial=1, max=30, jitter=1)


ATTEMPTS = 6
"""Calls without progress that are enough, whoever asked for the waits between them."""


def _quiet(message: str, seconds: float) -> None:
    """Nobody is told of waiting."""


@dataclass
class Patient:
    """A `connector.crm.Crm` that waits for another one.

    A call that fails with TryAgain is repeated, after the wait that the CRM asked for or an exponential one, until
    ``attempts`` calls or ``horizon_seconds`` brought no progress; then its TryAgain stands. Whoever says how long
    to wait is there, and is called up to ATTEMPTS times. Nothing else is repeated, an InDoubt least of all.
    ``sleep`` takes seconds, ``now`` is the clock (aware), ``on_wait`` is told why and how long before each wait.
    """

    crm: Crm
    _: KW_ONLY
    sleep: Callable[[float], None]
    now: Callable[[], datetime]
    attempts: int = ATTEMPTS
    horizon_seconds: float = 120
    on_wait: Callable[[str, float], None] = _quiet

    @property
    def name(self) -> str:
        return self.crm.name

    @property
    def can(self) -> Capabilities:
        return self.crm.can

    def changes(self, kind: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        """Goes on after the last page that was read."""
        cursor = since
        pages = self.crm.changes(kind, fields, cursor)

        def following() -> Page | None:
            nonlocal pages
            try:
                return next(pages, None)
            except TryAgain:
                pages = self.crm.changes(kind, fields, cursor)
                raise

        while page := self._attempts()(following):
            cursor = page.cursor
            yield page

    def ahead(self, asks: Sequence[tuple[str, Sequence[str], Cursor | None]]) -> None:
        self.crm.ahead(asks)

    def ids(self, kind: str) -> Iterator[Sequence[str]]:
        """Starts anew where the CRM cannot resume: an id may come twice."""
        batches = self.crm.ids(kind)

        def following() -> Sequence[str] | None:
            nonlocal batches
            try:
                return next(batches, None)
            except TryAgain:
                batches = self.crm.ids(kind)
                raise

        while batch := self._attempts()(following):
            yield batch

    def read(self, kind: str, keys: Sequence[str], fields: Sequence[str], *, by: str = "id") -> Sequence[Record]:
        return self._attempts()(self.crm.read, kind, keys, fields, by=by)

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Repeats only the changes that were not sent; progress with any of them starts the patience anew."""
        todo = list(changes)
        while todo:
            refused: list[Outcome] = []
            try:
                for attempt in self._attempts():
                    with attempt:
                        refused = yield from self._settle(todo)
                        if len(refused) == len(todo):
                            raise _longest(refused)
            except TryAgain:
                yield from refused
                return
            todo = [outcome.change for outcome in refused]

    def describe(self, kind: str) -> tuple[FieldInfo, ...]:
        return self._attempts()(self.crm.describe, kind)

    def record_types(self, kind: str) -> RecordTypes:
        return self._attempts()(self.crm.record_types, kind)

    def provision(self, objects: Sequence[ObjectInfo]) -> Sequence[str]:
        return self._attempts()(self.crm.provision, objects)

    def whoami(self) -> Identity:
        return self._attempts()(self.crm.whoami)

    def _settle(self, changes: Sequence[Change]) -> Generator[Outcome, None, list[Outcome]]:
        """Yields what is settled, returns what was not sent."""
        refused = []
        for outcome in self.crm.write(changes):
            if isinstance(outcome.fault, TryAgain):
                refused.append(outcome)
            else:
                yield outcome
        return refused

    def _attempts(self) -> Retrying:
        until = self.now() + timedelta(seconds=self.horizon_seconds)
        silent = 0

        def enough(state: RetryCallState) -> bool:
            nonlocal silent
            fault = _failure(state)
            silent += not (isinstance(fault, TryAgain) and fault.after is not None)
            late = self.now() + timedelta(seconds=state.upcoming_sleep) > until
            return late or silent >= self.attempts or state.attempt_number >= max(self.attempts, ATTEMPTS)

        return Retrying(
            sleep=self.sleep,
            stop=enough,
            wait=_wait,
            retry=retry_if_exception_type(TryAgain),
            before_sleep=self._tell,
            reraise=True,
        )

    def _tell(self, state: RetryCallState) -> None:
        self.on_wait(str(_failure(state)), state.upcoming_sleep)


@dataclass(frozen=True, slots=True)
class Unhurried:
    """A `connector.crm.Ledger` that waits until a call may be made: for a look at a CRM that nobody repeats."""

    ledger: Ledger
    sleep: Callable[[float], None]

    def take(self, connection: str, limit: str, calls: int = 1) -> float:
        while wait := self.ledger.take(connection, limit, calls):
            self.sleep(wait)
        return 0.0

    def learn(self, connection: str, limit: str, *, used: int, allowed: int) -> None:
        self.ledger.learn(connection, limit, used=used, allowed=allowed)


def _failure(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _wait(state: RetryCallState) -> float:
    """What the CRM asked for, or an exponential wait: many workers must not come back at one moment."""
    fault = _failure(state)
    if isinstance(fault, TryAgain) and fault.after is not None:
        return fault.after
    return BACKOFF(state)


def _longest(refused: Sequence[Outcome]) -> TryAgain:
    """The fault that asks for the longest wait."""
    faults = [outcome.fault for outcome in refused if isinstance(outcome.fault, TryAgain)]
    return max(faults, key=lambda fault: fault.after or 0)
