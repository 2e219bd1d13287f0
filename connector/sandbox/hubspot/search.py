"""Search: filters compiled once a call, over an index that may be behind the records."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from connector.sandbox.hubspot.errors import Refusal, invalid
from connector.sandbox.hubspot.records import asked_for, shown
from connector.sandbox.hubspot.schema import ObjectType, Property
from connector.sandbox.hubspot.tables import Properties, Row, Version
from connector.sandbox.hubspot.values import order
from connector.sandbox.hubspot.wire import Answer, Call

PAGE = 200
WINDOW = 10_000
GROUPS, FILTERS_A_GROUP, FILTERS = 5, 6, 18
LONGEST_QUERY = 3_000

Test = Callable[[Properties], bool]
Hit = tuple[Row, Properties]
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": operator.eq,
    "NEQ": operator.ne,
    "LT": operator.lt,
    "LTE": operator.le,
    "GT": operator.gt,
    "GTE": operator.ge,
}


def search(call: Call) -> Answer:
    """A page of at most 200 of the first 10,000 matches; index values, which may be stale."""
    kind = call.kind()
    limit, after = call.number("limit", 10, PAGE) or 10, call.number("after", 0, 10**12)
    if after + limit > WINDOW:
        raise invalid(f"Paging beyond {WINDOW} total results is not supported (after {after}, limit {limit})")
    hits = _matching(_narrowed(_index(call, kind, _above(call)), _text(call, kind)), _groups(call, kind))
    ordered = _sorted(call, kind, hits)[after : after + limit]
    names = asked_for(call, kind)
    if call.portal.setting("search_disorder", False):
        ordered = [*reversed(ordered), *[hit for hit in _index(call, kind) if hit not in hits][:1]]
    results = [shown(call, kind, row, names, _indexed(row, properties)) for row, properties in ordered]
    more = str(after + limit) if after + limit < len(hits) else None
    return Answer(200, {"total": len(hits), "results": results} | call.next_page(more, linked=False))


def _above(call: Call) -> int:
    """The id that every match is greater than, if the filters say so: a walk by id need not look below it."""
    groups = call.body.get("filterGroups") or []
    filters = groups[0].get("filters") or [] if len(groups) == 1 and not call.body.get("filters") else []
    said = [
        str(each.get("value"))
        for each in filters
        if (each.get("propertyName"), each.get("operator")) == ("hs_object_id", "GT")
    ]
    return max((int(number) for number in said if number.isdecimal()), default=0)


def _index(call: Call, kind: ObjectType, above: int = 0) -> list[Hit]:
    """What search knows: the newest version that is older than the index's lag."""
    lag = float(call.portal.setting("index_lag_seconds", 0))
    rows = call.table(kind).living(above)
    if not lag:
        return [(row, row.properties) for row in rows]
    seen = call.portal.now() - timedelta(seconds=lag)
    return [(row, properties) for row in rows if (properties := row.as_of(seen)) is not None]


def _indexed(row: Row, properties: Properties) -> Version:
    newest = row.versions[-1]
    return newest if newest.properties is properties else Version(newest.at, newest.source, properties)


def _matching(index: list[Hit], groups: Sequence[Sequence[Test]]) -> list[Hit]:
    """Rows for which all tests of any group hold."""
    found = [_narrowed(index, group) for group in groups] or [index]
    if len(found) == 1:
        return found[0]
    ids = {row.id for hits in found for row, _ in hits}
    return [hit for hit in index if hit[0].id in ids]


def _narrowed(hits: list[Hit], tests: Sequence[Test]) -> list[Hit]:
    for test in tests:
        hits = [hit for hit in hits if test(hit[1])]
    return hits


def _groups(call: Call, kind: ObjectType) -> list[list[Test]]:
    """The tests of each group, ids first as they cost least; ``filters`` without groups are one group."""
    groups = [group.get("filters") or [] for group in call.body.get("filterGroups") or []]
    groups += [call.body["filters"]] if call.body.get("filters") else []
    _refuse_too_many(groups)
    by_cost = [sorted(group, key=lambda each: each.get("propertyName") != "hs_object_id") for group in groups]
    return [[_filter(call, kind, each) for each in group] for group in by_cost]


def _refuse_too_many(groups: Sequence[Sequence[object]]) -> None:
    counts = [
        ("filterGroups", len(groups), GROUPS),
        ("filters in a filterGroup", max(map(len, groups), default=0), FILTERS_A_GROUP),
        ("filters", sum(map(len, groups)), FILTERS),
    ]
    for what, given, most in counts:
        if given > most:
            raise invalid(f"The maximum number of {what} is {most}, was {given}")


def _filter(call: Call, kind: ObjectType, given: Mapping[str, Any]) -> Test:
    name, how = str(given.get("propertyName")), str(given.get("operator"))
    if name.startswith("associations."):
        return _linked(call, kind, name.removeprefix("associations."), given)
    prop = call.portal.visible(kind).get(name)
    if prop is None:
        raise invalid(f"Property {name} does not exist on {kind.id}", {"propertyName": [name]})
    if how == "HAS_PROPERTY":
        return lambda properties: properties.get(name) is not None
    if how == "NOT_HAS_PROPERTY":
        return lambda properties: properties.get(name) is None
    holds = _holds(prop, how, given)
    return lambda properties: (value := properties.get(name)) is not None and holds(value)


def _holds(prop: Property, how: str, given: Mapping[str, Any]) -> Callable[[str], bool]:
    """The operator on a value that is there. Raises Refusal for an operator or operand that does not exist."""
    key = order(prop)
    if how in _COMPARE:
        compare, operand = _COMPARE[how], _operand(prop, given.get("value"))
        return lambda value: compare(key(value), operand)
    if how == "BETWEEN":
        low, high = _operand(prop, given.get("value")), _operand(prop, given.get("highValue"))
        return lambda value: bool(low <= key(value) <= high)
    if how in {"IN", "NOT_IN"}:
        wanted = how == "IN"
        among = _members(prop, given.get("values"))
        return lambda value: (key(value) in among) is wanted
    if how in {"CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"}:
        wanted, pattern = how == "CONTAINS_TOKEN", str(given.get("value", "")).lower()
        return lambda value: any(fnmatchcase(word, pattern) for word in _words(value)) is wanted
    raise invalid(f"Invalid operator {how}", {"operator": [how]})


def _members(prop: Property, values: object) -> set[Any]:
    """Operands of IN as they are: HubSpot finds a string only by its lower-case spelling."""
    if not isinstance(values, list) or not values:
        raise invalid(f"values of a filter on {prop.name} must be a list", {"propertyName": [prop.name]})
    if prop.type in {"number", "date", "datetime"}:
        return {_operand(prop, value) for value in values}
    return {str(value) for value in values}


def _operand(prop: Property, value: object) -> Any:
    if value is None or value == "":
        raise invalid(f"A filter on {prop.name} has no value", {"propertyName": [prop.name]})
    try:
        operand = order(prop)(str(value).lower() if isinstance(value, bool) else str(value))
    except (ValueError, OverflowError):
        raise invalid(f"{value} is not a {prop.type} for {prop.name}", {"propertyName": [prop.name]}) from None
    if isinstance(operand, datetime) and operand.timestamp() == 0:
        raise Refusal(500, "internal error")  # HubSpot does not take the epoch itself as a date
    return operand


def _linked(call: Call, kind: ObjectType, name: str, given: Mapping[str, Any]) -> Test:
    other = call.portal.kind(name)
    if other.custom or given.get("operator") not in {"EQ", "IN"}:
        raise invalid(f"Cannot search by associations.{name} with {given.get('operator')}")
    wanted = {str(value) for value in given.get("values") or [given.get("value")]}
    links, pair = call.portal.links, (kind.name, other.name)
    return lambda properties: not wanted.isdisjoint(links.of(pair, properties["hs_object_id"] or ""))


def _text(call: Call, kind: ObjectType) -> list[Test]:
    """The free text, if any: every word begins a word of some text property."""
    query = str(call.body.get("query") or "").lower()
    if len(query) > LONGEST_QUERY:
        raise invalid(f"query must not be longer than {LONGEST_QUERY} characters")
    if not query:
        return []
    names = [prop.name for prop in kind.properties.values() if prop.type == "string"]
    wanted = _words(query)

    def found(properties: Properties) -> bool:
        words = [word for name in names for word in _words(properties.get(name) or "")]
        return all(any(word.startswith(start) for word in words) for start in wanted)

    return [found]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _sorted(call: Call, kind: ObjectType, hits: list[Hit]) -> list[Hit]:
    """By one property, records without it last; unasked by ascending id, which is how the rows stand."""
    sorts = call.body.get("sorts") or []
    if len(sorts) > 1:
        raise invalid("Only one sort is supported")
    if not sorts:
        return hits
    name, descending = _sort_of(sorts[0])
    prop = call.portal.visible(kind).get(name)
    if prop is None:
        raise invalid(f"Property {name} does not exist on {kind.id}", {"propertyName": [name]})
    key = order(prop)
    having = [hit for hit in hits if hit[1].get(name) is not None]
    if name != "hs_object_id" or descending:
        having.sort(key=lambda hit: key(hit[1][name] or ""), reverse=descending)
    return having + [hit for hit in hits if hit[1].get(name) is None]


def _sort_of(sort: object) -> tuple[str, bool]:
    if isinstance(sort, Mapping):
        return str(sort.get("propertyName")), sort.get("direction", "ASCENDING") == "DESCENDING"
    return str(sort).lstrip("-"), str(sort).startswith("-")
