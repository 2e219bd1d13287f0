"""The objects and fields of the stand-in org: read from schema.toml, extended by a world."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.sandbox.salesforce.errors import Refusal

TEXT_TYPES = frozenset({"string", "textarea", "url", "email", "phone", "picklist", "multipicklist", "combobox"})
NUMBER_TYPES = frozenset({"double", "currency", "percent"})
_LENGTHS = {"email": 80, "phone": 40, "id": 18, "reference": 18, "multipicklist": 4099}
_SCALES = {"currency": 2, "percent": 2}

_STAMP = {"type": "datetime", "read_only": True, "defaulted": True}
_PERSON = {"type": "reference", "to": "User", "read_only": True, "defaulted": True}
_SYSTEM: dict[str, dict[str, Any]] = {
    "Id": {"type": "id", "read_only": True, "defaulted": True},
    "IsDeleted": {"type": "boolean", "read_only": True},
    "CreatedDate": _STAMP,
    "CreatedById": _PERSON,
    "LastModifiedDate": _STAMP,
    "LastModifiedById": _PERSON,
    "SystemModstamp": _STAMP,
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: the facts of schema.toml."""

    name: str
    type: str
    length: int = 0
    scale: int = 0
    required: bool = False
    unique: bool = False
    external_id: bool = False
    case_sensitive: bool = False
    values: tuple[str, ...] = ()
    restricted: bool = False
    to: str = ""
    cascade: bool = False
    calculated: bool = False
    read_only: bool = False
    defaulted: bool = False
    multi_currency: bool = False
    create_only: bool = False
    label: str = ""

    @property
    def writable(self) -> bool:
        """Whether the API takes a value for it."""
        return not (self.calculated or self.read_only)

    @property
    def filterable(self) -> bool:
        """Long text cannot stand in a WHERE or ORDER BY."""
        return self.type != "textarea" or self.length <= 255

    @property
    def relationship(self) -> str:
        """The name under which SOQL reaches the parent row; empty for a field that refers to nothing."""
        if not self.to:
            return ""
        return self.name.removesuffix("__c") + "__r" if self.name.endswith("__c") else self.name.removesuffix("Id")


@dataclass(frozen=True)
class Object:
    """One object and its fields, looked up without regard to case."""

    name: str
    label: str
    prefix: str
    fields: Mapping[str, Field]
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    multi_currency: bool = False
    record_types: Mapping[str, Mapping[str, list[str]]] = field(default_factory=dict)  # name -> picklist -> values


class Schema:
    """What this org has. ``settings`` decide what is seen of it: ``multi_currency``, ``hidden_objects``,
    ``hidden_fields`` and ``read_only_fields``.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        extra: Mapping[str, Any],
        *,
        currencies: tuple[str, ...] = (),
        multi_currency: bool = False,
    ) -> None:
        facts = tomllib.loads(Path(__file__).with_name("schema.toml").read_text("utf-8"))
        for name, spec in extra.items():
            known = facts.get(name, {"prefix": f"b{len(facts):02d}", "label": _label(name), "fields": {}})
            fields = {**known["fields"], **spec.get("fields", {})}
            facts[name] = {**known, **spec, "fields": {key: fact for key, fact in fields.items() if fact}}
        self._settings = settings
        self._multi_currency = multi_currency
        self._objects = {name.lower(): _object(name, spec, currencies) for name, spec in facts.items()}

    @property
    def objects(self) -> list[Object]:
        """Every object that can be seen."""
        return [known for known in self._objects.values() if self._there(known)]

    def _there(self, known: Object) -> bool:
        hidden = self._settings.get("hidden_objects") or ()
        return (not known.multi_currency or self.multi_currency) and known.name not in hidden

    @property
    def multi_currency(self) -> bool:
        """Whether rows carry a currency: the setting, else what the world's org says."""
        return bool(self._settings.get("multi_currency", self._multi_currency))

    def find(self, name: str) -> Object | None:
        """The object of that name, in any case; None where the org has none."""
        found = self._objects.get(name.lower())
        return found if found and self._there(found) else None

    def object(self, name: str) -> Object:
        """The object of that name; 404 NOT_FOUND where the org has none."""
        found = self.find(name)
        if found is None:
            raise Refusal("NOT_FOUND", "The requested resource does not exist", status=404)
        return found

    def field(self, owner: Object, name: str) -> Field | None:
        """The field of that name, in any case; None where it is missing or hidden, which nobody can tell apart."""
        found = owner.fields.get(name.lower())
        return found if found and self._visible(owner, found) else None

    def is_read_only(self, owner: Object, field: Field) -> bool:
        """Whether this user may see the field but not edit it."""
        fixed: Mapping[str, list[str]] = self._settings.get("read_only_fields") or {}
        return field.name in fixed.get(owner.name, ())

    def fields(self, owner: Object) -> list[Field]:
        """The fields that can be seen, in the order of describe."""
        return [field for field in owner.fields.values() if self._visible(owner, field)]

    def parent(self, owner: Object, relationship: str) -> Field | None:
        """The reference field behind ``Account`` or ``Partner_Account__r``."""
        wanted = relationship.lower()
        return next((field for field in self.fields(owner) if field.relationship.lower() == wanted), None)

    def _visible(self, owner: Object, field: Field) -> bool:
        hidden: Mapping[str, list[str]] = self._settings.get("hidden_fields") or {}
        return (self.multi_currency or not field.multi_currency) and field.name not in hidden.get(owner.name, ())


def _object(name: str, spec: Mapping[str, Any], currencies: tuple[str, ...]) -> Object:
    flags = {key: value for key, value in spec.items() if key not in ("fields", "label", "prefix")}
    facts: dict[str, dict[str, Any]] = {"Id": _SYSTEM["Id"]}
    if name.endswith("__c"):
        facts["Name"] = {"type": "string", "length": 80, "defaulted": True}
    facts |= spec["fields"]
    facts |= {key: fact for key, fact in _SYSTEM.items() if key != "IsDeleted" or spec.get("deletable", True)}
    fields = [_field(key, fact, currencies) for key, fact in facts.items()]
    return Object(name, spec["label"], spec["prefix"], {field.name.lower(): field for field in fields}, **flags)


def _field(name: str, fact: Mapping[str, Any], currencies: tuple[str, ...]) -> Field:
    kind = fact["type"]
    values = currencies if name == "CurrencyIsoCode" else tuple(fact.get("values", ()))
    text = kind in TEXT_TYPES or kind in ("id", "reference")
    defaults = {"length": _LENGTHS.get(kind, 255) if text else 0, "scale": _SCALES.get(kind, 0)}
    return Field(**{**defaults, **fact, "name": name, "values": values})


def _label(name: str) -> str:
    return name.removesuffix("__c").replace("_", " ")
