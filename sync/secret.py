"""Secrets by reference: ``env:NAME``, ``file:PATH`` or ``keyring:SERVICE/NAME``, read when they are needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from sync.model.problem import BadInput, Problem


def resolve(where: str, home: Path, reference: str) -> str:
    """The secret behind ``reference``; a text that is no reference is itself. ``home``: what PATH is relative to.

    Raises BadInput that names ``where``, the reference and the fix, never the secret.
    """
    kind, _, name = reference.partition(":")
    read = _KINDS.get(kind)
    return read(where, home, name) if read else reference


def is_reference(text: str) -> bool:
    """Whether a text points to a secret instead of being one."""
    return text.partition(":")[0] in _KINDS and ":" in text


def _environment(where: str, _home: Path, name: str) -> str:
    if name not in os.environ:
        raise _missing(where, f"the environment has no {name}", f"set {name} where dealsync is started")
    return os.environ[name]


def _file(where: str, home: Path, name: str) -> str:
    try:
        return (home / name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        what = f"the file {name} cannot be read: {getattr(error, 'strerror', None) or 'it is not text'}"
        raise _missing(where, what, "create it, readable by the user that runs dealsync") from error


def _keyring(where: str, _home: Path, name: str) -> str:
    import keyring  # noqa: PLC0415 slow to import, and few use it
    from keyring.errors import KeyringError  # noqa: PLC0415

    unusable = (KeyringError, *_BACKEND_FAULTS)

    service, _, user = name.rpartition("/")
    fix = f"store it: keyring set {service or 'SERVICE'} {user or 'NAME'}"
    if not service or not user:
        raise _missing(where, f"keyring:{name} names no service and name", 'write "keyring:SERVICE/NAME"')
    try:
        found = keyring.get_password(service, user)
    except unusable as error:
        what = f"the key store cannot be used: {str(error) or type(error).__name__}"
        raise _missing(where, what, "unlock it, or use env:NAME or file:PATH") from error
    if found is None:
        raise _missing(where, f"the key store has no {name}", fix)
    return found


def _missing(where: str, what: str, fix: str) -> BadInput:
    return BadInput([Problem(where, what, fix)])


_BACKEND_FAULTS: Final = (ImportError, AttributeError, TypeError, ValueError, OSError, RuntimeError)
"""What a back end of the key store that is missing or set up wrongly raises beside its own errors."""

_KINDS: Final[Mapping[str, Callable[[str, Path, str], str]]] = {
    "env": _environment,
    "file": _file,
    "keyring": _keyring,
}
