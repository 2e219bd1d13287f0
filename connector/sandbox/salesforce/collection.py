"""sObject collections: up to 200 rows in one call, each with its own result, or all or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any

from connector.sandbox.salesforce.asks import Ask, Reply
from connector.sandbox.salesforce.errors import Refusal, rolled_back
from connector.sandbox.salesforce.identifiers import long_id
from connector.sandbox.salesforce.schema import Object
from connector.sandbox.salesforce.writes import external_key

_MOST_ROWS, _MOST_CHUNKS = 200, 10
Result = dict[str, Any]


def create(ask: Ask) -> Reply:
    def step(row: Mapping[str, Any]) -> Result:
        if _id_in(row):
            raise Refusal("INVALID_FIELD", "The Id field should not be specified in the sobject data.")
        return {"id": ask.writer.create(_kind(ask, row), row)}

    return _each(ask, _rows(ask), step)


def update(ask: Ask) -> Reply:
    repeated = _repeated(_id_in(row) for row in _rows(ask))

    def step(row: Mapping[str, Any]) -> Result:
        row_id = _id_in(row)
        if not row_id:
            raise Refusal("MISSING_ARGUMENT", "Id not specified in an update call", ["Id"])
        if row_id in repeated:
            raise Refusal("DUPLICATE_VALUE", f"Duplicate id specified: {row_id}", ["Id"])
        fields = {name: value for name, value in row.items() if name.lower() != "id"}
        ask.writer.update(_kind(ask, row), row_id, fields)
        return {"id": long_id(row_id)}

    return _each(ask, _rows(ask), step)


def upsert(ask: Ask, kind: str, key: str) -> Reply:
    """Upserts of one object. Rows that share a key are all refused: nobody can say which was meant to win."""
    spec = ask.org.schema.object(kind)
    field = external_key(ask.org.tables, spec, key)
    rows = _rows(ask)
    fold = str if field.case_sensitive else str.casefold
    repeated = _repeated(fold(str(_value(row, key))) for row in rows if _value(row, key) is not None)

    def step(row: Mapping[str, Any]) -> Result:
        if _kind(ask, row) != spec:
            raise Refusal("INVALID_TYPE", f"The record is not of type {spec.name}")
        value = _value(row, key)
        if value is None:
            raise Refusal("MISSING_ARGUMENT", f"{field.name} not specified")
        if fold(str(value)) in repeated:
            raise Refusal("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", [field.name])
        if field.type == "id":
            ask.writer.update(spec, str(value), {name: kept for name, kept in row.items() if name.lower() != "id"})
            return {"id": long_id(str(value)), "created": False}
        row_id, created = ask.writer.upsert(spec, field, str(value), row)
        return {"id": row_id, "created": created}

    return _each(ask, rows, step)


def delete(ask: Ask) -> Reply:
    ids = [name for name in ask.query.get("ids", "").split(",") if name]
    prefixes = {spec.prefix: spec for spec in ask.org.schema.objects}

    def step(row: Mapping[str, Any]) -> Result:
        row_id = str(row["id"])
        spec = prefixes.get(row_id[:3])
        if spec is None:
            raise Refusal("MALFORMED_ID", f"bad id {row_id}", ["Id"])
        ask.writer.delete(spec, row_id)
        return {"id": long_id(row_id)}

    _check_count(len(ids))
    all_or_none = ask.query.get("allOrNone", "false").lower() == "true"
    return Reply(200, results(ask, [{"id": row_id} for row_id in ids], step, all_or_none))


def results(
    ask: Ask,
    rows: list[Mapping[str, Any]],
    step: Callable[[Mapping[str, Any]], Result],
    all_or_none: bool,
) -> list[Result]:
    """One result for each row, in order. With ``all_or_none`` one refused row takes all others back."""
    found: list[Result] = []
    half = ask.org.settings.pop("half_written", None)
    try:
        with ask.org.tables.whole_or_nothing():
            for row in rows[:half]:
                found.append(_attempt(ask, row, step))
            if all_or_none and not all(result["success"] for result in found):
                raise rolled_back()
    except Refusal:
        found = [_refused(rolled_back()) if result["success"] else result for result in found]
    if half is not None:
        raise Refusal("UNKNOWN_EXCEPTION", "An unexpected error occurred. ErrorId: 1234-5 (-678)", status=500)
    return found


def _attempt(ask: Ask, row: Mapping[str, Any], step: Callable[[Mapping[str, Any]], Result]) -> Result:
    try:
        with ask.org.tables.whole_or_nothing():
            return {**step(row), "success": True, "errors": []}
    except Refusal as refusal:
        return _refused(refusal)


def _refused(refusal: Refusal) -> Result:
    return {"success": False, "errors": [refusal.row()]}


def _each(ask: Ask, rows: list[Mapping[str, Any]], step: Callable[[Mapping[str, Any]], Result]) -> Reply:
    return Reply(200, results(ask, rows, step, bool(ask.fields().get("allOrNone", False))))


def _rows(ask: Ask) -> list[Mapping[str, Any]]:
    rows = ask.fields().get("records")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Refusal("JSON_PARSER_ERROR", "records: a list of sObjects with attributes is required")
    _check_count(len(rows))
    chunks = sum(1 for _ in groupby(rows, key=lambda row: str(row.get("attributes", {}).get("type")).lower()))
    if chunks > _MOST_CHUNKS:
        raise Refusal("INVALID_INPUT", f"Cannot have more than {_MOST_CHUNKS} chunks in a single operation")
    return rows


def _check_count(count: int) -> None:
    if count > _MOST_ROWS:
        message = f"record limit reached. cannot submit more than {_MOST_ROWS} records into this call"
        raise Refusal("EXCEEDED_ID_LIMIT", message)


def _kind(ask: Ask, row: Mapping[str, Any]) -> Object:
    name = str(row.get("attributes", {}).get("type", ""))
    spec = ask.org.schema.find(name)
    if spec is None:
        raise Refusal("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return spec


def _id_in(row: Mapping[str, Any]) -> str:
    return str(_value(row, "id") or "")


def _value(row: Mapping[str, Any], name: str) -> Any:
    return next((value for key, value in row.items() if key.lower() == name.lower()), None)


def _repeated(names: Iterable[str]) -> set[str]:
    return {name for name, times in Counter(names).items() if times > 1 and name}
