"""The catalogue: every kind of conflict this version detects, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sync.claim import Claim
from sync.conflicts import detectors
from sync.conflicts.finding import Finding
from sync.model.ruling import Severity


@dataclass(frozen=True, slots=True)
class Detector:
    """One row: its code and title, and the function whose docstring is its sentence."""

    kind: str
    title: str
    find: Callable[[Sequence[Claim]], Iterator[Finding]]

    @property
    def sentence(self) -> str:
        return (self.find.__doc__ or "").strip()


CATALOGUE: Final = (
    Detector("C01", "Duplicate, same partner", detectors.same_partner_twice),
    Detector("C07", "Closed opportunity", detectors.closed_deal),
    Detector("C04", "Direct pursuit", detectors.direct_sales_first),
    Detector("C02", "Exclusive-role clash", detectors.exclusive_role_twice),
    Detector("C13", "Line claimed twice", detectors.same_line_twice),
)
"""Duplicates and closed deals first: they take claims away that would otherwise clash."""


def detect(kind: Detector, claims: Sequence[Claim]) -> list[Finding]:
    """What one detector finds among the live claims, in an order that does not depend on theirs."""
    live = sorted((claim for claim in claims if claim.live), key=lambda claim: claim.id)
    by_id = {claim.id: claim for claim in live}
    found = []
    for finding in kind.find(live):
        rules = by_id[finding.claims[0]].policy.conflicts
        if kind.kind not in rules.off:
            severity = rules.severity.get(kind.kind, finding.severity)
            found.append(replace(finding, severity=Severity(severity)))
    return sorted(found, key=lambda finding: (finding.claims, finding.about))
