"""Passwords: hashed by argon2, checked in the same time whether or not there is such a person."""

from __future__ import annotations

from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from sync.model.problem import BadInput, Problem

SHORTEST: Final = 12
LONGEST: Final = 200

_hasher: Final = PasswordHasher()


def hashed(password: str) -> str:
    """What is kept of a password. Raises BadInput for one that is too easily guessed, or too long."""
    if not SHORTEST <= len(password) <= LONGEST or len(set(password)) < 5:
        what = f"it has to have {SHORTEST} to {LONGEST} characters, and more than a few different ones"
        raise BadInput([Problem("password", what, "take a few words that do not belong together")])
    return _hasher.hash(password)


def fits(password: str, kept: str | None) -> bool:
    """Whether it is this person's password; ``None``: there is no such person, or they have none."""
    try:
        return _hasher.verify(kept or _of_nobody(), password[: LONGEST + 1]) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _of_nobody() -> str:
    return _hasher.hash("nobody knows it, and it would not help")
