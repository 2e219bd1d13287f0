"""Objects and fields in the words of the describe calls."""

from __future__ import annotations

from typing import Any

from connector.sandbox.salesforce.identifiers import new_id
from connector.sandbox.salesforce.schema import NUMBER_TYPES, TEXT_TYPES, Field, Object, Schema

_PRECISION = 18
_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
}


def describe_object(schema: Schema, spec: Object, version: str) -> dict[str, Any]:
    """The body of ``GET /sobjects/{S}/describe``: what this user can see of one object."""
    children = [
        {"childSObject": child.name, "field": field.name, "cascadeDelete": field.cascade, "relationshipName": None}
        for child in schema.objects
        for field in schema.fields(child)
        if field.to == spec.name
    ]
    fields = [_field(field, schema.is_read_only(spec, field)) for field in schema.fields(spec)]
    kinds = [_record_type(name, number) for number, name in enumerate(("Master", *spec.record_types))]
    return {**summary(spec, version), "fields": fields, "childRelationships": children, "recordTypeInfos": kinds}


def record_type_id(number: int) -> str:
    """The id of the ``number``-th record type of an object; Master, the 0th, has the same id in every org."""
    return new_id("012", number) if number else "012000000000000AAA"


def _record_type(name: str, number: int) -> dict[str, Any]:
    names = {"name": name, "developerName": name, "recordTypeId": record_type_id(number)}
    return {**names, "active": True, "available": True, "master": not number}


def summary(spec: Object, version: str) -> dict[str, Any]:
    """One entry of ``GET /sobjects``."""
    root = f"/services/data/{version}/sobjects/{spec.name}"
    return {
        "name": spec.name,
        "label": spec.label,
        "labelPlural": spec.label + "s",
        "keyPrefix": spec.prefix,
        "custom": spec.name.endswith("__c"),
        "customSetting": False,
        "createable": spec.createable,
        "updateable": spec.updateable,
        "deletable": spec.deletable,
        "queryable": True,
        "retrieveable": True,
        "replicateable": spec.createable,
        "urls": {"sobject": root, "describe": root + "/describe", "rowTemplate": root + "/{ID}"},
    }


def _field(field: Field, read_only: bool) -> dict[str, Any]:
    number = field.type in NUMBER_TYPES
    return {
        "name": field.name,
        "label": _label(field),
        "type": field.type,
        "soapType": "xsd:double" if number else _SOAP.get(field.type, "xsd:string"),
        "length": field.length,
        "byteLength": field.length * 3 if field.type in TEXT_TYPES else field.length,
        "precision": _PRECISION if number else 0,
        "scale": field.scale,
        "digits": 8 if field.type == "int" else 0,
        "nillable": not (field.required or field.defaulted or field.type in ("boolean", "id")),
        "calculated": field.calculated,
        "custom": field.name.endswith("__c"),
        "createable": field.writable and not read_only,
        "updateable": field.writable and not read_only and not field.create_only,
        "filterable": field.filterable,
        "sortable": field.filterable and field.type != "multipicklist",
        "groupable": field.filterable and not number,
        "defaultedOnCreate": field.defaulted or field.type == "boolean" or field.name == "OwnerId",
        "externalId": field.external_id,
        "idLookup": field.external_id or field.type == "id",
        "unique": field.unique,
        "caseSensitive": field.case_sensitive,
        "referenceTo": [field.to] if field.to else [],
        "relationshipName": field.relationship or None,
        "polymorphicForeignKey": False,
        "compoundFieldName": None,
        "restrictedPicklist": field.restricted,
        "picklistValues": [
            {"value": value, "label": value, "active": True, "defaultValue": False, "validFor": None}
            for value in field.values
        ],
    }


def _label(field: Field) -> str:
    name = field.label or field.name.removesuffix("__c").replace("_", " ")
    return name.removesuffix("Id") + " ID" if name.endswith("Id") and name != "Id" else name
