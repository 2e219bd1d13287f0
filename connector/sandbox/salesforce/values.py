"""One value on its way into a row: JSON in, and out the spelling that Salesforce answers with, or its refusal."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from connector.sandbox.salesforce.errors import Refusal
from connector.sandbox.salesforce.identifiers import long_id
from connector.sandbox.salesforce.schema import NUMBER_TYPES, TEXT_TYPES, Field

Stored = str | bool | int | Decimal | None
"""What a row holds: exactly what goes out as JSON, so that reading a row costs nothing."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_DIGITS = 18  # of a number, before and after the point together


def stamp_text(moment: datetime) -> str:
    """A datetime as the REST API writes it: ``2025-01-01T00:00:00.000+0000``, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def stored(field: Field, value: object, *, trusted: bool = False) -> Stored:
    """The value as the field keeps it; Refusal with Salesforce's code and wording for one it cannot keep.

    ``trusted`` values come from a world or an import: old rows may hold choices that are no longer offered.
    """
    if isinstance(value, str):
        value = value.strip() or None
    if value is None:
        return False if field.type == "boolean" else None
    if field.type in NUMBER_TYPES:
        return _number(field, value)
    if field.type in TEXT_TYPES:
        return _text(field, value, trusted)
    return _OTHERS[field.type](field, value)


def number_text(value: Decimal) -> Decimal:
    """The decimal whose JSON is Java's: at least one digit after the point, no zeros that say nothing."""
    text = format(value.normalize(), "f")
    return Decimal(text if "." in text else text + ".0")


def _unreadable(field: Field, value: object) -> Refusal:
    kind = "STRING" if isinstance(value, str) else "EMBEDDED_OBJECT" if isinstance(value, dict | list) else "NUMBER"
    return Refusal(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {field.type} from VALUE_{kind} value {value} or request may be missing "
        f"a required field at [line:1, column:2]",
    )


def _number(field: Field, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise _unreadable(field, value)
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise _unreadable(field, value) from error
    if not number.is_finite():
        raise _unreadable(field, value)
    if abs(number) >= Decimal(10) ** (_DIGITS - field.scale):
        message = f"{field.name}: value outside of valid range on numeric field: {value}"
        raise Refusal("NUMBER_OUTSIDE_VALID_RANGE", message, [field.name])
    return number_text(number.quantize(Decimal(1).scaleb(-field.scale), ROUND_HALF_UP))


def _text(field: Field, value: object, trusted: bool) -> str:
    if isinstance(value, dict | list):
        raise _unreadable(field, value)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if len(text) > field.length:
        message = f"{field.name}: data value too large: {text} (max length={field.length})"
        raise Refusal("STRING_TOO_LONG", message, [field.name])
    if field.type == "email" and not _EMAIL.match(text):
        raise Refusal("INVALID_EMAIL_ADDRESS", f"{field.name}: invalid email address: {text}", [field.name])
    chosen = text.split(";") if field.type == "multipicklist" else [text]
    for choice in chosen:
        if field.restricted and choice not in field.values and not trusted:
            message = f"{field.name}: bad value for restricted picklist field: {choice}"
            raise Refusal("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [field.name])
    return _in_order(field, chosen) if len(chosen) > 1 else text


def _in_order(field: Field, chosen: list[str]) -> str:
    """Several choices in the order of the field's list, whatever order they came in; unlisted ones at the end."""
    places = {value: place for place, value in enumerate(field.values)}
    return ";".join(sorted(dict.fromkeys(chosen), key=lambda choice: places.get(choice, len(places))))


def _boolean(field: Field, value: object) -> bool:
    match value:
        case bool():
            return value
        case "true" | "false":
            return value == "true"
    raise _unreadable(field, value)


def _whole(field: Field, value: object) -> int:
    number = _number(field, value)
    if number != int(number):
        raise _unreadable(field, value)
    return int(number)


def _date(field: Field, value: object) -> str:
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError as error:
        raise _unreadable(field, value) from error


def _datetime(field: Field, value: object) -> str:
    text = str(value)
    try:
        moment = datetime.fromisoformat(text) if "T" in text else None
    except ValueError as error:
        raise _unreadable(field, value) from error
    if moment is None:
        raise _unreadable(field, value)
    return stamp_text(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _reference(field: Field, value: object) -> str:
    found = long_id(value) if isinstance(value, str) else None
    if found is None:
        raise Refusal("MALFORMED_ID", f"{field.name}: id value of incorrect type: {value}", [field.name])
    return found


_OTHERS: dict[str, Callable[[Field, object], Stored]] = {
    "boolean": _boolean,
    "int": _whole,
    "date": _date,
    "datetime": _datetime,
    "reference": _reference,
    "id": _reference,
}
