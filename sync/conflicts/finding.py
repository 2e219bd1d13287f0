"""What a detector says: who is in conflict about what, and the facts it saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sync.claim import Claim
from sync.model.ids import name
from sync.model.ruling import Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """``about``: the role, lines or date in dispute, in words; ``text``: one sentence with the facts."""

    kind: str
    severity: Severity
    claims: tuple[str, ...]
    opportunity_id: str | None
    about: str
    text: str

    @property
    def case_id(self) -> str:
        """The same facts never open a case twice."""
        return name("case", self.kind, *sorted(self.claims), self.about)


def between(kind: str, severity: Severity, claims: Sequence[Claim], about: str, text: str) -> Finding:
    """A finding over some claims; the opportunity is the first one they name."""
    ids = tuple(sorted(claim.id for claim in claims))
    deals = [claim.opportunity.id for claim in claims if claim.opportunity]
    return Finding(kind, severity, ids, deals[0] if deals else None, about, text)
