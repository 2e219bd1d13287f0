"""Two workers carry out one run: nothing is decided or written twice, whoever dies on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from connector.crm import Crm
from connector.record import Change, Outcome
from sync import share
from sync.cycle import cycle
from sync.policy import Policies
from sync.runtime.helping import help_out
from sync.store import workers
from sync.store.claims import LostTurn
from sync.store.tables import decision
from sync.world import Report, World, at_once
from tests.machine import promises
from tests.machine.crash import Fuse, Killed, MortalCrm, mortal
from tests.machine.office import START, Office, standard, usd

DEALS = 24
PAGE = 4


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Deals of as many customers, each claimed by two partners that are voted for, and nothing decided yet."""
    monkeypatch.setattr(share, "PAGE", PAGE)
    opened = Office(tmp_path)
    partners = [opened.put("sf", "account", name=name, is_partner=True) for name in ("Lumen", "Cirrus")]
    for number in range(DEALS):
        account = opened.put("sf", "account", name=f"Customer {number}", domain=f"customer{number}.example")
        deal = opened.put(
            "sf",
            "opportunity",
            name=f"Deal {number}",
            account=account,
            stage="QUALIFIED",
            amount=usd(1000 + number),
        )
        for partner, role in zip(partners, ("RESELL", "IMPLEMENT"), strict=True):
            claim = {"opportunity": deal, "partner": partner, "roles": (role,), "submitted_at": START}
            opened.put("sf", "registration", **claim, vote="APPROVE", voter="jo", voted_at=START)
    opened.passes(minutes=20)
    yield opened
    opened.close()


class Meanwhile(MortalCrm):
    """While the first write is on its way, something else happens."""

    def __init__(self, crm: Crm, happens: Callable[[], None]) -> None:
        super().__init__(crm, Fuse())
        self._happens: Callable[[], None] | None = happens

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        happens, self._happens = self._happens, None
        if happens:
            happens()
        yield from super().write(changes)


def worker(office: Office, name: str, happens: Callable[[], None] = lambda: None) -> World:
    """A living worker, and what happens while it writes for the first time."""
    with office.world.store.write() as connection:
        assert workers.arrive(connection, name, name)
    crms = {crm: Meanwhile(own, happens if crm == "sf" else lambda: None) for crm, own in office.crms.items()}
    return replace(office.world, worker=name, crms=crms, rest=at_once)


def sent(*worlds: World) -> Counter[str]:
    crms = [crm for world in worlds for crm in world.crms.values()]
    return Counter(f"{c.op} {c.key}" for crm in crms if isinstance(crm, MortalCrm) for c in crm.sent)


def decided(office: Office) -> Counter[tuple[str, str]]:
    with office.world.store.read() as connection:
        found = connection.execute(select(decision.c.subject, decision.c.event, decision.c.to_state))
        return Counter((row.subject, row.event) for row in found)


def as_undisturbed(office: Office, twin: Office) -> None:
    assert office.contents() == twin.contents()
    assert decided(office) == decided(twin)
    promises.no_row_twice(office)
    promises.nothing_is_left_to_do(office)


def test_a_helper_takes_its_share_and_together_they_do_what_one_would_have_done(office: Office) -> None:
    twin = office.copied("twin")
    undisturbed = cycle(twin.world, office.moment)
    helped: list[Report | None] = []
    helper = worker(office, "helper")
    leader = worker(office, "leader", lambda: helped.append(help_out(helper)))
    report = cycle(leader, office.moment)
    as_undisturbed(office, twin)
    assert helped[0] is not None
    assert helped[0].groups == DEALS - PAGE
    assert report.outcomes == undisturbed.outcomes, "what the helper wrote is in the report of whoever leads"
    assert set(sent(leader, helper).values()) == {1}
    assert sent(helper).total() > sent(leader).total() > 0
    twin.close()


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 20])
def test_what_a_helper_had_when_it_died_the_leader_finishes(office: Office, steps: int) -> None:
    twin = office.copied("twin")
    cycle(twin.world, office.moment)
    helper = worker(office, "helper")

    def dies() -> None:
        with pytest.raises(Killed):
            help_out(mortal(helper, Fuse(steps)))
        with office.world.store.write() as connection:
            workers.bury(connection, ["helper"])

    report = cycle(worker(office, "leader", dies), office.moment)
    if not report.complete:
        report = cycle(office.world, office.moment)
    assert report.complete
    as_undisturbed(office, twin)
    twin.close()


def test_a_leader_that_was_taken_for_dead_keeps_and_writes_nothing_more(office: Office) -> None:
    twin = office.copied("twin")
    cycle(twin.world, office.moment)
    second = worker(office, "second")

    def is_replaced() -> None:
        with office.world.store.write() as connection:
            workers.bury(connection, ["leader"])
        office.passes(minutes=1)
        cycle(second, office.moment)

    leader = worker(office, "leader", is_replaced)
    with pytest.raises(LostTurn):
        cycle(leader, office.moment)
    as_undisturbed(office, twin)
    twice = [number for number in sent(leader, second).values() if number > 1]
    assert len(twice) <= sent(leader).total(), "at most what was on its way, and that says the same"
    twin.close()


def test_nobody_helps_with_a_run_under_other_rules_or_when_its_leader_is_dead(office: Office) -> None:
    helper = worker(office, "helper")
    other = replace(helper, policies=Policies((standard().all[0].model_copy(update={"name": "another"}),)))
    found: list[Report | None] = []

    def asks() -> None:
        found.append(help_out(other))
        with office.world.store.write() as connection:
            workers.bury(connection, ["leader"])
        found.append(help_out(helper))

    leader = worker(office, "leader", asks)
    cycle(leader, office.moment)
    assert found == [None, None]
    assert help_out(helper) is None, "there is no run now"
    assert sent(helper).total() == 0
