"""What an administrator set up, as the API tells it: picklists by record type, and the Tooling API's rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connector.sandbox.salesforce.asks import Ask, Reply
from connector.sandbox.salesforce.describe import record_type_id
from connector.sandbox.salesforce.errors import Refusal, not_found

_FROM = re.compile(r"\bFROM\s+(\w+)", re.I)
_OBJECT = re.compile(r"QualifiedApiName\s*=\s*'(\w+)'", re.I)
_ID = re.compile(r"\bId\s*=\s*'(\w+)'")


def picklists(ask: Ask, kind: str, record_type: str) -> Reply:
    """The values of every picklist for one record type (User Interface API, "picklist values")."""
    spec = ask.org.schema.object(kind)
    kinds: list[Mapping[str, list[str]]] = [{}, *spec.record_types.values()]
    narrowed = next((kinds[number] for number in range(len(kinds)) if record_type_id(number) == record_type), None)
    if narrowed is None:
        raise not_found()
    found = {
        field.name: {
            "values": [{"value": value, "label": value} for value in narrowed.get(field.name, field.values)]
        }
        for field in ask.org.schema.fields(spec)
        if field.type in ("picklist", "multipicklist")
    }
    return Reply(200, {"picklistFieldValues": found, "eTag": "sandbox"})


def tooling(ask: Ask) -> Reply:
    """Validation rules and field definitions; without the right to see the set-up, 403."""
    if ask.org.settings.get("setup_access") is False:
        raise Refusal("INSUFFICIENT_ACCESS", "You do not have the level of access necessary", status=403)
    soql = ask.query.get("q", "")
    source = _FROM.search(soql)
    kind = _OBJECT.search(soql)
    rows: list[dict[str, Any]] = []
    match source and source[1]:
        case "ValidationRule":
            rows = _validation_rules(ask, kind[1] if kind else "", _ID.search(soql))
        case "FieldDefinition" if kind:
            spec = ask.org.schema.object(kind[1])
            rows = [{"QualifiedApiName": field.name} for field in spec.fields.values()]
        case _:
            raise Refusal("INVALID_TYPE", f"sObject type '{source[1] if source else ''}' is not supported.")
    return Reply(200, {"size": len(rows), "totalSize": len(rows), "done": True, "records": rows})


def _validation_rules(ask: Ask, kind: str, by_id: re.Match[str] | None) -> list[dict[str, Any]]:
    rules: list[Mapping[str, Any]] = ask.org.settings.get("validation_rules") or []
    found = []
    for number, rule in enumerate(rules, 1):
        row_id = f"03d{number:012}"
        if (by_id and by_id[1][:15] == row_id) or (not by_id and kind in ("", rule["object"])):
            formula = f"{rule['field']} = {rule['forbids']!r}"
            row = {"Id": row_id, "ValidationName": rule["name"], "Active": rule.get("active", True)}
            more = {"ErrorDisplayField": None, "ErrorMessage": rule["message"]}
            metadata = {"Metadata": {"errorConditionFormula": formula, "active": rule.get("active", True)}}
            found.append(row | more | (metadata if by_id else {}))
    return found
