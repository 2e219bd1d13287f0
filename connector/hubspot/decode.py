"""HubSpot's property texts in canonical spelling; what the text means is decided by the property's type alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from connector.hubspot.answers import Property
from connector.record import FieldInfo, FieldType, Text, datetime_text, number_text


def text(type_: str, raw: str | None) -> Text:
    """A property's value, by HubSpot's ``type`` (never ``fieldType``: a datetime's is ``date``)."""
    if not raw:
        return None
    return READERS.get(type_, str)(raw)


def moment(raw: str) -> datetime:
    """An instant: ISO with or without milliseconds (v3 and dated), or epoch milliseconds. Raises ValueError."""
    if raw[-1:] != "Z" and raw.lstrip("-").isdecimal():
        seconds, milliseconds = divmod(int(raw), 1000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=milliseconds * 1000)
    parsed = datetime.fromisoformat(raw)
    if parsed.tzinfo is UTC:
        return parsed
    return parsed.replace(tzinfo=parsed.tzinfo or UTC).astimezone(UTC)


def field_info(found: Property) -> FieldInfo:
    """A property in the vocabulary of both vendors."""
    return FieldInfo(
        name=found.name,
        label=found.label,
        type=_field_type(found),
        writable=not (found.calculated or found.modification_metadata.read_only_value),
        calculated=found.calculated,
        unique=found.has_unique_value,
        options=tuple(option.value for option in found.options),
        refers_to=(found.referenced_object_type,) if found.referenced_object_type else (),
    )


def _field_type(found: Property) -> FieldType:
    if found.name == "hs_object_id":
        return FieldType.ID
    if found.referenced_object_type:
        return FieldType.REFERENCE
    if found.type == "enumeration" and found.field_type == "checkbox":
        return FieldType.CHOICES
    return FIELD_TYPES.get(found.type, FieldType.TEXT)


def _number(raw: str) -> str:
    if raw.isascii() and raw.isdecimal() and raw[0] != "0":
        return raw
    try:
        return number_text(Decimal(raw))
    except (InvalidOperation, ValueError):
        return raw  # shown as it is: the mapping reports it, with the record


def _datetime(raw: str) -> str:
    try:
        instant = moment(raw)
        if raw[10:17:6] != "T:" or raw[-1] != "Z":
            return datetime_text(instant)
        if len(raw) == 24 and raw[19] == ".":  # as HubSpot writes it, with milliseconds
            return f"{raw[:19]}Z" if raw[20:23] == "000" else f"{raw[:23]}000Z"
        return raw if len(raw) == 20 else datetime_text(instant)
    except (ValueError, OverflowError):
        return raw


def _date(raw: str) -> str:
    try:
        return moment(raw).date().isoformat()  # dates are midnight UTC, whatever the account's zone
    except (ValueError, OverflowError):
        return raw


READERS: Mapping[str, Callable[[str], str]] = {
    "number": _number,
    "bool": str.lower,
    "date": _date,
    "datetime": _datetime,
}

FIELD_TYPES: Mapping[str, FieldType] = {
    "number": FieldType.NUMBER,
    "bool": FieldType.BOOLEAN,
    "date": FieldType.DATE,
    "datetime": FieldType.DATETIME,
    "enumeration": FieldType.CHOICE,
}
