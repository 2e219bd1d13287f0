"""Which field of an org is which of our words? The first guess, its reasons, and what it leaves to a person."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.record import FieldInfo, FieldType
from sync.mapping.form import MappingForm, parse
from sync.mapping.layers import extended
from sync.mapping.likeness import likeness, spaced, word_for
from sync.suggest import Org, Suggestion, as_mapping, suggest

FOLDER = Path(__file__).resolve().parents[2] / "mappings"


def shipped(name: str) -> MappingForm:
    form, problems = parse(name, tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8")))
    assert form is not None, problems
    return form


ACCOUNT = shipped("sf-account")


def info(name: str, label: str = "", kind: FieldType = FieldType.TEXT, *options: str) -> FieldInfo:
    return FieldInfo(name, label or name, kind, options=options)


def as_shipped(form: MappingForm = ACCOUNT) -> list[FieldInfo]:
    """Fields with the shipped names and with types that fit."""
    kinds = {
        "flag": FieldType.BOOLEAN,
        "day": FieldType.DATE,
        "moment": FieldType.DATETIME,
        "money": FieldType.NUMBER,
    }
    from sync.mapping.paths import PATHS

    return [
        info(block.names[0], kind=kinds.get(PATHS[form.canonical][block.canonical].transform, FieldType.TEXT))
        for block in form.field
    ]


def found(org: Org, form: MappingForm = ACCOUNT) -> Mapping[str, Suggestion]:
    return {each.path: each for each in suggest(form, org)}


def without(*names: str) -> list[FieldInfo]:
    return [each for each in as_shipped() if each.name not in names]


def test_an_org_with_the_shipped_names_needs_no_mapping_of_its_own() -> None:
    suggestions = suggest(ACCOUNT, Org(as_shipped()))
    assert as_mapping(ACCOUNT, suggestions, "Account") is None
    assert not any(each.doubt for each in suggestions)


@pytest.mark.parametrize(
    ("gone", "path", "there"),
    [
        ("Partner_Tier__c", "tier", info("Channel_Level__c", "Partner level", FieldType.CHOICE, "Gold", "Silver")),
        ("Agreement_End__c", "agreement_end", info("X1__c", "Contract end", FieldType.DATE)),
        ("Website", "domain", info("Homepage__c", "Web site")),
        ("BillingPostalCode", "postal_code", info("Zip_Code__c")),
    ],
)
def test_a_renamed_field_is_found_by_its_name_or_its_label(gone: str, path: str, there: FieldInfo) -> None:
    suggestion = found(Org([*without(gone), there]))[path]
    assert suggestion.remote[0].removesuffix("?") == there.name
    assert there.label in suggestion.reason


def test_a_field_of_another_type_is_not_taken_for_it() -> None:
    org = Org([*without("Agreement_End__c"), info("Agreement_End_Text__c", "Agreement end")])
    suggestion = found(org)["agreement_end"]
    assert suggestion.remote == ()
    assert suggestion.doubt == "no field looks like it"


def test_a_field_with_the_shipped_name_and_another_type_is_said() -> None:
    suggestion = found(Org([*without("Agreement_End__c"), info("Agreement_End__c")]))["agreement_end"]
    assert suggestion.remote == ()
    assert suggestion.doubt == "Agreement_End__c holds text, not day"


def test_what_the_package_brings_is_kept_until_it_is_there() -> None:
    org = Org(without("Agreement_End__c"), brought={"Agreement_End__c"})
    suggestion = found(org)["agreement_end"]
    assert (suggestion.remote, suggestion.doubt) == (("Agreement_End__c",), "")
    assert "package" in suggestion.reason


def test_two_that_are_as_likely_are_a_doubt_and_the_other_is_named() -> None:
    pair = [
        info("Tier_A__c", "Partner tier", FieldType.CHOICE),
        info("Tier_B__c", "Partner tier", FieldType.CHOICE),
    ]
    suggestion = found(Org([*without("Partner_Tier__c"), *pair]))["tier"]
    assert suggestion.remote == ("Tier_A__c",)
    assert suggestion.doubt == "Tier_B__c is as likely"
    assert suggestion.others == ("Tier_B__c",)


def test_sample_values_tell_two_alike_apart() -> None:
    pair = [info("Partner_End_A__c", "Partner tier"), info("Partner_End_B__c", "Partner tier")]
    texts = {"Partner_End_A__c": ["12", "7"], "Partner_End_B__c": ["Gold", "Silver"]}
    suggestion = found(Org([*without("Partner_Tier__c"), *pair], texts))["tier"]
    assert suggestion.remote == ("Partner_End_B__c",)
    assert suggestion.doubt == ""


def test_what_we_write_is_never_guessed() -> None:
    form = shipped("sf-opportunity")
    near = info("Deal_Registration_Status__c", "Deal Reg Status", FieldType.CHOICE)
    fields = [each for each in as_shipped(form) if each.name != "Deal_Reg_Status__c"]
    suggestion = found(Org([*fields, near], brought={"Deal_Reg_Status__c"}), form)["registration_status"]
    assert suggestion.remote == ("Deal_Reg_Status__c",)


def test_values_that_are_spelt_like_our_words_are_mapped_and_the_others_are_asked() -> None:
    level = info("Partner_Tier__c", "", FieldType.CHOICE, "Gold Partner", "SILVER", "Golden", "Entry")
    suggestion = found(Org([*without("Partner_Tier__c"), level]))["tier"]
    assert suggestion.values == {"Gold Partner": "GOLD", "SILVER": "SILVER"}
    assert suggestion.unknown == ("Golden", "Entry")
    assert suggestion.hints == {"Golden": "GOLD"}
    assert suggestion.doubt == "what is Golden, Entry?"


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("Closed - Won", "WON"),
        ("closedwon", "WON"),
        ("Closed", ""),
        ("1 - Proposal", "BIZ_VALIDATION"),
        ("Resale", ""),
    ],
)
def test_a_value_has_a_word_only_where_its_spelling_says_so(value: str, word: str) -> None:
    known = {"Closed Won": "WON", "Closed Lost": "LOST", "Proposal": "BIZ_VALIDATION"}
    assert word_for(value, ("WON", "LOST", "BIZ_VALIDATION", "PRESALES"), known) == word


def test_names_are_compared_by_their_words() -> None:
    assert spaced("Channel_Level__c") == spaced("channelLevel") == "channel level"
    assert likeness("Level_Of_Partner__c", "partner of level") == 100


def test_the_file_holds_only_what_differs_and_is_a_sound_mapping() -> None:
    level = info("Channel_Level__c", "Partner level", FieldType.CHOICE, "Gold Partner", "Silver Partner")
    fields = [*without("Partner_Tier__c", "DunsNumber", "Industry"), level]
    content = as_mapping(ACCOUNT, suggest(ACCOUNT, Org(fields)), "Company__c")
    assert content is not None
    assert content["object"] == "Company__c"
    assert content["drop"] == ["industry"]
    assert [block["canonical"] for block in content["field"]] == ["tier"]
    base = tomllib.loads((FOLDER / "sf-account.toml").read_text("utf-8"))
    form, problems = parse("sf-account", extended(base, content))
    assert problems == []
    assert form is not None
    assert {"tier", "name"} <= {block.canonical for block in form.field}


NAMES = st.lists(st.sampled_from(["Level__c", "Zip__c", "End__c", "Web__c", "Partner__c", "Class__c"]), unique=True)


@given(NAMES, st.randoms())
def test_no_order_of_the_fields_changes_a_suggestion_and_no_field_is_taken_twice(
    names: list[str], dice: object
) -> None:
    fields = [replace(info(name), type=FieldType.CHOICE) for name in names] + without("Partner_Tier__c", "Website")
    mixed = list(fields)
    dice.shuffle(mixed)  # type: ignore[attr-defined]
    one, other = suggest(ACCOUNT, Org(fields)), suggest(ACCOUNT, Org(mixed))
    assert one == other
    taken = [name for each in one for name in each.remote]
    assert len(taken) == len(set(taken))
