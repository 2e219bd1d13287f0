"""Associations by the thousand and one by one, and the labels of a pair of objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.sandbox.hubspot import errors
from connector.sandbox.hubspot.errors import Refusal, invalid
from connector.sandbox.hubspot.links import LinkType, Pair
from connector.sandbox.hubspot.schema import ObjectType
from connector.sandbox.hubspot.wire import Answer, Call

READ_MOST, CREATE_MOST, ARCHIVE_MOST = 1_000, 2_000, 100
PAGE = 500
LABELS_MOST = 10
Input = Mapping[str, Any]


def read(call: Call) -> Answer:
    """Links from up to 1000 records; one without any is no result but an error line, and the answer a 207."""
    kind, other = _pair(call)
    results, refused = [], []
    for given in call.inputs(READ_MOST):
        from_id = str(given["id"])
        to, paging = _page(call, (kind.name, other.name), from_id, str(given.get("after") or ""))
        if to:
            results.append({"from": {"id": from_id}, "to": to} | paging)
        else:
            refused.append(_none_found(kind, other, from_id))
    return call.batch(200, reversed(results), refused)


def read_one(call: Call) -> Answer:
    """A page of one record's links."""
    kind, other = _pair(call)
    if call.table(kind).find(call.path["id"]) is None:
        raise errors.not_found()
    to, paging = _page(call, (kind.name, other.name), call.path["id"], call.query.get("after", ""))
    return Answer(200, {"results": to} | paging)


def create(call: Call) -> Answer:
    """Links under the given types. Existing links gain the types; an unknown end is an error line."""
    kind, other = _pair(call)
    results, refused = [], []
    for given in call.inputs(CREATE_MOST):
        try:
            results.append(_connect(call, kind, other, given, _types(call, kind, other, given)))
        except Refusal as refusal:
            refused.append(refusal.item())
    return call.batch(201, reversed(results), refused)


def create_default(call: Call) -> Answer:
    """Unlabelled links; in both directions in the answer."""
    kind, other = _pair(call)
    results, refused = [], []
    for given in call.inputs(CREATE_MOST):
        try:
            results += _connect_default(call, kind, other, given)
        except Refusal as refusal:
            refused.append(refusal.item())
    return call.batch(200, results, refused)


def create_one(call: Call) -> Answer:
    """One link; the body is the list of its types."""
    kind, other = _pair(call)
    given = _ends(call) | {"types": call.body.get("list")}
    return Answer(201, _connect(call, kind, other, given, _types(call, kind, other, given)))


def create_one_default(call: Call) -> Answer:
    """One unlabelled link."""
    kind, other = _pair(call)
    return call.batch(200, _connect_default(call, kind, other, _ends(call)))


def archive(call: Call) -> Answer:
    """Whole links, all labels. No link is no error."""
    kind, other = _pair(call)
    for given in call.inputs(ARCHIVE_MOST):
        for to in given["to"]:
            call.portal.links.disconnect((kind.name, other.name), str(given["from"]["id"]), str(to["id"]))
    return Answer(204)


def archive_one(call: Call) -> Answer:
    """One whole link."""
    kind, other = _pair(call)
    call.portal.links.disconnect((kind.name, other.name), call.path["id"], call.path["to_id"])
    return Answer(204)


def archive_labels(call: Call) -> Answer:
    """Labels off links; the unlabelled link stays."""
    kind, other = _pair(call)
    for given in call.inputs(ARCHIVE_MOST):
        types = _types(call, kind, other, given)
        for to in given["to"] if isinstance(given["to"], list) else [given["to"]]:
            call.portal.links.disconnect((kind.name, other.name), str(given["from"]["id"]), str(to["id"]), types)
    return Answer(204)


def list_labels(call: Call) -> Answer:
    """Every type of a pair, in this direction."""
    kind, other = _pair(call)
    return Answer(200, {"results": [each.json() for each in call.portal.links.types[kind.name, other.name]]})


def create_label(call: Call) -> Answer:
    """A label of the portal's own; answers both directions' types."""
    kind, other = _pair(call)
    pair, label, name = (kind.name, other.name), call.body.get("label"), str(call.body.get("name", ""))
    if not label or not name or "-" in name or name[0].isdigit():
        raise invalid("A label needs a label and a name without hyphens that does not start with a digit")
    labelled = [each for each in call.portal.links.types[pair] if each.category == "USER_DEFINED" and each.label]
    if any(label == each.label or name == each.name for each in labelled):
        raise invalid(f"An association label {label} already exists between {kind.name} and {other.name}")
    if len(labelled) >= LABELS_MOST:
        raise invalid(f"The limit of {LABELS_MOST} labels between {kind.name} and {other.name} is reached")
    made = call.portal.links.user_type(pair, (label, call.body.get("inverseLabel") or label), name)
    return Answer(200, {"results": [each.json() for each in made]})


def delete_label(call: Call) -> Answer:
    """A label that no link uses."""
    kind, other = _pair(call)
    pair, links = (kind.name, other.name), call.portal.links
    label = links.known(pair, int(call.path["type_id"]))
    if label is None or label.category != "USER_DEFINED" or not label.label:
        raise errors.not_found()
    if links.used(pair, label.id):
        raise invalid(f"The label {label.label} is in use and cannot be deleted")
    links.types[pair] = [each for each in links.types[pair] if each.id != label.id]
    links.types[pair[::-1]] = [each for each in links.types[pair[::-1]] if each.id != label.inverse]
    return Answer(204)


def _pair(call: Call) -> tuple[ObjectType, ObjectType]:
    return call.kind("from" if "from" in call.path else "type"), call.kind("to")


def _ends(call: Call) -> dict[str, Any]:
    return {"from": {"id": call.path["id"]}, "to": {"id": call.path["to_id"]}}


def _page(call: Call, pair: Pair, from_id: str, after: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Linked ids ascending, as numbers, from ``after`` on."""
    links = call.portal.links
    size = int(call.query.get("limit", call.portal.setting("association_page_size", PAGE)))
    ids = sorted(int(to_id) for to_id in links.of(pair, from_id))
    rest = [number for number in ids if number >= int(after or 0)]
    to = [
        {"toObjectId": number, "associationTypes": _shown(links.types[pair], links.of(pair, from_id)[str(number)])}
        for number in rest[:size]
    ]
    return to, call.next_page(str(rest[size]) if len(rest) > size else None)


def _shown(types: Sequence[LinkType], ids: set[int]) -> list[dict[str, Any]]:
    return [each.json() for each in types if each.id in ids]


def _types(call: Call, kind: ObjectType, other: ObjectType, given: Input) -> list[LinkType]:
    pair, types = (kind.name, other.name), []
    for wanted in given.get("types") or []:
        found = call.portal.links.known(pair, int(wanted["associationTypeId"]))
        if found is None or found.category != wanted["associationCategory"]:
            said = f"{wanted['associationCategory']} {wanted['associationTypeId']}"
            raise _refusal("INVALID_ASSOCIATION_TYPE", f"{said} is no type from {kind.id} to {other.id}", given)
        types.append(found)
    if not types:
        raise _refusal("INVALID_ASSOCIATION_TYPE", "No association type was given", given)
    return types


def _connect(
    call: Call, kind: ObjectType, other: ObjectType, given: Input, types: Sequence[LinkType]
) -> dict[str, Any]:
    from_id, to_id = str(given["from"]["id"]), str(given["to"]["id"])
    for end, id_, sub in ((kind, from_id, "FROM_OBJECT_NOT_FOUND"), (other, to_id, "TO_OBJECT_NOT_FOUND")):
        if call.table(end).find(id_) is None:
            raise _refusal(sub, f"No {end.singular} with id {id_} exists", given)
    call.portal.links.connect((kind.name, other.name), from_id, to_id, types)
    return {
        "fromObjectTypeId": kind.id,
        "fromObjectId": int(from_id),
        "toObjectTypeId": other.id,
        "toObjectId": int(to_id),
        "labels": [each.label for each in types if each.label],
    }


def _connect_default(call: Call, kind: ObjectType, other: ObjectType, given: Input) -> list[dict[str, Any]]:
    there = call.portal.links.unlabelled((kind.name, other.name))
    back = call.portal.links.unlabelled((other.name, kind.name))
    if there is None or back is None:
        raise _refusal("INVALID_ASSOCIATION_TYPE", f"{kind.id} and {other.id} cannot be associated", given)
    _connect(call, kind, other, given, [there])
    ends = [{"id": str(given[end]["id"])} for end in ("from", "to")]
    return [_default(there, ends[0], ends[1]), _default(back, ends[1], ends[0])]


def _default(kind: LinkType, from_: Mapping[str, str], to: Mapping[str, str]) -> dict[str, Any]:
    spec = {"associationCategory": kind.category, "associationTypeId": kind.id}
    return {"from": from_, "to": to, "associationSpec": spec}


def _refusal(sub: str, message: str, given: Input) -> Refusal:
    category = "OBJECT_NOT_FOUND" if sub.endswith("NOT_FOUND") else "VALIDATION_ERROR"
    context = {"fromObjectId": [str(given["from"]["id"])]}
    return Refusal(400, message, category, context, extra={"subCategory": f"crm.associations.{sub}"})


def _none_found(kind: ObjectType, other: ObjectType, from_id: str) -> dict[str, Any]:
    singular = [each.name if each.custom else each.singular for each in (kind, other)]
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {singular[1]} is associated with {singular[0]} {from_id}.",
        "context": {"fromObjectId": [from_id], "fromObjectType": [singular[0]], "toObjectType": [singular[1]]},
    }
