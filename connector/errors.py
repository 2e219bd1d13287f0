"""Every failure of a CRM, named for what to do next. The class is the recovery.

::

    CrmError
    ├── TryAgain          wait `after` seconds, then the same call: throttled, overloaded, network
    ├── InDoubt           a write that may have happened: read it back, never repeat it blindly
    ├── SkipRecord        this record only; the others go on
    │   ├── Stale         the record changed since the change was planned
    │   ├── Locked        somebody holds it: a later run may succeed
    │   ├── Gone          it was deleted or merged away
    │   └── Rejected      the CRM refuses these values: wait for an edit of the record or the mapping
    ├── PauseMapping      the object or one field cannot be used as mapped: stop that mapping, run the rest
    ├── PauseUntil        a daily limit: nothing more before `when`
    └── StopCrm           credentials, address, org or version are wrong: nothing more until a person acts

Messages name the place, the cause and the fix, and never a secret.
"""

from __future__ import annotations

from datetime import datetime


class CrmError(Exception):
    """A failure of a CRM. ``message`` is one sentence for a person, ``code`` the vendor's own word."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class TryAgain(CrmError):
    """The same call may succeed later. ``after`` is the least wait in seconds, ``None`` when the CRM gave none."""

    def __init__(self, message: str, *, code: str = "", after: float | None = None) -> None:
        super().__init__(message, code=code)
        self.after = after


class InDoubt(CrmError):
    """The request was sent and no answer came: the write may or may not have happened."""


class SkipRecord(CrmError):
    """One record cannot be written; the others go on."""


class Stale(SkipRecord):
    """The record changed since the change was planned."""


class Locked(SkipRecord):
    """The record is locked by somebody; a later run may succeed."""


class Gone(SkipRecord):
    """The record was deleted or merged away."""


class Rejected(SkipRecord):
    """The CRM refuses these values: they stay refused until somebody edits the record, the rule or the mapping."""


class PauseMapping(CrmError):
    """An object, or one field of it, cannot be used as mapped."""

    def __init__(self, message: str, *, kind: str, field: str | None = None, code: str = "") -> None:
        super().__init__(message, code=code)
        self.kind = kind
        self.field = field


class PauseUntil(CrmError):
    """A limit that only time lifts. ``when`` is aware."""

    def __init__(self, message: str, *, when: datetime, code: str = "") -> None:
        super().__init__(message, code=code)
        self.when = when


class StopCrm(CrmError):
    """Nothing can be done with this CRM until a person acts."""
