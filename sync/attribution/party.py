"""A partner as attribution sees it: who it is and what it did on one deal, nothing of a CRM."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from sync.attribution.weights import VENDOR


@dataclass(frozen=True, slots=True)
class Party:
    """One eligible partner of the deal.

    ``contribution`` is in whatever unit the policy measures (hours, delivered value, evidence points); ``None``
    is not declared: role pools count it as 1, the contribution model as 0. ``tier`` is empty for no tier.
    ``late``: the claim came after the policy's window. ``sourcing``: this partner passed the sourced test. Raises
    ValueError for an id that is no partner's, or a contribution below 0.
    """

    id: str
    roles: frozenset[str] = frozenset()
    contribution: Fraction | None = None
    tier: str = ""
    late: bool = False
    sourcing: bool = False

    def __post_init__(self) -> None:
        if self.id in ("", VENDOR):
            raise ValueError(f"party id {self.id!r} is not a partner's: use the partner's own id")
        if self.contribution is not None and self.contribution < 0:
            raise ValueError(f"{self.id}: contribution {self.contribution} is below 0: correct the entry")
