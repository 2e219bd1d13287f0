"""What a person may ask is answered in plain values: nothing that JSON cannot hold, nothing left out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.memory import MemoryCrm
from connector.record import Op
from sync.commands import write_new
from sync.config import Config, load
from sync.mapping.fieldmap import Mappings
from sync.model.plan import FieldChange, Held, Plan, PlannedChange
from sync.store import outbox, runs
from sync.store.opening import Store, open_store
from sync.views import change_view, planned_calls, report_view, status_view
from sync.world import Report, World

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def change(key: str, op: Op = Op.UPDATE, *, creates: bool = False) -> PlannedChange:
    return PlannedChange(
        connection="sf",
        object="Opportunity",
        op=op,
        by="id",
        key=key,
        fields=(FieldChange("Partner_Count__c", None, "2"),),
        title="Northwind",
        reason="spl_1",
        creates=creates,
    )


@pytest.fixture
def config(tmp_path: Path) -> Config:
    write_new(tmp_path / "dealsync")
    return load(tmp_path / "dealsync")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store("sqlite:///dealsync.db", tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def world(store: Store, config: Config) -> World:
    crm = MemoryCrm("sf", {}, now=lambda: NOW)
    return World(store, {"sf": crm}, Mappings(()), config.policies, {"opportunity": "sf"})


def test_a_change_shows_each_field_before_and_after() -> None:
    assert change_view(change("006A")) == {
        "id": change("006A").id,
        "crm": "sf",
        "object": "Opportunity",
        "key": "006A",
        "kind": "update",
        "title": "Northwind",
        "reason": "spl_1",
        "fields": {"Partner_Count__c": [None, "2"]},
    }


@pytest.mark.parametrize(
    ("op", "creates", "kind"),
    [
        (Op.UPSERT, True, "create"),
        (Op.UPSERT, False, "update"),
        (Op.UPDATE, False, "update"),
        (Op.REMOVE, False, "delete"),
    ],
)
def test_a_change_is_a_create_an_update_or_a_delete(op: Op, creates: bool, kind: str) -> None:
    assert change_view(change("006A", op, creates=creates))["kind"] == kind


def full_report() -> Report:
    """A report with something in every place."""
    report = Report("run_1", NOW, pulled={("sf", "Account"): Counter(read=3, changed=2, problems=1)}, groups=4)
    held = Held("sf", "Opportunity", "006B", "Stage", "somebody changed it", "Baltic")
    plan = Plan((change("006A"), change("006C", Op.REMOVE)), (held,), unchanged=7)
    report.totals.add(plan)
    report.changes += plan.changes
    report.held.append(held)
    report.faults.append((change("006A"), "it is locked"))
    report.outcomes.update(done=1, failed=1)
    report.decisions.update(approve=2)
    report.unsafe, report.notes, report.problems = ("too many",), ["sf: slow"], {"no number": 2}
    report.calls = {("sf", "api"): 9, ("hs", "search"): 2, ("hs", "general"): 1}
    report.complete = False
    return report


def test_a_report_is_shown_whole_and_fits_into_json(world: World) -> None:
    view = json.loads(json.dumps(report_view(full_report(), world)))
    assert view["as_of"] == "2026-11-24T09:30:00Z"
    assert view["pulled"] == {"sf Account": {"read": 3, "changed": 2, "problems": 1}}
    assert view["counts"] == {"create": 0, "update": 1, "delete": 1, "held": 1, "unchanged": 7}
    assert [each["kind"] for each in view["changes"]] == ["update", "delete"]
    [held] = view["held"]
    assert (held["key"], held["field"], held["reason"]) == ("006B", "Stage", "somebody changed it")
    [fault] = view["faults"]
    assert (fault["key"], fault["why"]) == ("006A", "it is locked")
    assert (view["outcomes"], view["decisions"]) == ({"done": 1, "failed": 1}, {"approve": 2})
    assert (view["unsafe"], view["notes"], view["problems"]) == (["too many"], ["sf: slow"], {"no number": 2})
    assert view["calls"]["used"] == {"sf": {"api": 9}, "hs": {"general": 1, "search": 2}}
    assert (view["complete"], view["sent"], view["groups"], view["run"]) == (False, False, 4, "run_1")


def test_planned_calls_are_one_look_and_one_write_a_batch(world: World) -> None:
    can = world.crms["sf"].can
    assert (can.read_batch, can.write_batch) == (200, 100)
    for number, calls in ((1, 2), (100, 2), (101, 3), (200, 3), (201, 5)):
        report = Report("run_1", NOW)
        report.totals.add(Plan(tuple(change(f"006{each}") for each in range(number))))
        assert planned_calls(report, world) == {("sf", "Opportunity"): calls}


def test_a_new_installation_has_nothing_to_tell(store: Store, config: Config) -> None:
    view = status_view(store, config, NOW)
    assert view["connections"].keys() == {"sf", "hs"}
    assert {name: each["rows"] for name, each in view["connections"].items()} == {"sf": {}, "hs": {}}
    assert (view["mode"], view["due"], view["working"]) == ("apply", 0, None)
    assert (view["runs"], view["faults"], view["problems"], view["open_cases"]) == ([], [], {}, {})


def test_status_says_who_works_what_ran_and_what_did_not_land(store: Store, config: Config) -> None:
    with store.write() as connection:
        runs.take_lease(connection, "cycle", "host:7", NOW, 600)
        runs.start_run(connection, "run_1", "apply", NOW)
        runs.finish_run(connection, "run_1", {"outcomes": {"failed": 1}}, NOW)
        runs.start_run(connection, "run_2", "apply", NOW + timedelta(minutes=5))
        outbox.put(connection, "run_1", "group", [change("006A"), change("006C")], NOW)
        first, _ = outbox.open_entries(connection, ["todo"])
        outbox.mark(connection, [first], "failed", NOW, "the CRM refuses it")
    view = json.loads(json.dumps(status_view(store, config, NOW)))
    assert view["working"] == "host:7"
    assert [(run["id"], run["report"]) for run in view["runs"]] == [
        ("run_2", None),
        ("run_1", {"outcomes": {"failed": 1}}),
    ]
    assert view["writes"] == {"failed": 1, "todo": 1}
    [fault] = view["faults"]
    assert (fault["key"], fault["state"], fault["why"]) == ("006A", "failed", "the CRM refuses it")
    assert status_view(store, config, NOW + timedelta(minutes=11))["working"] is None
