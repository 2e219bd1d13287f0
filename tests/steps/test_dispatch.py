"""Changes that stand alone wait for a full bulk job or the end of the run; sets of rows wait for nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from connector.memory import MemoryCrm
from connector.record import Change, Outcome
from sync import share
from sync.apply import apply
from sync.dispatch import Dispatch
from sync.store import brakes
from sync.store.outbox import AGAIN, DONE
from tests.machine import promises
from tests.machine.office import Office, usd
from tests.steps.intended import ROWS, put, row, stage


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office(tmp_path)
    yield opened
    opened.close()


@dataclass
class Counting:
    """A CRM that tells how many changes it was handed at a time, by object."""

    crm: MemoryCrm
    sizes: dict[str, list[int]] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.crm, name)

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        self.sizes.setdefault(changes[0].kind, []).append(len(changes))
        yield from self.crm.write(changes)


def test_changes_that_stand_alone_are_handed_over_by_the_job_and_the_rest_by_the_call(office: Office) -> None:
    deals = [office.put("sf", "opportunity", name=f"Deal {number}") for number in range(27)]
    office.crms["sf"].can = replace(office.crms["sf"].can, write_batch=2, bulk_from=4, bulk_batch=10)
    counting = Counting(office.crms["sf"])
    office.world = replace(office.world, crms={**office.crms, "sf": counting})
    entries = put(office, *(stage(deal, None, "new") for deal in deals))
    settled = list(apply(office.world.store, office.world.crms, entries, office.moment))
    assert counting.sizes == {"Opportunity": [10, 10, 7]}
    assert {state for _, state, _ in settled} == {DONE}
    counting.sizes.clear()
    entries = put(office, *(stage(deal, "new", "newer") for deal in deals[:3]), row("a", "1", group="A"))
    list(apply(office.world.store, office.world.crms, entries, office.moment))
    assert counting.sizes == {"Opportunity": [2, 1], ROWS: [1]}, "too few for a job"


def test_sets_go_at_once_and_what_stands_alone_waits_for_a_full_job_or_the_end(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(share, "PAGE", 1)
    partner = office.put("sf", "account", name="Lumen", is_partner=True)
    vote = {"vote": "APPROVE", "voter": "jo", "voted_at": office.moment}
    for number in range(7):
        deal = office.put("sf", "opportunity", name=f"Deal {number}", stage="QUALIFIED", amount=usd("100"))
        office.put("sf", "registration", partner=partner, roles=("RESELL",), opportunity=deal, **vote)
    office.crms["sf"].can = replace(office.crms["sf"].can, bulk_from=2, bulk_batch=3)
    counting = Counting(office.crms["sf"])
    office.world = replace(office.world, crms={**office.crms, "sf": counting})
    report = office.run()
    assert counting.sizes["Opportunity"] == [3, 3, 1]
    assert counting.sizes[ROWS] == [1] * 7, "page by page: a set of rows waits for nothing"
    assert report.outcomes.keys() == {DONE}
    promises.nothing_is_left_to_do(office)


def test_the_stop_button_counts_for_what_waits_too(office: Office) -> None:
    deal = office.put("sf", "opportunity", name="Acme")
    office.crms["sf"].can = replace(office.crms["sf"].can, bulk_from=2, bulk_batch=3)
    dispatch = Dispatch(office.world.store, office.crms, office.moment, office.world.worker)
    assert list(dispatch.send(put(office, stage(deal, None, "new")))) == []
    with office.world.store.write() as connection:
        brakes.press(connection, "sf", brakes.Pause("Maria", office.moment, "wait"))
    [(_, state, why)] = dispatch.rest()
    assert (state, why.startswith("paused by Maria")) == (AGAIN, True)
    assert list(dispatch.rest()) == []
    assert office.says("sf", "opportunity", deal, "split_summary") is None
