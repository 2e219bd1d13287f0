"""The fields of each object as Salesforce describes them to us, asked once."""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from connector.record import FieldInfo, FieldType
from connector.salesforce.wire import NotModified, Wire

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


class RecordType(msgspec.Struct, rename="camel"):
    """One record type of an object; the master stands for rows that have none."""

    record_type_id: str
    name: str = ""
    available: bool = True
    master: bool = False


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
    external_id: bool = False
    case_sensitive: bool = False
    restricted_picklist: bool = False
    createable: bool = False
    updateable: bool = False
    filterable: bool = True
    sortable: bool = True
    defaulted_on_create: bool = False
    picklist_values: list[Option] = []
    reference_to: list[str] = []


class Description(msgspec.Struct, rename="camel"):
    """The part of a describe that we use."""

    fields: list[Described]
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    record_type_infos: list[RecordType] = []


DESCRIPTION = msgspec.json.Decoder(Description)


class Catalogue:
    """Describes of one org, kept until ``doubt`` or ``forget``."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._known: dict[str, dict[str, FieldInfo]] = {}
        self._last: dict[str, dict[str, FieldInfo]] = {}
        self._described: dict[str, Description] = {}
        self._modified: dict[str, str] = {}
        self._doubted: set[str] = set()

    def fields(self, kind: str) -> dict[str, FieldInfo]:
        """The fields of an object by name. Raises PauseMapping where the object does not exist for us."""
        if kind not in self._known or kind in self._doubted:
            self._ask(kind)
        return self._known[kind]

    def described(self, kind: str) -> Description:
        """All that a describe says and we use, for checks. Raises PauseMapping."""
        self.fields(kind)
        return self._described[kind]

    def is_external_id(self, kind: str, name: str) -> bool:
        """Whether rows can be upserted by this field. Raises PauseMapping."""
        return any(field.external_id for field in self.described(kind).fields if field.name == name)

    def path(self, kind: str) -> str:
        """Where an object is described, below ``/services/data/vXX.X/``."""
        return f"sobjects/{quote(kind, safe='')}/describe"

    def condition(self, kind: str) -> dict[str, str]:
        """The headers that make an unchanged describe answer 304 without its body."""
        modified = self._modified.get(kind) if kind in self._known else None
        return {"If-Modified-Since": modified} if modified else {}

    def _ask(self, kind: str) -> None:
        try:
            answer = self._wire.get(self.path(kind), kind=kind, headers=self.condition(kind))
        except NotModified:
            self._doubted.discard(kind)
            return
        self._described[kind] = answer.read(DESCRIPTION)
        self._known[kind] = {field.name: _info(field) for field in self._described[kind].fields}
        self._last[kind] = self._known[kind]
        self._modified[kind] = answer.headers.get("Last-Modified", "")
        self._doubted.discard(kind)

    def last(self, kind: str) -> dict[str, FieldInfo]:
        """The fields when we last asked, forgotten or not; none before the first time. Asks nothing."""
        return self._last.get(kind, {})

    def knows(self, kind: str) -> bool:
        """Whether it was asked already."""
        return kind in self._known

    def doubt(self, kind: str) -> None:
        """Ask again next time, whether the object has changed since."""
        self._doubted.add(kind)

    def forget(self, kind: str) -> None:
        """Ask again next time: the object has changed, or what we may see of it, which no stamp tells for sure."""
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
