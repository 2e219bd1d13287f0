"""Property values as a portal takes them, keeps them and compares them: everything is text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from connector.sandbox.hubspot.schema import Property

LONGEST_TEXT = 65_536
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NotTaken(Exception):
    """A value that its property does not take. ``code`` is HubSpot's word."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def iso(moment: datetime) -> str:
    """A moment as HubSpot spells it: milliseconds only when there are any."""
    text = moment.astimezone(UTC).replace(tzinfo=None)
    return text.isoformat(timespec="milliseconds" if text.microsecond >= 1000 else "seconds") + "Z"


@lru_cache(maxsize=100_000)  # a search compares the same few thousand stamps on every page
def moment(text: str) -> datetime:
    """An ISO date or datetime, or epoch milliseconds, to the millisecond. Raises ValueError."""
    if re.fullmatch(r"-?\d{5,}", text):
        return _EPOCH + timedelta(milliseconds=int(text))
    parsed = datetime.fromisoformat(text)
    parsed = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return parsed.replace(microsecond=parsed.microsecond // 1000 * 1000)


def text_of(value: Any) -> str | None:
    """A JSON value as the text that HubSpot makes of it; the empty string clears."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None or value == "" else str(value)


def clean(prop: Property, value: Any, before: str | None = None) -> str | None:
    """The value as it is stored. ``before`` is what ``;value`` is appended to. Raises NotTaken."""
    text = text_of(value)
    return None if text is None else _CLEAN.get(prop.type, _clean_text)(prop, text, before)


def order(prop: Property) -> Callable[[str], Any]:
    """What stored text of this property is compared by; it raises ValueError for text that is not a value."""
    match prop.type:
        case "number":
            return int if prop.integer else _decimal
        case "date" | "datetime":
            return moment
        case "enumeration" | "bool":
            return str
    return str.lower


def _decimal(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def _clean_text(prop: Property, text: str, _: str | None) -> str:
    if len(text) > LONGEST_TEXT:
        raise NotTaken("INVALID_STRING_LENGTH", f"{prop.name} is longer than {LONGEST_TEXT} characters")
    return text.lower() if prop.name == "email" else text


def _clean_number(prop: Property, text: str, _: str | None) -> str:
    if prop.integer and not re.fullmatch(r"-?\d+", text):
        raise NotTaken("INVALID_INTEGER", f"{text} was not a valid integer.")
    if not _NUMBER.fullmatch(text):
        raise NotTaken("INVALID_NUMBER", f"{text} was not a valid number.")
    return text


def _clean_bool(_: Property, text: str, __: str | None) -> str:
    if text.lower() not in {"true", "false"}:
        raise NotTaken("INVALID_OPTION", f"{text} was not one of the allowed options: [true, false]")
    return text.lower()


def _clean_options(prop: Property, text: str, before: str | None) -> str:
    values = [part for part in text.split(";") if part] if prop.multiple else [text]
    allowed = prop.values()
    for value in values:
        if allowed and value not in allowed:
            listed = ", ".join(allowed)
            raise NotTaken("INVALID_OPTION", f"{value} was not one of the allowed options: [{listed}]")
    kept = before.split(";") if before and text.startswith(";") else []
    return ";".join(dict.fromkeys(kept + values))


def _clean_date(_: Property, text: str, __: str | None) -> str:
    try:
        day = moment(text) if text.lstrip("-").isdigit() else moment(date.fromisoformat(text).isoformat())
    except (ValueError, OverflowError):
        raise NotTaken("INVALID_DATE", f"{text} was not a valid date.") from None
    if day.timetz() != _EPOCH.timetz():
        raise NotTaken("INVALID_DATE", f"{text} is at {day:%H:%M:%S} UTC, not midnight UTC.")
    return day.date().isoformat()


def _clean_datetime(_: Property, text: str, __: str | None) -> str:
    try:
        return iso(moment(text))
    except (ValueError, OverflowError):
        raise NotTaken("INVALID_DATE", f"{text} was not a valid datetime.") from None


_CLEAN: dict[str, Callable[[Property, str, str | None], str]] = {
    "number": _clean_number,
    "bool": _clean_bool,
    "enumeration": _clean_options,
    "date": _clean_date,
    "datetime": _clean_datetime,
}
