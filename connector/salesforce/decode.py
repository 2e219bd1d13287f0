"""Reads Salesforce's JSON: exact numbers from the bytes, and every value in canonical spelling."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from connector.record import FieldType, Text, datetime_text, number_text


class QueryPage(msgspec.Struct):
    """One page of a query (REST API Developer Guide, "Query")."""

    done: bool
    records: list[dict[str, Any]]
    nextRecordsUrl: str | None = None  # noqa: N815 the vendor's word
    totalSize: int = 0  # noqa: N815 the vendor's word


class RowResult(msgspec.Struct):
    """What became of one row of a collection (REST API Developer Guide, "sObject Collections")."""

    success: bool
    id: str | None = None
    created: bool = False
    errors: list[dict[str, Any]] = []


class Node(msgspec.Struct):
    """The answer of one node of a graph; ``body`` is a RowResult, a list of errors, or nothing."""

    httpStatusCode: int  # noqa: N815 the vendor's word
    body: Any = None


class Nodes(msgspec.Struct):
    """The answers of one graph's nodes, in the order they were sent."""

    compositeResponse: list[Node]  # noqa: N815 the vendor's word


class Graph(msgspec.Struct):
    """What became of one graph (REST API Developer Guide, "Composite Graph")."""

    graphId: str  # noqa: N815 the vendor's word
    isSuccessful: bool  # noqa: N815 the vendor's word
    graphResponse: Nodes  # noqa: N815 the vendor's word


class Graphs(msgspec.Struct):
    """What became of each graph of one call."""

    graphs: list[Graph]


PAGE = msgspec.json.Decoder(QueryPage, float_hook=Decimal)
ROWS = msgspec.json.Decoder(list[RowResult])
GRAPHS = msgspec.json.Decoder(Graphs)


def canonical(kind: FieldType, value: object) -> Text:
    """One value of a page in canonical spelling. Fields of unknown type pass as their own text or JSON."""
    match value:
        case None | "":
            return None
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            return number_text(value)
        case str() if kind is FieldType.DATETIME:
            return moment_text(value)
        case str():
            return value
        case _:
            return msgspec.json.encode(value).decode()


def any_text(value: object) -> Text:
    """A value of a field whose type says nothing."""
    return value if type(value) is str and value else canonical(FieldType.TEXT, value)


def number_of(raw: msgspec.Raw) -> Text:
    """A JSON number in canonical spelling, from its own digits."""
    text = str(raw, "ascii")
    if text[-2:] == ".0" and text != "-0.0":
        return text[:-2]
    if text[0] in "-0123456789":
        return plain_number(text)
    return any_text(msgspec.json.decode(text))


def plain_number(text: str) -> str:
    """``1234.50`` as ``1234.5``, and Java's ``1.0E7`` as ``10000000``."""
    if "E" in text or "e" in text:
        return number_text(Decimal(text))
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def moment_text(text: str) -> str:
    """``2025-01-01T00:00:00.000+0000`` (JSON) and ``….000Z`` (CSV) as ``2025-01-01T00:00:00Z``."""
    if text.endswith(".000+0000"):
        return text[:-9] + "Z"
    if text.endswith(".000Z"):
        return text[:-5] + "Z"
    return datetime_text(datetime.fromisoformat(text))


def long_id(text: str) -> str:
    """A record id with its 18 characters; anything that is not a 15-character id passes as it is.

    The three added characters say which letters are capital (help.salesforce.com, "Convert 15-character Ids").
    """
    if len(text) != 15 or not (text.isascii() and text.isalnum()):
        return text
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    chunks = (text[start : start + 5] for start in (0, 5, 10))
    return text + "".join(
        alphabet[sum(letter.isupper() << bit for bit, letter in enumerate(chunk))] for chunk in chunks
    )
