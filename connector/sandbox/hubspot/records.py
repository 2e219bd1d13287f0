"""Single records: list, get, create, update, delete, merge, and how a record is shown."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from connector.sandbox.hubspot import errors, people, writing
from connector.sandbox.hubspot.schema import ObjectType
from connector.sandbox.hubspot.tables import Row, Version
from connector.sandbox.hubspot.values import clean, iso
from connector.sandbox.hubspot.wire import Answer, Call, live

PAGE = 100
PAGE_WITH_HISTORY = 50
HISTORY_DEPTH = 20
INLINE_LINKS = 100


def list_records(call: Call) -> Answer:
    """A page by ascending id; ``after`` is the next record's id."""
    kind, history = call.kind(), call.names("propertiesWithHistory")
    limit = call.number("limit", 10, PAGE_WITH_HISTORY if history else PAGE) or 10
    after = call.number("after", 0, 10**20)
    rows, following = call.table(kind).page(after, limit, call.flag("archived"))
    shown = asked_for(call, kind)
    results = [full(call, kind, row, shown) for row in rows]
    return Answer(200, {"results": results} | call.next_page(following))


def get_record(call: Call) -> Answer:
    """One record by id or by ``idProperty``; a merged-away id answers with the survivor."""
    kind = call.kind()
    row = call.table(kind).rows.get(call.path["id"]) if call.flag("archived") else None
    found = row if row and row.archived_at else _find(call, kind)
    return Answer(200, full(call, kind, found, asked_for(call, kind)))


def create_record(call: Call) -> Answer:
    """One new record, with its links."""
    kind = call.kind()
    draft = writing.draft(call, kind, None, call.body, set())
    return Answer(201, full(call, kind, writing.commit(call.portal, draft, call.source), list(draft.values)))


def update_record(call: Call) -> Answer:
    """New property values for one record; the id may be one that was merged away."""
    kind = call.kind()
    draft = writing.draft(call, kind, _find(call, kind), call.body, set())
    return Answer(200, full(call, kind, writing.commit(call.portal, draft, call.source), list(draft.values)))


def delete_record(call: Call) -> Answer:
    """Into the recycle bin; gone already is success."""
    kind = call.kind()
    row = call.table(kind).find(call.path["id"])
    if row:
        writing.archive(call.portal, kind, row)
    return Answer(204)


def merge_records(call: Call) -> Answer:
    """Two records become the primary one."""
    kind = call.kind()
    ids = [str(call.body.get(name)) for name in ("primaryObjectId", "objectIdToMerge")]
    winner, loser = [live(call.table(kind).find(id_), errors.not_found()) for id_ in ids]
    if winner is loser:
        raise errors.invalid("Cannot merge a record with itself", {"ids": ids})
    row = writing.merge(call.portal, kind, winner, loser, call.source)
    if call.portal.setting("merge_mints", False):
        row = people.renumbered(call.portal, kind, row, call.portal.now())
    return Answer(200, full(call, kind, row, asked_for(call, kind)))


def _find(call: Call, kind: ObjectType) -> Row:
    table, id_ = call.table(kind), call.path["id"]
    name = call.query.get("idProperty")
    if name and name != "hs_object_id":
        refuse_not_unique(call, kind, name)
        return live(table.holder(name, clean(kind.properties[name], id_) or ""), errors.not_found())
    return live(table.find(id_), errors.not_found())


def refuse_not_unique(call: Call, kind: ObjectType, name: str) -> None:
    """400 for looking up records by a property that may hold a value twice."""
    if not name or name not in call.portal.visible(kind) or not kind.properties[name].unique:
        raise errors.invalid(f"Unable to perform update/upsert by non-unique {kind.id} property {name}")


def asked_for(call: Call, kind: ObjectType) -> list[str]:
    """The properties of an answer: what was asked for and exists, else what HubSpot shows unasked."""
    visible = call.portal.visible(kind)
    return [name for name in call.names("properties") or kind.shown if name in visible]


def shown(
    call: Call, kind: ObjectType, row: Row, names: Sequence[str], then: Version | None = None
) -> dict[str, Any]:
    """A record as every answer has it; ``then`` shows an older version of it."""
    version = then or row.versions[-1]
    properties = version.properties
    shown = {name: properties.get(name) for name in (*names, *kind.always())}
    if call.portal.setting("omit_empty", False):
        shown = {name: value for name, value in shown.items() if value is not None}
    result = {
        "id": row.id,
        "properties": shown,
        "createdAt": properties[kind.created],
        "updatedAt": properties[kind.modified],
        "archived": row.archived_at is not None,
        "url": f"https://app.hubspot.com/contacts/{call.portal.id}/record/{kind.id}/{row.id}",
    }
    return result | ({"archivedAt": iso(row.archived_at)} if row.archived_at else {})


def full(call: Call, kind: ObjectType, row: Row, names: Sequence[str]) -> dict[str, Any]:
    """A record with the history and the links that were asked for."""
    result = shown(call, kind, row, names)
    history = [name for name in call.names("propertiesWithHistory") if name in call.portal.visible(kind)]
    if history:
        result["propertiesWithHistory"] = {name: _history(row, name) for name in history}
    links = {}
    for name in call.queried("associations"):
        other = call.portal.kind(name)
        call.portal.allow(other, "read")
        found = _inline_links(call, kind, other, row)
        if found:
            links[other.plural if not other.custom else call.portal.full_name(other)] = found
    return result | ({"associations": links} if links else {})


def _inline_links(call: Call, kind: ObjectType, other: ObjectType, row: Row) -> dict[str, Any]:
    links, pair = call.portal.links, (kind.name, other.name)
    listed = [
        {"id": to_id, "type": _type_name(each.name, kind, other)}
        for to_id, ids in sorted(links.of(pair, row.id).items(), key=lambda linked: int(linked[0]))
        for each in links.types[pair]
        if each.id in ids
    ]
    if len(listed) <= INLINE_LINKS:
        return {"results": listed} if listed else {}
    after = listed[INLINE_LINKS]["id"]
    link = call.url.replace(
        path=f"/crm/v4/objects/{kind.id}/{row.id}/associations/{other.id}", query=f"after={after}"
    )
    return {"results": listed[:INLINE_LINKS], "paging": {"next": {"after": after, "link": str(link)}}}


def _type_name(name: str, kind: ObjectType, other: ObjectType) -> str:
    """``deal_to_company``: HubSpot's own types are named from where one looks; labels keep their name."""
    if "_to_" not in name:
        return name
    suffix = "_unlabeled" if name.endswith("_unlabeled") else ""
    singular = [each.name if each.custom else each.singular for each in (kind, other)]
    return f"{singular[0]}_to_{singular[1]}{suffix}"


def _history(row: Row, name: str) -> list[dict[str, Any]]:
    """The values of one property, newest first, as deep as HubSpot keeps them."""
    changes = [row.versions[0]]
    changes += [new for old, new in pairwise(row.versions) if old.properties.get(name) != new.properties.get(name)]
    return [_entry(version, name) for version in reversed(changes)][:HISTORY_DEPTH]


def _entry(version: Version, name: str) -> dict[str, Any]:
    person, _, number = version.source.id.partition("userId:")
    entry = {
        "value": version.properties.get(name) or "",
        "timestamp": iso(version.at),
        "sourceType": version.source.type,
        "sourceId": version.source.id,
    }
    return entry | ({"updatedByUserId": int(number)} if not person and number else {})
