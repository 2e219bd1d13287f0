"""A mapping file: checked as a whole, compiled once, and run in both directions."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime

import pytest

from connector.record import ABSENT, Record, Ref, Value
from sync.mapping.fieldmap import FieldMap, Mappings, compile_form
from sync.mapping.form import MappingForm, parse
from sync.model.money import Money
from sync.model.problem import Problem

STAMP = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
MAPPING = """
schema = 1
id = "sf-opportunity"
connection = "sf"
object = "Opportunity"
canonical = "opportunity"

[[field]]
canonical = "name"
remote = "Name"

[[field]]
canonical = "amount"
remote = ["Amount", "CurrencyIsoCode?"]

[[field]]
canonical = "stage"
remote = "StageName"
picklist = "stage"

[[field]]
canonical = "account"
remote = "AccountId"
refers = "Account"

[[field]]
canonical = "shared_id"
remote = "HubSpot_Deal_Id__c"
refers = "hs:deals"

[[field]]
canonical = "sourced"
remote = "Partner_Sourced__c"
direction = "out"
owner = "engine"

[[field]]
canonical = "protection_end"
remote = "Protection_End__c"
direction = "both"
owner = "engine"

[[field]]
canonical = "registration_status"
remote = "Deal_Reg_Status__c"
direction = "out"
owner = "engine"
picklist = "registration_status"

[picklist.stage.map]
Proposal = "BIZ_VALIDATION"
"Closed Won" = "WON"

[picklist.registration_status.map]
None = "NONE"
Open = "IN_REVIEW"
Dispute = "IN_CONFLICT"
Yes = "APPROVED"
Over = "EXPIRED"
Won = "WON"
Lost = "LOST"
"""
ATTRIBUTION = """
schema = 1
id = "sf-attribution"
connection = "sf"
object = "Partner_Attribution__c"
canonical = "attribution"
key = "Engine_Key__c"

[[field]]
canonical = "key"
remote = "Engine_Key__c"
direction = "out"
owner = "engine"

[[field]]
canonical = "amount"
remote = ["Amount__c", "CurrencyIsoCode?"]
direction = "out"
owner = "engine"
"""


def form(text: str = MAPPING) -> MappingForm:
    parsed, problems = parse("mappings/x.toml", tomllib.loads(text))
    assert parsed is not None, problems
    return parsed


def faults(text: str) -> list[Problem]:
    parsed, problems = parse("mappings/x.toml", tomllib.loads(text))
    assert parsed is None
    return problems


def field_map(text: str = MAPPING, currency: str | None = "EUR") -> FieldMap:
    return compile_form(form(text), currency)


def record(**values: Value) -> Record:
    """A record with these fields; every other field is empty."""
    texts = tuple(values.get(name) for name in field_map().fields)
    return Record(Ref("sf", "Opportunity", "006A"), STAMP, texts)


def test_what_is_asked_for_and_how_it_is_named() -> None:
    compiled = field_map()
    assert compiled.fields[:4] == ("Name", "Amount", "CurrencyIsoCode", "StageName")
    assert [name for name in compiled.fields if compiled.may_miss(name)] == ["CurrencyIsoCode"]
    assert (compiled.id, compiled.canonical, compiled.key) == ("sf-opportunity", "opportunity", None)
    assert field_map(ATTRIBUTION).key == "Engine_Key__c"


def test_reading_a_record() -> None:
    row, problems = field_map().read(
        record(
            Name="Northwind",
            Amount="1000.5",
            CurrencyIsoCode="USD",
            StageName="Proposal",
            AccountId="001A",
            HubSpot_Deal_Id__c="901",
            Protection_End__c="2027-01-31",
        )
    )
    assert problems == []
    assert (row.ref, row.kind, row.stamp) == (Ref("sf", "Opportunity", "006A"), "opportunity", STAMP)
    assert row.values == {
        "name": "Northwind",
        "amount": Money(100_050, "USD"),
        "stage": "BIZ_VALIDATION",
        "account": Ref("sf", "Account", "001A"),
        "shared_id": Ref("hs", "deals", "901"),
        "sourced": False,
        "protection_end": date(2027, 1, 31),
        "registration_status": None,
    }
    assert row.raw["Amount"] == "1000.5"


def test_absent_is_not_empty() -> None:
    row, problems = field_map().read(record(Name=ABSENT, StageName=None, Partner_Sourced__c=ABSENT))
    assert problems == []
    assert "name" not in row.values
    assert "sourced" not in row.values
    assert row.values["stage"] is None
    assert (row.raw["Name"], row.raw["StageName"]) == (ABSENT, None)


def test_an_amount_survives_without_its_currency_field() -> None:
    row, _ = field_map().read(record(Amount="7", CurrencyIsoCode=ABSENT))
    assert row.values["amount"] == Money(700, "EUR")
    row, [problem] = field_map(currency=None).read(record(Amount="7", CurrencyIsoCode=ABSENT))
    assert "amount" not in row.values
    assert "no default currency" in problem.what


def test_a_tombstone_has_no_values() -> None:
    gone = Record(Ref("sf", "Opportunity", "006A"), STAMP, (), deleted=True, merged_into="006B")
    row, problems = field_map().read(gone)
    assert (row.values, problems, row.deleted, row.merged_into) == ({}, [], True, "006B")


def test_a_bad_value_is_one_problem_and_the_rest_is_read() -> None:
    row, problems = field_map().read(record(Name="Northwind", Amount="a lot", StageName="Parked"))
    assert row.values["name"] == "Northwind"
    assert {"amount", "stage"}.isdisjoint(row.values)
    assert [problem.where for problem in problems] == [
        "sf:Opportunity:006A Amount/CurrencyIsoCode",
        "sf:Opportunity:006A StageName",
    ]
    assert [problem.what for problem in problems] == [
        "'a lot' is not an amount",
        "'Parked' is not in the picklist map (known: Closed Won, Proposal)",
    ]
    assert all(problem.fix == "correct the record, or the mapping sf-opportunity" for problem in problems)


def test_only_what_is_ours_is_written() -> None:
    written = field_map().write(
        {
            "name": "Somebody else's",
            "amount": Money(1, "EUR"),
            "sourced": True,
            "protection_end": date(2027, 1, 31),
            "registration_status": "IN_CONFLICT",
            "conflict": True,
        }
    )
    assert written == {
        "Partner_Sourced__c": "true",
        "Protection_End__c": "2027-01-31",
        "Deal_Reg_Status__c": "Dispute",
    }


def test_what_is_not_said_is_not_written_and_nothing_clears() -> None:
    assert field_map().write({}) == {}
    assert field_map().write({"protection_end": None}) == {"Protection_End__c": None}


def test_an_amount_is_written_with_its_currency() -> None:
    written = field_map(ATTRIBUTION).write({"key": "att_1", "amount": Money(11_111_111, "USD")})
    assert written == {"Engine_Key__c": "att_1", "Amount__c": "111111.11", "CurrencyIsoCode": "USD"}


def test_a_word_without_a_value_names_mapping_and_path() -> None:
    with pytest.raises(ValueError, match=r"sf-opportunity: registration_status: no picklist value .* NOWHERE"):
        field_map().write({"registration_status": "NOWHERE"})


def test_three_faults_are_three_problems() -> None:
    broken = MAPPING.replace('"name"', '"nmae"', 1)
    broken = broken.replace('Proposal = "BIZ_VALIDATION"', 'Proposal = "BIZ_VALIDATON"')
    broken = broken.replace('refers = "Account"', "")
    problems = {problem.where: (problem.what, problem.fix) for problem in faults(broken)}
    assert problems == {
        "mappings/x.toml: field.1 (nmae)": ("unknown canonical path", "did you mean 'name'?"),
        "mappings/x.toml: field.3 (stage)": (
            "the picklist maps to 'BIZ_VALIDATON', which is not a word of this path",
            "did you mean 'BIZ_VALIDATION'?",
        ),
        "mappings/x.toml: field.4 (account)": (
            "refers is missing",
            'name the object it points to, e.g. refers = "Account"',
        ),
    }


def test_unknown_keys_are_refused_with_the_right_spelling() -> None:
    misspelt = MAPPING.replace('picklist = "stage"', 'piklist = "stage"').replace("connection", "conection")
    problems = {problem.where: problem.fix for problem in faults(misspelt)}
    assert problems["mappings/x.toml: conection"] == "did you mean 'connection'?"
    assert problems["mappings/x.toml: field.3.piklist"] == "did you mean 'picklist'?"
    assert "mappings/x.toml: connection" in problems


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ('"opportunity"\n', '"oportunity"\n', "canonical", "unknown object 'oportunity'"),
        ('remote = "Name"', 'remote = ["Name", "Nick"]', "field.1 (name)", "2 remote fields, but text takes 1"),
        ('remote = "Name"', 'remote = "Name"\nowner = "engine"', "field.1 (name)", "owner is 'engine'"),
        ('remote = "Name"', 'remote = "Name"\ndirection = "out"', "field.1 (name)", "direction is 'out'"),
        ('remote = "Name"', 'remote = "Name"\npicklist = "stage"', "field.1 (name)", "this path takes no picklist"),
        ('"account"\n', '"name"\n', "field.4 (name)", "the path is mapped twice"),
        ('picklist = "stage"', "", "field.3 (stage)", "its picklist is missing"),
        ('Lost = "LOST"', "", "field.8 (registration_status)", "the picklist has no value for LOST"),
        ("schema = 1", "schema = 2", "schema", "Input should be 1"),
    ],
)
def test_every_fault_names_file_and_key(old: str, new: str, where: str, what: str) -> None:
    assert old in MAPPING
    found = [(problem.where, problem.what) for problem in faults(MAPPING.replace(old, new, 1)) if problem.fix]
    assert (f"mappings/x.toml: {where}", what) in found


def test_a_picklist_that_nobody_uses_is_told() -> None:
    [problem] = faults(MAPPING + '\n[picklist.tier.map]\nGold = "GOLD"\n')
    assert (problem.where, problem.what) == ("mappings/x.toml: picklist.tier", "no field uses this picklist")


def test_the_hash_changes_with_the_file_and_the_currency() -> None:
    hashes = {
        field_map().hash,
        field_map(currency="USD").hash,
        field_map(MAPPING.replace('"Closed Won" =', '"Closed and won" =')).hash,
    }
    assert len(hashes) == 3
    assert field_map().hash == field_map().hash


def test_finding_the_mapping_of_a_record_and_of_one_of_our_objects() -> None:
    deals, attributions = field_map(), field_map(ATTRIBUTION)
    mappings = Mappings((deals, attributions))
    assert mappings.of("sf", "Opportunity") is deals
    assert mappings.for_kind("sf", "attribution") is attributions
    assert mappings.of("hs", "deals") is None
    assert mappings.for_kind("hs", "opportunity") is None
    assert list(mappings.of_connection("sf")) == [deals, attributions]
    assert mappings.hash == Mappings((attributions, deals)).hash != Mappings((deals,)).hash
