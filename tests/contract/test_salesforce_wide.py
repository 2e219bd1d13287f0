"""Objects with more fields than an address takes: read in parts, and joined by id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from connector.record import ABSENT
from connector.salesforce.columns import Columns, joined
from connector.sandbox.serve import Sandbox, start
from connector.sandbox.switchboard import Fault
from connector.sandbox.world import World

from .cases import HOUR, latest, window
from .salesforce_bulk_rig import BulkRig, ids_of
from .salesforce_rig import SalesforceRig

WIDE = "Wide__c"
NAMES = [f"A_Field_With_Quite_A_Long_Name_{number:03}__c" for number in range(700)]
STAMP = "2026-01-01T00:00:00.000+0000"
WORLD = World(
    salesforce={
        "schema": {WIDE: {"fields": {name: {"type": "string", "length": 20} for name in NAMES}}},
        "objects": {
            WIDE: [
                {
                    "Name": f"row {number}",
                    "SystemModstamp": STAMP,
                    **{name: f"{number} {name[-6:-3]}" for name in NAMES},
                }
                for number in range(25)
            ]
        },
    }
)


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with start(WORLD) as running:
        yield running


@pytest.fixture
def wide(server: Sandbox) -> SalesforceRig:
    crm = server.salesforce
    crm.switchboard.offset = timedelta()
    for kept in (crm.switchboard.settings, crm.switchboard.faults, crm.switchboard.calls):
        kept.clear()
    crm.org = type(crm.org)(WORLD.salesforce, crm.switchboard)
    return SalesforceRig(server)


def whole(wide: SalesforceRig, rows: dict[str, object]) -> bool:
    return len(rows) == 25 and all(
        record.values[1:] == tuple(f"{str(record.values[0])[4:]} {name[-6:-3]}" for name in NAMES)
        for record in rows.values()  # type: ignore[attr-defined]
    )


def test_one_query_for_all_of_it_is_refused(wide: SalesforceRig) -> None:
    soql = f"SELECT Id, {', '.join(NAMES)} FROM {WIDE}"
    url = f"{wide.sandbox.salesforce_url}/services/data/v62.0/query"
    assert wide._person.get(url, params={"q": soql}, timeout=5).status_code == 414


def test_seven_hundred_fields_are_read_in_parts_and_joined(wide: SalesforceRig) -> None:
    pages = window(wide.crm, WIDE, ["Name", *NAMES])
    assert [len(page.records) for page in pages] == [10, 10, 5], "all of one stamp, page by page"
    assert whole(wide, latest(pages))
    found = wide.crm.read(WIDE, list(latest(pages)), ["Name", *NAMES])
    assert whole(wide, {record.ref.id: record for record in found})


def test_a_row_that_changes_between_the_parts_comes_whole_in_the_next_window(wide: SalesforceRig) -> None:
    wide.switchboard.settings["page_size"] = 100
    row = next(iter(latest(window(wide.crm, WIDE, ["Name"]))))
    wide.advance(HOUR)
    edited = False

    def edit_between(method: str, text: str) -> Fault | None:
        nonlocal edited
        if "Id >= " in text and not edited:
            edited = True
            table = wide.sandbox.salesforce.org.tables.table(wide.sandbox.salesforce.org.schema.object(WIDE))
            moment = (wide.switchboard.now()).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
            table.rows[row].update({NAMES[0]: "new", NAMES[-1]: "new", "SystemModstamp": moment})
        return None

    board = wide.switchboard
    board.strike = edit_between  # type: ignore[method-assign]
    try:
        pages = window(wide.crm, WIDE, ["Name", *NAMES])
    finally:
        del board.strike  # type: ignore[method-assign]
    assert edited
    assert row not in latest(pages), "no mixture of two versions"
    wide.advance(60)
    found = latest(window(wide.crm, WIDE, [NAMES[0], NAMES[-1]], pages[-1].cursor))
    assert found[row].values == ("new", "new")


def test_a_field_of_a_later_part_that_is_hidden_meanwhile_is_absent(wide: SalesforceRig) -> None:
    wide.crm.describe(WIDE)
    wide.hide(WIDE, NAMES[-1])
    found = latest(window(wide.crm, WIDE, NAMES))
    assert {record.values[-1] for record in found.values()} == {ABSENT}
    assert all(ABSENT not in record.values[:-1] for record in found.values())


def test_a_job_takes_all_the_fields_at_once(wide: SalesforceRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.salesforce.query.worth", lambda left, page: left > 0)
    bulk = BulkRig(wide)
    pages = window(bulk.crm, WIDE, ["Name", *NAMES])
    assert ids_of(pages) == Counter(latest(pages).keys())
    assert whole(wide, latest(pages))
    assert bulk.jobs()["POST"] == 1


def test_few_fields_are_one_query() -> None:
    types = dict.fromkeys(NAMES[:100], "text")
    columns = Columns("sf", WIDE, tuple(types), types, "SystemModstamp", ())  # type: ignore[arg-type]
    assert len(columns.parts()) == 1
    assert Columns("sf", WIDE, (), {}, "SystemModstamp", ()).parts() == [("Id", "SystemModstamp")]


def test_joining_keeps_only_rows_that_every_part_has() -> None:
    first = [("1", "s", "a", ABSENT), ("2", "s", "b", ABSENT), ("3", "s", "c", ABSENT)]
    second = [("3", "s", ABSENT, "z"), ("1", "s", ABSENT, None), ("9", "s", ABSENT, "y")]
    assert list(joined(first, [second])) == [("1", "s", "a", None), ("3", "s", "c", "z")]
