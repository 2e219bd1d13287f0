"""The package for an administrator: well-formed, in documented words, complete for the shipped mappings, true."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from lxml import etree

from connector.salesforce import package
from connector.salesforce.package import NAMESPACE, used, write_package
from connector.sandbox.salesforce.schema import Schema

ROOT = Path(__file__).resolve().parents[2]
MAPPINGS = sorted((ROOT / "mappings").glob("sf-*.toml"))
VALUES = {"restricted", "valueSetDefinition", "sorted", "value", "fullName", "default", "label"}
DOCUMENTED = {
    "CustomObject": {
        *("deploymentStatus", "enableReports", "enableSearch", "label", "nameField", "pluralLabel", "sharingModel"),
        *("displayFormat", "type"),
    },
    "CustomField": {
        *("fullName", "label", "type", "length", "precision", "scale", "required", "unique", "externalId"),
        *("caseSensitive", "referenceTo", "relationshipName", "relationshipLabel", "deleteConstraint"),
        *("defaultValue", "visibleLines", "valueSet", *VALUES),
    },
    "PermissionSet": {
        *("description", "fieldPermissions", "editable", "field", "readable", "hasActivationRequired", "label"),
        *("objectPermissions", "allowCreate", "allowDelete", "allowEdit", "allowRead", "modifyAllRecords"),
        *("object", "viewAllRecords"),
    },
}
"""Element names of the Metadata API Developer Guide, by the type of the file."""
ALIKE = {
    "string": "Text",
    "boolean": "Checkbox",
    "picklist": "Picklist",
    "multipicklist": "MultiselectPicklist",
    "double": "Number",
    "percent": "Percent",
    "currency": "Currency",
    "date": "Date",
    "datetime": "DateTime",
    "reference": "Lookup",
    "textarea": "LongTextArea",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("package")
    write_package(home, used(MAPPINGS))
    return home


def parsed(folder: Path, pattern: str) -> dict[str, etree._Element]:
    found = {str(path.relative_to(folder)): etree.parse(path).getroot() for path in folder.rglob(pattern)}
    assert found
    return found


def text(element: etree._Element, name: str) -> str | None:
    found: str | None = element.findtext(f"{{{NAMESPACE}}}{name}")
    return found


def texts(element: etree._Element, name: str) -> list[str]:
    return [found.text or "" for found in element.iter(f"{{{NAMESPACE}}}{name}")]


def test_every_file_is_a_known_type_with_documented_elements_only(folder: Path) -> None:
    for path, root in parsed(folder, "*.xml").items():
        kind = etree.QName(root).localname
        assert etree.QName(root).namespace == NAMESPACE
        names = {etree.QName(element).localname for element in root.iter()} - {kind}
        assert names <= DOCUMENTED[kind], path


def test_the_file_names_say_what_is_inside(folder: Path) -> None:
    project = json.loads((folder / "sfdx-project.json").read_text())
    assert project["packageDirectories"] == [{"path": "force-app", "default": True}]
    for path, root in parsed(folder, "*.field-meta.xml").items():
        assert Path(path).name == f"{text(root, 'fullName')}.field-meta.xml"
    kinds = {Path(path).name.partition(".")[0] for path in parsed(folder, "*.object-meta.xml")}
    assert kinds == {"Deal_Registration__c", "Partner_Attribution__c"}


def test_every_custom_field_of_the_shipped_mappings_is_in_it(folder: Path) -> None:
    there = {
        f"{Path(path).parts[-3]}.{text(root, 'fullName')}"
        for path, root in parsed(folder, "*.field-meta.xml").items()
    }
    mapped = {
        f"{kind}.{name}" for kind, fields in used(MAPPINGS).items() for name in fields if name.endswith("__c")
    }
    assert there == mapped
    assert len(there) > 60


def test_the_fields_are_those_of_the_stand_in_org(folder: Path) -> None:
    """What we tell people to deploy, and what every test writes to, must be one thing."""
    schema = Schema({}, {})
    for path, root in parsed(folder, "*.field-meta.xml").items():
        spec = schema.field(schema.object(Path(path).parts[-3]), str(text(root, "fullName")))
        assert spec is not None
        long_text = spec.type == "string" and spec.length > 255
        assert text(root, "type") == ("LongTextArea" if long_text else ALIKE[spec.type]), path
        assert (text(root, "unique") == "true", text(root, "externalId") == "true") == (
            spec.unique,
            spec.external_id,
        )
        assert (text(root, "required") == "true") == spec.required
        assert (text(root, "caseSensitive") == "true") == spec.case_sensitive
        assert (text(root, "referenceTo") or "") == spec.to
        if spec.type in ("string", "textarea"):
            assert text(root, "length") == str(spec.length)
        if spec.type in ("double", "percent", "currency"):
            assert text(root, "scale") == str(spec.scale)
        if spec.values:
            values = root.findall(f".//{{{NAMESPACE}}}value/{{{NAMESPACE}}}fullName")
            assert [value.text for value in values] == list(spec.values)


def test_names_of_child_relationships_are_unique_for_each_parent(folder: Path) -> None:
    fields = parsed(folder, "*.field-meta.xml").values()
    pairs = [
        (text(root, "referenceTo"), text(root, "relationshipName")) for root in fields if text(root, "referenceTo")
    ]
    assert len(pairs) == len(set(pairs))


def test_our_external_id_is_unique_and_minds_case(folder: Path) -> None:
    [root] = parsed(folder, "Engine_Key__c.field-meta.xml").values()
    assert [text(root, flag) for flag in ("externalId", "unique", "caseSensitive")] == ["true"] * 3


def test_the_permission_set_opens_what_we_use_and_nothing_else(folder: Path) -> None:
    [root] = parsed(folder, "*.permissionset-meta.xml").values()
    grants = {
        text(grant, "field"): text(grant, "editable") for grant in root.iter(f"{{{NAMESPACE}}}fieldPermissions")
    }
    assert grants["Opportunity.Deal_Reg_Status__c"] == "true"
    assert grants["Opportunity.Amount"] == "false"
    assert grants["Account.BillingAddress"] == "false"
    assert "Partner_Attribution__c.Opportunity__c" not in grants, "a grant on a required field fails the deployment"
    rights = {text(each, "object"): each for each in root.iter(f"{{{NAMESPACE}}}objectPermissions")}
    assert set(rights) == {"Account", "Opportunity", "Deal_Registration__c", "Partner_Attribution__c"}
    assert [kind for kind, each in rights.items() if text(each, "allowDelete") == "true"] == [
        "Partner_Attribution__c"
    ]
    assert text(rights["Account"], "allowEdit") == "false"


def test_names_that_need_escaping_stay_what_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fact = {"type": "picklist", "values": ['R&D <"Süd">']}
    monkeypatch.setattr(package, "_schema", lambda: {"X__c": {"fields": {"F__c": fact}}, "standard": {}})
    write_package(tmp_path, {"X__c": {"F__c": True, "Own__c": False}})
    [root] = parsed(tmp_path, "*.field-meta.xml").values()
    assert 'R&D <"Süd">' in texts(root, "fullName")
    [grants] = parsed(tmp_path, "*.permissionset-meta.xml").values()
    assert texts(grants, "field") == ["X__c.F__c", "X__c.Own__c"], "the org's own field gets a grant, no definition"


def test_a_broken_mapping_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "sf-x.toml").write_text("object = ")
    with pytest.raises(ValueError, match=r"sf-x\.toml: not a mapping file"):
        used([tmp_path / "sf-x.toml"])


def test_optional_and_joined_fields_are_understood(tmp_path: Path) -> None:
    body = {
        "a": 'remote = "A?"',
        "b": 'remote = ["B", "C?"]\ndirection = "out"',
        "c": 'remote = "A"\ndirection = "both"',
    }
    fields = "".join(f'[[field]]\ncanonical = "{name}"\n{line}\n' for name, line in body.items())
    (tmp_path / "sf-x.toml").write_text(f'object = "X"\nkey = "K__c"\n{fields}')
    assert used([tmp_path / "sf-x.toml"]) == {"X": {"A": True, "B": True, "C": True, "K__c": False}}


def test_the_schema_file_says_nothing_that_nobody_maps() -> None:
    facts = tomllib.loads(Path(package.__file__).with_suffix(".toml").read_text())
    mapped = used(MAPPINGS)
    for kind, spec in facts.items():
        if kind != "standard":
            assert set(spec["fields"]) <= set(mapped[kind]), kind
