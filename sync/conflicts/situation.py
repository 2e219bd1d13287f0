"""What a detector may look at: the claims, what lies around them, and indexes that keep large groups cheap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sync.claim import Claim, overlap, seniority
from sync.model.deal import Opportunity
from sync.model.facts import Facts
from sync.model.parties import Account
from sync.model.registration import Role, State


@dataclass(frozen=True)
class Surroundings:
    """The facts around the claims: they stay as they are while the claims are judged."""

    facts: Facts

    @cached_property
    def accounts(self) -> Mapping[str, Account]:
        return {account.id: account for account in self.facts.accounts}

    @cached_property
    def deals(self) -> Mapping[str, Opportunity]:
        return {deal.id: deal for deal in self.facts.opportunities}

    @cached_property
    def in_one_crm_each(self) -> tuple[tuple[Opportunity, ...], ...]:
        """For each account, its open deals that only one CRM holds, where it has such deals in more than one."""
        by_account: dict[str, list[Opportunity]] = defaultdict(list)
        for deal in sorted(self.facts.opportunities, key=lambda deal: deal.id):
            if deal.account_id and len({ref.connection for ref in deal.members}) == 1:
                by_account[deal.account_id].append(deal)
        several = (deals for _, deals in sorted(by_account.items()) if len({crm_of(deal) for deal in deals}) > 1)
        return tuple(tuple(deals) for deals in several)

    def above(self, account_id: str) -> Sequence[str]:
        """The parents of an account, from the nearest up; a circle of parents ends where it began."""
        found: list[str] = []
        parent = self.accounts[account_id].parent_id if account_id in self.accounts else None
        while parent in self.accounts and parent not in (account_id, *found):
            assert parent is not None
            found.append(parent)
            parent = self.accounts[parent].parent_id
        return found


@dataclass(frozen=True)
class Situation:
    """Every claim as it stands, and what lies around them."""

    everyone: Sequence[Claim]
    now: datetime
    around: Surroundings

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """The live ones, those first whose policy judges a dispute."""
        return tuple(sorted((claim for claim in self.everyone if claim.live), key=seniority))

    @cached_property
    def _place(self) -> Mapping[str, int]:
        return {claim.id: place for place, claim in enumerate(self.claims)}

    def senior(self, ids: Iterable[str]) -> Claim:
        """Of some live claims the one whose policy judges what is between them."""
        return self.claims[min(self._place[claim_id] for claim_id in ids)]

    @cached_property
    def asking(self) -> tuple[Claim, ...]:
        """The live ones that nobody has approved yet: what a rule may still end."""
        return tuple(claim for claim in self.claims if claim.state is not State.APPROVED)

    @cached_property
    def sold(self) -> tuple[Claim, ...]:
        """The won claims of whoever sold or distributed, by date: what customers bought through whom."""
        won = [claim for claim in self.everyone if claim.state is State.WON]
        return tuple(sorted((claim for claim in won if not _SELLING.isdisjoint(claim.roles)), key=seniority))

    @cached_property
    def on_deal(self) -> Mapping[str, Sequence[Claim]]:
        """The live claims on each deal."""
        found: dict[str, list[Claim]] = defaultdict(list)
        for claim in self.claims:
            if claim.opportunity:
                found[claim.opportunity.id].append(claim)
        return found

    @cached_property
    def meetings(self) -> tuple[tuple[Claim, Claim], ...]:
        """Every pair of live claims that share a role and can be about the same business; the senior first.

        A claim is only held against those in its own role on its own deal, or at its own customer when one of the
        two names no deal: work grows with what really meets.
        """
        deals, places, loose = _shelves(), _shelves(), _shelves()
        found = []
        for claim in self.claims:
            mates: dict[str, Claim] = {}
            for role in claim.roles:
                place = (claim.place, role)
                deal = (claim.opportunity.id, role) if claim.opportunity else None
                met = [*deals[deal], *loose[place]] if deal else places[place]
                mates.update({mate.id: mate for mate in met})
                for shelf, key in ((places, place), (deals, deal) if deal else (loose, place)):
                    shelf[key].append(claim)
            found += [(mate, claim) for mate in mates.values() if overlap(mate, claim)]
        return tuple(found)


_SELLING = frozenset({Role.RESELL, Role.DISTRIBUTE})


def _shelves() -> defaultdict[tuple[str, Role], list[Claim]]:
    return defaultdict(list)


def crm_of(deal: Opportunity) -> str:
    """The connection of a deal's leading row."""
    return deal.members[0].connection
