"""Gathers won deals from the store for what their roles earned, and for what finance says it paid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sync.incentives import Incentive, Payment, Posting, Sale, Settlement, incentives, settlements
from sync.ledger import Parties
from sync.model.deal import Opportunity
from sync.model.facts import Facts
from sync.model.registration import Evidence
from sync.page import gather_page
from sync.statement import Period
from sync.store.earned import postings_of, sold_before
from sync.store.own import groups_of
from sync.world import World

PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Earned:
    """Amounts deal by deal, oldest first, each with where its partner stands with the deal; and all who stand so.

    An amount that waits for its milestone stands nowhere. A settlement counts everything up to now, because finance
    pays a deal and not a period.
    """

    amounts: tuple[tuple[Incentive, Settlement | None], ...]
    settlements: tuple[Settlement, ...]


def earned_in(world: World, span: Period) -> Earned:
    """What was earned in a period or waits; with the settlements of it, those paid in it, and those still open."""
    with world.store.read() as connection:
        groups = list(sold_before(connection, span.after))
    whole = _earned(_sales(world, groups))
    amounts = tuple(own for own in whole.amounts if own[0].earned is None or _within(own[0].earned, span))
    asked = [at for _, at in amounts]
    stand = (at for at in whole.settlements if at.left.minor or at in asked or (at.day and _within(at.day, span)))
    return Earned(amounts, tuple(stand))


def earned_on(world: World, deals: Iterable[str]) -> Earned:
    """Everything that was earned on some deals, or waits."""
    with world.store.read() as connection:
        groups: dict[str, list[str]] = defaultdict(list)
        for deal, group in groups_of(connection, sorted(set(deals))).items():
            groups[group].append(deal)
    return _earned(_sales(world, sorted(groups.items())))


def _within(day: date, span: Period) -> bool:
    return span.first <= day <= span.last


def _earned(sales: Iterable[Sale]) -> Earned:
    amounts: list[tuple[Incentive, Settlement | None]] = []
    stand: list[Settlement] = []
    for sale in sales:
        own = list(incentives(sale))
        known = {(at.party, at.earned.currency): at for at in settlements(sale, own)}
        stand += known.values()
        for entry in own:
            at = known[sale.holder(entry.party), entry.amount.currency] if entry.earned else None
            amounts.append((entry, at))
    return Earned(tuple(amounts), tuple(stand))


def _sales(world: World, groups: Sequence[tuple[str, Sequence[str]]]) -> Iterator[Sale]:
    """The deals of some groups that were posted, where a policy names incentives or finance paid something."""
    for start in range(0, len(groups), PAGE):
        page = dict(groups[start : start + PAGE])
        with world.store.read() as connection:
            posted = postings_of(connection, [deal for deals in page.values() for deal in deals])
        for known in gather_page(world, [group for group, deals in page.items() if posted.keys() & deals]):
            for deal in known.facts.opportunities:
                if deal.id in posted and (sale := _sale(world, known.facts, deal, posted[deal.id])):
                    yield sale


def _sale(world: World, facts: Facts, deal: Opportunity, posted: Sequence[Posting]) -> Sale | None:
    splits = [posting.split for posting in posted if posting.split]
    policy = world.policies.by_id(splits[0].policy) if splits else None
    claims = [claim for claim in facts.registrations if claim.opportunity_id == deal.id]
    if policy is None or not (policy.incentives or any(claim.paid for claim in claims)):
        return None
    parties = Parties.of(facts)
    evidence: dict[str, list[Evidence]] = defaultdict(list)
    for claim in claims:
        evidence[parties.heir(claim.partner_id)] += claim.evidence
    return Sale(
        opportunity_id=deal.id,
        name=deal.name,
        postings=posted,
        policy=policy,
        evidence=evidence,
        names=parties.names,
        heirs={party: parties.heir(party) for party in parties.heirs},
        payments=[Payment(claim.partner_id, claim.paid, claim.paid_on) for claim in claims if claim.paid],
    )
