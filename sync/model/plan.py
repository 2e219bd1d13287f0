"""What is about to be written, as a value: it is shown, saved, compared and applied, and nothing else is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from connector.record import Op, Ref, Text


@dataclass(frozen=True, slots=True)
class Intent:
    """What we want one row of one CRM to say, in our words. Without ``ref`` the row is found by our ``key``."""

    connection: str
    kind: str  # the canonical object
    values: Mapping[str, Any]
    title: str
    reason: str  # decision or split id
    ref: Ref | None = None
    key: str = ""
    group: str = ""  # what must land together


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before (as last read) and after."""

    field: str
    before: Text
    after: Text


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One write, with the values it was planned against and the decision behind it."""

    connection: str
    object: str
    op: Op
    by: str
    key: str
    fields: tuple[FieldChange, ...]
    title: str
    reason: str
    group: str = ""
    creates: bool = False
    filed: bool = False  # a person's own words: none of ours, so nothing that we would ever take back

    @property
    def id(self) -> str:
        """The same write has the same id, however often it is planned."""
        return sha256(self.canonical.encode()).hexdigest()[:32]

    @property
    def composed(self) -> bool:
        """Whether several fields together name the row, as in the CRM's own lists."""
        return ":" in self.by

    @property
    def canonical(self) -> str:
        """Everything that matters about the change, in one spelling."""
        fields = [[change.field, change.before, change.after] for change in self.fields]
        content = [self.connection, self.object, self.op.value, self.by, self.key, sorted(fields), self.group]
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Held:
    """A write that is wanted and will not happen by itself, with the reason a person can act on."""

    connection: str
    object: str
    key: str
    field: str
    reason: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Agreed:
    """A field that already says what we want: from now on it counts as written by us."""

    connection: str
    object: str
    key: str
    field: str
    text: Text


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes in the order in which they are applied, what was held back, and what needs no writing."""

    changes: tuple[PlannedChange, ...] = ()
    held: tuple[Held, ...] = ()
    agreed: tuple[Agreed, ...] = ()
    unchanged: int = 0

    @property
    def digest(self) -> str:
        """The fingerprint that a person approves and that apply insists on."""
        return digest_of(change.id for change in self.changes)

    def counts(self) -> Mapping[str, int]:
        """How many creates, updates and deletes."""
        counted = Counter(kind_of(change) for change in self.changes)
        return {kind: counted.get(kind, 0) for kind in ("create", "update", "delete")}


def kind_of(change: PlannedChange) -> str:
    """``create``, ``update`` or ``delete``."""
    if change.op is Op.REMOVE:
        return "delete"
    return "create" if change.creates else "update"


def digest_of(change_ids: Any) -> str:
    """The digest of a set of changes, whatever their order."""
    return sha256("\n".join(sorted(change_ids)).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Limits:
    """The brakes: how much one run may change before a person has to say yes.

    A brake is the larger of its number and its share of the rows we know.
    """

    changes: int = 200
    changes_percent: int = 5
    creates: int = 200
    creates_percent: int = 5
    deletes: int = 20
    deletes_percent: int = 10
    lost: int = 20  # rows of one object that may vanish from a CRM in one reading
    lost_percent: int = 10

    def at_most(self, what: str, rows: int) -> int:
        """``changes``, ``creates``, ``deletes`` or ``lost``: the larger of its number and its share of ``rows``."""
        floor: int = getattr(self, what)
        percent: int = getattr(self, f"{what}_percent")
        return max(floor, rows * percent // 100)


@dataclass(slots=True)
class Totals:
    """What a whole run would do, added up page by page."""

    create: int = 0
    update: int = 0
    delete: int = 0
    held: int = 0
    unchanged: int = 0
    by_object: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, plan: Plan) -> None:
        for kind, number in plan.counts().items():
            setattr(self, kind, getattr(self, kind) + number)
        self.held += len(plan.held)
        self.unchanged += plan.unchanged
        self.by_object.update((change.connection, change.object) for change in plan.changes)

    @property
    def changes(self) -> int:
        return self.create + self.update + self.delete
