"""The examples inside a mapping: do they follow an edit of the fields they speak of, and nothing else?"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from sync.commands import write_new
from sync.config import load
from sync.lint import failed_tests, lint
from sync.mapping.edit import with_field, without_field
from sync.mapping.examples import following, without_example
from sync.mapping.form import parse

SHIPPED = sorted((Path(__file__).resolve().parents[2] / "mappings").glob("*.toml"))

TEXT = """\
schema = 1
id = "m"

[types]
Probability = "number"

[[field]]
canonical = "name"
remote = "Name"

[[field]]
canonical = "amount"
remote = ["Amount", "Currency?"]

# A deal as it was in May.
[[test]]
name = "Name = what it is called" # asked by RevOps
given = { Name = "Name = x", Amount = 1, Currency = "EUR", Probability = 5 }
expect = { name = "Name = x", amount = "1 EUR" }

[[test]]
name = "spread out"
refused = ["amount"]

[test.given]
Name = "y" # why
"Amount" = 2

[test.expect]
name = "y"
"""


def examples_of(text: str) -> list[dict[str, Any]]:
    return tomllib.loads(text)["test"]


def renamed(path: str, remote: Any) -> str:
    return following(TEXT, with_field(TEXT, path, {"remote": remote}))


def changed(after: str) -> list[str]:
    before = TEXT.split("\n")
    return [line for line in after.split("\n") if line not in before]


def test_a_value_goes_with_the_field_that_its_path_is_read_from_now() -> None:
    after = renamed("name", "Title__c")
    assert changed(after) == [
        'remote = "Title__c"',
        'given = { Title__c = "Name = x", Amount = 1, Currency = "EUR", Probability = 5 }',
        'Title__c = "y" # why',
    ]


def test_a_name_that_needs_quotes_has_them() -> None:
    assert examples_of(renamed("amount", ["companies#Net value", "Currency?"]))[1]["given"] == {
        "Name": "y",
        "companies#Net value": 2,
    }


def test_two_fields_that_change_places_are_left_as_they_are() -> None:
    assert examples_of(renamed("amount", ["Currency", "Amount"])) == examples_of(TEXT)


def test_a_field_that_another_path_still_reads_is_given_by_both_names() -> None:
    before = with_field(TEXT, "source", {"remote": "Name"})
    given = examples_of(following(before, with_field(before, "name", {"remote": "Title__c"})))[0]["given"]
    assert (given["Name"], given["Title__c"]) == ("Name = x", "Name = x")


def test_what_nobody_reads_any_more_is_not_given() -> None:
    assert "Currency" not in examples_of(renamed("amount", "Amount"))[0]["given"]


def test_a_path_that_is_not_mapped_any_more_is_not_expected() -> None:
    after = following(TEXT, without_field(TEXT, "amount"))
    one, other = examples_of(after)
    assert one["given"] == {"Name": "Name = x", "Probability": 5}
    assert (one["expect"], other["refused"]) == ({"name": "Name = x"}, [])
    assert "# asked by RevOps" in after


def test_a_path_that_is_dropped_of_what_a_file_extends_is_not_expected() -> None:
    own = 'schema = 1\nid = "m"\nextends = "sf-opportunity"\n\n' + TEXT[TEXT.index("# A deal as") :]
    assert [test["expect"] for test in examples_of(following(own, without_field(own, "amount")))] == [
        {"name": "Name = x"},
        {"name": "y"},
    ]


def test_an_edit_of_something_else_leaves_every_letter_of_the_examples() -> None:
    after = with_field(TEXT, "name", {"notes": "why"})
    assert following(TEXT, after) == after


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_field_of_a_shipped_mapping_can_be_renamed_and_its_examples_still_pass(path: Path) -> None:
    before = path.read_text("utf-8")
    for entry in tomllib.loads(before)["field"]:
        remote = entry["remote"]
        fresh = [f"New{name}" for name in ([remote] if isinstance(remote, str) else remote)]
        after = following(before, with_field(before, entry["canonical"], {"remote": fresh}))
        form, problems = parse(path.name, tomllib.loads(after))
        assert form is not None, problems
        assert [*failed_tests(path.name, form)] == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_mapping_has_examples_and_passes_them(path: Path) -> None:
    form, _ = parse(path.name, tomllib.loads(path.read_text("utf-8")))
    assert form is not None
    assert form.test
    assert [*failed_tests(path.name, form)] == []


def test_an_example_goes_with_its_comment_and_nothing_else() -> None:
    after = without_example(TEXT, 1)
    assert after == TEXT[: TEXT.index("# A deal as")] + TEXT[TEXT.index('[[test]]\nname = "spread') :]
    assert examples_of(without_example(TEXT, 2)) == examples_of(TEXT)[:1]
    with pytest.raises(IndexError):
        without_example(TEXT, 3)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_new(tmp_path)
    return tmp_path


def test_an_example_that_speaks_of_what_is_not_mapped_is_said_by_lint_and_stops_nothing(home: Path) -> None:
    file = home / "mappings/sf-opportunity.toml"
    file.write_text(file.read_text("utf-8").replace('remote = "StageName"', 'remote = "Phase__c"'), "utf-8")
    assert load(home).mappings.of("sf", "Opportunity") is not None
    found = lint(home)
    assert {fault.what for fault in found} == {"StageName is given, and no field reads it"}
    lines = file.read_text("utf-8").split("\n")
    assert len(found) == 3
    assert all(lines[fault.line - 1].startswith("given") for fault in found)


def test_an_example_names_fields_as_its_file_does_in_every_environment(home: Path) -> None:
    (home / "mappings/overlays").mkdir()
    (home / "mappings/overlays/prod.toml").write_text('[sf-opportunity]\nremote = { StageName = "Phase__c" }\n')
    config = home / "config.toml"
    config.write_text(config.read_text("utf-8").replace('environment = ""', 'environment = "prod"'), "utf-8")
    assert lint(home) == []
