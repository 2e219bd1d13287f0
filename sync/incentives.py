"""What roles earn beside their credit (margins, rebates, finder's fees), and on which day. Pure.

Everything is a difference of whole recomputations, as in the ledger: what was earned is never rewritten, a deal
that shrinks or is opened again takes back exactly what it had given, and all of it adds up to what stands now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Final

from sync.model.money import Money
from sync.model.registration import Evidence, Role
from sync.model.split import VENDOR, Portion, Split
from sync.policy import Policy
from sync.policy.incentives import IncentiveRule


@dataclass(frozen=True, slots=True)
class Posting:
    """The split of a deal as it was posted on a day; ``None``: everything was taken back."""

    day: date
    split: Split | None


@dataclass(frozen=True, slots=True)
class Sale:
    """One deal: every posting in its order, the partners' evidence by id, and what they are called."""

    opportunity_id: str
    name: str
    postings: Sequence[Posting]
    policy: Policy
    evidence: Mapping[str, Sequence[Evidence]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incentive:
    """One amount that one partner earned by one role of one deal on a day; without a day it still waits."""

    opportunity_id: str
    deal: str
    party: str
    name: str
    role: Role
    kind: str
    amount: Money
    earned: date | None
    rule: str
    policy: str


Base = Callable[[Portion, Split], Money | None]

BASES: Final[Mapping[str, Base]] = {
    "margin": lambda portion, _: portion.fulfilled_amount,
    "rebate": lambda portion, _: portion.amount,
    "finders_fee": lambda _, split: split.amount,
}
"""What a percent of each kind is of."""


def incentives(sale: Sale) -> Iterator[Incentive]:
    """Everything that was earned on one deal, the roles of each partner in their order, oldest first."""
    for party, role in _earners(sale):
        rule = sale.policy.incentives[role]
        day = _milestone(rule, sale.evidence.get(party, ()))
        for moved, earned in _moves(sale, party, role, rule, day):
            yield Incentive(
                opportunity_id=sale.opportunity_id,
                deal=sale.name,
                party=party,
                name=sale.names.get(party, party),
                role=role,
                kind=rule.kind,
                amount=moved,
                earned=earned,
                rule=_words(rule),
                policy=sale.policy.id,
            )


def _earners(sale: Sale) -> list[tuple[str, Role]]:
    """Partners with a role that earns, who were in any posting."""
    order = list(Role)
    found = {
        (portion.party, role)
        for posting in sale.postings
        for portion in (posting.split.portions if posting.split else ())
        for role in portion.roles
        if portion.party != VENDOR and role in sale.policy.incentives
    }
    return sorted(found, key=lambda entry: (entry[0], order.index(entry[1])))


def _milestone(rule: IncentiveRule, evidence: Iterable[Evidence]) -> date | None:
    """The day of the first verified evidence of the kind; the first of all days where none is asked for."""
    if not rule.milestone:
        return date.min
    return min(
        (piece.at.date() for piece in evidence if piece.verified and piece.kind == rule.milestone), default=None
    )


def _moves(
    sale: Sale, party: str, role: Role, rule: IncentiveRule, day: date | None
) -> Iterator[tuple[Money, date | None]]:
    """The differences from posting to posting; those before the milestone are earned together on its day."""
    moved: Counter[tuple[date | None, str]] = Counter()
    before: Money | None = None
    for posting in sale.postings:
        after = _worth(posting.split, party, role, rule)
        place = max(posting.day, day) if day else None
        if before:
            moved[place, before.currency] -= before.minor
        if after:
            moved[place, after.currency] += after.minor
        before = after
    for (place, currency), minor in sorted(moved.items(), key=lambda entry: (entry[0][0] or date.max, entry[0][1])):
        if minor:
            yield Money(minor, currency), place


def _worth(split: Split | None, party: str, role: Role, rule: IncentiveRule) -> Money | None:
    """What the role is worth by one split, half-even to the coin."""
    portion = (
        next((own for own in split.portions if own.party == party and role in own.roles), None) if split else None
    )
    if split is None or portion is None:
        return None
    if rule.amount is not None:
        return Money.parse(str(rule.amount), rule.currency)
    base = BASES[rule.kind](portion, split)
    return Money(round(Fraction(rule.percent or 0) / 100 * base.minor), base.currency) if base else None


def _words(rule: IncentiveRule) -> str:
    size = f"{rule.percent}%" if rule.percent is not None else f"{rule.amount} {rule.currency}"
    return f"{size} {rule.kind.replace('_', ' ')}, earned at {rule.earned.replace(':', ' ')}"


def totals(found: Iterable[Incentive]) -> dict[str, Money]:
    """What was earned in all, by currency; what waits is not in it."""
    sums: Counter[str] = Counter()
    for entry in found:
        if entry.earned:
            sums[entry.amount.currency] += entry.amount.minor
    return {currency: Money(minor, currency) for currency, minor in sorted(sums.items())}
