"""The rows of one deal's split are one set: what falls before what rises, all of it or nothing, read back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from connector.errors import Rejected
from connector.record import Change, Outcome
from sync.cycle import cycle
from sync.store.outbox import DONE, FAILED
from tests.machine import promises
from tests.machine.crash import Fuse, Killed, MortalCrm, mortal
from tests.machine.northwind import Northwind
from tests.machine.office import usd


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Northwind]:
    """A split is written; then a third partner and another amount move every part of it."""
    office = Northwind(tmp_path)
    office.run()
    office.claims(office.partner("Beacon"), "ADVISE")
    office.put("sf", "opportunity", office.deal, amount=usd("77777.77"))
    office.put("hs", "opportunity", office.twin, amount=usd("77777.77"))
    office.passes(minutes=1)
    yield office
    office.close()


def totals(office: Northwind) -> list[Decimal]:
    """What the shares in each CRM add up to."""
    return [
        sum((Decimal(row.values.get(field, "0")) for row in office.rows(crm, "attribution")), Decimal())
        for crm, field in (("sf", "Share__c"), ("hs", "share"))
    ]


class OneByOne(MortalCrm):
    """A CRM without sets: every change is a call of its own, and the process may die between any two."""

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        for change in changes:
            yield from super().write([replace(change, group="")])


def test_a_set_is_never_left_half_written_whenever_the_process_dies(office: Northwind) -> None:
    whole = totals(office)
    assert whole == [Decimal(100)] * 2
    for step in range(200):
        disturbed = office.copied(f"step{step}")
        try:
            cycle(mortal(disturbed.world, Fuse(step)), disturbed.moment)
            break
        except Killed:
            assert totals(disturbed) == whole, f"killed at step {step}"
        finally:
            disturbed.close()
    assert step > 10


def test_where_a_crm_has_no_sets_what_falls_is_written_before_what_rises_and_the_next_run_ends_it(
    office: Northwind,
) -> None:
    sums = set()
    for step in range(200):
        disturbed = office.copied(f"step{step}")
        world, fuse = disturbed.world, Fuse(step)
        try:
            cycle(replace(world, crms={n: OneByOne(c, fuse) for n, c in world.crms.items()}), disturbed.moment)
            break
        except Killed:
            sums |= {*totals(disturbed)}
            disturbed.reopen()
            cycle(disturbed.world, disturbed.moment)
            assert totals(disturbed) == [Decimal(100)] * 2
            promises.nothing_is_left_to_do(disturbed)
        finally:
            disturbed.close()
    assert max(sums) == 100, "more than the whole was never there"
    assert min(sums) < 100, "some of the deaths were in the middle of a set"


def test_one_refused_row_refuses_its_set_and_the_answer_that_was_lost_is_read_back_and_compared(
    office: Northwind,
) -> None:
    office.crms["sf"].faults = [("write", Rejected("the first row"))]
    office.crms["hs"].faults = [("write", "after")]
    before = sorted(str(row) for row in office.rows("sf", "attribution"))
    report = office.run()
    assert sorted(str(row) for row in office.rows("sf", "attribution")) == before
    rows = [change.connection for change, _ in report.faults if change.group]
    assert rows == ["sf"] * 3, "all rows of the set, and none of the other CRM"
    assert report.outcomes[FAILED] == 3
    assert report.outcomes[DONE] >= 3, "the lost answer had landed"
    assert totals(office) == [Decimal(100)] * 2
