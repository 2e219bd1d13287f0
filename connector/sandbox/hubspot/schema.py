"""Object types and their properties, as a portal defines and describes them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EPOCH = "1970-01-01T00:00:00Z"
_FIELD_TYPES = {
    "bool": "booleancheckbox",
    "number": "number",
    "date": "date",
    "datetime": "date",
    "enumeration": "select",
}


@dataclass
class Property:
    """One property. ``options`` are HubSpot's own option objects; ``external`` ones live outside the property."""

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group: str = ""
    options: list[dict[str, Any]] = field(default_factory=list)
    unique: bool = False
    calculated: bool = False
    readonly: bool = False
    multiple: bool = False
    external: bool = False
    integer: bool = False
    hubspot: bool = False

    def values(self) -> list[str]:
        """The values that are allowed; empty where any is."""
        return [option["value"] for option in self.options]

    def json(self) -> dict[str, Any]:
        """As ``GET properties`` describes it."""
        return {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "groupName": self.group,
            "description": "",
            "options": [] if self.external else self.options,
            "displayOrder": -1,
            "calculated": self.calculated,
            "externalOptions": self.external,
            "hasUniqueValue": self.unique,
            "hidden": False,
            "hubspotDefined": self.hubspot,
            "formField": not self.hubspot,
            "archived": False,
            "createdAt": EPOCH,
            "updatedAt": EPOCH,
            "modificationMetadata": {
                "archivable": not self.hubspot,
                "readOnlyDefinition": self.hubspot,
                "readOnlyValue": self.readonly or self.calculated,
            },
        }


@dataclass
class ObjectType:
    """One object: ``created`` and ``modified`` name the properties that hold its stamps."""

    name: str
    id: str
    singular: str
    plural: str
    properties: dict[str, Property]
    required: Sequence[str] = ()
    required_one_of: Sequence[str] = ()
    shown: Sequence[str] = ()
    primary: str = ""
    created: str = "createdate"
    modified: str = "hs_lastmodifieddate"
    custom: bool = False
    groups: dict[str, str] = field(default_factory=dict)

    def always(self) -> tuple[str, ...]:
        """What every answer carries, asked for or not."""
        return ("hs_object_id", self.created, self.modified)


def facts(own: Mapping[str, Any]) -> dict[str, Any]:
    """What a portal starts with. ``own``: by object, the properties that it has besides, and ``without`` which."""
    found = tomllib.loads(Path(__file__).with_name("schema.toml").read_text("utf-8"))
    for name, changed in own.items():
        fact = found["types"].get(name) or found["custom"][name]
        gone = {*changed.get("without", ()), *(row["name"] for row in changed.get("properties", ()))}
        kept = [row for row in fact["properties"] if row["name"] not in gone]
        fact["properties"] = [*kept, *changed.get("properties", ())]
    return found


def options(values: Sequence[str]) -> list[dict[str, Any]]:
    """Option objects for plain values."""
    return [
        {"label": value.replace("_", " ").capitalize(), "value": value, "displayOrder": place, "hidden": False}
        for place, value in enumerate(values)
    ]


def standard_type(name: str, fact: Mapping[str, Any]) -> ObjectType:
    """A type of HubSpot's own, from schema.toml."""
    group = f"{fact['singular'].replace('_', '')}information"
    kind = ObjectType(
        name=name,
        id=fact["id"],
        singular=fact["singular"],
        plural=name.replace("_", " "),
        properties={row["name"]: from_fact(row, group) for row in fact["properties"]},
        required=fact.get("required", ()),
        required_one_of=fact.get("required_one_of", ()),
        shown=fact["shown"],
        modified=fact.get("modified", "hs_lastmodifieddate"),
        groups={group: f"{fact['singular'].capitalize()} information"},
    )
    return _with_stamps(kind, group)


def custom_type(
    name: str, id_: str, labels: Mapping[str, str], primary: str, properties: Sequence[Property]
) -> ObjectType:
    """A type that the portal's owner made. Only ``POST schemas`` and schema.toml make one."""
    group = f"{name}_information"
    kind = ObjectType(
        name=name,
        id=id_,
        singular=labels.get("singular", name),
        plural=labels.get("plural", name),
        properties={prop.name: prop for prop in properties},
        primary=primary,
        shown=(primary,),
        created="hs_createdate",
        custom=True,
        groups={group: f"{labels.get('singular', name)} information"},
    )
    for prop in properties:
        prop.group = prop.group or group
    return _with_stamps(kind, group)


def from_fact(row: Mapping[str, Any], group: str) -> Property:
    """A property from a row of schema.toml."""
    kind = row.get("type", "string")
    marks = {mark: value for mark, value in row.items() if mark not in {"name", "label", "type", "options"}}
    return Property(
        name=row["name"],
        label=row.get("label") or row["name"].replace("_", " ").capitalize(),
        type=kind,
        field_type="checkbox" if row.get("multiple") else _FIELD_TYPES.get(kind, "text"),
        group=group,
        options=options(row.get("options", ["true", "false"] if kind == "bool" else [])),
        **marks,
    )


def from_request(body: Mapping[str, Any]) -> Property:
    """A property from the body of ``POST properties``. Raises KeyError for a missing key."""
    given = body.get("options") or (options(["true", "false"]) if body["type"] == "bool" else [])
    return Property(
        name=body["name"],
        label=body["label"],
        type=body["type"],
        field_type=body["fieldType"],
        group=body.get("groupName", ""),
        options=[{"displayOrder": place, "hidden": False} | row for place, row in enumerate(given)],
        unique=bool(body.get("hasUniqueValue")),
        multiple=body["fieldType"] == "checkbox",
    )


def _with_stamps(kind: ObjectType, group: str) -> ObjectType:
    rows: list[dict[str, Any]] = [
        {"name": "hs_object_id", "type": "number", "integer": True, "readonly": True},
        {"name": kind.created, "type": "datetime", "readonly": kind.created != "createdate"},
        {"name": kind.modified, "type": "datetime", "readonly": True},
    ]
    for row in rows:
        kind.properties[row["name"]] = from_fact(row | {"hubspot": True}, group)
    return kind
