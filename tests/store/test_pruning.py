"""Old events make room, and still nobody can change the past unseen."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select

from sync.audit import Kind, Snapshot
from sync.model.problem import BadInput
from sync.store.audit import count_sealed, head, known_head
from sync.store.pruning import prune
from sync.store.tables import audit, decision, standing
from tests.machine.northwind import Northwind
from tests.store.sealing import attacked, found, office, rebuilt, sql, stored

__all__ = ["office"]


class TestPruning:
    def pruned(self, office: Northwind, days: int) -> dict[str, int]:
        with office.world.store.write() as connection:
            return prune(connection, office.moment + timedelta(days=days), office.moment)

    def test_old_events_go_and_the_chains_and_states_stay(self, office: Northwind) -> None:
        states = stored(office.world.store)
        with office.world.store.read() as connection:
            before, noted = count_sealed(connection), head(connection)
        went = self.pruned(office, days=1)
        with office.world.store.read() as connection:
            after = count_sealed(connection)
            assert known_head(connection, noted)
            bodies = connection.scalars(select(audit.c.body).where(audit.c.kind == Kind.SNAPSHOT))
            stands_for = sum(msgspec.json.decode(body or "", type=Snapshot).events for body in bodies)
        assert went["events"] > went["chains"] > 0
        assert after["events"] == before["events"] - went["events"] + went["chains"]
        assert stands_for == went["events"]
        assert found(office.world.store) == []
        assert rebuilt(office.world.store) == states == stored(office.world.store)

    def test_the_past_is_still_guarded_and_the_work_goes_on(self, office: Northwind) -> None:
        self.pruned(office, days=1)
        office.passes(days=2)
        office.put("sf", "opportunity", office.deal, stage="WON")
        office.run()
        assert found(office.world.store) == []
        self.pruned(office, days=1)
        assert self.pruned(office, days=-1) == {"events": 0, "chains": 0}
        assert found(office.world.store) == []
        assert rebuilt(office.world.store) == stored(office.world.store)
        faults = attacked(office, sql("DELETE FROM audit WHERE kind = 'snapshot'"))
        assert any("no snapshot stands for them" in fault.what for fault in faults)

    def test_the_last_decision_on_every_registration_stays(self, office: Northwind) -> None:
        self.pruned(office, days=1)
        with office.world.store.read() as connection:
            subjects = list(connection.scalars(select(decision.c.subject)))
            standings = set(connection.scalars(select(standing.c.id)))
        assert set(subjects) == standings
        assert len(subjects) == len(standings)

    def test_nothing_is_pruned_that_is_younger(self, office: Northwind) -> None:
        assert self.pruned(office, days=-30) == {"events": 0, "chains": 0}

    def test_a_broken_chain_is_not_pruned_away(self, office: Northwind) -> None:
        attacked(office, sql("UPDATE audit SET at = '1999' WHERE seq = 1"))
        with pytest.raises(BadInput, match="it was changed after it was sealed"):
            self.pruned(office, days=1)
