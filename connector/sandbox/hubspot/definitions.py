"""What a portal says about itself: properties, schemas, pipelines, owners, account."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from connector.sandbox.hubspot import errors, schema
from connector.sandbox.hubspot.errors import Refusal, invalid
from connector.sandbox.hubspot.schema import EPOCH, ObjectType, Property
from connector.sandbox.hubspot.values import iso
from connector.sandbox.hubspot.wire import Answer, Call

UNIQUE_MOST = 10
OBJECTS_MOST = 10
TYPES = {"string", "number", "date", "datetime", "enumeration", "bool"}
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def list_properties(call: Call) -> Answer:
    """Every property of a type that this user can see."""
    visible = call.portal.visible(call.kind())
    return Answer(200, {"results": [] if call.flag("archived") else [prop.json() for prop in visible.values()]})


def get_property(call: Call) -> Answer:
    """One property."""
    return Answer(200, _property(call, call.kind()).json())


def create_property(call: Call) -> Answer:
    """A new property; only here can it be made unique."""
    return Answer(201, _create(call, call.kind(), call.body).json())


def create_properties(call: Call) -> Answer:
    """Several new properties; the first that is refused refuses the call."""
    kind = call.kind()
    return call.batch(201, [_create(call, kind, given).json() for given in call.inputs(100)])


def update_property(call: Call) -> Answer:
    """A new label, or other options."""
    prop = _property(call, call.kind())
    prop.label = call.body.get("label", prop.label)
    if "options" in call.body:
        prop.options = [{"displayOrder": at, "hidden": False} | row for at, row in enumerate(call.body["options"])]
    return Answer(200, prop.json())


def list_groups(call: Call) -> Answer:
    """The property groups of a type."""
    return Answer(200, {"results": [_group(name, label) for name, label in call.kind().groups.items()]})


def create_group(call: Call) -> Answer:
    """A new property group."""
    kind, name = call.kind(), str(call.body.get("name", ""))
    if not _NAME.fullmatch(name):
        raise invalid(f"Property group name {name!r} is not valid", {"name": [name]})
    if name in kind.groups:
        raise Refusal(409, f"A property group named {name} already exists.", "OBJECT_ALREADY_EXISTS")
    kind.groups[name] = str(call.body.get("label", name))
    return Answer(201, _group(name, kind.groups[name]))


def list_schemas(call: Call) -> Answer:
    """The custom objects."""
    _allow_schemas(call)
    return Answer(200, {"results": [_schema(call, kind) for kind in call.portal.types.values() if kind.custom]})


def get_schema(call: Call) -> Answer:
    """One object, HubSpot's own ones too."""
    return Answer(200, _schema(call, call.kind()))


def create_schema(call: Call) -> Answer:
    """A new custom object with its first properties, ready to be linked to ``associatedObjects``."""
    _allow_schemas(call)
    body, name = call.body, str(call.body.get("name", ""))
    if not _NAME.fullmatch(name):
        raise invalid(f"Object name {name!r} is not valid", {"name": [name]})
    if sum(kind.custom for kind in call.portal.types.values()) >= call.portal.setting("objects_most", OBJECTS_MOST):
        raise invalid("The limit of custom objects of this account is reached")
    if name in call.portal.types:
        raise Refusal(409, f"An object type named {name} already exists.", "OBJECT_ALREADY_EXISTS")
    properties = [_from_request(given) for given in body.get("properties") or []]
    primary = str(body.get("primaryDisplayProperty"))
    unknown = {primary, *(body.get("requiredProperties") or [])} - {prop.name for prop in properties}
    if unknown:
        raise invalid(f"Properties {sorted(unknown)} are not among the properties of {name}")
    others = [call.portal.kind(each.lower()) for each in body.get("associatedObjects") or []]
    kind = schema.custom_type(name, call.portal.next_type_id(), body["labels"], primary, properties)
    kind.required = body.get("requiredProperties") or []
    call.portal.add_type(kind)
    for other in others:
        call.portal.links.user_type((name, other.name), (None, None), f"{name}_to_{other.name}")
    return Answer(201, _schema(call, kind))


def create_schema_association(call: Call) -> Answer:
    """Makes a custom object linkable to one more object."""
    pair = (call.kind().name, call.portal.kind(str(call.body["toObjectTypeId"])).name)
    name = call.body.get("name") or "_to_".join(pair)
    made = call.portal.links.unlabelled(pair) or call.portal.links.user_type(pair, (None, None), name)[0]
    return Answer(201, _association(call, pair, made.id, made.name))


def list_owners(call: Call) -> Answer:
    """People who own records: the active ones, or the others with ``archived=true``."""
    limit, after = call.number("limit", 100, 500) or 100, call.number("after", 0, 10**20)
    email = call.query.get("email")
    owners = sorted((_owner(each) for each in call.portal.owners), key=lambda owner: int(owner["id"]))
    found = [
        owner
        for owner in owners
        if owner["archived"] == call.flag("archived")
        and int(owner["id"]) > after
        and email in (None, owner["email"])
    ]
    more = found[limit - 1]["id"] if len(found) > limit else None
    return Answer(200, {"results": found[:limit]} | call.next_page(more))


def get_owner(call: Call) -> Answer:
    """One owner by id, or by user id with ``idProperty=userId``."""
    key = "userId" if call.query.get("idProperty") == "userId" else "id"
    for each in map(_owner, call.portal.owners):
        if str(each[key]) == call.path["id"] and each["archived"] == call.flag("archived"):
            return Answer(200, each)
    raise errors.not_found()


def account(call: Call) -> Answer:
    """The account: its id, currencies and time zone."""
    portal = call.portal
    offset = portal.now().astimezone(portal.zone).utcoffset() or timedelta()
    minutes = int(offset.total_seconds()) // 60
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    return Answer(
        200,
        {
            "portalId": portal.id,
            "accountType": "SANDBOX",
            "timeZone": str(portal.zone),
            "companyCurrency": portal.currency,
            "additionalCurrencies": portal.currencies,
            "utcOffset": f"{sign}{hours:02}:{rest:02}",
            "utcOffsetMilliseconds": minutes * 60_000,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        },
    )


def _create(call: Call, kind: ObjectType, given: Mapping[str, Any]) -> Property:
    prop = _from_request(given)
    if prop.name in kind.properties:
        raise Refusal(409, f"A property named '{prop.name}' already exists.", "OBJECT_ALREADY_EXISTS")
    if prop.group not in kind.groups:
        raise invalid(f"Property group {prop.group!r} does not exist", {"groupName": [prop.group]})
    if prop.unique and sum(each.unique for each in kind.properties.values()) >= UNIQUE_MOST:
        raise invalid(f"The limit of {UNIQUE_MOST} unique properties on {kind.id} is reached")
    kind.properties[prop.name] = prop
    if prop.unique:
        call.table(kind).track([prop.name])
    return prop


def _from_request(given: Mapping[str, Any]) -> Property:
    missing = [key for key in ("name", "label", "type", "fieldType") if not given.get(key)]
    if missing:
        raise invalid(f"A property needs {', '.join(missing)}", {"properties": missing})
    if given["type"] not in TYPES or not _NAME.fullmatch(given["name"]):
        raise invalid(f"Property {given['name']} of type {given['type']} is not valid", {"name": [given["name"]]})
    if given["type"] == "enumeration" and not given.get("options"):
        raise invalid(f"Enumeration {given['name']} needs options", {"name": [given["name"]]})
    return schema.from_request(given)


def _property(call: Call, kind: ObjectType) -> Property:
    prop = call.portal.visible(kind).get(call.path["name"])
    if prop is None:
        raise errors.not_found()
    return prop


def _group(name: str, label: str) -> dict[str, Any]:
    return {"name": name, "label": label, "displayOrder": -1, "archived": False}


def _allow_schemas(call: Call) -> None:
    if "schemas" in call.portal.setting("missing_scopes", ()):
        raise errors.missing_scopes(f"crm.schemas.custom.{call.verb}")


def _schema(call: Call, kind: ObjectType) -> dict[str, Any]:
    types = call.portal.links.types
    pairs = [(pair, each) for pair, all_ in list(types.items()) if kind.name in pair for each in all_]
    return {
        "id": kind.id.split("-")[1],
        "objectTypeId": kind.id,
        "name": kind.name,
        "fullyQualifiedName": call.portal.full_name(kind),
        "labels": {"singular": kind.singular, "plural": kind.plural},
        "requiredProperties": list(kind.required),
        "searchableProperties": list(kind.shown),
        "secondaryDisplayProperties": [],
        "primaryDisplayProperty": kind.primary or None,
        "properties": [prop.json() for prop in call.portal.visible(kind).values()],
        "associations": [_association(call, pair, each.id, each.name) for pair, each in pairs],
        "archived": False,
        "createdAt": EPOCH,
        "updatedAt": EPOCH,
    }


def _association(call: Call, pair: tuple[str, str], type_id: int, name: str) -> dict[str, Any]:
    from_id, to_id = [call.portal.types[each].id for each in pair]
    return {
        "id": str(type_id),
        "fromObjectTypeId": from_id,
        "toObjectTypeId": to_id,
        "name": name,
        "createdAt": iso(call.portal.now()),
        "updatedAt": iso(call.portal.now()),
    }


def _owner(given: Mapping[str, Any]) -> dict[str, Any]:
    stamps = {"type": "PERSON", "teams": [], "archived": False, "createdAt": EPOCH, "updatedAt": EPOCH}
    return stamps | dict(given) | {"id": str(given["id"])}
