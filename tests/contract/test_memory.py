"""The CRM in memory is really a Crm."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from connector.crm import Crm
from connector.errors import TryAgain
from connector.memory import MemoryCrm
from connector.record import FieldInfo, FieldType, Text

from .contract import CrmContract
from .rig import Call, Effect, Kinds, Rig

KINDS = Kinds(
    plain="claims",
    text="name",
    number="amount",
    boolean="lead",
    date="closes",
    datetime="filed_at",
    choice="choice",
    choices="roles",
    link="partner",
    options=("SOURCE", "RESELL"),
    choice_option="Chosen",
    target="partners",
    target_text="name",
    ours="credits",
    key="key",
    amount="share",
)
SCHEMA = {
    "claims": (
        FieldInfo("name", "Name", FieldType.TEXT, length=80),
        FieldInfo("amount", "Amount", FieldType.NUMBER),
        FieldInfo("lead", "Lead", FieldType.BOOLEAN),
        FieldInfo("closes", "Closes", FieldType.DATE),
        FieldInfo("filed_at", "Filed at", FieldType.DATETIME),
        FieldInfo("choice", "Choice", FieldType.CHOICE, options=("Chosen", "Refused")),
        FieldInfo("roles", "Roles", FieldType.CHOICES, options=("SOURCE", "RESELL", "ADVISE")),
        FieldInfo("partner", "Partner", FieldType.REFERENCE, refers_to=("partners",)),
    ),
    "partners": (FieldInfo("name", "Name", FieldType.TEXT),),
    "credits": (
        FieldInfo("key", "Key", FieldType.TEXT, unique=True),
        FieldInfo("share", "Share", FieldType.NUMBER),
    ),
}


class MemoryRig:
    kinds = KINDS
    page_size = 10

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
        self.memory = MemoryCrm("memory", SCHEMA, now=lambda: self.moment)
        self.memory.page_size = self.page_size
        self.crm: Crm = self.memory

    def create(self, kind: str, *rows: Mapping[str, Text]) -> list[str]:
        return [self.memory.put(kind, row) for row in rows]

    def edit(self, kind: str, row_id: str, values: Mapping[str, Text]) -> None:
        self.memory.put(kind, values, row_id)

    def drop(self, kind: str, row_id: str) -> None:
        self.memory.drop(kind, row_id)

    def merge(self, kind: str, loser: str, winner: str) -> None:
        self.memory.merge(kind, loser, winner)

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    def hide(self, kind: str, field: str) -> None:
        self.memory.hidden.add((kind, field))

    def fault(self, effect: Effect, on: Call, *, skip: int = 0) -> None:
        gone = TryAgain("memory: not reached; ask again")
        self.memory.faults += [(on, None)] * skip
        self.memory.faults.append((on, gone if effect in ("drop", "unavailable") else "after"))


class TestMemory(CrmContract):
    @pytest.fixture
    def rig(self) -> Rig:
        return MemoryRig()
