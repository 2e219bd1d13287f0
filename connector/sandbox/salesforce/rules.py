"""What an org refuses by its own rules: validation rules, duplicate rules, and the rules of opportunity splits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from connector.sandbox.salesforce.errors import Refusal
from connector.sandbox.salesforce.schema import Object
from connector.sandbox.salesforce.tables import Row, Tables

_WHOLE, _MOST_OVERLAY = Decimal(100), Decimal(1000)


def check_rules(tables: Tables, spec: Object, row: Row, allow_duplicates: bool) -> None:
    """Raise the Refusal of the first rule that a row breaks, in the order in which the platform asks."""
    _validate(tables, spec, row)
    if spec.name == "OpportunitySplit":
        _check_split(tables, row)
    _find_duplicates(tables, spec, row, allow_duplicates)


def _validate(tables: Tables, spec: Object, row: Row) -> None:
    """``validation_rules`` of the settings: ``{name, object, field, forbids, message}``."""
    rules: list[Mapping[str, Any]] = tables.settings.get("validation_rules") or []
    for rule in rules:
        if rule["object"] == spec.name and rule.get("active", True) and row[rule["field"]] == rule["forbids"]:
            raise Refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule["message"], [rule["field"]])


def _find_duplicates(tables: Tables, spec: Object, row: Row, allow_duplicates: bool) -> None:
    """The org's DuplicateRule rows, matching by its MatchingRuleItem fields; only new rows are asked."""
    if row["Id"] in tables.table(spec).rows:
        return
    for rule in _rows(tables, "DuplicateRule"):
        if rule["SobjectType"] != spec.name or not rule["IsActive"]:
            continue
        blocks = rule["DeveloperName"] in (tables.settings.get("blocking_rules") or ())
        found = [other for other in tables.table(spec).rows.values() if _matches(tables, spec, row, other)]
        if found and (blocks or not allow_duplicates):
            raise _duplicates(rule, found, not blocks)


def _matches(tables: Tables, spec: Object, row: Row, other: Row) -> bool:
    rules = {rule["Id"] for rule in _rows(tables, "MatchingRule") if rule["SobjectType"] == spec.name}
    names = [str(item["Field"]) for item in _rows(tables, "MatchingRuleItem") if item["MatchingRuleId"] in rules]
    same = bool(names) and all(row[name] is not None and row[name] == other[name] for name in names)
    return same and not other["IsDeleted"]


def _duplicates(rule: Row, found: list[Row], allow_save: bool) -> Refusal:
    records = [{"record": {"Id": row["Id"]}, "matchConfidence": 100.0} for row in found]
    result = {
        "allowSave": allow_save,
        "duplicateRule": rule["DeveloperName"],
        "matchResults": [{"matchRecords": records, "size": len(records), "success": True}],
    }
    message = "You're creating a duplicate record. We recommend you use an existing record instead."
    return Refusal("DUPLICATES_DETECTED", message, more={"duplicateResult": result})


def _check_split(tables: Tables, row: Row) -> None:
    kind = next((kind for kind in _rows(tables, "OpportunitySplitType") if kind["Id"] == row["SplitTypeId"]), None)
    team = {member["UserId"] for member in _rows(tables, "OpportunityTeamMember", row["OpportunityId"])}
    percent = Decimal(str(row["SplitPercentage"] or 0))
    whole = bool(kind and kind["IsTotalValidated"])
    others = sum(
        Decimal(str(split["SplitPercentage"] or 0))
        for split in _rows(tables, "OpportunitySplit", row["OpportunityId"])
        if split["SplitTypeId"] == row["SplitTypeId"] and split["Id"] != row["Id"]
    )
    # the platform says the same when the owner is not on the team, however misleading that is
    if row["SplitOwnerId"] not in team or (whole and percent + others != _WHOLE and not row["IsDeleted"]):
        raise Refusal("FIELD_INTEGRITY_EXCEPTION", "Can't update splits: percentages don't add up to 100.00%")
    if not 0 <= percent <= (_WHOLE if whole else _MOST_OVERLAY):
        raise Refusal("NUMBER_OUTSIDE_VALID_RANGE", "SplitPercentage: out of range", ["SplitPercentage"])


def _rows(tables: Tables, kind: str, opportunity: object = None) -> Iterator[Row]:
    spec = tables.schema.find(kind)
    rows = tables.table(spec).rows.values() if spec else ()
    for row in rows:
        if not row.get("IsDeleted") and (opportunity is None or row["OpportunityId"] == opportunity):
            yield row
