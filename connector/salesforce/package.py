"""Emits what an administrator deploys into an org: our objects and fields, and a permission set to use them.

The folder is a Salesforce DX project in source format: ``sf project deploy start --source-dir force-app``. Element
names follow the Metadata API Developer Guide ("CustomObject", "CustomField", "PermissionSet"). package.toml beside
this module says what the objects and fields are.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

Objects = Mapping[str, Mapping[str, bool]]
"""The fields that are used of each object, and whether we write them."""
Facts = Mapping[str, Any]

NAMESPACE: Final = "http://soap.sforce.com/2006/04/metadata"
PERMISSIONS: Final = "dealsync"
SOURCE: Final = Path("force-app", "main", "default")
MOST_TEXT, DIGITS, PERCENT_DIGITS = 255, 18, 5
TYPES: Final[Mapping[str, str]] = {
    "string": "Text",
    "textarea": "LongTextArea",
    "boolean": "Checkbox",
    "picklist": "Picklist",
    "multipicklist": "MultiselectPicklist",
    "double": "Number",
    "percent": "Percent",
    "currency": "Currency",
    "date": "Date",
    "datetime": "DateTime",
    "reference": "Lookup",
}
OPEN_OBJECTS: Final = ("Account", "Opportunity")
"""Standard objects with permissions of their own; the others follow their parent, or everybody may read them."""


def used(mappings: Iterable[Path]) -> dict[str, dict[str, bool]]:
    """What mapping files use, whether they are active or paused. Raises OSError, and ValueError for no TOML."""
    return used_by(map(_read, mappings))


def used_by(mappings: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, bool]]:
    """The fields that some mappings use, by object, and whether they are written."""
    found: dict[str, dict[str, bool]] = {}
    for mapping in mappings:
        fields = found.setdefault(mapping["object"], {})
        for entry in mapping["field"]:
            remote = entry["remote"]
            for name in [remote] if isinstance(remote, str) else remote:
                plain = name.removesuffix("?")
                fields[plain] = fields.get(plain, False) or entry.get("direction", "in") != "in"
        if key := mapping.get("key"):
            fields.setdefault(key, False)
    return found


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: not a mapping file ({error}); correct it") from error


def write_package(folder: Path, objects: Objects, *, api_version: str = "62.0") -> list[Path]:
    """Write the project for these objects; the files written, in order. Fields that package.toml does not have are
    the org's own: they get a permission, but no definition. Raises OSError.
    """
    files = {Path("sfdx-project.json"): _project(api_version)}
    for kind, fields in objects.items():
        home = SOURCE / "objects" / kind
        facts = _schema().get(kind, {})
        if "label" in facts:
            files[home / f"{kind}.object-meta.xml"] = _xml("CustomObject", _object(facts))
        for name in fields:
            if fact := facts.get("fields", {}).get(name):
                files[home / "fields" / f"{name}.field-meta.xml"] = _xml("CustomField", _field(name, fact))
    grants = SOURCE / "permissionsets" / f"{PERMISSIONS}.permissionset-meta.xml"
    files[grants] = _xml("PermissionSet", _permissions(objects))
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, "utf-8")
    return [folder / path for path in files]


def brought(kind: str) -> frozenset[str]:
    """The fields that the package brings to one object."""
    return frozenset(_schema().get(kind, {}).get("fields", {}))


@cache
def _schema() -> Facts:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def _project(api_version: str) -> str:
    package = {"path": "force-app", "default": True}
    return json.dumps({"packageDirectories": [package], "sourceApiVersion": api_version}, indent=2) + "\n"


def _object(facts: Facts) -> Facts:
    """A custom object. Rows are named by a running number: nobody types a name for them."""
    number = {"displayFormat": facts["autonumber"], "label": f"{facts['label']} Number", "type": "AutoNumber"}
    return {
        "deploymentStatus": "Deployed",
        "enableReports": True,
        "enableSearch": True,
        "label": facts["label"],
        "nameField": number,
        "pluralLabel": facts["plural"],
        "sharingModel": "ReadWrite",
    }


def _field(name: str, fact: Facts) -> Facts:
    kind = fact["type"]
    label = name.removesuffix("__c").replace("_", " ")
    facts: dict[str, Any] = {"fullName": name, "label": label}
    if kind == "string" and fact["length"] > MOST_TEXT:
        kind = "textarea"
    facts |= {"type": TYPES[kind], **_details(kind, fact)}
    flags = {
        "unique": "unique",
        "externalId": "external_id",
        "caseSensitive": "case_sensitive",
        "required": "required",
    }
    return facts | {flag: True for flag, key in flags.items() if fact.get(key)}


def _details(kind: str, fact: Facts) -> Facts:
    """What a field of this type says besides its name."""
    match kind:
        case "string":
            return {"length": fact["length"]}
        case "textarea":
            return {"length": fact["length"], "visibleLines": 5}
        case "boolean":
            return {"defaultValue": "false"}
        case "picklist":
            return {"valueSet": _values(fact)}
        case "multipicklist":
            return {"valueSet": _values(fact), "visibleLines": 4}
        case "double" | "currency":
            return {"precision": DIGITS, "scale": fact.get("scale", 2)}
        case "percent":
            return {"precision": PERCENT_DIGITS, "scale": fact.get("scale", 2)}
        case "reference":
            # a row that cannot be without its parent keeps it from being deleted; the others let go
            rule = "Restrict" if fact.get("required") else "SetNull"
            parent = {"referenceTo": fact["to"], "relationshipName": fact["relationship"]}
            return {**parent, "relationshipLabel": fact["relationship"].replace("_", " "), "deleteConstraint": rule}
    return {}


def _values(fact: Facts) -> Facts:
    values = [{"fullName": value, "default": False, "label": value} for value in fact["values"]]
    return {"restricted": True, "valueSetDefinition": {"sorted": False, "value": values}}


def _permissions(objects: Objects) -> Facts:
    return {
        "description": "What the integration user of dealsync reads and writes",
        "fieldPermissions": [
            {"editable": writes, "field": f"{kind}.{name}", "readable": True}
            for kind, fields in sorted(objects.items())
            for name, writes in sorted(_permissible(kind, fields).items())
        ],
        "hasActivationRequired": False,
        "label": PERMISSIONS,
        "objectPermissions": [_object_permissions(kind, fields) for kind, fields in _guarded(objects)],
    }


def _permissible(kind: str, fields: Mapping[str, bool]) -> dict[str, bool]:
    """The fields whose visibility can be granted: a required one is visible to everybody who sees the row."""
    facts = _schema().get(kind, {}).get("fields", {})
    standard = _schema()["standard"].get(kind, {})
    found: dict[str, bool] = {}
    for name, writes in fields.items():
        custom = name.endswith("__c") and not facts.get(name, {}).get("required")
        granted = name if custom else standard.get(name)
        if granted:
            found[granted] = found.get(granted, False) or writes
    return found


def _guarded(objects: Objects) -> list[tuple[str, Mapping[str, bool]]]:
    return sorted(
        (kind, fields) for kind, fields in objects.items() if kind.endswith("__c") or kind in OPEN_OBJECTS
    )


def _object_permissions(kind: str, fields: Mapping[str, bool]) -> Facts:
    """All rows may be read; we edit where we write a field, and create and delete only rows that are all ours."""
    ours = bool(_schema().get(kind, {}).get("delete"))
    return {
        "allowCreate": ours,
        "allowDelete": ours,
        "allowEdit": any(fields.values()),
        "allowRead": True,
        "modifyAllRecords": ours,
        "object": kind,
        "viewAllRecords": True,
    }


def _xml(kind: str, facts: Facts) -> str:
    root = Element(kind, xmlns=NAMESPACE)
    _fill(root, facts)
    indent(root, "    ")
    content: bytes = tostring(root, "UTF-8", xml_declaration=True)
    return content.decode() + "\n"


def _fill(parent: Element, facts: Facts) -> None:
    """One element for each fact, and for each of several; as the Metadata API has it, in alphabetical order."""
    for name, value in sorted(facts.items()):
        for item in value if isinstance(value, list) else [value]:
            element = SubElement(parent, name)
            if isinstance(item, Mapping):
                _fill(element, item)
            else:
                element.text = str(item).lower() if isinstance(item, bool) else str(item)
