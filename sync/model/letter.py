"""What somebody is told by mail, before it is worded in a language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Letter:
    """To whom (the id of a user) and about what: ``page`` is a path of the portal, ``name`` of who invites."""

    user: str
    kind: str  # INVITED, APPROVED, ASKED, EXPIRING or RULED
    title: str
    page: str
    name: str = ""
    message: str = ""
