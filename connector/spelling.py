"""Whether a text can be a value of a field, judged by what the CRM's describe says of the field."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from connector.record import FieldInfo, FieldType, Text


def problem(info: FieldInfo, text: Text) -> str | None:
    """What is wrong with writing ``text`` (canonical spelling) into the field, to end a sentence with, or None."""
    if not info.writable:
        return "is read-only"
    if text is None:
        return "must have a value" if info.required else None
    if info.length is not None and len(text) > info.length:
        return f"takes {info.length} characters, not {len(text)}"
    if info.options and not set(text.split(";") if info.type is FieldType.CHOICES else [text]) <= set(info.options):
        return f"{text!r} is none of {', '.join(info.options)}"
    return None if spelt(info.type, text) else f"{text!r} is no {info.type}"


def spelt(kind: FieldType, text: str) -> bool:
    """Whether a text is the canonical spelling of a value of this type."""
    try:
        match kind:
            case FieldType.NUMBER:
                return Decimal(text).is_finite()
            case FieldType.BOOLEAN:
                return text in ("true", "false")
            case FieldType.DATE:
                return date.fromisoformat(text).isoformat() == text
            case FieldType.DATETIME:
                return datetime.fromisoformat(text).tzinfo is not None
    except (ValueError, InvalidOperation):
        return False
    return True
