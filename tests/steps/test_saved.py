"""A saved plan: applied exactly as it was read, or refused, or left out where the world has moved on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connector.record import Op
from sync import commands
from sync.model.plan import FieldChange, Limits, Plan, PlannedChange
from sync.model.problem import BadInput
from sync.saved import PlanFile, read_plan
from sync.store import runs
from sync.world import Report
from tests.machine import promises
from tests.machine.crash import Fuse, MortalCrm, mortal
from tests.machine.northwind import Northwind
from tests.machine.office import START


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Northwind]:
    opened = Northwind(tmp_path)
    yield opened
    opened.close()


def make(office: Northwind) -> Path:
    path = office.folder / "saved.plan"
    commands.make_plan(office.world, office.moment, path)
    return path


def apply(office: Northwind, path: Path, **later: int) -> tuple[Report, list[str]]:
    office.passes(**(later or {"minutes": 5}))
    world = mortal(office.world, Fuse())
    report = commands.apply_plan(world, path, office.moment)
    return report, [change.id for crm in world.crms.values() if isinstance(crm, MortalCrm) for change in crm.sent]


def test_what_was_read_is_what_is_written(office: Northwind) -> None:
    path = make(office)
    saved = commands.read_plan(path, commands.rules_of(office.world), commands.orgs_of(office.world), office.moment)
    report, sent = apply(office, path)
    assert sorted(sent) == sorted(saved.ids)
    assert (report.notes, report.faults) == ([], [])
    promises.nothing_is_left_to_do(office)


def test_what_changed_since_is_left_out_and_listed(office: Northwind) -> None:
    path = make(office)
    office.crms["sf"].put("Opportunity", {"Split_Summary__c": "mine"}, office.deal)
    report, sent = apply(office, path)
    [(change, why)] = report.faults
    assert (change.key, change.id in sent) == (office.deal, False)
    assert "Split_Summary__c is now 'mine'; it was None when this was planned" in why
    assert office.says("sf", "opportunity", office.deal, "split_summary") == "mine"
    assert office.says("sf", "registration", office.resells, "status") == "Approved"


def test_an_edited_file_is_refused(office: Northwind) -> None:
    path = make(office)
    path.write_text(path.read_text().replace("54.55", "99.99"))
    with pytest.raises(BadInput, match="it is not a plan, or not a whole one"):
        apply(office, path)
    assert office.rows("sf", "attribution") == []


def test_a_file_with_a_change_taken_out_is_refused(office: Northwind) -> None:
    path = make(office)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:1] + lines[2:]))
    with pytest.raises(BadInput, match="it was changed after it was made"):
        apply(office, path)


def test_an_expired_plan_is_refused(office: Northwind) -> None:
    path = make(office)
    with pytest.raises(BadInput, match="it expired"):
        apply(office, path, minutes=31)
    assert office.rows("sf", "attribution") == []


def test_a_plan_made_under_other_rules_is_refused(office: Northwind) -> None:
    path = make(office)
    edited = replace(office.mappings.all[0], hash="edited")
    mappings = replace(office.mappings, all=(edited, *office.mappings.all[1:]))
    office.world = replace(office.world, mappings=mappings)
    with pytest.raises(BadInput, match="policies or mappings changed"):
        apply(office, path)


def test_a_plan_beyond_the_brakes_is_applied_because_a_person_read_it(office: Northwind) -> None:
    office.limit(Limits(changes=0, changes_percent=0))
    report, sent = apply(office, make(office))
    assert (report.unsafe, len(sent)) == ((), 8)


ORGS = {"hs": "7", "sf": "00D1"}
CHANGE = PlannedChange(
    "sf", "Opportunity", Op.UPDATE, "id", "006", (FieldChange("Name", None, "é"),), "Acme", "dec"
)


def test_a_plan_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "new.plan"
    with PlanFile(path, START, "rules", ORGS) as file:
        file.add(Plan((CHANGE,)))
        file.add(Plan())
        assert not path.exists()
    found = read_plan(path, "rules", ORGS, START)
    assert (found.as_of, found.ids, found.orgs, found.rules) == (START, {CHANGE.id}, ORGS, "rules")


@pytest.mark.parametrize("here", [{}, {"sf": "00D1"}, {"sf": "00D2", "hs": "7"}])
def test_a_plan_of_another_org_is_refused_by_name(tmp_path: Path, here: dict[str, str]) -> None:
    path = tmp_path / "new.plan"
    with PlanFile(path, START, "other rules", ORGS) as file:
        file.add(Plan((CHANGE,)))
    with pytest.raises(BadInput, match=r"made for another org \((hs: 7|sf: 00D1)") as refused:
        read_plan(path, "rules", here, START)
    assert "where it was made" in refused.value.problems[0].fix


def test_a_plan_carried_to_another_org_writes_nothing(office: Northwind) -> None:
    with office.world.store.write() as connection:
        runs.pin_org(connection, "sf", "00D1", START)
    path = make(office)
    before = promises.contents(office)
    head, rest = path.read_text("utf-8").split("\n", 1)
    path.write_text(head.replace("00D1", "00D2") + "\n" + rest, "utf-8")
    with pytest.raises(BadInput, match="sf: 00D2"):
        apply(office, path)
    assert promises.contents(office) == before


def test_a_plan_that_was_not_finished_does_not_appear(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), PlanFile(tmp_path / "new.plan", START, "rules", ORGS) as file:
        file.add(Plan((CHANGE,)))
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "dear diary", "[]", '{"dealsync_plan": 1}', "\x00"])
def test_a_file_that_is_no_plan_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "new.plan"
    path.write_text(text)
    with pytest.raises(BadInput, match="it is not a plan, or not a whole one"):
        read_plan(path, "rules", ORGS, START)


def test_a_file_that_is_not_there_or_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="it cannot be read"):
        read_plan(tmp_path / "new.plan", "rules", ORGS, START)
    with pytest.raises(BadInput, match="it cannot be written"):
        PlanFile(tmp_path / "nowhere" / "new.plan", START, "rules", ORGS)
