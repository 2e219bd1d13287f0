"""How many live registrations each partner has anywhere: the one fact about a group that lies outside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, func, select

from sync.model.facts import Facts
from sync.model.parties import Partner
from sync.model.registration import State
from sync.policy import Policies
from sync.store.tables import involved, record, standing

_LIVE = sorted(state for state in State if state.live)


def with_load(connection: Connection, groups: Sequence[Facts], policies: Policies) -> list[Facts]:
    """The facts of some groups, each with the load of its partners, counted no further than a policy asks."""
    most = 1 + max(policy.conflicts.live_limit for policy in policies.all)
    partners = {partner.id: partner for group in groups for partner in group.partners}
    counts = {partner.id: _count(connection, partner, most) for partner in partners.values()}
    return [replace(group, load={partner.id: counts[partner.id] for partner in group.partners}) for group in groups]


def _count(connection: Connection, partner: Partner, most: int) -> int:
    """Live registrations of one partner under any of its records, counted up to ``most``: work has an end."""
    live = (
        select(standing.c.id)
        .join(record, record.c.thing == standing.c.id)
        .join(involved, involved.c.key == record.c.key)
        .where(involved.c.partner.in_([str(ref) for ref in partner.members]))
        .where(record.c.kind == "registration", ~record.c.deleted, standing.c.state.in_(_LIVE))
        .limit(most)
    )
    return int(connection.scalar(select(func.count()).select_from(live.subquery())) or 0)
