"""What looks like a group's own without being of it: customers of the name asked for, and deals in another CRM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, select

from sync.identity.assemble import assemble
from sync.identity.profile import Profile, profile
from sync.identity.score import shipped
from sync.identity.verdict import Outcome
from sync.mapping.fieldmap import Mappings
from sync.model.deal import Opportunity
from sync.model.facts import Facts
from sync.model.parties import Account
from sync.model.row import Row
from sync.store.groups import load_groups, rows_named
from sync.store.likeness import anything_alike, called, pairs_of
from sync.store.said import said_about
from sync.store.tables import record

MOST: Final = 20
"""So many accounts of one name are looked at: the doubt is the same with more."""


def with_alike(
    connection: Connection, groups: Sequence[Facts], mappings: Mappings, record_of: Mapping[str, str]
) -> list[Facts]:
    """The facts of some groups, with the accounts elsewhere that bear the name of a customer asked for here, and
    the deals elsewhere that may be one with a deal here, because their customers look like one."""
    asked = sorted({own for facts in groups for own in _asked(facts)})
    found = {own: _accounts(connection, own, mappings) for own in asked}
    named = [_with(facts, [account for own in _asked(facts) for account in found[own]]) for facts in groups]
    if not anything_alike(connection):
        return named
    twins = _Twins(connection, mappings, record_of)
    return [twins.beside(facts) for facts in named]


def profile_of(row: Row) -> Profile | None:
    """What a row says of who a customer is: an account itself, a registration without a deal whom it asks for.
    ``None``: nothing, or the row is gone."""
    values = row.values
    if row.deleted:
        return None
    if row.kind == "account":
        told = {path: values.get(path) for path in ("name", "country", "duns")}
        own = profile({**told, "website": values.get("domain")})
        return own._replace(row=str(row.ref), above=str(values.get("parent") or ""))
    if row.kind != "registration" or values.get("opportunity"):
        return None
    return _customer(*(values.get(f"customer_{path}") for path in ("name", "domain", "country")))


def _customer(name: str | None, domain: str | None, country: str | None) -> Profile | None:
    return profile({"name": name, "website": domain, "country": country}) if name else None


def _asked(facts: Facts) -> list[Profile]:
    filed = [entry for entry in facts.registrations if entry.opportunity_id is None]
    found = (_customer(entry.customer_name, entry.customer_domain, entry.customer_country) for entry in filed)
    return sorted({own for own in found if own})


def _accounts(connection: Connection, own: Profile, mappings: Mappings) -> tuple[Account, ...]:
    rows = rows_named(connection, called(connection, shipped(), own, MOST), mappings)
    return assemble((row for _, row in sorted(rows.items()) if not row.deleted), (), {}).accounts


def _with(facts: Facts, others: Sequence[Account]) -> Facts:
    here = {ref for account in facts.accounts for ref in account.members}
    fresh = {account.id: account for account in others if here.isdisjoint(account.members)}
    if not fresh:
        return facts
    return replace(facts, accounts=tuple(sorted((*facts.accounts, *fresh.values()), key=lambda known: known.id)))


class _Twins:
    """The deals of accounts that look like those of a group, and on which nobody has spoken."""

    def __init__(self, connection: Connection, mappings: Mappings, record_of: Mapping[str, str]) -> None:
        self._connection = connection
        self._mappings = mappings
        self._record_of = record_of

    def beside(self, facts: Facts) -> Facts:
        """The facts with those deals, and what people said of them and the deals here."""
        twins = self._of(facts)
        if not twins:
            return facts
        named = {
            str(ref): deal.id for deal in (*facts.opportunities, *(d for _, d in twins)) for ref in deal.members
        }
        words = (word for word in said_about(self._connection, sorted(named)) if not word.together)
        parted = [sorted(named[row] for row in (word.one, word.other) if row in named) for word in words]
        apart = {*facts.apart, *((pair[0], pair[1]) for pair in parted if len(pair) > 1)}
        return replace(facts, elsewhere=twins, apart=tuple(sorted(apart)))

    def _of(self, facts: Facts) -> tuple[tuple[str, Opportunity], ...]:
        asked = {deal.account_id for deal in facts.opportunities if facts.registrations}
        own = {str(ref): account.id for account in facts.accounts if account.id in asked for ref in account.members}
        found = {}
        for pair in pairs_of(self._connection, own):
            here, there = (pair.one, pair.other) if pair.one in own else (pair.other, pair.one)
            if pair.outcome is not Outcome.RELATED and own[here] != own.get(there):
                found.update({(own[here], deal.id): deal for deal in self._deals(facts, there, own)})
        return tuple((account, deal) for (account, _), deal in sorted(found.items()))

    def _deals(self, facts: Facts, account: str, own: Mapping[str, str]) -> list[Opportunity]:
        """The deals of the account that a row is of, as its own group knows them."""
        if account in own:
            return [deal for deal in facts.opportunities if deal.account_id == own[account]]
        name = self._connection.scalar(select(record.c.group_id).where(record.c.key == account))
        for group in load_groups(self._connection, [name] if name else [], self._mappings):
            known = assemble(group.rows, (), self._record_of, group.said)
            theirs = {entry.id for entry in known.accounts if account in map(str, entry.members)}
            return [deal for deal in known.opportunities if deal.account_id in theirs]
        return []
