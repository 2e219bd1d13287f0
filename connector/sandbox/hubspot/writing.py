"""Writes of records in two steps: a draft that is checked against the portal, then the write itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.hubspot import errors
from connector.sandbox.hubspot.errors import Problem
from connector.sandbox.hubspot.links import LinkType, Pair
from connector.sandbox.hubspot.portal import Portal
from connector.sandbox.hubspot.schema import ObjectType, Property
from connector.sandbox.hubspot.tables import Properties, Row, Source, Version
from connector.sandbox.hubspot.values import NotTaken, clean, iso, moment
from connector.sandbox.hubspot.wire import Call

Claims = set[tuple[str, str]]
"""Unique values that a batch is about to take: (property, value)."""


@dataclass
class Draft:
    """A write that passed every check. ``row`` is None for a new record."""

    kind: ObjectType
    row: Row | None
    values: Properties
    links: list[tuple[Pair, str, list[LinkType]]] = field(default_factory=list)


def draft(call: Call, kind: ObjectType, row: Row | None, body: Mapping[str, Any], claims: Claims) -> Draft:
    """The write of one record's properties. Raises Refusal: 400, 409, or 423 where the record is locked."""
    portal = call.portal
    if row:
        refuse_locked(portal, row)
    given = body.get("properties")
    if not isinstance(given, dict):
        raise errors.invalid('Invalid input JSON: the object "properties" is missing')
    values, problems = _cleaned(portal, kind, row, given)
    problems += _conflicts(portal, kind, row, values, claims)
    if problems:
        raise errors.not_valid(problems)
    if row is None:
        _refuse_incomplete(kind, values)
    if call.strict:
        _refuse_ruled_out(portal, kind, row, values)
    links = [link_of(portal, kind, given_link) for given_link in body.get("associations") or []]
    claims.update((name, value) for name, value in values.items() if value and kind.properties[name].unique)
    return Draft(kind, row, values, links)


def commit(portal: Portal, draft: Draft, source: Source) -> Row:
    """Make a draft real; the record's modification stamp moves, links do not move it."""
    now = portal.now()
    kind, row = draft.kind, draft.row
    if row is None:
        id_ = portal.next_id()
        stamps: Properties = {"hs_object_id": id_, kind.created: iso(now), kind.modified: iso(now)}
        new = portal.computed(kind, stamps | draft.values | {kind.modified: iso(now)})
        row = Row(id_, moment(new[kind.created] or iso(now)), [Version(now, source, new)])
        portal.tables[kind.name].add(row)
    else:
        new = portal.computed(kind, row.properties | draft.values | {kind.modified: iso(now)})
        portal.tables[kind.name].write(row, Version(now, source, new))
    for pair, to_id, types in draft.links:
        portal.links.connect(pair, row.id, to_id, types)
    return row


def archive(portal: Portal, kind: ObjectType, row: Row) -> None:
    """Into the recycle bin; its links go. Raises Refusal where it is locked."""
    refuse_locked(portal, row)
    row.archived_at = portal.now()
    portal.tables[kind.name].remove(row)
    portal.links.forget(kind.name, row.id)


def merge(portal: Portal, kind: ObjectType, winner: Row, loser: Row, source: Source) -> Row:
    """The loser goes into the winner: its links and whatever the winner has empty."""
    refuse_locked(portal, winner)
    refuse_locked(portal, loser)
    table = portal.tables[kind.name]
    table.remove(loser)
    loser.merged_into = winner.id
    absorbed = [winner.properties.get("hs_merged_object_ids"), loser.properties.get("hs_merged_object_ids")]
    merged = {name: value for name, value in loser.properties.items() if not winner.properties.get(name)}
    if "hs_merged_object_ids" in kind.properties:
        merged["hs_merged_object_ids"] = ";".join([*filter(None, absorbed), loser.id])
    commit(portal, Draft(kind, winner, merged), source)
    portal.links.move(kind.name, loser.id, winner.id)
    return winner


def refuse_locked(portal: Portal, row: Row) -> None:
    """423 for a record of the setting ``locked_ids``."""
    if row.id in portal.setting("locked_ids", ()):
        raise errors.locked()


def link_of(portal: Portal, kind: ObjectType, given: Mapping[str, Any]) -> tuple[Pair, str, list[LinkType]]:
    """The link that a create asks for: its types say to which object. Raises Refusal."""
    to_id, wanted = str(given["to"]["id"]), given.get("types") or []
    for other in portal.types:
        pair = (kind.name, other)
        types = [portal.links.known(pair, int(each["associationTypeId"])) for each in wanted]
        found = [each for each in types if each]
        if found and len(found) == len(wanted):
            if to_id not in portal.tables[other].rows:
                raise errors.invalid(f"No {other} with id {to_id} exists to associate with", {"id": [to_id]})
            return pair, to_id, found
    listed = [str(each.get("associationTypeId")) for each in wanted]
    raise errors.invalid(f"Association type ids {listed} are not valid for {kind.name}", {"type": listed})


def _cleaned(
    portal: Portal, kind: ObjectType, row: Row | None, given: Mapping[str, Any]
) -> tuple[Properties, list[Problem]]:
    known = portal.visible(kind)
    before = row.properties if row else {}
    values: Properties = {}
    problems = []
    for name, value in given.items():
        try:
            values[name] = _one(known.get(name), name, value, before.get(name))
        except NotTaken as refused:
            problems.append(Problem(name, refused.code, refused.message))
    return values, problems


def _one(prop: Property | None, name: str, value: Any, before: str | None) -> str | None:
    if prop is None:
        raise NotTaken("PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
    if prop.readonly or prop.calculated:
        raise NotTaken("READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.')
    return clean(prop, value, before)


def _conflicts(
    portal: Portal, kind: ObjectType, row: Row | None, values: Properties, claims: Claims
) -> list[Problem]:
    table = portal.tables[kind.name]
    problems = []
    for name, value in values.items():
        if value is None or not kind.properties[name].unique:
            continue
        holder = table.holder(name, value)
        if holder and row is None and (kind.name, name) == ("contacts", "email"):
            raise errors.exists(kind.singular, holder.id)
        if (name, value) in claims or (holder and holder is not row):
            whose = holder.id if holder else "another record of this batch"
            text = f"{kind.id} with {name} {value} already exists: {whose} already has that value."
            problems.append(Problem(name, "CONFLICTING_UNIQUE_VALUE", text))
    return problems


def _refuse_ruled_out(portal: Portal, kind: ObjectType, row: Row | None, values: Properties) -> None:
    """400 for what the setting ``rules`` requires: at creation, and whenever a write touches its condition."""
    after = {**(row.properties if row else {}), **values}
    for rule in portal.setting("rules", {}).get(kind.name, ()):
        when: Mapping[str, str] = rule.get("when", {})
        asked = row is None or any(name in values for name in when)
        missing = [name for name in rule["need"] if not after.get(name)]
        if asked and missing and all(after.get(name) == value for name, value in when.items()):
            raise errors.not_set(kind.singular, missing, "updating" if row else "creating")


def _refuse_incomplete(kind: ObjectType, values: Properties) -> None:
    missing = [name for name in kind.required if not values.get(name)]
    if missing:
        raise errors.not_set(kind.singular, missing)
    if kind.required_one_of and not any(values.get(name) for name in kind.required_one_of):
        raise errors.not_set(kind.singular, kind.required_one_of)
