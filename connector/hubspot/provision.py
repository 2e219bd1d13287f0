"""Creates what a portal lacks: our custom objects, the properties we own, the labels of our associations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connector.errors import PauseMapping, SkipRecord
from connector.hubspot import answers, routes
from connector.hubspot.describe import STANDARD, Portal
from connector.hubspot.gateway import Gateway
from connector.hubspot.layout import PipelineInfo
from connector.hubspot.pipelines import DEAL_PIPELINES, Pipeline
from connector.hubspot.routes import Route
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


NEW_PIPELINE = Route(Pipeline, "POST", DEAL_PIPELINES.dated, DEAL_PIPELINES.legacy, writes=True)
CHANGED_PROPERTY = Route(
    answers.Property, "PATCH", "/crm/properties/{v}/{0}/{1}", "/crm/v3/properties/{0}/{1}", writes=True
)
NEW_ASSOCIATION = Route(
    answers.Answer,
    "POST",
    "/crm-object-schemas/{v}/schemas/{0}/associations",
    "/crm/v3/schemas/{0}/associations",
    writes=True,
)
EXISTS = "OBJECT_ALREADY_EXISTS"


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
            yield from self._object(wanted)
        yield from self._properties(wanted)
        yield from self._options(wanted)
        yield from self._labels(wanted)
        self._portal.forget(wanted.name)

    def pipeline(self, wanted: PipelineInfo) -> Iterator[str]:
        """Create a pipeline of deals where none has its label; HubSpot numbers the stages of a new one."""
        there = {found.label for found in self._gateway.send(DEAL_PIPELINES, "deals").results}
        if wanted.label in there:
            return
        stages = [
            {"label": stage.label, "displayOrder": place, "metadata": {"probability": stage.probability}}
            for place, stage in enumerate(wanted.stages)
        ]
        body = {"label": wanted.label, "displayOrder": len(there), "stages": stages}
        made = self._gateway.send(NEW_PIPELINE, "deals", body=body)
        yield f"Created the pipeline {made.label!r} with {len(made.stages)} stages."

    def _object(self, wanted: ObjectInfo) -> Iterator[str]:
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
        made = self._made(routes.NEW_SCHEMA, body=body)
        self._portal.forget(wanted.name)
        if made:
            yield f"Created the custom object {wanted.name} with {len(fields)} properties."

    def _associated(self, wanted: ObjectInfo) -> list[str]:
        others = dict.fromkeys(other for other, _ in wanted.associated)
        return [SINGULAR.get(other) or self._portal.custom()[other].object_type_id for other in others]

    def _properties(self, wanted: ObjectInfo) -> Iterator[str]:
        known = self._portal.properties(wanted.name)
        missing = [
            field for field in wanted.fields if field.name not in known and field.type is not FieldType.ASSOCIATION
        ]
        if missing:
            yield from self._group(wanted.name)
        for field in missing:
            body = {**_property(field), "groupName": GROUP}
            if self._made(routes.NEW_PROPERTY, wanted.name, body=body):
                yield f"Created the property {wanted.name}.{field.name}."

    def _options(self, wanted: ObjectInfo) -> Iterator[str]:
        """Add the options that we write and the property lacks; those that are there stay as they are."""
        known = self._portal.properties(wanted.name)
        for field in wanted.fields:
            there = known.get(field.name)
            added = [value for value in field.options if there and value not in [o.value for o in there.options]]
            if there and added and there.type == "enumeration":
                kept = [_option(o.value, o.label, o.display_order, o.hidden) for o in there.options]
                new = [_option(value, _words(value), len(kept) + at, False) for at, value in enumerate(added)]
                self._made(CHANGED_PROPERTY, wanted.name, field.name, body={"options": [*kept, *new]})
                yield f"Added the options {', '.join(added)} to {wanted.name}.{field.name}."

    def _made(self, route: Route[Any], *where: str, body: dict[str, Any]) -> bool:
        """Whether we created it; somebody else may have done so a moment ago."""
        try:
            self._gateway.send(route, *where, body=body)
        except SkipRecord as refused:
            if refused.code == EXISTS:
                return False
            kind = where[0] if where else str(body["name"])
            raise PauseMapping(refused.message, kind=kind, code=refused.code) from refused
        return True

    def _group(self, kind: str) -> Iterator[str]:
        there = {group.name for group in self._gateway.send(routes.GROUPS, kind).results}
        body = {"name": GROUP, "label": "Dealsync"}
        if GROUP not in there and self._made(routes.NEW_GROUP, kind, body=body):
            yield f"Created the property group {GROUP} on {kind}."

    def _labels(self, wanted: ObjectInfo) -> Iterator[str]:
        for other, label in wanted.associated:
            known = {found.label for found in self._portal.labels(wanted.name, other)}
            if not known and not {wanted.name, other} <= set(STANDARD):
                yield self._association(wanted.name, other)
            if label and label not in known:
                body = {"label": label, "name": _identifier(label)}
                self._made(routes.NEW_LABEL, wanted.name, other, body=body)
                yield f"Created the association label {label!r} from {wanted.name} to {other}."

    def _association(self, kind: str, other: str) -> str:
        """Make a custom object linkable; it is addressed by its schema, whichever of the two it is."""
        custom, target = (other, kind) if kind in STANDARD else (kind, other)
        types = TYPE_IDS | {name: schema.object_type_id for name, schema in self._portal.custom().items()}
        body = {"fromObjectTypeId": types[custom], "toObjectTypeId": types.get(target, target)}
        self._made(NEW_ASSOCIATION, custom, body=body)
        self._portal.forget(kind)
        return f"Created the association of {custom} with {target}."


TYPE_IDS = {"companies": "0-2", "contacts": "0-1", "deals": "0-3", "line_items": "0-8", "tickets": "0-5"}
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
        "options": [_option(value, _words(value), place, False) for place, value in enumerate(options)],
    }


def _option(value: str, label: str, place: int, hidden: bool) -> dict[str, Any]:
    return {"label": label, "value": value, "displayOrder": place, "hidden": hidden}


def _words(value: str) -> str:
    return value.replace("_", " ").capitalize()


def _identifier(label: str) -> str:
    """A label's internal name: HubSpot takes no hyphen and no leading digit."""
    name = "".join(letter if letter.isalnum() else "_" for letter in label.lower())
    return f"_{name}" if name[:1].isdigit() else name
