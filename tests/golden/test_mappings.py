"""The shipped mappings say what their README and the reference schema say, and nothing in them is forgotten."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from sync.expressions import FUNCTIONS, compile_expression
from sync.mapping.fieldmap import compile_form
from sync.mapping.form import FieldForm, MappingForm, PicklistForm, ScopeForm, TestForm, parse
from sync.mapping.layers import OverlayForm
from sync.mapping.paths import PATHS, label_path
from sync.mapping.proof import plain
from sync.mapping.transforms import TRANSFORMS
from sync.model.registration import Role

FOLDER = Path(__file__).resolve().parents[2] / "mappings"
SHIPPED = sorted(FOLDER.glob("*.toml"))
README = (FOLDER / "README.md").read_text("utf-8")
REFERENCE: Mapping[str, Mapping[str, Any]] = json.loads(
    Path(__file__).with_name("reference_fields.json").read_text("utf-8")
)
OBJECTS = [(connection, name) for connection, objects in REFERENCE.items() for name in objects]
UNUSED = {"OpportunityPartner", "User", "OpportunityHistory", "DatedConversionRate", "ProcessInstance"}
UNUSED |= {"owners", "exchange_rates", "OpportunitySplit", "deal_splits"}


def form_of(path: Path) -> MappingForm:
    form, problems = parse(path.name, tomllib.loads(path.read_text("utf-8")))
    assert form is not None, "\n".join(map(str, problems))
    return form


def by_default(form: MappingForm) -> MappingForm:
    """As it is where config.toml switches no projection on."""
    return form.model_copy(update={"field": tuple(field for field in form.field if field.projection is None)})


FORMS = {(form.connection, form.object): by_default(form) for form in map(form_of, SHIPPED)}


def remotes(form: MappingForm, owner: str) -> set[str]:
    """The CRM's names of the fields of one owner."""
    return {name.removesuffix("?") for field in form.field if field.owner == owner for name in field.remote}


def table(heading: str, number: int = 0) -> list[list[str]]:
    """The rows of a table of the README below a heading; ``number`` counts the tables of that section."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"(?:^\|.*\n?)+", section, re.MULTILINE)
    rows = [re.split(r"(?<!\\)\|", line.strip("|")) for line in blocks[number].strip().splitlines()[2:]]
    return [[cell.strip().replace("\\|", "|") for cell in row] for row in rows]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_file_is_valid_and_compiles(path: Path) -> None:
    form = form_of(path)
    compiled = compile_form(form, "EUR", {field.projection or "" for field in form.field})
    assert form.id == path.stem
    assert (compiled.id, compiled.connection, compiled.object) == (form.id, form.connection, form.object)
    assert len(compiled.rules) == len(form.field)
    assert {name.removesuffix("?") for field in form.field for name in field.remote} == set(compiled.fields)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_file_opens_with_what_it_is_for(path: Path) -> None:
    head = path.read_text("utf-8").split("\n\n")[0].splitlines()
    assert all(line.startswith("# ") for line in head)
    assert 3 <= len(head) <= 7
    assert [line[:10] for line in head if re.match(r"# (Read|Written):", line)] == ["# Read:   ", "# Written:"]


def test_there_is_one_file_for_each_object() -> None:
    assert len(FORMS) == len(SHIPPED)
    more = {("hs", "owners"), ("hs", "exchange_rates"), ("hs", "deal_splits"), ("sf", "OpportunitySplit")}
    assert set(FORMS) == {*OBJECTS, *more}


@pytest.mark.parametrize(("connection", "name"), OBJECTS)
def test_every_field_of_the_reference_schema_is_covered(connection: str, name: str) -> None:
    form, facts = FORMS[connection, name], REFERENCE[connection][name]
    mapped = {remote for owner in ("crm", "filed", "engine") for remote in remotes(form, owner)}
    assert set(facts["fields"]) - mapped == set()
    assert form.key == facts["key"]


@pytest.mark.parametrize(("connection", "name"), OBJECTS)
def test_what_dealsync_owns_is_written_and_nothing_else(connection: str, name: str) -> None:
    form = FORMS[connection, name]
    engine = {field for field, owner in REFERENCE[connection][name]["fields"].items() if owner == "engine"}
    assert remotes(form, "engine") == engine
    written = {remote for rule in compile_form(form, "EUR").rules if rule.writes for remote in rule.remotes}
    assert written == engine


@pytest.mark.parametrize(("connection", "name"), OBJECTS)
def test_what_a_partner_filed_is_marked_as_filed(connection: str, name: str) -> None:
    filed = {field for field, owner in REFERENCE[connection][name]["fields"].items() if owner == "filed"}
    assert remotes(FORMS[connection, name], "filed") == filed


def test_what_nothing_is_judged_by_is_paused_and_may_be_missing() -> None:
    paused = {name for (_, name), form in FORMS.items() if form.status == "paused"}
    optional = {name for (_, name), form in FORMS.items() if form.optional}
    assert paused == optional == UNUSED
    assert all(FORMS[place].notes for place in FORMS if place[1] in UNUSED)
    told = README.partition("## Objects that are paused")[2].partition("\n## ")[0]
    assert {form.id for form in FORMS.values() if f"`{form.id}.toml`" in told} == {
        form.id for form in FORMS.values() if form.status == "paused"
    }


def test_every_object_of_ours_has_a_mapping() -> None:
    assert {form.canonical for form in FORMS.values()} == set(PATHS)


@pytest.mark.parametrize("form", FORMS.values(), ids=lambda form: form.id)
def test_what_refers_to_another_record_names_a_mapped_object(form: MappingForm) -> None:
    targets = [(field.refers or "").rpartition(":") for field in form.field if field.refers]
    assert {(connection or form.connection, name) for connection, _, name in targets} <= set(FORMS)


def test_what_only_a_projection_writes_is_dealsync_s_own() -> None:
    fields = [field for path in SHIPPED for field in form_of(path).field if field.projection]
    assert {field.canonical for field in fields} <= {label_path(role) for role in Role}
    assert len({field.remote for field in fields}) == len(fields) > 3


def test_the_table_of_files_is_complete() -> None:
    rows = [line.split(" | ") for line in README.splitlines() if re.match(r"\| `[\w-]+\.toml` ", line)]
    told = {(row[0].strip("| `"), row[1], "(paused)" in row[2]) for row in rows}
    assert told == {(f"{form.id}.toml", form.object, form.status == "paused") for form in FORMS.values()}
    assert len(rows) == len(FORMS)


def test_the_table_of_paths_is_true() -> None:
    known = [
        [kind, name, path.transform, "dealsync" if path.ours else "people", ", ".join(path.words)]
        for kind, paths in PATHS.items()
        for name, path in paths.items()
    ]
    assert table("The canonical paths") == known


def test_the_table_of_transforms_is_true() -> None:
    assert table("The transforms") == [[name, transform.sentence] for name, transform in TRANSFORMS.items()]


def keys(model: type[BaseModel]) -> Iterator[str]:
    """The keys of a form that have a row of their own; the blocks inside it have a table of their own."""
    for name, field in model.model_fields.items():
        if name not in ("field", "picklist", "test", "scope") or model is FieldForm:
            yield field.alias or name


@pytest.mark.parametrize(
    ("number", "model"), [(0, MappingForm), (1, FieldForm), (2, PicklistForm), (3, ScopeForm), (4, TestForm)]
)
def test_the_tables_of_keys_are_complete(number: int, model: type[BaseModel]) -> None:
    told = [row[0].strip("`") for row in table("The keys of a file", number)]
    assert sorted(told) == sorted(keys(model))


def test_the_table_of_an_overlay_is_complete() -> None:
    assert [row[0].strip("`") for row in table("One file for several orgs")] == [*keys(OverlayForm)]


def test_the_table_of_functions_says_what_they_do() -> None:
    told = table("Expressions")
    assert [(name, sentence) for name, sentence, *_ in told] == [
        (f"`${name}`", function.sentence) for name, function in FUNCTIONS.items()
    ]
    kinds = {"STRING": "text", "FLOAT": "number", "BOOLEAN": "flag", "DATETIME": "moment"}
    for name, _, example, result in told:
        wanted: Any = kinds[FUNCTIONS[name.strip("`$")].gives.name]
        found = compile_expression(example.strip("`"), {}, wanted).run({})
        assert str(plain(found)).removesuffix("T00:00:00Z").replace("True", "true") == result
