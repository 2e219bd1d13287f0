"""Records by the hundred: read, create, update, upsert, archive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connector.sandbox.hubspot import errors, writing
from connector.sandbox.hubspot.errors import Refusal
from connector.sandbox.hubspot.records import asked_for, full, refuse_not_unique, shown
from connector.sandbox.hubspot.schema import ObjectType
from connector.sandbox.hubspot.tables import Row
from connector.sandbox.hubspot.values import NotTaken, clean
from connector.sandbox.hubspot.wire import Answer, Call

MOST = 100
MOST_WITH_HISTORY = 50
Input = Mapping[str, Any]
Items = list[dict[str, Any]]


def read(call: Call) -> Answer:
    """Records by id or by a unique property; a merged-away id answers with the survivor, under its own id."""
    kind = call.kind()
    inputs = call.inputs(MOST)
    if call.body.get("propertiesWithHistory") and len(inputs) > MOST_WITH_HISTORY:
        raise errors.invalid(
            "The maximum number of inputs supported in a batch request for property histories is "
            f"{MOST_WITH_HISTORY}. Received {len(inputs)}."
        )
    find = _archived(call, kind) if call.flag("archived") else _finder(call, kind, call.body.get("idProperty"))
    found = {id_: find(id_) for id_ in dict.fromkeys(_id(row) for row in inputs)}
    rows = {row.id: row for row in found.values() if row}
    missing = [id_ for id_, row in found.items() if row is None]
    refused = [errors.missing_records(kind.singular, missing).item()] if missing else []
    names = asked_for(call, kind)
    return call.batch(200, reversed([full(call, kind, row, names) for row in rows.values()]), refused)


def create(call: Call) -> Answer:
    """New records. One bad row refuses them all, unless every row has an objectWriteTraceId."""
    kind, inputs = call.kind(), call.inputs(MOST)
    return _write(call, kind, 201, [(row, None) for row in inputs])


def update(call: Call) -> Answer:
    """New values by id or by a unique property; ids that are not there, merged ones too, are only listed."""
    kind, inputs = call.kind(), call.inputs(MOST)
    _refuse_repeated([_id(row) for row in inputs])
    targets = [(row, _exactly(call, kind, row)) for row in inputs]
    missing = [_id(given) for given, row in targets if row is None]
    refused = [errors.missing_records(kind.singular, missing).item()] if missing else []
    return _write(call, kind, 200, [(given, row) for given, row in targets if row], refused)


def upsert(call: Call) -> Answer:
    """Create or update by a unique property; the answer says which records are ``new``."""
    kind, inputs = call.kind(), call.inputs(MOST)
    for given in inputs:
        if given.get("idProperty", "hs_object_id") != "hs_object_id":
            refuse_not_unique(call, kind, given["idProperty"])
    _refuse_repeated([_id(row) for row in inputs])
    targets = [(_keyed(given), _exactly(call, kind, given)) for given in inputs]
    missing = [_id(given) for given, row in targets if row is None and not given.get("idProperty")]
    refused = [errors.missing_records(kind.singular, missing).item()] if missing else []
    ready = [(given, row) for given, row in targets if row or given.get("idProperty")]
    return _write(call, kind, 200, ready, refused, upserting=True)


def archive(call: Call) -> Answer:
    """Into the recycle bin; ids that are not there are ignored."""
    kind = call.kind()
    table = call.table(kind)
    found = {id_: table.rows.get(id_) for id_ in map(_id, call.inputs(MOST))}
    rows = [row for row in found.values() if row and _is_live(row)]
    for row in rows:
        writing.refuse_locked(call.portal, row)
    for row in rows:
        writing.archive(call.portal, kind, row)
    return Answer(204)


def _write(
    call: Call,
    kind: ObjectType,
    status: int,
    targets: Sequence[tuple[Input, Row | None]],
    refused: Items | None = None,
    upserting: bool = False,
) -> Answer:
    """Checks every row before it writes one; results come back in reverse order."""
    _refuse_repeated([row.id for _, row in targets if row])
    drafts, lines = _drafts(call, kind, targets)
    results = []
    for given, draft in drafts:
        row = writing.commit(call.portal, draft, call.source)
        result = shown(call, kind, row, list(draft.values))
        result |= {"new": draft.row is None} if upserting else {}
        trace = given.get("objectWriteTraceId")
        results.append(result | ({"objectWriteTraceId": trace} if trace is not None else {}))
    return call.batch(status, reversed(results), [*(refused or []), *lines])


def _drafts(
    call: Call, kind: ObjectType, targets: Sequence[tuple[Input, Row | None]]
) -> tuple[list[tuple[Input, writing.Draft]], Items]:
    partial = all(given.get("objectWriteTraceId") is not None for given, _ in targets)
    claims: writing.Claims = set()
    drafts, lines = [], []
    for given, row in targets:
        try:
            drafts.append((given, writing.draft(call, kind, row, given, claims)))
        except Refusal as refusal:
            if not partial or refusal.status == 423:
                raise
            lines.append(refusal.item(given["objectWriteTraceId"]))
    return drafts, lines


def _finder(call: Call, kind: ObjectType, name: str | None) -> Callable[[str], Row | None]:
    table = call.table(kind)
    if name in (None, "", "hs_object_id"):
        return table.find
    refuse_not_unique(call, kind, str(name))
    return lambda id_: table.holder(str(name), _key(kind, str(name), id_))


def _archived(call: Call, kind: ObjectType) -> Callable[[str], Row | None]:
    rows = {row.id: row for row in call.table(kind).archived()}
    return rows.get


def _exactly(call: Call, kind: ObjectType, given: Input) -> Row | None:
    """The live row that an input means; unlike reads, a merged-away id is not followed."""
    table, name = call.table(kind), given.get("idProperty")
    if name in (None, "", "hs_object_id"):
        row = table.rows.get(_id(given))
        return row if _is_live(row) else None
    refuse_not_unique(call, kind, str(name))
    return table.holder(str(name), _key(kind, str(name), _id(given)))


def _keyed(given: Input) -> Input:
    """An upsert's input with its key among the properties."""
    name = given.get("idProperty")
    if name in (None, "", "hs_object_id"):
        return given
    return {**given, "properties": {name: _id(given)} | (given.get("properties") or {})}


def _key(kind: ObjectType, name: str, value: str) -> str:
    try:
        return clean(kind.properties[name], value) or ""
    except NotTaken:
        return ""


def _is_live(row: Row | None) -> bool:
    return row is not None and row.archived_at is None and row.merged_into is None


def _id(given: Input) -> str:
    if "id" not in given:
        raise errors.invalid('Invalid input JSON: an input has no "id"')
    return str(given["id"])


def _refuse_repeated(ids: Sequence[str]) -> None:
    repeated = [id_ for id_, times in Counter(ids).items() if times > 1]
    if repeated:
        raise errors.duplicates(repeated)
