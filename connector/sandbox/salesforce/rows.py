"""Single rows: read, create, update, upsert and delete by id or by external id."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from connector.sandbox.salesforce.asks import Ask, Reply
from connector.sandbox.salesforce.errors import Refusal, not_found
from connector.sandbox.salesforce.identifiers import long_id
from connector.sandbox.salesforce.schema import Object
from connector.sandbox.salesforce.select import record_of
from connector.sandbox.salesforce.tables import Row
from connector.sandbox.salesforce.writes import external_key


def read(ask: Ask, kind: str, row_id: str) -> Reply:
    spec = ask.org.schema.object(kind)
    name = long_id(row_id)
    row = ask.org.tables.table(spec).visible(name, ask.org.now()) if name else None
    return _record(ask, spec, row)


def read_by_key(ask: Ask, kind: str, key: str, value: str) -> Reply:
    spec = ask.org.schema.object(kind)
    table = ask.org.tables.table(spec)
    field = external_key(ask.org.tables, spec, key)
    holders = [value] if field.type == "id" else table.holding(field.name, value)
    if len(holders) > 1:
        return _several(ask, spec, holders)
    return _record(ask, spec, table.visible(long_id(holders[0]) or "", ask.org.now()) if holders else None)


def _record(ask: Ask, spec: Object, row: Row | None) -> Reply:
    if row is None or row["IsDeleted"]:
        raise _missing()
    seen = [known.name for known in ask.org.schema.fields(spec)]
    wanted = ask.query.get("fields", "")
    names = [name for name in seen if not wanted or name.lower() in wanted.lower().split(",")]
    return Reply(200, record_of(spec, row, names, ask.version))


def create(ask: Ask, kind: str) -> Reply:
    with ask.org.tables.whole_or_nothing():
        row_id = ask.writer.create(ask.org.schema.object(kind), _without_id(ask))
    return Reply(201, {"id": row_id, "success": True, "errors": []})


def update(ask: Ask, kind: str, row_id: str) -> Reply:
    spec = ask.org.schema.object(kind)
    _check_unmodified(ask, spec, row_id)
    with _missing_is_404(), ask.org.tables.whole_or_nothing():
        ask.writer.update(spec, row_id, _without_id(ask))
    return Reply(204)


def delete(ask: Ask, kind: str, row_id: str) -> Reply:
    with _missing_is_404(), ask.org.tables.whole_or_nothing():
        ask.writer.delete(ask.org.schema.object(kind), row_id)
    return Reply(204)


def upsert(ask: Ask, kind: str, key: str, value: str) -> Reply:
    spec = ask.org.schema.object(kind)
    field = external_key(ask.org.tables, spec, key)
    if field.type == "id":
        return update(ask, kind, value)
    holders = ask.org.tables.table(spec).holding(field.name, value)
    if len(holders) > 1:
        return _several(ask, spec, holders)
    with ask.org.tables.whole_or_nothing():
        row_id, created = ask.writer.upsert(spec, field, value, ask.fields())
    return Reply(201 if created else 200, {"id": row_id, "success": True, "errors": [], "created": created})


def _without_id(ask: Ask) -> dict[str, Any]:
    fields = ask.fields()
    if any(name.lower() == "id" for name in fields):
        raise Refusal("INVALID_FIELD", "The Id field should not be specified in the sobject data.")
    return fields


def _several(ask: Ask, spec: Object, holders: list[str]) -> Reply:
    return Reply(300, [f"/services/data/{ask.version}/sobjects/{spec.name}/{holder}" for holder in holders])


def _check_unmodified(ask: Ask, spec: Object, row_id: str) -> None:
    since = ask.since("if-unmodified-since")
    row = ask.org.tables.table(spec).rows.get(long_id(row_id) or "")
    if since and row and _moment(row) > since:
        raise Refusal("PRECONDITION_FAILED", "The record has been modified since the given date", status=412)


def _moment(row: Row) -> datetime:
    return datetime.fromisoformat(str(row["LastModifiedDate"]))


@contextmanager
def _missing_is_404() -> Iterator[None]:
    """A row named in the address that is not there is 404 NOT_FOUND; inside a list it is a broken reference."""
    try:
        yield
    except Refusal as refusal:
        if refusal.status == 404 and refusal.code != "ENTITY_IS_DELETED":
            raise _missing() from refusal
        raise


def _missing() -> Refusal:
    return not_found("Provided external ID field does not exist or is not accessible")
