"""Creates what a portal lacks: our custom objects, the properties we own, the labels of our associations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connector.hubspot import routes
from connector.hubspot.describe import Portal
from connector.hubspot.gateway import Gateway
from connector.record import FieldInfo, FieldType, ObjectInfo

GROUP = "dealsync"
LONG_TEXT = 255  # characters above which a text field is shown as an area

TYPES = {
    FieldType.NUMBER: ("number", "number"),
    FieldType.BOOLEAN: ("bool", "booleancheckbox"),
    FieldType.DATE: ("date", "date"),
    FieldType.DATETIME: ("datetime", "date"),
    FieldType.CHOICE: ("enumeration", "select"),
    FieldType.CHOICES: ("enumeration", "checkbox"),
}
"""(type, fieldType) of a new property; everything else is text."""


class Provisioner:
    """Asks what is there before it creates, so that doing it twice is doing it once.

    Source: developers.hubspot.com, "Custom objects", "Properties", "Associations v4". Raises CrmError.
    """

    def __init__(self, gateway: Gateway, portal: Portal) -> None:
        self._gateway, self._portal = gateway, portal

    def provision(self, wanted: ObjectInfo) -> Iterator[str]:
        """Create what is missing of one object; yields a sentence for each thing created."""
        self._portal.forget(wanted.name)
        if wanted.custom and wanted.name not in self._portal.custom():
            yield self._object(wanted)
        yield from self._properties(wanted)
        yield from self._labels(wanted)
        self._portal.forget(wanted.name)

    def _object(self, wanted: ObjectInfo) -> str:
        fields = [field for field in wanted.fields if field.type is not FieldType.ASSOCIATION]
        shown = next((field.name for field in fields if field.unique), fields[0].name)
        body = {
            "name": wanted.name,
            "labels": {"singular": wanted.label, "plural": wanted.label},
            "primaryDisplayProperty": shown,
            "requiredProperties": [field.name for field in fields if field.required],
            "properties": [_property(field) for field in fields],
            "associatedObjects": self._associated(wanted),
        }
        self._gateway.send(routes.NEW_SCHEMA, body=body)
        self._portal.forget(wanted.name)
        return f"Created the custom object {wanted.name} with {len(fields)} properties."

    def _associated(self, wanted: ObjectInfo) -> list[str]:
        others = dict.fromkeys(other for other, _ in wanted.associated)
        return [SINGULAR.get(other) or self._portal.custom()[other].object_type_id for other in others]

    def _properties(self, wanted: ObjectInfo) -> Iterator[str]:
        known = self._portal.properties(wanted.name)
        missing = [
            field for field in wanted.fields if field.name not in known and field.type is not FieldType.ASSOCIATION
        ]
        if missing and GROUP not in self._groups(wanted.name):
            self._gateway.send(routes.NEW_GROUP, wanted.name, body={"name": GROUP, "label": "Dealsync"})
            yield f"Created the property group {GROUP} on {wanted.name}."
        for field in missing:
            body = {**_property(field), "groupName": GROUP}
            self._gateway.send(routes.NEW_PROPERTY, wanted.name, body=body)
            yield f"Created the property {wanted.name}.{field.name}."

    def _groups(self, kind: str) -> set[str]:
        return {group.name for group in self._gateway.send(routes.GROUPS, kind).results}

    def _labels(self, wanted: ObjectInfo) -> Iterator[str]:
        for other, label in wanted.associated:
            known = {found.label for found in self._portal.labels(wanted.name, other)}
            if label and label not in known:
                body = {"label": label, "name": _identifier(label)}
                self._gateway.send(routes.NEW_LABEL, wanted.name, other, body=body)
                yield f"Created the association label {label!r} from {wanted.name} to {other}."


SINGULAR = {
    "companies": "COMPANY",
    "contacts": "CONTACT",
    "deals": "DEAL",
    "line_items": "LINE_ITEM",
    "products": "PRODUCT",
    "tickets": "TICKET",
}


def _property(field: FieldInfo) -> dict[str, Any]:
    type_, field_type = TYPES.get(field.type, ("string", "text"))
    if type_ == "string" and (field.length or 0) > LONG_TEXT:
        field_type = "textarea"
    options = ("true", "false") if field.type is FieldType.BOOLEAN else field.options
    return {
        "name": field.name,
        "label": field.label,
        "type": type_,
        "fieldType": field_type,
        "hasUniqueValue": field.unique,
        "options": [
            {"label": _words(value), "value": value, "displayOrder": place, "hidden": False}
            for place, value in enumerate(options)
        ],
    }


def _words(value: str) -> str:
    return value.replace("_", " ").capitalize()


def _identifier(label: str) -> str:
    """A label's internal name: HubSpot takes no hyphen and no leading digit."""
    name = "".join(letter if letter.isalnum() else "_" for letter in label.lower())
    return f"_{name}" if name[:1].isdigit() else name
