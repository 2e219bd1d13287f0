"""Record before apply, look before writing; after a crash at any step the next run ends where this one would."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connector.errors import InDoubt, Locked, PauseMapping, Rejected, StopCrm, TryAgain
from connector.memory import Misfortune
from connector.record import Text
from sync.apply import apply, recover
from sync.cycle import cycle
from sync.model.plan import PlannedChange
from sync.store import due, outbox
from sync.store.outbox import AGAIN, DONE, FAILED, SENDING, STALE, TODO
from tests.machine import promises
from tests.machine.crash import Fuse, Killed, MortalCrm, mortal
from tests.machine.office import Office, usd
from tests.steps.intended import ROWS, gone, put, row, stage

SHELF = Path("/dev/shm")


@pytest.fixture
def shelf() -> Iterator[Path]:
    """A folder in memory where there is one: a hundred crashes need no disk."""
    with tempfile.TemporaryDirectory(dir=SHELF if SHELF.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office(tmp_path)
    yield opened
    opened.close()


def sent(office: Office, *changes: PlannedChange) -> dict[str, tuple[str, str]]:
    """What became of some changes, by key; and the store says the same."""
    settled = list(apply(office.world.store, office.crms, put(office, *changes), office.moment))
    with office.world.store.read() as connection:
        counted = outbox.count_states(connection)
    assert sum(counted.values()) == len(settled) == len(changes)
    return {entry.change.key: (state, why) for entry, state, why in settled}


def shares(office: Office) -> dict[str, Text]:
    return {each.values["Engine_Key__c"]: each.values.get("Share__c") for each in office.rows("sf", "attribution")}


class TestLookingOnceMore:
    def test_what_is_still_as_planned_is_written(self, office: Office) -> None:
        deal = office.put("sf", "opportunity", name="Acme", split_summary="old")
        found = sent(office, row("att_1", "60"), stage(deal, "old", "new"))
        assert found == {"att_1": (DONE, ""), deal: (DONE, "")}
        assert (shares(office), office.says("sf", "opportunity", deal, "split_summary")) == ({"att_1": "60"}, "new")

    def test_what_changed_since_is_skipped_with_what_is_there_now(self, office: Office) -> None:
        deal = office.put("sf", "opportunity", name="Acme", split_summary="mine")
        [(state, why)] = sent(office, stage(deal, "old", "new")).values()
        assert (state, why) == (STALE, "Split_Summary__c is now 'mine'; it was 'old' when this was planned")
        assert office.says("sf", "opportunity", deal, "split_summary") == "mine"

    def test_what_already_says_it_is_done_without_a_write(self, office: Office) -> None:
        deal = office.put("sf", "opportunity", name="Acme", split_summary="new")
        office.crms["sf"].faults = [("write", Rejected("must not be sent"))]
        assert sent(office, stage(deal, "old", "new"), gone("att_never")) == {
            deal: (DONE, ""),
            "att_never": (DONE, ""),
        }

    def test_a_record_that_is_gone_is_stale_and_a_row_that_appeared_too(self, office: Office) -> None:
        office.crms["sf"].put(ROWS, {"Engine_Key__c": "att_2", "Share__c": "41"})
        found = sent(office, stage("006x", "old", "new"), row("att_1", "1", "2", creates=False), row("att_2", "60"))
        assert {key: state for key, (state, _) in found.items()} == dict.fromkeys(["006x", "att_1", "att_2"], STALE)

    def test_one_stale_row_keeps_its_set_back_and_no_other(self, office: Office) -> None:
        office.crms["sf"].put(ROWS, {"Engine_Key__c": "att_1", "Share__c": "41"})
        office.crms["sf"].put(ROWS, {"Engine_Key__c": "att_3", "Share__c": "9"})
        one = [
            row("att_1", "60", "40", creates=False, group="A"),
            row("att_2", "40", group="A"),
            gone("att_3", "A"),
        ]
        found = sent(office, *one, row("att_4", "100", group="B"))
        assert {key: state for key, (state, _) in found.items()} == {
            "att_1": STALE,
            "att_2": STALE,
            "att_3": STALE,
            "att_4": DONE,
        }
        assert shares(office) == {"att_1": "41", "att_3": "9", "att_4": "100"}

    def test_what_cannot_be_read_is_not_written(self, office: Office) -> None:
        deal = office.put("sf", "opportunity", name="Acme", split_summary="old")
        office.crms["sf"].hidden.add(("Opportunity", "Split_Summary__c"))
        assert sent(office, stage(deal, "old", "new"))[deal][0] == STALE
        assert office.says("sf", "opportunity", deal, "split_summary") == "old"


class TestFaults:
    @pytest.mark.parametrize(
        ("fault", "state"),
        [
            (TryAgain("later"), AGAIN),
            (StopCrm("no"), AGAIN),
            (Locked("held"), AGAIN),
            (PauseMapping("no such field", kind=ROWS), AGAIN),
            (Rejected("no"), FAILED),
        ],
    )
    def test_each_fault_has_its_state_and_its_reason(self, office: Office, fault: Misfortune, state: str) -> None:
        office.crms["sf"].faults = [("write", fault)]
        assert sent(office, row("att_1", "60")) == {"att_1": (state, str(fault))}
        assert shares(office) == {}

    def test_a_crm_that_cannot_be_read_is_not_written(self, office: Office) -> None:
        office.crms["sf"].faults = [("read", TryAgain("later"))]
        assert sent(office, row("att_1", "60")) == {"att_1": (AGAIN, "later")}
        assert shares(office) == {}

    def test_a_lost_answer_is_read_back_and_not_repeated(self, office: Office) -> None:
        office.crms["sf"].faults = [("write", "after"), ("write", Rejected("sent a second time"))]
        assert sent(office, row("att_1", "60"), row("att_2", "40")) == {"att_1": (DONE, ""), "att_2": (DONE, "")}
        assert len(office.crms["sf"].faults) == 1

    def test_a_write_that_did_not_land_is_for_a_later_run(self, office: Office) -> None:
        office.crms["sf"].faults = [("write", InDoubt("no answer"))]
        assert sent(office, row("att_1", "60")) == {"att_1": (AGAIN, "its answer was lost and it did not land")}

    def test_what_cannot_be_read_back_stays_in_doubt_until_it_can(self, office: Office) -> None:
        office.crms["sf"].faults = [("read", None), ("write", "after"), ("read", TryAgain("later"))]
        [(state, why)] = sent(office, row("att_1", "60")).values()
        assert (state, why) == (SENDING, "in doubt, and it cannot be read back: later")
        settled = recover(office.world.store, office.crms, office.moment)
        assert [(entry.change.key, ended) for entry, ended, _ in settled] == [("att_1", DONE)]
        promises.no_row_twice(office)

    def test_a_full_batch_never_tears_a_set(self, office: Office) -> None:
        office.crms["sf"].can = office.crms["hs"].can.__class__(read_batch=200, write_batch=3, atomic=True)
        office.crms["sf"].faults = [("write", Rejected("the first call")), ("write", None)]
        sets = [row(f"att_{group}{number}", "50", group=group) for group in "ABC" for number in (1, 2)]
        found = sent(office, *sets)
        states = [{found[f"att_{group}{number}"][0] for number in (1, 2)} for group in "ABC"]
        assert [len(each) for each in states] == [1, 1, 1]
        assert states[0] == {FAILED}


class TestRecovery:
    def test_what_was_never_sent_is_decided_afresh(self, office: Office) -> None:
        claim = office.put("sf", "registration", roles=("ADVISE",))
        office.run()
        with office.world.store.write() as connection:
            group = f"sf:Deal_Registration__c:{claim}"
            outbox.put(connection, "run_0", group, [row("att_1", "60")], office.moment)
            due.set_due(connection, group, None)
        recover(office.world.store, office.crms, office.moment)
        with office.world.store.read() as connection:
            assert outbox.open_entries(connection, [TODO]) == []
            assert due.due_after(connection, office.moment, "", 9) == [group]

    def test_every_intent_is_on_record_before_its_call(self, office: Office) -> None:
        story(office)
        for steps in range(200):
            world = mortal(office.world, Fuse(steps))
            try:
                cycle(world, office.moment)
                break
            except Killed:
                assert_recorded(office, world.crms["sf"], world.crms["hs"])
        assert shares(office)


def with_jobs(office: Office, jobs_from: int, job_size: int) -> None:
    for crm in office.crms.values():
        crm.can = replace(crm.can, bulk_from=jobs_from, bulk_batch=job_size)


def assert_recorded(office: Office, *crms: object) -> None:
    with office.world.store.read() as connection:
        known = {entry.change.id for entry in outbox.open_entries(connection, [SENDING, DONE, AGAIN])}
    assert {change.id for crm in crms if isinstance(crm, MortalCrm) for change in crm.sent} <= known


def story(office: Office) -> None:
    """A split is written; then a partner withdraws, another comes, and the amount changes: every kind of write."""
    partners = {
        name: office.put("sf", "account", name=name, is_partner=True) for name in ("Lumen", "Cirrus", "Beacon")
    }
    for name, own in partners.items():
        office.put("hs", "account", name=name, is_partner=True, shared_id=own)
    deal = office.put("sf", "opportunity", name="Acme", stage="QUALIFIED", amount=usd("1000.01"))
    office.put("hs", "opportunity", name="Acme", stage="QUALIFIED", shared_id=deal)
    vote = {"vote": "APPROVE", "voter": "jo", "voted_at": office.moment, "opportunity": deal}
    office.put("sf", "registration", partner=partners["Lumen"], roles=("RESELL",), **vote)
    leaver = office.put("sf", "registration", partner=partners["Cirrus"], roles=("IMPLEMENT",), **vote)
    office.run()
    office.put("sf", "registration", leaver, withdrawn=True)
    office.put("sf", "registration", partner=partners["Beacon"], roles=("ADVISE",), **vote)
    office.put("sf", "opportunity", deal, amount=usd("999.99"))
    office.passes(minutes=1)


JOBS = [pytest.param(0, 0, id="calls"), pytest.param(2, 3, id="jobs")]


@pytest.mark.parametrize(("jobs_from", "job_size"), JOBS)
def test_a_crash_at_any_step_ends_as_if_nothing_had_happened(shelf: Path, jobs_from: int, job_size: int) -> None:
    office = Office(shelf)
    with_jobs(office, jobs_from, job_size)
    story(office)
    undisturbed = office.copied("undisturbed")
    fuse = Fuse()
    cycle(mortal(undisturbed.world, fuse), undisturbed.moment)
    assert fuse.passed > 30
    for step in range(fuse.passed):
        disturbed = office.copied(f"step{step}")
        with pytest.raises(Killed):
            cycle(mortal(disturbed.world, Fuse(step)), disturbed.moment)
        disturbed.reopen()
        cycle(disturbed.world, disturbed.moment)
        assert disturbed.contents() == undisturbed.contents(), f"killed at step {step}"
        promises.no_row_twice(disturbed)
        promises.nothing_is_left_to_do(disturbed)
        disturbed.close()
    for each in (office, undisturbed):
        each.close()
