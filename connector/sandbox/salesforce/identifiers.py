"""Salesforce record ids: 15 case-sensitive characters, or 18 with a checksum that survives lost case."""

from __future__ import annotations

import re

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?\Z")


def checksum(short: str) -> str:
    """The three characters that make an 18-character id of a 15-character one."""
    chunks = (short[start : start + 5] for start in (0, 5, 10))
    bits = (sum(letter.isupper() << place for place, letter in enumerate(chunk)) for chunk in chunks)
    return "".join(_ALPHABET[number] for number in bits)


def long_id(text: str) -> str | None:
    """The 18-character form of an id; None for text that is no id (wrong length, characters or checksum)."""
    if not _SHAPE.match(text):
        return None
    whole = text[:15] + checksum(text[:15])
    return whole if len(text) == 15 or text == whole else None


def new_id(prefix: str, number: int) -> str:
    """The id of the ``number``-th row of an object: the same number always gives the same id."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    short = f"{prefix}5e0{digits:0>9}"
    return short + checksum(short)
