"""Names for things: a hash of what they name, so that every machine gives the same thing the same id."""

from __future__ import annotations

from base64 import b32encode
from hashlib import sha256


def digest(*parts: str) -> str:
    """32 lower-case base32 characters of a SHA-256 over ``parts``, unambiguous about where each part ends."""
    text = "\x1f".join(part.replace("\x1f", "\x1f\x1f") for part in parts)
    return b32encode(sha256(text.encode()).digest()[:20]).decode("ascii").lower()


def name(kind: str, *parts: str) -> str:
    """An id: ``opp_…``, ``reg_…``, ``par_…``, ``acc_…``, ``dec_…``, ``case_…``."""
    return f"{kind}_{digest(kind, *parts)}"
