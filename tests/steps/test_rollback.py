"""A run taken back: the CRMs say what they said before it, except where somebody has spoken since."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.model.problem import BadInput
from sync.rollback import RolledBack, rollback
from sync.store import brakes
from tests.machine import promises
from tests.machine.northwind import Northwind
from tests.machine.office import usd


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Northwind]:
    opened = Northwind(tmp_path)
    yield opened
    opened.close()


def back(office: Northwind, run: str = "last", *, keep: bool = True) -> RolledBack:
    office.passes(minutes=1)
    return rollback(office.world, run, office.moment, "Maria", keep=keep)


def test_the_first_run_taken_back_leaves_no_trace_in_any_crm(office: Northwind) -> None:
    before = promises.contents(office)
    office.run()
    done = back(office)
    assert (set(done.outcomes), done.faults) == ({"done"}, [])
    assert promises.contents(office) == before


def test_a_later_run_taken_back_restores_what_the_earlier_one_wrote(office: Northwind) -> None:
    office.run()
    between = promises.contents(office)
    office.put("sf", "registration", office.implements, withdrawn=True)
    office.run()
    assert office.shares("sf", office.deal) == {office.lumen: "100"}
    back(office)
    shares = office.shares("sf", office.deal)
    assert shares == {office.lumen: "54.55", office.cirrus: "45.45"}
    assert {row.values[office.field("sf", "attribution", "key")] for row in office.rows("sf", "attribution")} == {
        row["Engine_Key__c"] for row in between["sf:Partner_Attribution__c"].values()
    }


def test_what_somebody_changed_since_is_left_and_named(office: Northwind) -> None:
    office.run()
    office.crms["sf"].put("Deal_Registration__c", {"Status__c": "Rejected"}, office.resells)
    done = back(office)
    assert office.says("sf", "registration", office.resells, "status") == "Rejected"
    [(change, why)] = done.faults
    assert change.key == office.resells
    assert "Status__c is now 'Rejected'" in why


def test_the_next_run_does_not_write_it_again_before_a_person_resumes(office: Northwind) -> None:
    office.run()
    back(office)
    before = promises.contents(office)
    assert not office.run().complete
    assert promises.contents(office) == before
    with office.world.store.write() as connection:
        assert {str(pause).split(" on ")[0] for pause in brakes.paused(connection).values()} == {"paused by Maria"}
        for crm in brakes.paused(connection):
            brakes.release(connection, crm)
    office.run()
    assert office.shares("sf", office.deal) == {office.lumen: "54.55", office.cirrus: "45.45"}


def test_without_keep_nothing_is_written(office: Northwind) -> None:
    office.run()
    before = promises.contents(office)
    shown = back(office, keep=False)
    assert promises.contents(office) == before
    assert len(shown.changes) == 8


def test_a_run_is_taken_back_once_and_the_one_before_it_next(office: Northwind) -> None:
    before = promises.contents(office)
    first = office.run().run_id
    office.put("sf", "opportunity", office.deal, amount=usd("2000"))
    office.run()
    back(office)
    back(office, first)
    after = promises.contents(office)
    amount = office.field("sf", "opportunity", "amount")
    before["sf:Opportunity"][office.deal][amount] = "2000"
    assert after == before


def test_a_run_that_wrote_nothing_is_refused_with_where_to_look(office: Northwind) -> None:
    with pytest.raises(BadInput) as refused:
        back(office, "run_nonsense")
    assert "dealsync status" in refused.value.problems[0].fix
