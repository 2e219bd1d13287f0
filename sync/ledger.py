"""The ledger: what changes after the close is posted as entries that add up to the change, to the minor unit.

Entries are differences of whole recomputations with frozen weights (domain §5.2: largest remainder is not
house-monotone, so a change is never apportioned alone). ``balances + entries == the split`` after every posting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sync.model.deal import Opportunity, OpportunityType, Stage
from sync.model.ids import name
from sync.model.ledger import Cause, LedgerEntry, Posted
from sync.model.money import Money
from sync.model.split import Split, SplitStatus

Balances = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Sold:
    """One deal when it is posted: its split and the one before, what is posted, and how parties are called."""

    deal: Opportunity
    split: Split | None
    before: Split | None
    posted: Posted
    names: Mapping[str, str]


def post(now: datetime, at: Sold) -> tuple[LedgerEntry, ...]:
    """The entries that bring what is posted to what ``split`` says; none when it says so already.

    Posted is only a locked split of a won deal. While the deal's amount is unknown, what is posted stays.
    """
    deal, split, posted = at.deal, at.split, at.posted
    won = deal.stage is Stage.WON and split is not None and split.status is SplitStatus.LOCKED
    if won and deal.amount is None:
        return ()
    target = _amounts(split) if won and split else {}
    moved = {
        place: target.get(place, 0) - posted.balances.get(place, 0)
        for place in sorted(target.keys() | posted.balances.keys())
    }
    why = _cause(at, target)
    return tuple(
        _entry(at, party, Money(minor, currency), why, now) for (party, currency), minor in moved.items() if minor
    )


def _amounts(split: Split) -> dict[tuple[str, str], int]:
    return {(p.party, p.amount.currency): p.amount.minor for p in split.portions if p.amount}


def _entry(at: Sold, party: str, delta: Money, why: tuple[Cause, str], now: datetime) -> LedgerEntry:
    deal, split, posted = at.deal, at.split, at.posted
    portion = next((portion for portion in split.portions if portion.party == party), None) if split else None
    version = split.version if split else 0
    return LedgerEntry(
        id=name("led", deal.id, str(posted.entries), str(version), party, delta.currency, str(delta.minor)),
        opportunity_id=deal.id,
        party=party,
        delta=delta,
        cause=why[0],
        day=_day(deal, posted, now),
        at=now,
        split_version=version,
        weight=portion.weight if portion else "0",
        roles=portion.roles if portion else (),
        reason=why[1],
        deal=deal.name,
        name=at.names.get(party, party),
    )


def _day(deal: Opportunity, posted: Posted, now: datetime) -> date:
    """What a deal was won at belongs to the day of its close, however late it is read; a change to its own day."""
    if posted.entries or deal.close_date is None:
        return now.date()
    return min(deal.close_date, now.date())


def _cause(at: Sold, target: Balances) -> tuple[Cause, str]:
    """Why the amounts of a deal move, and one sentence for the statement."""
    deal, split, before, posted = at.deal, at.split, at.before, at.posted
    if not posted.open:
        credit = deal.type is OpportunityType.CREDIT or sum(target.values()) < 0
        return (Cause.CREDIT, f"Credit {deal.amount}") if credit else (Cause.CLOSE, f"Won at {deal.amount}")
    if not target:
        if deal.stage is Stage.WON:
            return Cause.WITHDRAWAL, "Nobody is credited any more"
        return Cause.REOPEN, f"No longer won: {deal.stage.lower()}"
    held = {place: minor for place, minor in posted.balances.items() if minor}
    if {currency for _, currency in target} != {currency for _, currency in held}:
        return Cause.CURRENCY, f"The deal is now {deal.amount}"
    if left := sorted({party for party, _ in held} - {party for party, _ in target}):
        return Cause.WITHDRAWAL, f"{', '.join(at.names.get(party, party) for party in left)} left the split"
    was, now = sum(held.values()), sum(target.values())
    if was == now or not (before and split and _same_parts(before, split)):
        return _divided_anew(split, was, now)
    currency = next(currency for _, currency in target)
    change = f"Amount from {Money(was, currency)} to {Money(now, currency)}"
    return (Cause.CREDIT if now < 0 else Cause.AMOUNT_CHANGE), change


def _divided_anew(split: Split | None, was: int, now: int) -> tuple[Cause, str]:
    if split and split.model == "lines" and now < was:
        return Cause.REFUND, "Lines were taken back"
    if split and split.model == "lines" and now > was:
        return Cause.AMOUNT_CHANGE, "Lines were changed"
    return Cause.CORRECTION, "Divided anew"


def _same_parts(before: Split, split: Split) -> bool:
    """Whether only the amount moved: the same weights, or the same lines' partners."""
    return [(p.party, p.weight) for p in before.portions] == [(p.party, p.weight) for p in split.portions]
