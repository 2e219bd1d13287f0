"""A renewal in two: what was sold before stays with those who sold it, what is added is everybody's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from sync.claim import Claim
from sync.conflicts.incumbents import base_and_expansion
from sync.model.deal import Opportunity, OpportunityType
from sync.model.money import Money


@dataclass(frozen=True, slots=True)
class Renewal:
    """The deal before, the partners credited on it by id, and what is repeated and added of this deal."""

    before: str
    sellers: frozenset[str]
    base: Money
    expansion: Money

    @property
    def part(self) -> Fraction:
        """What is repeated, as a part of the whole."""
        return Fraction(self.base.minor, self.base.minor + self.expansion.minor)


def renewal_of(deal: Opportunity, before: Opportunity | None, sold: Iterable[Claim]) -> Renewal | None:
    """How ``deal`` renews ``before``, on which the claims ``sold`` were; ``None`` where it cannot be told apart.

    A base that is nothing, or more than the whole, is no part of it.
    """
    if before is None or deal.type is not OpportunityType.RENEWAL:
        return None
    worth = base_and_expansion(deal, before)
    sellers = frozenset(claim.partner.id for claim in sold if claim.state.credited)
    if worth is None or not sellers or worth[0].minor <= 0 or worth[1].minor < 0:
        return None
    return Renewal(before.name, sellers, *worth)
