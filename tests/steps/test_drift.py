"""A CRM's schema changes under a mapping: which field rests, what is said, and is nothing ever cleared?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.memory import MemoryCrm
from connector.record import FieldInfo, FieldType
from sync.commands import write_new
from sync.config import load
from sync.drift import Rest, accept, differences, news, pull_schema, rested, resting
from sync.mapping.fieldmap import Mappings
from sync.store.opening import Store, open_store

NOW = datetime(2026, 11, 24, tzinfo=UTC)
KIND = "Opportunity"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store("sqlite:///s.db", tmp_path)


@pytest.fixture
def mappings(tmp_path: Path) -> Mappings:
    write_new(tmp_path / "home")
    field_map = load(tmp_path / "home").mappings.of("sf", KIND)
    assert field_map is not None
    return Mappings((field_map,))


def described(mappings: Mappings) -> dict[str, FieldInfo]:
    """Every mapped field as the org had it when the mapping was made."""
    kinds = {"Amount": FieldType.NUMBER, "Deal_Reg_Status__c": FieldType.CHOICE}
    status = tuple(next(r for r in mappings.all[0].rules if r.path == "registration_status").setting.choices.map)
    return {
        name: FieldInfo(
            name,
            name.replace("_", " "),
            kinds.get(name, FieldType.TEXT),
            options=status if name == "Deal_Reg_Status__c" else (),
        )
        for name in mappings.all[0].fields
    }


def look(store: Store, mappings: Mappings, fields: dict[str, FieldInfo]) -> list[Rest]:
    crm = MemoryCrm("sf", {KIND: tuple(fields.values())}, now=lambda: NOW)
    assert pull_schema({"sf": crm}, mappings, store, NOW) == []
    with store.read() as connection:
        return resting(connection, mappings)


def changed(fields: dict[str, FieldInfo], name: str, **values: object) -> dict[str, FieldInfo]:
    return {**fields, name: replace(fields[name], **values)}  # type: ignore[arg-type]


def test_nothing_rests_before_something_changes(store: Store, mappings: Mappings) -> None:
    fields = described(mappings)
    assert look(store, mappings, fields) == []
    assert look(store, mappings, fields) == []


def test_a_renamed_field_rests_alone_and_the_edit_is_named(store: Store, mappings: Mappings) -> None:
    fields = described(mappings)
    look(store, mappings, fields)
    amount = fields.pop("Amount")
    [rest] = look(store, mappings, {**fields, "Net__c": replace(amount, name="Net__c")})
    assert (rest.field, rest.reads, rest.writes) == ("Amount", True, False)
    assert 'remote = "Net__c" in mappings/sf-opportunity.toml' in rest.fix


@pytest.mark.parametrize(
    ("name", "change", "rests", "what"),
    [
        ("Amount", {"type": FieldType.TEXT}, (True, False), "was number and is text"),
        ("Partner_Count__c", {"type": FieldType.NUMBER}, (True, True), "was text and is number"),
        ("Partner_Count__c", {"writable": False}, (False, True), "became read-only"),
        ("Partner_Count__c", {"calculated": True}, (False, True), "became read-only"),
        ("Deal_Reg_Status__c", {"options": ("None", "Approved")}, (False, True), "no longer offers In Review"),
    ],
)
def test_what_rests_is_only_what_changed(
    store: Store, mappings: Mappings, name: str, change: dict[str, object], rests: tuple[bool, bool], what: str
) -> None:
    fields = described(mappings)
    look(store, mappings, fields)
    [rest] = look(store, mappings, changed(fields, name, **change))
    assert (rest.field, (rest.reads, rest.writes)) == (name, rests)
    assert what in rest.what
    assert "mappings/sf-opportunity.toml" in rest.fix


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("Name", {"type": FieldType.CHOICE}),
        ("Name", {"writable": False}),
        ("Name", {"length": 10}),
        (
            "Deal_Reg_Status__c",
            {"options": ("None", "In Review", "In Conflict", "Approved", "Expired", "Won", "Lost", "New")},
        ),
    ],
)
def test_what_changes_nothing_for_the_mapping_rests_nothing(
    store: Store, mappings: Mappings, name: str, change: dict[str, object]
) -> None:
    fields = described(mappings)
    look(store, mappings, fields)
    assert look(store, mappings, changed(fields, name, **change)) == []


def test_a_field_that_comes_back_or_is_accepted_rests_no_longer(store: Store, mappings: Mappings) -> None:
    fields = described(mappings)
    look(store, mappings, fields)
    odd = changed(fields, "Amount", type=FieldType.TEXT)
    assert look(store, mappings, odd)
    assert look(store, mappings, fields) == []
    assert look(store, mappings, odd)
    with store.write() as connection:
        assert [str(change) for change in differences(connection)] == ["Opportunity.Amount was number and is text"]
        assert accept(connection, NOW) == 1
    assert look(store, mappings, odd) == []


def test_each_alert_is_given_once_and_again_when_it_comes_back(store: Store, mappings: Mappings) -> None:
    fields = described(mappings)
    look(store, mappings, fields)
    odd = changed(fields, "Amount", type=FieldType.TEXT)
    given = []
    for seen in (odd, odd, fields, odd):
        found = look(store, mappings, seen)
        with store.write() as connection:
            given.append([problem.where for problem in news(connection, found)])
    alert = ["sf: Opportunity.Amount (sf-opportunity)"]
    assert given == [alert, [], [], alert]


def test_nothing_is_cleared_while_something_is_not_read(store: Store, mappings: Mappings) -> None:
    fields = described(mappings)
    look(store, mappings, fields)
    said = {"primary_partner": None, "partner_count": 2}
    with store.read() as connection:
        before = rested(connection, mappings)[0].all[0]
    assert before.write(said) == {"Primary_Partner__c": None, "Partner_Count__c": "2"}
    look(store, mappings, changed(fields, "Amount", type=FieldType.TEXT))
    with store.read() as connection:
        after = rested(connection, mappings)[0].all[0]
    assert after.write(said) == {"Partner_Count__c": "2"}
    assert "amount" not in {reader[0] for reader in after.readers}
    assert after.hash == before.hash
