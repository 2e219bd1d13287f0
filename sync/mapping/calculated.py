"""Transforms made for one field of one file: calculated by an expression, or with a default for an empty field."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from connector.record import Text, datetime_text, number_text
from sync.expressions import Expression, Type, as_day
from sync.mapping.transforms import Setting, Texts, Transform


def calculated(expression: Expression, kind: Type, inner: Transform) -> Transform:
    """``inner``, reading what an expression makes of the texts of its fields, in the order of ``fields``."""

    def read(texts: Texts, setting: Setting) -> Any:
        result = expression.run(dict(zip(expression.fields, texts, strict=True)))
        return inner.read((as_text(result, kind),), setting)

    return replace(inner, read=read, width=len(expression.fields))


def as_text(result: Any, kind: Type) -> Text:
    """The result of an expression as a CRM would spell it; an empty text is no value."""
    match result:
        case None | "":
            return None
        case bool():
            return "true" if result else "false"
        case Decimal():
            return number_text(result)
        case datetime():
            return as_day(result).isoformat() if kind == "day" else datetime_text(result)
    return str(result)


def defaulted(default: str, inner: Transform) -> Transform:
    """``inner``, reading an empty field as ``default``."""

    def read(texts: Texts, setting: Setting) -> Any:
        return inner.read((default if texts[0] is None else texts[0],), setting)

    return replace(inner, read=read)
