"""The ledger: what changes after the close is posted as entries that add up to the change, to the minor unit.

Entries are differences of whole recomputations with frozen weights (domain §5.2: largest remainder is not
house-monotone, so a change is never apportioned alone). ``balances + entries == the split`` after every posting,
where the part of a partner that became another's is that one's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Self

from sync.model.deal import Opportunity, OpportunityType, Stage
from sync.model.directive import Act
from sync.model.facts import Facts
from sync.model.ids import name
from sync.model.ledger import Cause, LedgerEntry, Posted
from sync.model.money import Money
from sync.model.split import Split, SplitStatus

Balances = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Parties:
    """How parties are called, and who inherits whose account."""

    names: Mapping[str, str] = field(default_factory=dict)
    heirs: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: Facts) -> Self:
        """From the records that were joined in the CRM, and from what people said about acquired partners."""
        said = [entry for entry in facts.directives if entry.act is Act.ACQUIRED and entry.winner]
        names = {entry.winner: entry.name for entry in said if entry.winner and entry.name}
        heirs = {old: partner.id for partner in facts.partners for old in partner.also}
        return cls(
            names | {partner.id: partner.name for partner in facts.partners},
            heirs | {entry.subject: entry.winner for entry in said if entry.winner},
        )

    def name(self, party: str) -> str:
        return self.names.get(party, party)

    def heir(self, party: str) -> str:
        """Who has the account of a party now; who is inherited in a circle keeps its own."""
        seen = [party]
        while (after := self.heirs.get(seen[-1])) is not None:
            if after in seen:
                return party
            seen.append(after)
        return seen[-1]


@dataclass(frozen=True, slots=True)
class Sold:
    """One deal when it is posted: its split and the one before, what is posted, and the parties."""

    deal: Opportunity
    split: Split | None
    before: Split | None
    posted: Posted
    parties: Parties = Parties()


def post(now: datetime, at: Sold) -> tuple[LedgerEntry, ...]:
    """The entries that bring what is posted to what ``split`` says; none when it says so already.

    Posted is only a locked split of a won deal. While the deal's amount is unknown, what is posted stays.
    """
    deal, split = at.deal, at.split
    locked = split is not None and split.status is SplitStatus.LOCKED
    won = locked and split is not None and (deal.stage is Stage.WON or bool(split.waiting))
    if won and split and split.amount is None:
        return ()
    target = _amounts(split, at.parties) if won and split else {}
    return _moved(now, at, target, _cause(at, target))


def merge(now: datetime, at: Sold) -> tuple[LedgerEntry, ...]:
    """Everything back that was posted for a deal that turned out to be another one."""
    return _moved(now, at, {}, (Cause.MERGED, f"Counted in {at.deal.name}"))


def _moved(now: datetime, at: Sold, target: Balances, why: tuple[Cause, str]) -> tuple[LedgerEntry, ...]:
    balances, reported = at.posted.balances, _reported(at, target)
    moved = {place: target.get(place, 0) - balances.get(place, 0) for place in target.keys() | balances.keys()}
    return tuple(
        _entry(at, party, (Money(minor, currency), reported.get((party, currency))), _why(at, party, why), now)
        for (party, currency), minor in sorted(moved.items())
        if minor or (party, currency) in reported
    )


def _reported(at: Sold, target: Balances) -> dict[tuple[str, str], Money]:
    """What moves in the reporting currency, by the places of the amounts; it moves by rounding alone, too.

    While there is no rate nothing was stated in it; an account that was is closed in the currency it was stated in.
    """
    after: Counter[tuple[str, str]] = Counter()
    for portion in at.split.portions if at.split and target else ():
        if portion.amount and portion.reported:
            after[at.parties.heir(portion.party), portion.amount.currency] += portion.reported.minor
    before = at.posted.reported
    currency = at.split.conversion.reporting if at.split and at.split.conversion else ""
    moved = {}
    for place in sorted(after.keys() | before.keys()):
        delta = after[place] - (before[place].minor if place in before else 0)
        if delta:
            moved[place] = Money(delta, before[place].currency if place in before else currency)
    return moved


def _why(at: Sold, party: str, why: tuple[Cause, str]) -> tuple[Cause, str]:
    """An account that is inherited is closed whatever else happened to the deal."""
    heir = at.parties.heir(party)
    if heir != party and why[0] not in (Cause.REOPEN, Cause.MERGED):
        return Cause.ACQUIRED, f"Became part of {at.parties.name(heir)}"
    return why


def _amounts(split: Split, parties: Parties) -> dict[tuple[str, str], int]:
    amounts: Counter[tuple[str, str]] = Counter()
    for portion in split.portions:
        if portion.amount:
            amounts[parties.heir(portion.party), portion.amount.currency] += portion.amount.minor
    return dict(amounts)


def _entry(
    at: Sold, party: str, deltas: tuple[Money, Money | None], why: tuple[Cause, str], now: datetime
) -> LedgerEntry:
    deal, split, posted = at.deal, at.split, at.posted
    delta, reported = deltas
    portion = next((portion for portion in split.portions if portion.party == party), None) if split else None
    version = split.version if split else 0
    return LedgerEntry(
        id=name("led", deal.id, str(posted.entries), str(version), party, delta.currency, str(delta.minor)),
        opportunity_id=deal.id,
        party=party,
        delta=delta,
        cause=why[0],
        day=_day(deal, posted, why[0], now),
        at=now,
        split_version=version,
        weight=portion.weight if portion else "0",
        roles=portion.roles if portion else (),
        reason=why[1],
        deal=deal.name,
        name=at.parties.name(party),
        reported=reported,
    )


def _day(deal: Opportunity, posted: Posted, why: Cause, now: datetime) -> date:
    """What a deal was won at belongs to the day of its close, however late it is read; a change to its own day."""
    if why is Cause.RATE and posted.since:
        return posted.since
    if posted.entries or deal.close_date is None:
        return now.date()
    return min(deal.close_date, now.date())


def _cause(at: Sold, target: Balances) -> tuple[Cause, str]:
    """Why the amounts of a deal move, and one sentence for the statement."""
    deal, split, posted = at.deal, at.split, at.posted
    if not posted.open:
        credit = deal.type is OpportunityType.CREDIT or sum(target.values()) < 0
        return (Cause.CREDIT, f"Credit {deal.amount}") if credit else (Cause.CLOSE, f"Won at {deal.amount}")
    if not target:
        if deal.stage is Stage.WON:
            return Cause.WITHDRAWAL, "Nobody is credited any more"
        return Cause.REOPEN, f"No longer won: {deal.stage.lower()}"
    held = {place: minor for place, minor in posted.balances.items() if minor}
    if {currency for _, currency in target} != {currency for _, currency in held}:
        return Cause.CURRENCY, f"The deal is now {split.amount if split else deal.amount}"
    accounts = {at.parties.heir(party) for party, _ in held}
    if accounts - {party for party, _ in held}:
        gone = sorted({at.parties.names.get(party, "") for party, _ in held if at.parties.heir(party) != party})
        return Cause.ACQUIRED, f"Inherited from {', '.join(filter(None, gone)) or 'a record that was merged'}"
    if left := sorted(accounts - {party for party, _ in target}):
        return Cause.WITHDRAWAL, f"{', '.join(map(at.parties.name, left))} left the split"
    return _changed(at, sum(held.values()), sum(target.values()))


def _changed(at: Sold, was: int, now: int) -> tuple[Cause, str]:
    split, before = at.split, at.before
    if split and before and split.amount == before.amount and split.conversion and not before.conversion:
        return Cause.RATE, f"In {split.conversion.reporting} at the rate of {split.conversion.day.isoformat()}"
    if split is None or before is None or split.amount is None or was == now:
        return Cause.CORRECTION, "Divided anew"
    change = f"Amount from {Money(was, split.amount.currency)} to {Money(now, split.amount.currency)}"
    if back := _taken_back(before, split):
        return Cause.REFUND, f"{change}: {', '.join(back)} taken back"
    if not split.lines and [(p.party, p.weight) for p in before.portions] != [
        (p.party, p.weight) for p in split.portions
    ]:
        return Cause.CORRECTION, "Divided anew"
    return (Cause.CREDIT if now < 0 else Cause.AMOUNT_CHANGE), change


def _taken_back(before: Split, split: Split) -> list[str]:
    """The lines of a bundle that are gone, or smaller than they were."""
    was = {line.id: line.now or 0 for line in before.lines}
    return [line.id for line in split.lines if abs(line.now or 0) < abs(was.get(line.id, 0))]
