"""What deals of any portal say, through the shipped mapping: money, time, options, stages, owners, our writes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connector.errors import Rejected
from connector.record import Change, Op
from sync.apply import apply
from sync.mapping.fieldmap import FieldMap
from sync.model.money import Money
from sync.model.plan import FieldChange, PlannedChange
from sync.model.problem import Problem
from sync.model.row import Row
from sync.pull import pull
from sync.store import outbox
from sync.store.opening import Store, open_store
from sync.store.outbox import DONE, TODO
from tests.machine.office import START, paused, shipped
from tests.steps.hubspot_portal import DEAL, HOUR, MINUTE, Bench, bench, live


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store("sqlite:///dealsync.db", tmp_path)
    yield opened
    opened.close()


def mapped(kind: str = "deals") -> FieldMap:
    found = shipped().of("hs", kind)
    assert found is not None
    return found


def portal(about: dict[str, Any] | None = None, **deals: dict[str, str]) -> dict[str, Any]:
    """A portal whose deals have these values, by id."""
    rows = [{"id": name.removeprefix("d"), "properties": {**DEAL, **values}} for name, values in deals.items()]
    return {"portal": about or {}, "objects": {"deals": rows}}


def told(hs: Bench, field_map: FieldMap) -> dict[str, tuple[Row, list[Problem]]]:
    """What a first reading makes of each row, by id."""
    records, _ = hs.read(field_map.object, field_map.fields)
    return {record.ref.id: field_map.read(record) for record in records}


@pytest.mark.parametrize(
    ("amount", "currency", "found"),
    [
        ("1234.5", "EUR", Money(123450, "EUR")),
        ("-3", "EUR", Money(-300, "EUR")),
        ("1234.5", "", Money(123450, "EUR")),  # a portal of one currency: the connection says which
        ("", "EUR", None),
        ("1500", "JPY", Money(1500, "JPY")),
        ("0.200000000000000011102230246251565404236316680908203125", "USD", Money(20, "USD")),
        ("9007199254740993.01", "EUR", Money(900719925474099301, "EUR")),
        ("1E3", "EUR", Money(100000, "EUR")),
    ],
)
def test_an_amount_is_exact_or_said_to_be_none_in_every_spelling(
    amount: str, currency: str, found: Money | None
) -> None:
    with bench(portal(d1={"amount": amount, "deal_currency_code": currency})) as hs:
        row, problems = told(hs, mapped())["1"]
        assert problems == []
        assert row.values["amount"] == found


@pytest.mark.parametrize(
    "zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin", "America/New_York"]
)
def test_a_day_is_the_same_day_in_every_zone_of_an_account_and_an_instant_is_the_same_instant(zone: str) -> None:
    spelt = {
        "1": ("2028-02-29", "2026-03-29T01:59:59.999Z"),  # a leap day; the last of winter time in Berlin
        "2": ("1835308800000", "1774749600000"),  # midnight UTC and an instant, in milliseconds
        "3": ("2999-12-31", "2026-10-25T00:30:00Z"),  # a far future; an hour that comes twice in Berlin
    }
    rows = [
        {"id": name, "properties": {"registration_name": name, "expected_close": day, "submitted_at": instant}}
        for name, (day, instant) in spelt.items()
    ]
    world = {"portal": {"timeZone": zone}, "objects": {"partner_registration": rows}}
    with bench(world) as hs:
        found = live(hs.read("partner_registration", ["expected_close", "submitted_at"])[0])
        assert found == {
            "1": ("2028-02-29", "2026-03-29T01:59:59.999000Z"),
            "2": ("2028-02-28", "2026-03-29T02:00:00Z"),
            "3": ("2999-12-31", "2026-10-25T00:30:00Z"),
        }


@pytest.mark.parametrize(
    ("closes", "day"),
    [
        ("2026-03-31T22:00:00Z", date(2026, 3, 31)),  # in Berlin it is April: the mapping says that UTC counts
        ("2026-03-31T22:00:00.001Z", date(2026, 3, 31)),
        ("1774994400000", date(2026, 3, 31)),
        ("2028-02-29T00:00:00Z", date(2028, 2, 29)),
        ("2099-12-31T23:59:59.999Z", date(2099, 12, 31)),
    ],
)
def test_the_day_a_deal_closes_is_read_from_every_spelling_of_an_instant(closes: str, day: date) -> None:
    answer = {"results": [{"id": "1", "properties": {**DEAL, "closedate": closes}}]}
    with bench(portal({"timeZone": "Europe/Berlin"}, d1={"closedate": closes})) as hs:
        hs.fault(r"objects/2026-09/deals\?", status=200, body=answer)  # as a portal of another version spells it
        for _ in range(2):
            row, problems = told(hs, mapped())["1"]
            assert (row.values["close_date"], problems) == (day, [])


def test_an_option_is_taken_letter_by_letter_its_last_blank_too() -> None:
    channel = {"name": "channel", "type": "enumeration", "options": ["a ", "b"]}
    schema = {"schema": {"deals": {"properties": [channel]}}}
    with bench({**portal(d1={"channel": "a "}, d2={"channel": "b"}), **schema}) as hs:
        assert live(hs.read("deals", ["channel"])[0]) == {"1": ("a ",), "2": ("b",)}
        changes = [Change(f"c{value}", Op.UPDATE, "deals", "2", (("channel", value),)) for value in ("a", "a ")]
        cut, whole = [outcome for change in changes for outcome in hs.crm.write([change])]
        assert isinstance(cut.fault, Rejected)
        assert "channel" in str(cut.fault)
        assert whole.fault is None
        assert live(hs.read("deals", ["channel"])[0])["2"] == ("a ",)


STAGES = [{"id": "991", "label": "Won", "probability": "1.0"}, {"id": "992", "label": "Open", "probability": "0.2"}]
PIPELINES = [
    {"id": "default", "label": "Sales", "stages": [{"id": "contractsent", "label": "Won", "probability": "0.9"}]},
    {"id": "990", "label": "Sales", "stages": STAGES},
]


def test_a_stage_that_nobody_mapped_is_said_of_its_deal_and_the_others_go_on(store: Store) -> None:
    about = {"pipelines": [*PIPELINES]}
    world = portal(
        about, d1={}, d2={"pipeline": "990", "dealstage": "991"}, d3={"pipeline": "990", "dealstage": "992"}
    )
    with bench(world) as hs:
        del about["pipelines"][1]  # archived with its stages: deals stay where they are
        counted, left_out = pull(store, hs.crm, mapped(), START, lambda done: None)
        assert (counted["read"], counted["problems"], left_out) == (3, 2, None)
        rows = told(hs, mapped())
        assert {name: row.values.get("stage") for name, (row, _) in rows.items()} == {
            "1": "COMMITTED",
            "2": None,
            "3": None,
        }
        assert "'991' is not in the picklist map" in str(rows["2"][1])
        assert rows["2"][0].values["won"] is True, "HubSpot itself says what is won"


QUEUE = {"id": "9", "email": None, "firstName": "Inbound", "lastName": "", "userId": None, "type": "QUEUE"}
LEFT = {"id": "8", "email": "b@x.test", "firstName": "B", "lastName": "Z", "userId": 80, "archived": True}


def test_a_deal_of_nobody_known_and_a_deal_of_a_queue_are_read_like_all_others(store: Store) -> None:
    owners = {"1": "", "2": "9", "3": "8", "4": "404"}
    deals = {f"d{name}": {"hubspot_owner_id": owner} for name, owner in owners.items()}
    [people] = [each for each in paused(frozenset({"person"}), "hs") if each.object == "owners"]
    with bench(portal({"owners": [QUEUE, LEFT]}, **deals)) as hs:
        counted, left_out = pull(store, hs.crm, mapped(), START, lambda done: None)
        assert (counted["read"], counted["problems"], left_out) == (4, 0, None)
        assert {name: row.values["owner"] or "" for name, (row, _) in told(hs, mapped()).items()} == owners
        assert all(problems == [] for _, problems in told(hs, people).values())
        assert set(told(hs, people)) == {"8", "9"}


def test_our_own_write_to_a_deal_is_no_news_and_an_edit_of_the_same_minute_is(store: Store) -> None:
    deals, summary = mapped(), "partner_split_summary"
    fields = (FieldChange(summary, None, "ours"),)
    change = PlannedChange("hs", "deals", Op.UPDATE, "id", "1", fields, "", "")
    with bench(portal(d1={})) as hs:
        pull(store, hs.crm, deals, START, lambda done: None)
        hs.advance(HOUR)
        with store.write() as connection:
            outbox.put(connection, "run", "1", [change], START)
            entries = outbox.open_entries(connection, [TODO])
        assert [state for _, state, _ in apply(store, {"hs": hs.crm}, entries, START)] == [DONE]
        hs.advance(MINUTE)
        counted, _ = pull(store, hs.crm, deals, START, lambda done: None)
        assert (counted["read"], counted["changed"]) == (1, 0)
        hs.edit("deals", "1", **{summary: "mine"})
        hs.advance(MINUTE)
        counted, _ = pull(store, hs.crm, deals, START, lambda done: None)
        assert (counted["read"], counted["changed"]) == (1, 1)
