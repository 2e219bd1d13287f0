"""Which partner somebody belongs to: its rows in the CRMs, and every id that stands for it."""

from __future__ import annotations

from dataclasses import dataclass

from connector.record import Ref
from sync.identity.assemble import partners_of
from sync.model.ids import name
from sync.model.problem import BadInput, Problem
from sync.store.groups import load_groups
from sync.store.own import account_named, groups_of_account
from sync.world import World


@dataclass(frozen=True, slots=True)
class Company:
    """One partner. ``ids``: its own id first, then those that it had while some of its rows were apart."""

    ids: tuple[str, ...]
    called: str
    rows: tuple[Ref, ...]

    @property
    def id(self) -> str:
        return self.ids[0]

    def row_in(self, crm: str) -> Ref | None:
        """Its row in one CRM."""
        return next((ref for ref in self.rows if ref.connection == crm), None)


def partner_named(world: World, ident: str) -> str | None:
    """Our id of the partner with this id, in a CRM or ours, whole; it need not have registered anything yet."""
    with world.store.read() as connection:
        things = account_named(connection, ident)
    if len(things) != 1:
        return None
    try:
        company_of(world, things[0])
    except BadInput:
        return None
    return things[0]


def company_of(world: World, account: str) -> Company:
    """The partner with this account; raises BadInput when it is none (any more)."""
    with world.store.read() as connection:
        places = groups_of_account(connection, account)
        groups = load_groups(connection, sorted(set(places.values())), world.mappings)
    for group in groups:
        for partner in partners_of(group.rows, world.record_of):
            ids = (partner.id, *partner.also)
            if not {name("par", key) for key in places}.isdisjoint(ids):
                return Company(ids, partner.name, partner.members)
    what = "your company is not a partner in the CRM, or not any more"
    raise BadInput([Problem(account, what, "ask your contact at the vendor")])
