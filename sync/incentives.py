"""What roles earn beside their credit (margins, rebates, finder's fees), on which day, and what is paid. Pure.

Everything is a difference of whole recomputations, as in the ledger: what was earned is never rewritten, a deal
that shrinks or is opened again takes back exactly what it had given, and all of it adds up to what stands now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
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
class Payment:
    """What finance says it paid a partner in all for its roles of one deal; ``day``: the latest, if it is said."""

    party: str
    amount: Money
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Sale:
    """One deal: every posting in its order, evidence by who holds a partner's account now, and names."""

    opportunity_id: str
    name: str
    postings: Sequence[Posting]
    policy: Policy
    evidence: Mapping[str, Sequence[Evidence]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    heirs: Mapping[str, str] = field(default_factory=dict)
    payments: Sequence[Payment] = ()

    def holder(self, party: str) -> str:
        """Who has the account of a party now."""
        return self.heirs.get(party, party)


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
        day = _milestone(rule, sale.evidence.get(sale.holder(party), ()))
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


class Paid(StrEnum):
    """How far what was earned has been paid."""

    OPEN = "open"
    PART = "part"
    PAID = "paid"
    OVER = "over"  # more was paid than is earned now


@dataclass(frozen=True, slots=True)
class Settlement:
    """What one partner earned on one deal up to now, in one currency, beside what finance says it paid."""

    opportunity_id: str
    deal: str
    party: str
    name: str
    earned: Money
    paid: Money
    day: date | None

    @property
    def left(self) -> Money:
        """What is still to be paid; below zero: what was paid too much."""
        return Money(self.earned.minor - self.paid.minor, self.earned.currency)

    @property
    def state(self) -> Paid:
        """In one word."""
        if self.left.minor <= 0:
            return Paid.OVER if self.left.minor else Paid.PAID
        return Paid.PART if self.paid.minor > 0 else Paid.OPEN


def settlements(sale: Sale, found: Iterable[Incentive]) -> Iterator[Settlement]:
    """Where each partner stands with one deal; who inherited a partner stands for both. What waits is not in it."""
    earned: Counter[tuple[str, str]] = Counter()
    paid: Counter[tuple[str, str]] = Counter()
    days: dict[tuple[str, str], date | None] = {}
    for entry in found:
        if entry.earned:
            earned[sale.holder(entry.party), entry.amount.currency] += entry.amount.minor
    for payment in sale.payments:
        place = sale.holder(payment.party), payment.amount.currency
        paid[place] += payment.amount.minor
        days[place] = max(filter(None, (days.get(place), payment.day)), default=None)
    for place in sorted({*earned, *paid}):
        party, currency = place
        yield Settlement(
            opportunity_id=sale.opportunity_id,
            deal=sale.name,
            party=party,
            name=sale.names.get(party, party),
            earned=Money(earned[place], currency),
            paid=Money(paid[place], currency),
            day=days.get(place),
        )


def totals(found: Iterable[Incentive]) -> dict[str, Money]:
    """What was earned in all, by currency; what waits is not in it."""
    sums: Counter[str] = Counter()
    for entry in found:
        if entry.earned:
            sums[entry.amount.currency] += entry.amount.minor
    return {currency: Money(minor, currency) for currency, minor in sorted(sums.items())}
