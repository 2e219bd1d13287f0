"""What every CRM adapter can do.

CONNECTION  a CRM by the name that config.toml gives it.
KIND        an object of that CRM, by the vendor's own name: ``Opportunity``, ``deals``.
FIELD       a field of a kind, by the vendor's own name, or an association ``object#label``.
PAGE        the records of about one call.
CURSOR      where a reading stopped; the next reading continues there and may repeat some records.
CHANGE      one intended write; every change gets exactly one OUTCOME.

Adapters are synchronous and never wait or retry: they raise what to do next (`connector.errors`), and
`connector.retry` does it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

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


class Crm(Protocol):
    """One CRM, in batches, because the vendors' limits and prices are per call."""

    @property
    def name(self) -> str:
        """The connection's name; it is ``ref.connection`` of every record."""

    @property
    def can(self) -> Capabilities:
        """What this CRM can do."""

    def changes(self, kind: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        """Records created, changed or deleted since ``since`` (``None``: every live record), oldest first.

        At least once: a record may come twice, and overlaps with the previous reading by design. The window is
        closed at the server's time of the first call, so reading ends however busy the CRM is. Each page's cursor
        resumes after that page; the last page is ``drained``, and its cursor starts the next window. There is
        always at least one page. A window may begin with every live record again, because a field that could not
        be seen now can; very large readings may come unsorted. Raises TryAgain, PauseMapping, PauseUntil, StopCrm.
        """

    def ahead(self, asks: Sequence[tuple[str, Sequence[str], Cursor | None]]) -> None:
        """What `changes` will be asked next: an adapter that can fetch it together does so, others do nothing.

        Raises nothing of its own: what fails here fails again, and is said, where it is asked for.
        """

    def ids(self, kind: str) -> Iterator[Sequence[str]]:
        """The id of every live record, for the sweep that finds what vanished without a trace."""

    def read(self, kind: str, keys: Sequence[str], fields: Sequence[str], *, by: str = "id") -> Sequence[Record]:
        """The live records whose field ``by`` holds one of ``keys``, in any order; missing keys are simply missing.

        Any number of keys: the adapter batches. A key that was merged away answers with the survivor, whose
        ``ref.id`` is then not the key.
        """

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Write a batch of any size; exactly one outcome a change, in any order, as each call returns.

        A lost answer is an outcome with an InDoubt fault, never an exception. A limit or a stop becomes the fault
        of every change that was not sent.
        """

    def describe(self, kind: str) -> tuple[FieldInfo, ...]:
        """The fields this user can see. Raises PauseMapping where the object does not exist."""

    def record_types(self, kind: str) -> RecordTypes:
        """What each record type of a kind offers (in HubSpot: each pipeline of deals); none: nothing narrows it.

        Raises PauseMapping where the object does not exist, or we may not ask.
        """

    def provision(self, objects: Sequence[ObjectInfo]) -> Sequence[str]:
        """Create what is missing of these objects and fields; returns one sentence for each thing created."""

    def whoami(self) -> Identity:
        """Org, user, edition, limits and the server's clock."""


class Ledger(Protocol):
    """Counts calls, and says whether one more may be made. Implemented by the store, shared by all workers."""

    def take(self, connection: str, limit: str, calls: int = 1) -> float:
        """Book ``calls`` against the class ``limit``; returns seconds to wait before making them (0: go).

        Raises PauseUntil when the day's allowance is spent.
        """

    def learn(self, connection: str, limit: str, *, used: int, allowed: int) -> None:
        """What the CRM itself says of the day: ``used`` of ``allowed`` calls, those of other programs included."""


class Vault(Protocol):
    """Keeps a token that changes while the program runs, under a lock shared by all processes."""

    def load(self, name: str) -> str | None:
        """The stored token, or ``None``."""

    def swap(self, name: str, old: str | None, new: str) -> bool:
        """Store ``new`` if the stored token still is ``old``; False when somebody was first."""


Settings = Mapping[str, str]
"""A connection's settings with secrets resolved: ``url``, ``flow``, ``token``, ``client_id`` and so on."""
