"""HubSpot's spellings in ours."""

from __future__ import annotations

import msgspec
import pytest

from connector.hubspot.answers import Modification, Option, Property, Row
from connector.hubspot.currencies import Rates
from connector.hubspot.decode import field_info, text
from connector.hubspot.links import text as ids_text
from connector.hubspot.select import MERGED, Selection
from connector.record import FieldType


@pytest.mark.parametrize(
    ("type_", "raw", "expected"),
    [
        ("number", "1234.50", "1234.5"),
        ("number", "0.200000000000000011102230246251565404236316680908203125", None),
        ("number", "1E+3", "1000"),
        ("number", "-0.00", "0"),
        ("number", "12345678901234567890", "12345678901234567890"),
        ("number", "abc", "abc"),
        ("bool", "TRUE", "true"),
        ("bool", "false", "false"),
        ("date", "2026-02-28", "2026-02-28"),
        ("date", "1772236800000", "2026-02-28"),
        ("date", "2026-02-28T00:00:00Z", "2026-02-28"),
        ("datetime", "2026-11-24T09:30:00Z", "2026-11-24T09:30:00Z"),
        ("datetime", "2026-11-24T09:30:00.000Z", "2026-11-24T09:30:00Z"),
        ("datetime", "2026-11-24T09:30:00.120Z", "2026-11-24T09:30:00.120000Z"),
        ("datetime", "1795512600000", "2026-11-24T09:30:00Z"),
        ("datetime", "1795512600007", "2026-11-24T09:30:00.007000Z"),
        ("datetime", "soon", "soon"),
        ("enumeration", "a;b", "a;b"),
        ("string", " 007 ", " 007 "),
        ("phone_number", "+49 1", "+49 1"),
    ],
)
def test_values_are_read_by_the_property_type(type_: str, raw: str, expected: str | None) -> None:
    assert text(type_, raw) == (raw if expected is None else expected)


@pytest.mark.parametrize("type_", ["number", "bool", "date", "datetime", "string", "enumeration"])
def test_empty_is_none_in_every_type(type_: str) -> None:
    assert text(type_, "") is None
    assert text(type_, None) is None


@pytest.mark.parametrize(
    ("type_", "field_type", "reference", "expected"),
    [
        ("datetime", "date", None, FieldType.DATETIME),
        ("enumeration", "select", None, FieldType.CHOICE),
        ("enumeration", "checkbox", None, FieldType.CHOICES),
        ("enumeration", "select", "OWNER", FieldType.REFERENCE),
        ("bool", "booleancheckbox", None, FieldType.BOOLEAN),
        ("json", "text", None, FieldType.TEXT),
    ],
)
def test_types_are_described_by_type_never_by_field_type(
    type_: str, field_type: str, reference: str | None, expected: FieldType
) -> None:
    assert field_info(Property("p", "P", type_, field_type, referenced_object_type=reference)).type is expected


@pytest.mark.parametrize(("calculated", "read_only"), [(True, False), (False, True), (True, True)])
def test_calculated_and_read_only_properties_are_not_writable(calculated: bool, read_only: bool) -> None:
    plain = Property("p", "P", "string", "text", options=[Option("a")], has_unique_value=True)
    assert field_info(plain).writable
    assert (field_info(plain).unique, field_info(plain).options) == (True, ("a",))
    closed = Property(
        "p", "P", "string", calculated=calculated, modification_metadata=Modification(read_only_value=read_only)
    )
    assert not field_info(closed).writable


def test_associated_ids_are_in_the_order_of_their_numbers() -> None:
    assert ids_text({"10", "9", "442222359747"}) == "9;10;442222359747"
    assert ids_text([]) is None


def test_both_lists_of_merged_records_are_believed_and_each_is_named_once() -> None:
    names = {"hs_merged_object_ids": "11;12", "hs_calculated_merged_vids": "12:1700000000000;13:1700000000000;7:1"}
    row = Row("7", {**names, "lastmodifieddate": "2026-11-24T09:30:00Z"})
    chosen = Selection("hs", "contacts", (), {}, {}, merges=MERGED)
    gone = list(chosen.merged_away(row))
    assert [(record.ref.id, record.merged_into, record.deleted) for record in gone] == [
        (loser, "7", True) for loser in ("11", "12", "13")
    ]
    assert list(chosen.merged_away(Row("8", {"lastmodifieddate": "2026-11-24T09:30:00Z"}))) == []


def test_a_rate_keeps_every_digit_of_its_json_number() -> None:
    sent = b"""{"results": [{"id": "1", "fromCurrencyCode": "EUR", "toCurrencyCode": "USD",
        "conversionRate": 1.10000000000000000001, "effectiveAt": "", "updatedAt": ""}]}"""
    [rate] = msgspec.json.decode(sent, type=Rates).results
    assert str(rate.conversion_rate) == "1.10000000000000000001"
