"""A process that dies between any two of its durable steps: before and after each call and each commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Connection

from connector.crm import Crm
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
from sync.store.opening import Store
from sync.world import World


class Killed(BaseException):
    """No handler may catch it, as none sees a kill -9."""


class Fuse:
    """Counts durable steps; ``left`` of them pass, the next one never happens. ``None``: all pass."""

    def __init__(self, left: int | None = None) -> None:
        self.left = left
        self.passed = 0

    def step(self) -> None:
        if self.passed == self.left:
            raise Killed
        self.passed += 1


class MortalStore(Store):
    """Dies before a commit (nothing of it is kept) or just after it."""

    def __init__(self, store: Store, fuse: Fuse) -> None:
        self._store = store
        self._fuse = fuse

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self._store.write() as connection:
            yield connection
            self._fuse.step()
        self._fuse.step()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._store.read() as connection:
            yield connection

    def close(self) -> None:
        self._store.close()


class MortalCrm:
    """Dies before a write is sent, or after it has landed and before its answer is read. Keeps what was sent."""

    def __init__(self, crm: Crm, fuse: Fuse) -> None:
        self._crm = crm
        self._fuse = fuse
        self.sent: list[Change] = []

    @property
    def name(self) -> str:
        return self._crm.name

    @property
    def can(self) -> Capabilities:
        return self._crm.can

    def changes(self, kind: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        return self._crm.changes(kind, fields, since)

    def ahead(self, asks: Sequence[tuple[str, Sequence[str], Cursor | None]]) -> None:
        self._crm.ahead(asks)

    def ids(self, kind: str) -> Iterator[Sequence[str]]:
        return self._crm.ids(kind)

    def read(self, kind: str, keys: Sequence[str], fields: Sequence[str], *, by: str = "id") -> Sequence[Record]:
        return self._crm.read(kind, keys, fields, by=by)

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        self._fuse.step()
        self.sent += changes
        outcomes = list(self._crm.write(changes))
        self._fuse.step()
        yield from outcomes

    def describe(self, kind: str) -> tuple[FieldInfo, ...]:
        return self._crm.describe(kind)

    def provision(self, objects: Sequence[ObjectInfo]) -> Sequence[str]:
        return self._crm.provision(objects)

    def record_types(self, kind: str) -> RecordTypes:
        return self._crm.record_types(kind)

    def whoami(self) -> Identity:
        return self._crm.whoami()


def mortal(world: World, fuse: Fuse) -> World:
    """The same world, in a process that ends when the fuse does."""
    crms = {name: MortalCrm(crm, fuse) for name, crm in world.crms.items()}
    return replace(world, store=MortalStore(world.store, fuse), crms=crms)
