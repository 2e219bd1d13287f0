"""Mappings that are put together and calculated: what is extended, overlaid, defaulted, guarded, tested?"""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from connector.record import ABSENT, Record, Ref, Value
from sync.commands import write_new
from sync.config import load
from sync.lint import lint
from sync.mapping.fieldmap import FieldMap, compile_form
from sync.mapping.form import MappingForm, parse
from sync.mapping.proof import failures
from sync.model.money import Money
from sync.model.problem import BadInput

STAMP = datetime(2026, 11, 24, tzinfo=UTC)
OWN = """
extends = "sf-opportunity"
drop = ["source", "direct_engaged_at"]
schema = 1
id = "sf-opportunity"
[types]
Probability = "number"
Fiscal_Day__c = "day"
[[field]]
canonical = "amount"
remote = ["Net__c", "CurrencyIsoCode"]
[[field]]
canonical = "pipeline"
expr = "(Probability ?? 0) > 50 ? $upper(Name ?? '') : 'early'"
[[field]]
canonical = "last_activity"
expr = "$add_days(Fiscal_Day__c ?? d'2026-01-01', 1)"
[[field]]
canonical = "type"
remote = "Type"
picklist = "type"
default = "New"
[[field]]
canonical = "protection_end"
remote = "Protection_End__c"
direction = "out"
owner = "engine"
null = "keep"
[[field]]
canonical = "split_summary"
remote = "Split_Summary__c"
direction = "out"
owner = "engine"
write_if = "(Locked__c ?? '') != 'yes'"
[picklist.type.map]
New = "NEW"
[[test]]
name = "nothing is known of the type"
given = { Net__c = 1000.5, CurrencyIsoCode = "EUR", Probability = 80, Name = "Acme" }
expect = { type = "NEW", amount = "1000.50 EUR", pipeline = "ACME", last_activity = "2026-01-02", won = false }
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_new(tmp_path)
    return tmp_path


def extend(home: Path, text: str = OWN) -> FieldMap:
    (home / "mappings/sf-opportunity.toml").write_text(text, "utf-8")
    found = load(home).mappings.for_kind("sf", "opportunity")
    assert found is not None
    return found


def record(field_map: FieldMap, **values: Value) -> Record:
    return Record(Ref("sf", "Opportunity", "006"), STAMP, tuple(values.get(name) for name in field_map.fields))


def places(home: Path) -> list[str]:
    with pytest.raises(BadInput) as refused:
        load(home)
    return [problem.where for problem in refused.value.problems]


def test_an_extended_mapping_holds_what_differs_and_the_rest_of_the_shipped_one(home: Path) -> None:
    before = {rule.path: rule.remotes for rule in load(home).mappings.of("sf", "Opportunity").rules}  # type: ignore[union-attr]
    after = {rule.path: rule.remotes for rule in extend(home).rules}
    assert before.keys() - after.keys() == {"source", "direct_engaged_at"}
    assert after["amount"] == ("Net__c", "CurrencyIsoCode")
    assert after["stage"] == before["stage"]


def test_a_mapping_of_the_own_folder_can_be_extended(home: Path) -> None:
    text = (home / "mappings/sf-opportunity.toml").read_text("utf-8")
    (home / "mappings/ours.toml").write_text(
        text.replace('id = "sf-opp', 'status = "paused"\nid = "ours-sf-opp'), "utf-8"
    )
    extend(home, 'extends = "ours"\nid = "sf-opportunity"\nstatus = "active"\ndrop = ["source"]\n')
    assert "source" not in {rule.path for rule in load(home).mappings.of("sf", "Opportunity").rules}  # type: ignore[union-attr]


def test_what_is_extended_does_not_extend_another(home: Path) -> None:
    (home / "mappings/ours.toml").write_text('extends = "sf-user"\nid = "ours"\n', "utf-8")
    (home / "mappings/sf-opportunity.toml").write_text('extends = "ours"\nid = "sf-opportunity"\n', "utf-8")
    assert places(home) == ["mappings/sf-opportunity.toml: extends"]


def test_an_overlay_renames_in_its_environment_and_nowhere_else(home: Path) -> None:
    (home / "mappings/overlays").mkdir()
    (home / "mappings/overlays/prod.toml").write_text(
        '[sf-opportunity]\nobject = "Opportunity2"\n'
        'remote = { CurrencyIsoCode = "Currency__c", Name = "Title__c" }\n',
        "utf-8",
    )
    assert load(home).mappings.of("sf", "Opportunity2") is None
    config = home / "config.toml"
    config.write_text(config.read_text("utf-8").replace('environment = ""', 'environment = "prod"'), "utf-8")
    found = load(home).mappings.of("sf", "Opportunity2")
    assert found is not None
    assert {"Currency__c", "Title__c"} <= set(found.fields)
    assert "Name" not in found.fields
    assert found.may_miss("Currency__c")


def test_an_overlay_renames_in_expressions_their_types_and_the_scope_and_never_in_quotation_marks(
    home: Path,
) -> None:
    scope = "[scope]\nwhere = \"(Name ?? '') != 'Name'\"\n"
    (home / "mappings/sf-opportunity.toml").write_text(OWN + scope, "utf-8")
    (home / "mappings/overlays").mkdir()
    (home / "mappings/overlays/prod.toml").write_text(
        '[sf-opportunity]\nremote = { Name = "Title__c", Probability = "Chance__c", Net__c = "Worth__c" }\n',
        "utf-8",
    )
    config = home / "config.toml"
    config.write_text(config.read_text("utf-8").replace('environment = ""', 'environment = "prod"'), "utf-8")
    found = load(home).mappings.of("sf", "Opportunity")
    assert found is not None
    assert found.scope is not None
    assert found.scope.text == "(Title__c ?? '') != 'Name'"
    assert found.remotes("pipeline") == ("Chance__c", "Title__c")
    assert not {"Name", "Probability", "Net__c"} & set(found.fields)
    assert lint(home) == []


def test_faults_of_an_overlay_are_all_named(home: Path) -> None:
    (home / "mappings/overlays").mkdir()
    (home / "mappings/overlays/prod.toml").write_text(
        '[sf-oportunity]\nobject = "A"\n[sf-account]\nremot = { a = "b" }\n'
        '[sf-opportunity]\nremote = { Nam = "b" }\n',
        "utf-8",
    )
    config = home / "config.toml"
    config.write_text(config.read_text("utf-8").replace('environment = ""', 'environment = "prod"'), "utf-8")
    assert set(places(home)) == {
        "mappings/overlays/prod.toml: sf-oportunity",
        "mappings/overlays/prod.toml: sf-account.remot",
        "mappings/sf-opportunity.toml: overlay.remote.Nam",
    }


def test_values_are_calculated_and_defaulted(home: Path) -> None:
    field_map = extend(home)
    row, problems = field_map.read(
        record(
            field_map, Name="Acme", Probability="51", Fiscal_Day__c="2026-02-28", Net__c="5", CurrencyIsoCode="EUR"
        )
    )
    assert not problems
    assert row.values["pipeline"] == "ACME"
    assert row.values["last_activity"] == date(2026, 3, 1)
    assert row.values["type"] == "NEW"
    assert row.values["amount"] == Money.parse("5", "EUR")


def test_nothing_is_calculated_from_a_field_that_cannot_be_read(home: Path) -> None:
    field_map = extend(home)
    row, problems = field_map.read(record(field_map, Name="Acme", Probability=ABSENT, Type=ABSENT))
    assert not problems
    assert not {"pipeline", "type"} & row.values.keys()


def test_what_cannot_be_calculated_is_a_problem_and_the_rest_is_read(home: Path) -> None:
    field_map = extend(home)
    row, [problem] = field_map.read(record(field_map, Name="Acme", Probability="much"))
    assert "Probability is 'much', which is not a number" in problem.what
    assert row.values["name"] == "Acme"


def test_a_field_that_keeps_is_not_cleared(home: Path) -> None:
    written = extend(home).write({"protection_end": None, "primary_partner": None})
    assert written == {"Primary_Partner__c": None}


@pytest.mark.parametrize(("locked", "allowed"), [(None, True), ("no", True), ("yes", False), (ABSENT, False)])
def test_a_guard_leaves_a_field_alone(home: Path, locked: Value, allowed: bool) -> None:
    raw = {"Locked__c": locked}
    assert ("Split_Summary__c" in extend(home).write({"split_summary": "x"}, raw)) is allowed


def test_a_guard_is_asked_for_with_the_record(home: Path) -> None:
    assert "Locked__c" in extend(home).fields


def test_a_constant_needs_no_field() -> None:
    field_map = compile_form(small("expr = \"'Acme'\""), None)
    assert field_map.read(record(field_map))[0].values["name"] == "Acme"


def small(source: str, more: str = "") -> MappingForm:
    text = f"""
schema = 1
id = "x"
connection = "sf"
object = "Opportunity"
canonical = "opportunity"
{more}
[[field]]
canonical = "name"
{source}
[[field]]
canonical = "pipeline"
remote = "Pipe"
"""
    form, problems = parse("x.toml", tomllib.loads(text))
    assert form is not None, problems
    return form


def test_the_version_is_what_a_file_means_not_how_it_is_written() -> None:
    one = small('remote = "Name"')
    assert one.version == small('remote = "Name"\nnotes = "why"', 'title = "T"\nnotes = "N"').version
    turned = MappingForm.model_validate(
        one.model_dump(by_alias=True) | {"field": [f.model_dump() for f in one.field[::-1]]}
    )
    assert turned.version == one.version
    assert small('remote = "Title"').version != one.version
    assert small('remote = "Name"\ndefault = "-"').version != one.version


@pytest.mark.parametrize(
    ("expected", "sentence"),
    [
        ('expect = { amount = "1 EUR" }', "amount is '1000.5 EUR', and '1 EUR' is expected"),
        ('expect = { type = "RENEWAL" }', "type is 'NEW', and 'RENEWAL' is expected"),
        ('expect = { stage = "WON" }', "stage could not be read: 'Won' is not in the picklist map"),
        ('refused = ["won"]', "won is False, and a problem is expected"),
    ],
)
def test_a_test_that_fails_says_what_it_found(home: Path, expected: str, sentence: str) -> None:
    lines = OWN.replace('Name = "Acme"', 'Name = "Acme", StageName = "Won"').splitlines()
    extend(home, "\n".join(expected if line.startswith("expect") else line for line in lines))
    forms, _ = parse_file(home)
    [test] = forms.test
    assert any(sentence in said for said in failures(compile_form(forms, None), test))


def parse_file(home: Path) -> tuple[MappingForm, list[str]]:
    from sync.sources import each_mapping

    forms = dict(each_mapping(home, "mappings", "", []))
    return forms["mappings/sf-opportunity.toml"], []


def test_a_test_that_passes_says_nothing(home: Path) -> None:
    extend(home)
    form, _ = parse_file(home)
    assert [*failures(compile_form(form, None), form.test[0])] == []
