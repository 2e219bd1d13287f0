"""Laws of mappings, searched for counter-examples: compiled is interpreted, formatted is parsed, written read."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from connector.record import ABSENT, Record, Ref, Value
from sync.mapping.fieldmap import FieldMap, compile_form
from sync.mapping.form import MappingForm, parse
from sync.mapping.layout import formatted
from sync.mapping.paths import PATHS
from sync.mapping.schema import json_schema
from sync.mapping.transforms import TRANSFORMS, Choices, Setting
from sync.model.money import Money

FOLDER = Path(__file__).parents[2] / "mappings"
SHIPPED = sorted(FOLDER.glob("*.toml"))
FORMS = [parse(path.name, tomllib.loads(path.read_text("utf-8")))[0] for path in SHIPPED]
STAMP = datetime(2026, 11, 24, tzinfo=UTC)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,12}", fullmatch=True)
TEXTS = st.one_of(
    st.none(),
    st.just(ABSENT),
    st.sampled_from(["true", "false", "12.5", "2026-11-24", "2026-11-24T01:02:03Z", "x;y"]),
    st.text(max_size=12),
)


def interpreted(form: MappingForm, field_map: FieldMap, record: Record) -> dict[str, Any]:
    """The oracle: every field by itself, by name, straight from the file."""
    texts = dict(zip(field_map.fields, record.values, strict=True))
    values: dict[str, Any] = {}
    for field in form.field:
        path = PATHS[form.canonical][field.canonical]
        own = [texts[name] for name in field.names]
        if own[0] is ABSENT:
            continue
        block = form.picklist.get(field.picklist or "")
        connection, _, target = (field.refers or "").rpartition(":")
        choices = Choices(block.map, block.unmapped) if block else Choices()
        setting = Setting(form.connection, choices, (connection or form.connection, target), "EUR")
        try:
            plain = tuple(None if text is ABSENT else text for text in own)
            values[field.canonical] = TRANSFORMS[path.transform].read(plain, setting)
        except ValueError:
            continue
    return values


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_compiled_mapping_reads_what_the_file_says(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from([form for form in FORMS if form]))
    field_map = compile_form(form, "EUR", {field.projection or "" for field in form.field})
    known = [value for block in form.picklist.values() for value in block.map]
    text: st.SearchStrategy[Value] = st.one_of(TEXTS, st.sampled_from(known)) if known else TEXTS
    values = tuple(data.draw(text) for _ in field_map.fields)
    record = Record(Ref(form.connection, form.object, "1"), STAMP, values)
    row, problems = field_map.read(record)
    assert row.values == interpreted(form, field_map, record)
    unread = {rule.path for rule in field_map.rules} - row.values.keys()
    absent = {rule.path for rule in field_map.rules if values[field_map.fields.index(rule.remotes[0])] is ABSENT}
    assert len(problems) == len(unread - absent)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_page_is_read_as_its_records_are_one_by_one(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from([form for form in FORMS if form]))
    field_map = compile_form(form, "EUR", {field.projection or "" for field in form.field})
    known = [value for block in form.picklist.values() for value in block.map]
    text: st.SearchStrategy[Value] = st.one_of(TEXTS, st.sampled_from(known)) if known else TEXTS
    whole = st.tuples(*[text for _ in field_map.fields])
    told = data.draw(st.lists(st.one_of(st.just(()), whole), max_size=5))
    records = [Record(Ref("sf", "X", str(place)), STAMP, values, not values) for place, values in enumerate(told)]
    assert list(field_map.read_all(records)) == [field_map.read(record) for record in records]


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A sound mapping of deals, as TOML has it."""
    paths = {path: kind for path, kind in PATHS["opportunity"].items() if not kind.ours}
    chosen = draw(st.lists(st.sampled_from(sorted(paths)), min_size=1, max_size=6, unique=True))
    fields, picklists = [], {}
    for path in chosen:
        block: dict[str, Any] = {"canonical": path, "remote": draw(NAMES)}
        if paths[path].transform in ("reference", "references"):
            block["refers"] = draw(NAMES)
        if paths[path].words:
            words = draw(
                st.dictionaries(st.text(min_size=1, max_size=8), st.sampled_from(paths[path].words), min_size=1)
            )
            block["picklist"], picklists[path] = path, {"map": words}
        if paths[path].transform == "text" and draw(st.booleans()):
            block["default"] = draw(st.text(max_size=8))
        block["notes"] = draw(st.text(max_size=20))
        fields.append(block)
    head = {"schema": 1, "id": draw(NAMES), "connection": "sf", "object": draw(NAMES), "canonical": "opportunity"}
    more: dict[str, Any] = {}
    if draw(st.booleans()):
        word = draw(st.from_regex("[A-Za-z ]{0,8}", fullmatch=True))
        more["scope"] = {"where": f"(Field_{draw(NAMES)} ?? '') != '{word}'", "notes": draw(st.text(max_size=8))}
    if draw(st.booleans()):
        values = st.one_of(st.booleans(), st.integers(-9, 9), st.text(max_size=6))
        more["test"] = [
            {"name": draw(st.text(max_size=8)), "given": draw(st.dictionaries(NAMES, values, max_size=3))}
        ]
    return head | {"field": fields, "picklist": picklists} | more


@settings(max_examples=150, deadline=None)
@given(documents())
def test_a_sound_mapping_survives_writing_and_formatting(document: dict[str, Any]) -> None:
    text = tomlkit.dumps(document)
    first, problems = parse("x.toml", tomllib.loads(text))
    assert first is not None, problems
    even = formatted(text)
    second, _ = parse("x.toml", tomllib.loads(even))
    assert second == first
    assert second.version == first.version
    assert formatted(even) == even
    assert [*Draft202012Validator(json_schema()).iter_errors(document)] == []


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(SHIPPED), st.lists(st.sampled_from([" ", "\n", "\n\n", "\t"]), max_size=5), st.integers(0, 400)
)
def test_blanks_between_the_lines_mean_nothing(path: Path, blanks: list[str], place: int) -> None:
    lines = path.read_text("utf-8").splitlines(keepends=True)
    ragged = "".join(lines[:place]) + "".join(blanks) + "\n" + "".join(lines[place:])
    assert tomllib.loads(formatted(ragged)) == tomllib.loads(ragged)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_mappings_are_in_even_form(path: Path) -> None:
    text = path.read_text("utf-8")
    assert formatted(text) == text
    assert [*Draft202012Validator(json_schema()).iter_errors(tomllib.loads(text))] == []


def test_the_schema_beside_the_mappings_is_the_one_of_the_code() -> None:
    assert json.loads((FOLDER / "mapping.schema.json").read_text("utf-8")) == json_schema()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"objekt": "x"}, "objekt"),
        ({"canonical": "oportunity"}, "oportunity"),
        ({"field": [{"canonical": "tier", "remote": "X"}]}, "tier"),
    ],
)
def test_the_schema_refuses_what_the_program_refuses(change: dict[str, Any], word: str) -> None:
    sound = tomllib.loads((FOLDER / "sf-opportunity.toml").read_text("utf-8"))
    errors = [*Draft202012Validator(json_schema()).iter_errors(sound | change)]
    assert any(word in str(error) for error in errors)


def test_a_file_that_extends_needs_only_its_id() -> None:
    def errors(document: dict[str, Any]) -> list[Any]:
        return [*Draft202012Validator(json_schema()).iter_errors(document)]

    assert errors({"extends": "sf-opportunity", "id": "x"}) == []
    assert errors({"id": "x"})


PICKLIST = Choices({"Won it": "WON", "Lost it": "LOST", "Gone": "LOST"})
SETTING = Setting("sf", PICKLIST, ("sf", "Account"), "EUR")
WORD = st.text(alphabet="abcXYZ09 _-", min_size=1, max_size=10).map(str.strip).filter(bool)
REFS = WORD.map(lambda name: Ref("sf", "Account", name))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.none() | st.text(min_size=1, max_size=20),
    "number": st.none() | st.decimals(-(10**12), 10**12, places=4),
    "flag": st.booleans(),
    "day": st.none() | st.dates(date(1900, 1, 1)),
    "moment": st.none() | st.datetimes(datetime(1900, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    "money": st.none() | st.integers(-(10**15), 10**15).map(lambda minor: Money(minor, "EUR")),
    "words": st.lists(WORD, unique=True, max_size=4).map(tuple),
    "choice": st.sampled_from([None, "WON", "LOST"]),
    "choices": st.lists(st.sampled_from(["WON", "LOST"]), unique=True).map(tuple),
    "reference": st.none() | REFS,
    "references": st.lists(REFS, unique=True, max_size=4).map(tuple),
}


def test_every_transform_that_writes_is_held_to_the_law() -> None:
    without_a_way_back = {"domain", "evidence", "certifications", "part"}
    assert VALUES.keys() == TRANSFORMS.keys() - without_a_way_back


@pytest.mark.parametrize("name", VALUES)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_what_is_written_is_read_back(name: str, data: st.DataObject) -> None:
    value = data.draw(VALUES[name])
    transform = TRANSFORMS[name]
    back = transform.read(transform.write(value, SETTING), SETTING)
    assert back == (Decimal(value) if name == "number" and value is not None else value)
