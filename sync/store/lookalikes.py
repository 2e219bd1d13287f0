"""Customers of the name that a registration without a deal gives: a name merges nothing, but it is a doubt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, select

from sync.conflicts.records import plain
from sync.identity.assemble import assemble
from sync.mapping.fieldmap import Mappings
from sync.model.facts import Facts
from sync.model.parties import Account
from sync.model.row import Row
from sync.store.intake import stored_record
from sync.store.involved import called
from sync.store.tables import involved, record

MOST: Final = 20
"""So many accounts of one name are looked at: the doubt is the same with more."""


def with_lookalikes(connection: Connection, groups: Sequence[Facts], mappings: Mappings) -> list[Facts]:
    """The facts of some groups, with the accounts elsewhere that have the name of a customer asked for here."""
    names = {name for group in groups for name in _asked(group)}
    found = {name: _accounts(connection, name, mappings) for name in sorted(names)}
    return [_with(group, [account for name in _asked(group) for account in found[name]]) for group in groups]


def _asked(group: Facts) -> list[str]:
    filed = [entry for entry in group.registrations if entry.opportunity_id is None and entry.customer_name]
    return sorted({name for entry in filed if (name := plain(entry.customer_name or ""))})


def _accounts(connection: Connection, name: str, mappings: Mappings) -> tuple[Account, ...]:
    query = select(record).join(involved, involved.c.key == record.c.key)
    named = query.where(involved.c.partner == called("account", name), ~record.c.deleted)
    return assemble(_rows(connection.execute(named.order_by(record.c.key).limit(MOST)), mappings), (), {}).accounts


def _rows(stored_rows: object, mappings: Mappings) -> Iterator[Row]:
    for stored in stored_rows:  # type: ignore[attr-defined]
        if field_map := mappings.of(stored.connection, stored.object):
            yield field_map.read(stored_record(field_map, stored))[0]


def _with(group: Facts, others: Sequence[Account]) -> Facts:
    here = {ref for account in group.accounts for ref in account.members}
    fresh = {account.id: account for account in others if here.isdisjoint(account.members)}
    if not fresh:
        return group
    return replace(group, accounts=tuple(sorted((*group.accounts, *fresh.values()), key=lambda known: known.id)))
