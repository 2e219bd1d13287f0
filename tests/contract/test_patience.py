"""Patience is really a Crm, waits only for what may be tried again, and goes on from where it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connector.errors import CrmError, InDoubt, PauseUntil, StopCrm, TryAgain
from connector.memory import Misfortune, Operation
from connector.record import Change, Op
from connector.retry import Patient

from .cases import faults, latest, window
from .reading import Reading
from .rig import Rig
from .test_memory import KINDS, MemoryRig
from .writing import Writing

BUSY = TryAgain("memory: busy")
SPENT = PauseUntil("memory: spent", when=datetime(2026, 11, 25, tzinfo=UTC))


def busy(operation: Operation, seconds: float) -> tuple[Operation, Misfortune]:
    return operation, TryAgain("memory: busy", after=seconds)


class PatientRig(MemoryRig):
    """A CRM in memory behind patience, whose sleep moves the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []
        self.told: list[str] = []
        self.crm = self.patient = Patient(
            self.memory,
            sleep=self.sleep,
            now=lambda: self.moment,
            on_wait=lambda message, seconds: self.told.append(message),
        )

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)


@pytest.fixture
def patience() -> PatientRig:
    return PatientRig()


class TestPatientIsACrm(Reading, Writing):
    @pytest.fixture
    def rig(self, patience: PatientRig) -> Rig:
        return patience


def upsert(key: str, amount: str = "1") -> Change:
    return Change(f"c-{key}", Op.UPSERT, KINDS.ours, key, ((KINDS.amount, amount),), by=KINDS.key)


def test_a_busy_crm_is_asked_again_after_the_wait_it_named(patience: PatientRig) -> None:
    patience.memory.faults += [
        busy("read", 7),
        busy("read", 3),
    ]
    assert patience.patient.read(KINDS.plain, ["x"], []) == []
    assert patience.slept == [7, 3]
    assert patience.told == ["memory: busy"] * 2


@pytest.mark.parametrize(("faults", "reached"), [([busy("read", 3)] * 5, True), ([("read", BUSY)] * 2, False)])
def test_whoever_names_a_wait_is_there_and_costs_no_patience(
    patience: PatientRig, faults: list[tuple[Operation, Misfortune]], reached: bool
) -> None:
    patience.memory.faults += faults
    hasty = replace(patience.patient, attempts=2)
    if reached:
        assert hasty.read(KINDS.plain, ["x"], []) == []
    else:
        with pytest.raises(TryAgain):
            hasty.read(KINDS.plain, ["x"], [])


def test_without_a_named_wait_the_waits_grow(patience: PatientRig) -> None:
    patience.memory.faults += [("describe", BUSY)] * 5
    assert patience.patient.describe(KINDS.ours)
    assert len(patience.slept) == 5
    assert all(2**step <= wait <= 2**step + 1 for step, wait in enumerate(patience.slept))


def test_patience_ends_with_the_attempts(patience: PatientRig) -> None:
    patience.memory.faults += [busy("whoami", 1)] * 6
    with pytest.raises(TryAgain, match="busy"):
        patience.patient.whoami()
    assert patience.slept == [1] * 5
    assert patience.patient.whoami().org


def test_patience_ends_at_the_horizon_without_sleeping_past_it(patience: PatientRig) -> None:
    patience.memory.faults += [busy("read", 100)] * 2
    with pytest.raises(TryAgain):
        patience.patient.read(KINDS.plain, ["x"], [])
    assert patience.slept == [100]


@pytest.mark.parametrize("fault", [StopCrm("memory: no"), SPENT, InDoubt("memory: ?")])
def test_nothing_else_is_repeated(patience: PatientRig, fault: CrmError) -> None:
    patience.memory.faults.append(("read", fault))
    with pytest.raises(type(fault)):
        patience.patient.read(KINDS.plain, ["x"], [])
    patience.memory.faults.append(("write", fault))
    assert faults(patience.patient, [upsert("a")]) == {"c-a": type(fault)}
    assert patience.slept == []


def test_reading_goes_on_after_the_last_page(patience: PatientRig) -> None:
    ids = patience.create(KINDS.plain, *({KINDS.text: str(number)} for number in range(35)))
    again = busy("changes", 1)
    fine: tuple[Operation, Misfortune] = ("changes", None)
    patience.memory.faults += [again, fine, fine, *[again] * 5, fine, again]
    pages = window(patience.patient, KINDS.plain, [])
    read = [record.ref.id for page in pages for record in page.records]
    assert sorted(read) == sorted(ids), "no page twice"
    assert patience.slept == [1] * 7, "each page has its own patience"


def test_the_sweep_of_ids_starts_anew(patience: PatientRig) -> None:
    ids = patience.create(KINDS.plain, *({} for _ in range(25)))
    patience.memory.faults += [("ids", None), busy("ids", 1)]
    assert {row_id for batch in patience.patient.ids(KINDS.plain) for row_id in batch} == set(ids)


def test_only_changes_that_were_not_sent_are_written_again(patience: PatientRig) -> None:
    keys = [f"k{number:03}" for number in range(350)]
    patience.memory.faults += [("write", None), busy("write", 9), ("write", "after")]
    found = faults(patience.patient, [upsert(key) for key in keys])
    assert list(found.values()).count(InDoubt) == 100
    assert set(found.values()) == {None, InDoubt}
    assert patience.slept == [], "progress needs no wait"
    assert all(row.stamp == patience.moment for row in patience.memory.rows[KINDS.ours].values())
    assert len(patience.memory.rows[KINDS.ours]) == 350


def test_writing_waits_where_there_is_no_progress_and_gives_up_in_the_end(patience: PatientRig) -> None:
    patience.memory.faults += [busy("write", 2)] * 3
    assert faults(patience.patient, [upsert("a"), upsert("b")]) == {"c-a": None, "c-b": None}
    assert patience.slept == [2] * 3
    patience.memory.faults += [busy("write", 2)] * 6
    assert faults(patience.patient, [upsert("a"), upsert("b", "bad")]) == {"c-a": TryAgain, "c-b": TryAgain}
    assert patience.slept == [2] * 8


def test_a_writer_that_stops_listening_is_not_held(patience: PatientRig) -> None:
    writing = patience.patient.write([upsert(f"k{number}") for number in range(250)])
    next(writing)
    writing.close()  # type: ignore[attr-defined]
    assert len(patience.memory.rows[KINDS.ours]) == 100
    assert latest(window(patience.patient, KINDS.ours, []))
