"""What a detector says: who is in conflict about what, and the facts it saw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from sync.claim import Claim
from sync.model.ids import name
from sync.model.registration import Role
from sync.model.ruling import Severity


@dataclass(frozen=True)
class Finding:
    """``about``: the roles, lines or dates in dispute, in words; ``text``: one sentence with the facts.

    ``lines`` are the disputed ones of a deal, where it is lines that are in dispute.
    """

    kind: str
    severity: Severity
    claims: tuple[str, ...]
    opportunity_id: str | None
    about: str
    text: str
    lines: tuple[str, ...] = ()
    waits: str = ""  # why a person decides, whatever the rule would say

    @cached_property
    def case_id(self) -> str:
        """The same facts never open a case twice."""
        return name("case", self.kind, *sorted(self.claims), self.about)

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles in dispute; empty when the dispute is about something else."""
        words = self.about.split("; ")
        return tuple(role for role in Role if role in words)


def between(kind: str, severity: Severity, claims: Sequence[Claim], about: str, text: str) -> Finding:
    """A finding over some claims; the opportunity is the first one they name."""
    ids = tuple(sorted(claim.id for claim in claims))
    deals = [claim.opportunity.id for claim in claims if claim.opportunity]
    return Finding(kind, severity, ids, deals[0] if deals else None, about, text)


def words(things: Iterable[str]) -> str:
    """What a dispute is about, from its parts."""
    return "; ".join(things)


def business(*claims: Claim) -> str:
    """What some claims are about, by the name that people know it by."""
    for claim in claims:
        if claim.opportunity:
            return claim.opportunity.name
    first = claims[0]
    return (first.account and first.account.name) or first.registration.customer_name or first.place


def names(claims: Iterable[Claim]) -> str:
    """The partners of some claims, each once, as people say it."""
    found = sorted({claim.partner.name for claim in claims})
    return " and ".join(filter(None, (", ".join(found[:-1]), found[-1])))
