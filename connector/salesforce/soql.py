"""SOQL as text: names, literals, and lists of keys in pieces that one address takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote_plus

from connector.record import FieldType

BATCH = 400
ADDRESS_BYTES, NAME_BYTES = 12_000, 5_000
"""Of the 16,384 that Salesforce takes for an address and its headers (help.salesforce.com, 000386264)."""
KEY_BYTES = ADDRESS_BYTES - NAME_BYTES
SOQL_CHARACTERS = 100_000
"""The longest query there is (SOQL and SOSL Reference, "SOQL limits")."""
UNQUOTED = (FieldType.NUMBER, FieldType.BOOLEAN, FieldType.DATE, FieldType.DATETIME)


def select(names: Iterable[str], kind: str, clause: str) -> str:
    """A query. Names and kind come from a describe, and every value in ``clause`` is a literal of ours."""
    return f"SELECT {', '.join(names)} FROM {kind}{clause}"  # noqa: S608


def quoted(text: str) -> str:
    """A text as SOQL writes it (SOQL and SOSL Reference, "Quoted string escape sequences")."""
    for plain, escaped in (("\\", "\\\\"), ("'", "\\'"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(plain, escaped)
    return f"'{text}'"


def literal(text: str, kind: FieldType) -> str:
    """A key as SOQL writes it; what is not spelt like its field's type is quoted, never part of the query."""
    bare = kind in UNQUOTED and all(letter.isalnum() or letter in "+-.:" for letter in text)
    return text if bare else quoted(text)


def room(names: Iterable[str]) -> int:
    """Bytes of an address that some names leave to keys."""
    return ADDRESS_BYTES - sum(len(quote_plus(name)) + 4 for name in names)


def pieces(texts: Sequence[str], size: int, most: int = BATCH) -> Iterator[list[str]]:
    """Texts in lists of up to ``most`` that take up to ``size`` bytes of an address; a longer text is alone."""
    piece: list[str] = []
    used = 0
    for text in texts:
        weight = len(quote_plus(text)) + 4
        if piece and (len(piece) == most or used + weight > size):
            yield piece
            piece, used = [], 0
        piece.append(text)
        used += weight
    if piece:
        yield piece
