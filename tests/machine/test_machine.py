"""Hypothesis at the office: people edit, clocks run, CRMs fail, the process dies; the promises hold throughout."""

from __future__ import annotations

import copy
import os
import shutil
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from sync import commands
from sync.cycle import cycle
from sync.model.plan import Limits
from sync.store import outbox, runs
from sync.store.outbox import FAILED
from sync.world import Report
from tests.machine import promises
from tests.machine.choices import AMOUNTS, CRMS, FAULTS, JOINTS, NUMBERS, OURS, ROLES, STAGES
from tests.machine.crash import Fuse, Killed, MortalCrm, mortal
from tests.machine.office import NO_BRAKE, Office, usd

SHELF = Path("/dev/shm")


class Machine(RuleBasedStateMachine):
    """Rules are what can happen; each rule that runs a cycle asks the promises afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="dealsync-", dir=SHELF if SHELF.is_dir() else None))
        self.office = Office(self.folder)
        self.twins = 0

    def teardown(self) -> None:
        self.office.close()
        shutil.rmtree(self.folder)

    # who and what there is

    def some(self, crm: str, kind: str, number: int) -> str | None:
        rows = self.office.rows(crm, kind)
        return rows[number % len(rows)].id if rows else None

    @initialize(
        claims=st.lists(
            st.tuples(CRMS, st.integers(0, 1), st.integers(0, 2), ROLES, JOINTS), min_size=1, max_size=4
        ),
        linked=st.booleans(),
        story=st.sampled_from(["written", "voted", "judged", "filed"]),
    )
    def a_day_at_the_office(self, claims: list[tuple[Any, ...]], linked: bool, story: str) -> None:
        """Three partners, a customer, two deals; some claims on them, and how far they are."""
        office = self.office
        for name in ("Lumen", "Cirrus", "Beacon"):
            own = office.put("sf", "account", name=name, is_partner=True, tier="GOLD")
            if linked or name != "Beacon":
                office.put("hs", "account", name=name, is_partner=True, shared_id=own)
        office.put("sf", "account", name="Acme", domain="acme.example")
        self.deal("both", "1000.01", "QUALIFIED")
        self.deal("both", "250000", "QUALIFIED")
        office.run()
        for number, claim in enumerate(claims):
            self.claim(*claim, number)
        if story != "filed":
            office.run()
        if story in ("voted", "written"):
            for crm in office.crms:
                for row in office.rows(crm, "registration"):
                    office.put(crm, "registration", row.id, vote="APPROVE", voter="jo", voted_at=office.moment)
        if story == "written":
            self.converged()

    @rule(where=st.sampled_from(["sf", "hs", "both"]), amount=AMOUNTS, stage=STAGES)
    def deal(self, where: str, amount: str | None, stage: str) -> None:
        values: dict[str, Any] = {"name": f"Deal {where}", "stage": stage, "amount": amount and usd(amount)}
        own = None if where == "hs" else self.office.put("sf", "opportunity", **values)
        if where != "sf":
            self.office.put("hs", "opportunity", **values, **({"shared_id": own} if own else {}))

    @rule(crm=CRMS, deal=NUMBERS, partner=NUMBERS, roles=ROLES, joint=JOINTS, days=NUMBERS)
    def claim(self, crm: str, deal: int, partner: int, roles: list[str], joint: str | None, days: int) -> None:
        who, what = self.some(crm, "account", partner), self.some(crm, "opportunity", deal)
        filed = self.office.moment - timedelta(days=days)
        more = {"joint_key": joint, "joint_response": "ACCEPTED"} if joint else {}
        if who and what:
            values = {"partner": who, "opportunity": what, "roles": roles, "submitted_at": filed}
            self.office.put(crm, "registration", **values, **more)

    @rule(crm=CRMS, claim=NUMBERS, vote=st.sampled_from(["APPROVE", "APPROVE", "REJECT", "RETURN"]))
    def vote(self, crm: str, claim: int, vote: str) -> None:
        if own := self.some(crm, "registration", claim):
            self.office.put(crm, "registration", own, vote=vote, voter="jo", voted_at=self.office.moment)

    @rule(crm=CRMS, claim=NUMBERS, answer=st.sampled_from(["ACCEPTED", "DECLINED"]))
    def answer(self, crm: str, claim: int, answer: str) -> None:
        if own := self.some(crm, "registration", claim):
            self.office.put(crm, "registration", own, joint_key="K", joint_response=answer)

    @rule(crm=CRMS, claim=NUMBERS)
    def withdraw(self, crm: str, claim: int) -> None:
        if own := self.some(crm, "registration", claim):
            self.office.put(crm, "registration", own, withdrawn=True)

    @rule(crm=CRMS, claim=NUMBERS, deal=NUMBERS)
    def move_claim(self, crm: str, claim: int, deal: int) -> None:
        if own := self.some(crm, "registration", claim):
            self.office.put(crm, "registration", own, opportunity=self.some(crm, "opportunity", deal))

    @rule(crm=CRMS, deal=NUMBERS, amount=AMOUNTS, stage=STAGES)
    def edit_deal(self, crm: str, deal: int, amount: str | None, stage: str) -> None:
        if own := self.some(crm, "opportunity", deal):
            self.office.put(crm, "opportunity", own, amount=amount and usd(amount), stage=stage)

    @rule(crm=CRMS, partner=NUMBERS, tier=st.sampled_from(["SILVER", "GOLD"]), still=st.booleans())
    def edit_partner(self, crm: str, partner: int, tier: str, still: bool) -> None:
        if own := self.some(crm, "account", partner):
            self.office.put(crm, "account", own, tier=tier, is_partner=still, name=f"Partner {tier}")

    @rule(partner=NUMBERS)
    def link_partner(self, partner: int) -> None:
        own = self.some("sf", "account", partner)
        self.office.put("hs", "account", name="Linked", is_partner=True, shared_id=own)

    @rule(crm=CRMS, kind=st.sampled_from(["account", "opportunity", "registration", "attribution"]), row=NUMBERS)
    def drop(self, crm: str, kind: str, row: int) -> None:
        if own := self.some(crm, kind, row):
            self.office.drop(crm, kind, own)

    @rule(crm=CRMS, kind=st.sampled_from(["account", "opportunity"]), one=NUMBERS, other=NUMBERS)
    def merge(self, crm: str, kind: str, one: int, other: int) -> None:
        loser, winner = self.some(crm, kind, one), self.some(crm, kind, other)
        if loser and winner and loser != winner:
            self.office.merge(crm, kind, loser, winner)

    @rule(crm=CRMS, ours=st.sampled_from(OURS), row=NUMBERS)
    def drift(self, crm: str, ours: tuple[str, str, str, str], row: int) -> None:
        kind, path, *texts = ours
        if own := self.some(crm, kind, row):
            field_map = self.office.field_map(crm, kind)
            text = texts[crm == "hs"]
            self.office.crms[crm].put(field_map.object, {self.office.field(crm, kind, path): text}, own)

    @rule(crm=CRMS, ours=st.sampled_from(OURS))
    def hide(self, crm: str, ours: tuple[str, str, str, str]) -> None:
        kind, path, *_ = ours
        self.office.crms[crm].hidden ^= {
            (self.office.field_map(crm, kind).object, self.office.field(crm, kind, path))
        }

    @rule(days=st.sampled_from([1, 15, 60, 130]))
    def time_passes(self, days: int) -> None:
        self.office.passes(days=days)

    # what dealsync does

    def asked(self, before: promises.Contents) -> None:
        """The promises that hold after any cycle, however it ended."""
        promises.no_row_twice(self.office)
        promises.only_ours_was_written(self.office, before)
        promises.nothing_hidden_was_written(self.office, before)
        promises.people_outrank_rules(self.office)
        promises.locked_weights_stay(self.office)

    def converged(self) -> None:
        """After a few undisturbed cycles there is nothing left to do, and everything is as it should be."""
        self.people_mend()
        for _ in range(3):
            before = promises.contents(self.office)
            report = self.office.run()
            self.asked(before)
            promises.sets_are_whole(self.office, before)
            if not report.outcomes:
                break
        report = self.office.run()
        assert report.changes == []
        assert report.faults == []
        assert report.complete
        promises.everything_is_stored(self.office)
        promises.nothing_is_left_to_do(self.office)
        promises.splits_are_written(self.office)

    def people_mend(self) -> None:
        """Access is given back and rows are saved again; what a CRM refused is judged again on new rules."""
        for crm in self.office.crms.values():
            for kind in sorted({kind for kind, _ in crm.hidden}):
                for row in crm.rows[kind].values():
                    row.stamp = self.office.moment
            crm.hidden.clear()
        with self.office.world.store.write() as connection:
            if FAILED in outbox.count_states(connection):
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
        before = promises.contents(self.office)
        self.office.run()
        self.office.crms[crm].faults = []
        self.asked(before)

    @rule(steps=st.integers(0, 40))
    def crash_and_go_on(self, steps: int) -> None:
        """P8: what a crash leaves, the next cycle finishes as an undisturbed one would have."""
        twin = self.twin()
        before = promises.contents(self.office)
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
        twin.close()

    def twin(self) -> Office:
        """The same office a second time, from here on undisturbed."""
        self.twins += 1
        folder = self.folder / f"twin{self.twins}"
        folder.mkdir()
        self.office.close()
        shutil.copy(self.folder / "dealsync.db", folder)
        self.office.world = self.office.opened()
        twin = Office(folder)
        twin.moment = self.office.moment
        twin.crms = copy.deepcopy(self.office.crms)
        twin.world = replace(twin.world, crms=twin.crms)
        return twin

    @rule(edit=st.booleans(), crm=CRMS, row=NUMBERS)
    def plan_then_apply(self, edit: bool, crm: str, row: int) -> None:
        """P7: what is applied is what the plan said, whatever a person edits in between."""
        self.office.passes(minutes=1)
        path = self.folder / "saved.plan"
        commands.make_plan(self.office.world, self.office.moment, path)
        saved = commands.read_plan(path, commands.rules_of(self.office.world), self.office.moment)
        self.office.passes(minutes=1)
        if edit:
            self.drift(crm, OURS[row % len(OURS)], row)
        before = promises.contents(self.office)
        world = mortal(self.office.world, Fuse())
        commands.apply_plan(world, path, self.office.moment)
        sent = {change.id for seen in world.crms.values() if isinstance(seen, MortalCrm) for change in seen.sent}
        assert sent <= saved.ids
        self.asked(before)

    @rule(changes=st.integers(0, 3))
    def cycle_with_the_brake_on(self, changes: int) -> None:
        """P9: a run that would change more than it may changes nothing and keeps nothing."""
        self.office.limit(Limits(changes=changes, changes_percent=0, deletes=0, deletes_percent=0))
        before, kept = promises.contents(self.office), None
        self.office.run(send=False)
        kept = promises.nothing_was_kept(self.office)
        report: Report = self.office.run()
        self.office.limit(NO_BRAKE)
        assert bool(report.unsafe) == (report.totals.changes > changes or report.totals.delete > 0)
        if report.unsafe:
            assert promises.contents(self.office) == before
            assert promises.nothing_was_kept(self.office) == kept
        self.asked(before)


EXAMPLES = int(os.environ.get("DEALSYNC_EXAMPLES", "40"))
NOTHING_IS_TOO_SLOW = list(HealthCheck)
Machine.TestCase.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=20, deadline=None, suppress_health_check=NOTHING_IS_TOO_SLOW
)
TestMachine = Machine.TestCase
