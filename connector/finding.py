"""What is asked of a connection, and what a check found: one line of `dealsync doctor`, for every vendor alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connector.record import FieldType


@dataclass(frozen=True, slots=True)
class Use:
    """What the mappings use of one object: ``key`` is the unique field of our upserts, ``None`` without any.

    ``options`` are the values that we write into a picklist, ``types`` what a field must hold, by field name.
    """

    kind: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    key: str | None = None
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    types: Mapping[str, tuple[FieldType, ...]] = field(default_factory=dict)


class Severity(StrEnum):
    """How bad it is."""

    OK = "ok"  # looked at, and fine
    NOTE = "note"  # nothing to do now
    WARNING = "warning"  # works today, or only in part
    ERROR = "error"  # does not work as mapped


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of one check: ``place`` is what was looked at, ``fix`` what a person does (empty when fine).

    ``mend``: the words of what can be done about it safely and at once; empty where only a person can.
    """

    place: str
    what: str
    fix: str
    severity: Severity
    mend: str = ""

    def __str__(self) -> str:
        return f"{self.severity}: {self.place}: {self.what}" + (f". Fix: {self.fix}" if self.fix else "")
