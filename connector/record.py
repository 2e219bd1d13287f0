"""What crosses the door between a CRM and the rest of the program.

Every value is the CRM's own **text** in one canonical spelling, or ``None`` for a field that is empty, or
``ABSENT`` for a field that could not be read (hidden, removed, not asked for). The three are never confused:
absent is not null. Types belong to the mapping, so both vendors' records look alike from here on.

Canonical spelling, held by every adapter in both directions:

========== ==========================================================================
number     plain decimal, no exponent, no trailing zeros: ``1234.5``, ``-3``, ``0``
boolean    ``true`` / ``false``
date       ``2026-11-24``
datetime   UTC with ``Z``, microseconds only when not zero: ``2026-11-24T09:30:00Z``
several    values joined with ``;`` in the CRM's order (multi-picklist, associations)
reference  the id of the other record (Salesforce: 18 characters)
========== ==========================================================================

An association is a field too: ``companies#Primary`` is the ids of the associated companies under that label,
``deals#`` the ids of associated deals under any label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, NewType

if TYPE_CHECKING:
    from connector.errors import CrmError


class Absent(Enum):
    """The type of ``ABSENT``: a field that could not be read. Never written, never compared as empty."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT

Text = str | None
Value = str | None | Literal[Absent.ABSENT]
Cursor = NewType("Cursor", str)
"""Where a reading stopped: opaque to everyone but the adapter that wrote it, stored as text."""


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """One record in one CRM: connection name, object name, record id."""

    connection: str
    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.connection}:{self.kind}:{self.id}"


class Record(NamedTuple):
    """One record as read: ``values`` stand in the order of the fields that were asked for.

    ``stamp`` is the CRM's own modification time. ``deleted`` is a tombstone (values may be empty);
    ``merged_into`` is the id of the record that absorbed this one.
    """

    ref: Ref
    stamp: datetime
    values: tuple[Value, ...]
    deleted: bool = False
    merged_into: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Records of one call, and the cursor that continues after them. ``drained``: the window is complete."""

    records: tuple[Record, ...]
    cursor: Cursor
    drained: bool


class FieldType(StrEnum):
    """What a field holds, in one vocabulary for both vendors."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    CHOICE = "choice"
    CHOICES = "choices"
    REFERENCE = "reference"
    ID = "id"
    ASSOCIATION = "association"


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One field as the CRM describes it to the user we are signed in as."""

    name: str
    label: str
    type: FieldType
    writable: bool = True
    required: bool = False
    calculated: bool = False
    unique: bool = False
    length: int | None = None
    scale: int | None = None
    options: tuple[str, ...] = ()
    refers_to: tuple[str, ...] = ()


RecordTypes = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Record type, by its name for people; picklist; the values that the record type offers in it."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this CRM can do, so that nobody asks by trying."""

    read_batch: int  # keys in one read call
    write_batch: int  # changes in one write call
    bulk_from: int = 0  # changes of one object, none with a group, that a bulk job is worth; 0: there are no jobs
    bulk_batch: int = 0  # changes in one bulk job
    atomic: bool = False  # changes of one group land together or not at all
    sees_deletes: bool = True  # `changes` reports deleted records as tombstones
    sees_merges: bool = True  # tombstones name the record that absorbed them
    associations: bool = False  # fields of the form object#label exist
    together: int = 0  # changes best handed over at once, as a call beside theirs takes so many; 0: write_batch


class Op(StrEnum):
    """What a change does. There is no plain create: a write that may be repeated must be harmless."""

    UPSERT = "upsert"  # create or update the record whose field `by` holds `key`
    UPDATE = "update"  # update the record whose id is `key`
    REMOVE = "remove"  # delete the record whose field `by` holds `key`; nothing there is success


@dataclass(frozen=True, slots=True)
class Change:
    """One intended write. ``id`` is the caller's and comes back in the outcome.

    ``values`` are (field, text) pairs in canonical spelling; ``None`` clears the field. ``group`` names the set
    that belongs together (all attribution rows of one deal): an atomic CRM writes it whole or not at all.
    """

    id: str
    op: Op
    kind: str
    key: str
    values: tuple[tuple[str, Text], ...] = ()
    by: str = "id"
    group: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change. No ``fault`` means it is written; ``record_id`` is set when known."""

    change: Change
    record_id: str | None = None
    created: bool = False
    fault: CrmError | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are signed in as, and where. ``org`` is pinned: another org behind the same name stops everything.

    ``own_objects``: our own objects exist there; without them, only what has stages is kept (as deals).
    """

    org: str
    user: str
    edition: str
    server_time: datetime
    daily_limit: int | None = None
    daily_used: int | None = None
    own_objects: bool = True


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object to be created by ``provision``: our own objects and the fields we own on others."""

    name: str
    label: str
    fields: tuple[FieldInfo, ...]
    custom: bool = False
    associated: tuple[tuple[str, str], ...] = field(default=())  # (other object, label)


def number_text(number: Decimal) -> str:
    """A number in canonical spelling. Raises ValueError for NaN and infinities."""
    if not number.is_finite():
        raise ValueError(f"not a number that can be stored: {number}")
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def datetime_text(moment: datetime) -> str:
    """An aware datetime in canonical spelling. Raises ValueError for a naive one."""
    if moment.tzinfo is UTC:
        return moment.isoformat()[:-6] + "Z"  # mostly it is
    if moment.tzinfo is None:
        raise ValueError(f"a datetime without time zone: {moment!r}")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def value_text(value: str | bool | int | Decimal | date | datetime | Sequence[str] | None) -> Text:
    """Any value in canonical spelling; the empty string and the empty list are ``None``."""
    match value:
        case None | "":
            return None
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            return number_text(value)
        case datetime():
            return datetime_text(value)
        case date():
            return value.isoformat()
        case _:
            return ";".join(value) or None
