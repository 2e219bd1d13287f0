"""Names for things: a hash of what they name, so that every machine gives the same thing the same id."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS: Final = tuple(high + low for high in _ALPHABET for low in _ALPHABET)
_TRIPLES: Final = tuple(pair + low for pair in _PAIRS for low in _ALPHABET)
_SHIFTS: Final = tuple(range(145, -5, -15))


def digest(*parts: str) -> str:
    """32 lower-case base32 characters of a SHA-256 over ``parts``, unambiguous about where each part ends."""
    text = "\x1f".join(parts)
    if text.count("\x1f") >= len(parts):
        text = "\x1f".join([part.replace("\x1f", "\x1f\x1f") for part in parts])
    number = int.from_bytes(sha256(text.encode()).digest()[:20], "big")
    return "".join([_TRIPLES[number >> shift & 32767] for shift in _SHIFTS]) + _PAIRS[(number & 1023)]


def name(kind: str, *parts: str) -> str:
    """An id: ``opp_…``, ``reg_…``, ``par_…``, ``acc_…``, ``dec_…``, ``case_…``."""
    return f"{kind}_{digest(kind, *parts)}"
