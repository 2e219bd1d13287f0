"""SOQL text into a Query: what is asked, not yet checked against any schema."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput, v_args
from lark.exceptions import UnexpectedToken, VisitError

from connector.sandbox.salesforce.errors import Refusal
from connector.sandbox.salesforce.values import stamp_text


@dataclass(frozen=True, slots=True)
class Path:
    """A field, or with ``parent`` a field of the row that a reference leads to. ``at`` is its place in the text."""

    parent: str
    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written: ``kind`` is string, number, datetime, date, boolean or null.

    Escapes are resolved, except the ``\\%`` and ``\\_`` that only LIKE understands.
    """

    kind: str
    value: str | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Compared:
    """``path operator literal``; the operator in capitals, ``<>`` as ``!=``."""

    path: Path
    operator: str
    literal: Literal


@dataclass(frozen=True, slots=True)
class Listed:
    """``path IN (…)``, or with ``negated`` NOT IN."""

    path: Path
    literals: tuple[Literal, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """Conditions of which all (``AND``), any (``OR``) or none (``NOT``, just one) must hold."""

    word: str
    parts: tuple[Condition, ...]


Condition = Compared | Listed | Joined


@dataclass(frozen=True, slots=True)
class Sorting:
    """One term of ORDER BY; nulls come first unless the query says otherwise, in both directions."""

    path: Path
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query; no ``fields`` means COUNT(). ``at`` is where the object's name stands in ``text``."""

    text: str
    fields: tuple[Path, ...]
    kind: str
    at: int
    where: Condition | None
    order: tuple[Sorting, ...]
    limit: int | None


def parse(text: str) -> Query:
    """The query of a SOQL text. Refusal MALFORMED_QUERY names the token that was not expected, and its place."""
    try:
        tree = _grammar().parse(text)
        fields, kind, where, order, limit = _Reading().transform(tree)
    except VisitError as error:
        if isinstance(error.orig_exc, Refusal):
            raise error.orig_exc from error
        raise
    except UnexpectedInput as error:
        raise malformed(text, _place(text, error), _complaint(text, error)) from error
    return Query(text, fields, str(kind), kind.start_pos, where, order or (), limit)


def malformed(text: str, at: int, message: str) -> Refusal:
    """MALFORMED_QUERY with the query's line and a mark, as Salesforce draws it."""
    return Refusal("MALFORMED_QUERY", marked(text, at, message))


def marked(text: str, at: int, message: str) -> str:
    """The message below an excerpt of the query with a caret under the place."""
    line = text.replace("\n", " ")
    start = max(0, at - 40)
    excerpt = line[start : at + 30]
    return f"\n{excerpt}\n{' ' * (at - start)}^\nERROR at Row:1:Column:{at + 1}\n{message}"


@v_args(inline=True)
class _Reading(Transformer[Token, Any]):
    def query(self, *parts: Any) -> tuple[Any, ...]:
        return parts

    def count(self) -> tuple[Path, ...]:
        return ()

    def fields(self, *paths: Path) -> tuple[Path, ...]:
        return paths

    def path(self, first: Token, second: Token | None = None) -> Path:
        at = first.start_pos or 0
        return Path("", str(first), at) if second is None else Path(str(first), str(second), at)

    def where(self, condition: Condition) -> Condition:
        return condition

    def all_of(self, *parts: Condition) -> Condition:
        return Joined("AND", parts)

    def any_of(self, *parts: Condition) -> Condition:
        return Joined("OR", parts)

    def negated(self, part: Condition) -> Condition:
        return Joined("NOT", (part,))

    def compared(self, path: Path, operator: str, literal: Literal) -> Condition:
        return Compared(path, operator, literal)

    def listed(self, path: Path, negated: bool | None, *literals: Literal) -> Condition:
        return Listed(path, literals, bool(negated))

    def not_in(self) -> bool:
        return True

    def operator(self, token: Token) -> str:
        return {"<>": "!="}.get(token, token.upper())

    def order(self, *terms: Sorting) -> tuple[Sorting, ...]:
        return terms

    def sorting(self, path: Path, direction: str | None, nulls: str | None) -> Sorting:
        return Sorting(path, direction == "DESC", nulls == "LAST")

    def direction(self, token: Token) -> str:
        return token.upper()

    def nulls(self, token: Token) -> str:
        return token.upper()

    def limit(self, token: Token) -> int:
        return int(token)

    def string(self, token: Token) -> Literal:
        return Literal("string", _ESCAPE.sub(_unescaped, token[1:-1]))

    def number(self, token: Token) -> Literal:
        return Literal("number", Decimal(token))

    def moment(self, token: Token) -> Literal:
        try:
            return Literal("datetime", stamp_text(datetime.fromisoformat(token.upper())))
        except ValueError as error:
            raise Refusal("MALFORMED_QUERY", f"invalid dateTime: {token}") from error

    def day(self, token: Token) -> Literal:
        return Literal("date", str(token))

    def truth(self, token: Token) -> Literal:
        return Literal("boolean", token.upper() == "TRUE")

    def null(self) -> Literal:
        return Literal("null", None)


_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.S)
_CONTROL = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def _unescaped(match: re.Match[str]) -> str:
    letter = match[1]
    if letter[0] == "u" and len(letter) == 5:
        return chr(int(letter[1:], 16))
    return match[0] if letter in "%_" else _CONTROL.get(letter.lower(), letter)


@cache
def _grammar() -> Lark:
    return Lark.open("soql.lark", rel_to=__file__, parser="lalr", start="query", maybe_placeholders=True)


def _place(text: str, error: UnexpectedInput) -> int:
    ended = isinstance(error, UnexpectedToken) and not error.token
    return len(text) if ended or error.pos_in_stream is None or error.pos_in_stream < 0 else error.pos_in_stream


def _complaint(text: str, error: UnexpectedInput) -> str:
    if isinstance(error, UnexpectedToken):
        return f"unexpected token: '{error.token or '<EOF>'}'"
    rest = text[_place(text, error) :]
    found = re.match(r"\w+|.", rest)
    return f"unexpected token: '{found[0] if found else '<EOF>'}'"
