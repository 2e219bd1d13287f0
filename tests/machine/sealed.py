"""A promise that the machine asks after every cycle: history is sealed, and says where everything stands."""

from __future__ import annotations

from sqlalchemy import select

from sync.audit import rebuild
from sync.store.audit import links, verify
from sync.store.tables import case_file, split, standing
from tests.machine.office import Office


def history_is_sealed(office: Office) -> None:
    """Every chain holds, and the states are those that follow from the events alone (I8)."""
    with office.world.store.read() as connection:
        assert list(verify(connection)) == []
        states = rebuild(link.event for link in links(connection))
        assert states.standings == {row.id: row.body for row in connection.execute(select(standing))}
        assert states.cases == {row.id: row.body for row in connection.execute(select(case_file))}
        versions = connection.execute(select(split).order_by(split.c.version))
        latest = {row.opportunity_id: row for row in versions}
        assert states.splits == {deal: row.body for deal, row in latest.items() if not row.ended}
