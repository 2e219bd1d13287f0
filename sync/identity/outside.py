"""Rulings of an approval process that runs inside a CRM: each is a vote on its registration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from sync.model.registration import Registration, Vote
from sync.model.row import Row

VOTER: Final = "approval process"
"""Who casts such a vote; a policy may give it a role of its chain."""

_RULED: Final[Mapping[str, Vote]] = {"approved": Vote.APPROVE, "rejected": Vote.REJECT}
"""Salesforce ProcessInstance.Status (Object Reference) to a vote. One that is pending or was recalled says nothing:
whoever recalls a request often sends it again."""


def heard(registration: Registration, rows: Iterable[Row]) -> Registration:
    """The registration with the latest ruling of an approval process on it, unless a person voted since."""
    ruled = [
        (at, row.ref, vote)
        for row in rows
        if not row.deleted and row.values.get("registration") == registration.ref
        if (at := row.values.get("completed_at")) and (vote := _RULED.get(str(row.values.get("status")).lower()))
    ]
    if not ruled:
        return registration
    at, _, vote = max(ruled, key=lambda entry: entry[:2])
    if registration.vote and registration.voted_at and registration.voted_at >= at:
        return registration
    return replace(registration, vote=vote, voter=VOTER, voted_at=at, vote_reason=None)
