"""The fields of each object as Salesforce describes them to us, asked once."""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from connector.record import FieldInfo, FieldType
from connector.salesforce.wire import Wire

TYPES = {
    "id": FieldType.ID,
    "boolean": FieldType.BOOLEAN,
    "int": FieldType.NUMBER,
    "long": FieldType.NUMBER,
    "double": FieldType.NUMBER,
    "currency": FieldType.NUMBER,
    "percent": FieldType.NUMBER,
    "date": FieldType.DATE,
    "datetime": FieldType.DATETIME,
    "picklist": FieldType.CHOICE,
    "multipicklist": FieldType.CHOICES,
    "reference": FieldType.REFERENCE,
}
"""Types that are not here (string, textarea, email, time, and whatever comes) pass as text."""


class Option(msgspec.Struct):
    """One value of a picklist."""

    value: str
    active: bool = True


class Described(msgspec.Struct, rename="camel"):
    """One field of a describe (REST API Developer Guide, "sObject Describe")."""

    name: str
    type: str
    label: str = ""
    length: int = 0
    scale: int = 0
    nillable: bool = True
    calculated: bool = False
    unique: bool = False
    createable: bool = False
    updateable: bool = False
    defaulted_on_create: bool = False
    picklist_values: list[Option] = []
    reference_to: list[str] = []


class Description(msgspec.Struct):
    """The part of a describe that we use."""

    fields: list[Described]


DESCRIPTION = msgspec.json.Decoder(Description)


class Catalogue:
    """Describes of one org, kept until ``forget``."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._known: dict[str, dict[str, FieldInfo]] = {}

    def fields(self, kind: str) -> dict[str, FieldInfo]:
        """The fields of an object by name. Raises PauseMapping where the object does not exist for us."""
        if kind not in self._known:
            answer = self._wire.get(f"sobjects/{quote(kind, safe='')}/describe", kind=kind)
            self._known[kind] = {field.name: _info(field) for field in answer.read(DESCRIPTION).fields}
        return self._known[kind]

    def knows(self, kind: str) -> bool:
        """Whether it was asked already."""
        return kind in self._known

    def forget(self, kind: str) -> None:
        """Ask again next time: the object has changed, or what we may see of it."""
        self._known.pop(kind, None)


def _info(field: Described) -> FieldInfo:
    kind = TYPES.get(field.type, FieldType.TEXT)
    return FieldInfo(
        name=field.name,
        label=field.label,
        type=kind,
        writable=(field.createable or field.updateable) and not field.calculated,
        required=field.createable and not field.nillable and not field.defaulted_on_create,
        calculated=field.calculated,
        unique=field.unique,
        length=field.length or None,
        scale=field.scale if kind is FieldType.NUMBER else None,
        options=tuple(option.value for option in field.picklist_values if option.active),
        refers_to=tuple(field.reference_to),
    )
