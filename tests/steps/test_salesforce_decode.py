"""How does a value of Salesforce read in our one spelling?"""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.record import ABSENT, FieldType, number_text
from connector.salesforce.columns import Columns
from connector.salesforce.decode import any_text, moment_text, number_of, plain_number

STAMP = "2026-11-24T09:30:00.000+0000"


@pytest.mark.parametrize(
    ("json", "text"),
    [
        ("1234.5", "1234.5"),
        ("100.0", "100"),
        ("100", "100"),
        ("0.0", "0"),
        ("-0.0", "0"),
        ("-0", "0"),
        ("-3.50", "-3.5"),
        ("0.07", "0.07"),
        ("1.0E7", "10000000"),
        ("1.5e-3", "0.0015"),
        ("12345678901234567.89", "12345678901234567.89"),
        ("null", None),
        ("true", "true"),
        ('"1,5"', "1,5"),
    ],
)
def test_numbers_keep_their_digits(json: str, text: str | None) -> None:
    assert number_of(msgspec.Raw(json.encode())) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**18), max_value=10**18))
def test_a_number_reads_as_it_would_be_written(number: Decimal) -> None:
    assert plain_number(str(number)) == number_text(number)
    assert number_of(msgspec.Raw(str(number).encode())) == number_text(number)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (STAMP, "2026-11-24T09:30:00Z"),
        ("2026-11-24T09:30:00.000Z", "2026-11-24T09:30:00Z"),
        ("2026-11-24T09:30:00.500+0000", "2026-11-24T09:30:00.500000Z"),
        ("2026-11-24T11:30:00.000+0200", "2026-11-24T09:30:00Z"),
    ],
)
def test_moments_are_utc(text: str, canonical: str) -> None:
    assert moment_text(text) == canonical


@pytest.mark.parametrize(
    ("value", "text"),
    [("x", "x"), ("", None), (None, None), (True, "true"), (7, "7"), (Decimal("1.50"), "1.5"), ([1], "[1]")],
)
def test_a_field_of_unknown_type_passes_as_its_text(value: object, text: str | None) -> None:
    assert any_text(value) == text


@pytest.mark.parametrize(
    "asked", [("Name", "Flag"), ("Flag", "Name", "Flag"), ("Id", "Name", "SystemModstamp"), ()]
)
def test_values_stand_in_the_order_asked_whatever_is_asked(asked: tuple[str, ...]) -> None:
    known = {"Name": FieldType.TEXT, "Flag": FieldType.BOOLEAN, "Id": FieldType.ID}
    known["SystemModstamp"] = FieldType.DATETIME
    types = {name: known[name] for name in asked}
    columns = Columns("sf", "X", asked, types, "SystemModstamp", ("IsDeleted",))
    row = {"Id": "006", "SystemModstamp": STAMP, "IsDeleted": False, "Name": "n", "Flag": False}
    sent = {name: row[name] for name in columns.parts()[0]}
    page = columns.page.decode(msgspec.json.encode({"done": True, "records": [sent]}))
    [record] = columns.from_json(map(msgspec.structs.astuple, page.records))
    spelt = {"Id": "006", "SystemModstamp": "2026-11-24T09:30:00Z", "Name": "n", "Flag": "false"}
    assert record.values == tuple(spelt[name] for name in asked)


def test_a_field_that_an_answer_lacks_is_absent_and_one_that_is_null_is_empty() -> None:
    types = {"A": FieldType.NUMBER, "B": FieldType.TEXT, "C": FieldType.BOOLEAN, "D": FieldType.DATETIME}
    columns = Columns("sf", "X", ("A", "B", "C", "D", "Hidden"), types, "SystemModstamp", ())
    for sent, values in (({}, ABSENT), (dict.fromkeys(types), None)):
        body = {"done": True, "records": [{"Id": "006", "SystemModstamp": STAMP, **sent}]}
        [record] = columns.from_json(
            map(msgspec.structs.astuple, columns.page.decode(msgspec.json.encode(body)).records)
        )
        assert record.values == (values,) * 4 + (ABSENT,)
