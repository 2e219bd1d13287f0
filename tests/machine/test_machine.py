"""Hypothesis at the office: people edit, clocks run, CRMs fail, the process dies; the promises hold throughout."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from sync import commands
from sync.cycle import cycle
from sync.model.plan import Limits
from sync.policy import Policies
from sync.store import outbox, runs
from sync.store.outbox import FAILED
from sync.world import Report
from tests.machine import promises
from tests.machine.choices import CRMS, FAULTS, JOINTS, NUMBERS, OURS, ROLES
from tests.machine.crash import Fuse, Killed, MortalCrm, mortal
from tests.machine.office import JUDGED, NO_BRAKE, Office, shipped
from tests.machine.people import EDITS, People
from tests.machine.sealed import history_is_sealed

SHELF = Path("/dev/shm")


def new_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="dealsync-", dir=SHELF if SHELF.is_dir() else None))


@cache
def morning(linked: bool) -> Office:
    """Three partners, a customer, two deals, all read once; ``linked``: each partner in both CRMs. It is closed."""
    office = Office(new_folder(), shipped(JUDGED - {"line"}))  # nobody edits lines here
    atexit.register(shutil.rmtree, office.folder, ignore_errors=True)
    for name in ("Lumen", "Cirrus", "Beacon"):
        own = office.put("sf", "account", name=name, is_partner=True, tier="GOLD")
        if linked or name != "Beacon":
            office.put("hs", "account", name=name, is_partner=True, shared_id=own)
    office.put("sf", "account", name="Acme", domain="acme.example")
    people = People(office)
    people.deal("both", "1000.01", "QUALIFIED")
    people.deal("both", "250000", "QUALIFIED")
    office.run()
    office.close()
    return office


class Machine(RuleBasedStateMachine):
    """Rules are what can happen; each rule that runs a cycle asks the promises afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = new_folder()
        self.twins = 0

    def teardown(self) -> None:
        if sys.exc_info()[0] is None:
            self.converged()
        self.office.close()
        shutil.rmtree(self.folder)

    @initialize(
        claims=st.lists(
            st.tuples(CRMS, st.integers(0, 1), st.integers(0, 2), ROLES, JOINTS), min_size=1, max_size=4
        ),
        linked=st.booleans(),
        story=st.sampled_from(["written", "voted", "judged", "filed"]),
    )
    def a_day_at_the_office(self, claims: list[tuple[Any, ...]], linked: bool, story: str) -> None:
        """Some claims on the two deals of this morning, and how far they are."""
        self.office = office = morning(linked).again(self.folder)
        self.people = People(office)
        for number, claim in enumerate(claims):
            self.people.claim(*claim, number)
        if story != "filed":
            office.run()
        if story in ("voted", "written"):
            self.people.busy_day("1234.56")
        if story == "written":
            self.converged()

    @rule(edits=st.lists(EDITS, min_size=1, max_size=3))
    def people_edit(self, edits: list[tuple[Any, ...]]) -> None:
        for name, *choices in edits:
            getattr(self.people, name)(*choices)

    @rule(days=st.sampled_from([1, 15, 60, 130]))
    def time_passes(self, days: int) -> None:
        self.office.passes(days=days)

    @rule(model=st.sampled_from(["equal", "role_pools", "contribution"]))
    def the_programme_has_a_next_version(self, model: str) -> None:
        """What is filed from today on is judged by it; what was filed before stays under the version of its day."""
        last = self.office.policies.all[-1]
        changed = {"attribution": last.attribution.model_copy(update={"model": model})}
        number = {"version": last.version + 1, "effective_from": self.office.moment.date()}
        follower = last.model_copy(update={**changed, **number})
        self.office.follow(Policies((*self.office.policies.all, follower)))

    # what dealsync does

    def asked(self, before: promises.Before) -> None:
        """The promises that hold after any cycle, however it ended."""
        promises.no_row_twice(self.office)
        promises.only_ours_was_written(self.office, before.contents)
        promises.nothing_hidden_was_written(self.office, before.contents)
        promises.no_person_was_overwritten(self.office, before)
        promises.people_outrank_rules(self.office)
        promises.locked_weights_stay(self.office)

    def settled(self, report: Report) -> None:
        """A run that met no trouble has left nothing to do, wherever one looks."""
        if report.sent and report.complete and not report.faults and not self.refused():
            promises.nothing_is_left_to_do(self.office)

    def refused(self) -> bool:
        with self.office.world.store.read() as connection:
            return FAILED in outbox.count_states(connection)

    def converged(self) -> None:
        """After a few undisturbed cycles there is nothing left to do, and everything is as it should be."""
        self.people_mend()
        for _ in range(4):
            before = promises.before(self.office)
            report = self.office.run()
            self.asked(before)
            promises.sets_are_whole(self.office, before.contents)
            if not report.outcomes:
                break
        history_is_sealed(self.office)
        assert report.changes == []
        assert report.faults == []
        assert report.complete
        promises.everything_is_stored(self.office)
        judged = promises.nothing_is_left_to_do(self.office)
        promises.splits_are_written(self.office, judged)

    def people_mend(self) -> None:
        """Access is given back and rows are saved again; what a CRM refused is judged again on new rules."""
        for crm in self.office.crms.values():
            for kind in sorted({kind for kind, _ in crm.hidden}):
                for row in crm.rows[kind].values():
                    row.stamp = self.office.moment
            crm.hidden.clear()
        if self.refused():
            with self.office.world.store.write() as connection:
                runs.forget(connection, "mappings")

    @rule()
    def quiet_cycles(self) -> None:
        self.converged()

    @rule(
        crm=CRMS, on=st.sampled_from(["changes", "read", "write"]), faults=st.lists(st.sampled_from(sorted(FAULTS)))
    )
    def cycle_with_faults(self, crm: str, on: Any, faults: list[str]) -> None:
        may = [name for name in faults if on == "write" or name not in ("rejected", "in doubt")]
        self.office.crms[crm].faults = [(on, FAULTS[name]) for name in may]
        before = promises.before(self.office)
        report = self.office.run()
        self.office.crms[crm].faults = []
        self.asked(before)
        self.settled(report)

    @rule(steps=st.one_of(st.integers(25, 60), st.integers(0, 25)), busy=st.sampled_from(["77.77", "88.88", None]))
    def crash_and_go_on(self, steps: int, busy: str | None) -> None:
        """P8: what a crash leaves, the next cycle finishes as an undisturbed one would have."""
        if busy:
            self.people.busy_day(busy)
        self.twins += 1
        twin = self.office.copied(f"twin{self.twins}")
        before = promises.before(self.office)
        self.office.passes(minutes=1)
        try:
            cycle(mortal(self.office.world, Fuse(steps)), self.office.moment)
        except Killed:
            self.asked(before)
        self.office.reopen()
        undisturbed = cycle(twin.world, self.office.moment)
        report = cycle(self.office.world, self.office.moment)
        if undisturbed.complete and not undisturbed.faults and report.complete and not report.faults:
            assert self.office.contents() == twin.contents()
        self.settled(report)
        twin.close()

    @rule(edits=st.lists(st.tuples(CRMS, st.sampled_from(OURS), NUMBERS), max_size=2), busy=st.booleans())
    def plan_then_apply(self, edits: list[tuple[Any, ...]], busy: bool) -> None:
        """P7: what is applied is what the plan said, whatever a person edits in between."""
        if busy:
            self.people.busy_day("99.99")
        self.office.passes(minutes=1)
        path = self.folder / "saved.plan"
        commands.make_plan(self.office.world, self.office.moment, path)
        saved = commands.read_plan(
            path, commands.rules_of(self.office.world), commands.orgs_of(self.office.world), self.office.moment
        )
        self.office.passes(minutes=1)
        planned = promises.contents(self.office)
        for edit in edits:
            self.people.drift(*edit)
        before = promises.before(self.office)
        world = mortal(self.office.world, Fuse())
        commands.apply_plan(world, path, self.office.moment)
        sent = {change.id for seen in world.crms.values() if isinstance(seen, MortalCrm) for change in seen.sent}
        assert sent <= saved.ids
        promises.edits_survive(self.office, planned, before.contents)
        self.asked(before)

    @rule(changes=st.integers(0, 3))
    def cycle_with_the_brake_on(self, changes: int) -> None:
        """P9: a run that would change more than it may changes nothing and keeps nothing."""
        self.office.limit(Limits(changes=changes, changes_percent=0, deletes=0, deletes_percent=0))
        before = promises.before(self.office)
        self.office.run(send=False)
        kept = promises.nothing_was_kept(self.office)
        report: Report = self.office.run()
        self.office.limit(NO_BRAKE)
        assert bool(report.unsafe) == (report.totals.changes > changes or report.totals.delete > 0)
        if report.unsafe:
            assert promises.contents(self.office) == before.contents
            assert promises.nothing_was_kept(self.office) == kept
        self.asked(before)
        self.settled(report)


EXAMPLES = int(os.environ.get("DEALSYNC_EXAMPLES", "200"))
STEPS = int(os.environ.get("DEALSYNC_STEPS", "4"))
PARTS = 8
"""So that all cores have their share of the examples."""
Machine.TestCase.settings = settings(
    max_examples=-(-EXAMPLES // PARTS),
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("part", range(PARTS))
def test_the_promises_hold_whatever_happens(part: int) -> None:
    run_state_machine_as_test(Machine)
