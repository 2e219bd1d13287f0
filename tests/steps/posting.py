"""What the store remembers of the ledger, and what must hold for it after every decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from sync.fx import convert
from sync.ledger import Parties
from sync.model.deal import Stage
from sync.model.facts import Facts, Verdict
from sync.model.ledger import LedgerEntry, Posted
from sync.model.split import SplitStatus


def posted(before: Mapping[str, Posted], entries: Iterable[LedgerEntry]) -> dict[str, Posted]:
    """The balances of every deal after some entries, as the store gives them back."""
    found = dict(before)
    for entry in entries:
        known = found.get(entry.opportunity_id, Posted())
        balances = dict(known.balances)
        place = entry.party, entry.delta.currency
        balances[place] = balances.get(place, 0) + entry.delta.minor
        reported = dict(known.reported)
        if entry.reported:
            was = reported.get(place)
            reported[place] = replace(entry.reported, minor=entry.reported.minor + (was.minor if was else 0))
        since = min(entry.day, known.since or entry.day)
        found[entry.opportunity_id] = Posted(known.entries + 1, balances, since, entry.cause, reported)
    return found


def holds(facts: Facts, verdict: Verdict, after: Mapping[str, Posted]) -> None:
    """Balances and entries are the split of every won deal, and nothing stands on any other deal."""
    assert len({entry.id for entry in verdict.entries}) == len(verdict.entries)
    splits = {split.opportunity_id: split for split in verdict.splits}
    parties = Parties.of(facts)
    for deal in facts.opportunities:
        split = splits.get(deal.id)
        balances = {place: minor for place, minor in after.get(deal.id, Posted()).balances.items() if minor}
        if (
            split is None
            or split.status is not SplitStatus.LOCKED
            or not (deal.stage is Stage.WON or split.waiting)
        ):
            assert not balances, deal.id
        elif split.amount is not None:
            want: Counter[tuple[str, str]] = Counter()
            for portion in split.portions:
                assert portion.amount
                want[parties.heir(portion.party), portion.amount.currency] += portion.amount.minor
            assert balances == {place: minor for place, minor in want.items() if minor}, deal.id
            assert sum(balances.values()) == split.amount.minor, deal.id
            if split.conversion:
                stated = sum(money.minor for money in after[deal.id].reported.values()) if deal.id in after else 0
                assert stated == convert(split.amount, split.conversion).minor, deal.id


def told(entries: Iterable[LedgerEntry]) -> dict[str, str]:
    """What was posted now, by deal and party: ``-4,500.00 AMOUNT_CHANGE``."""
    return {
        f"{entry.opportunity_id} {entry.party} {entry.delta.currency}": f"{entry.delta.major:,} {entry.cause}"
        for entry in entries
    }
