"""The scope of a mapping: which records are taken in, and does one that leaves it withdraw anything?"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.memory import MemoryCrm
from connector.record import ABSENT, FieldInfo, FieldType, Record, Ref, Value
from sync.commands import write_new
from sync.config import load
from sync.lint import lint
from sync.mapping.fieldmap import FieldMap, compile_form
from sync.mapping.form import MappingForm, parse
from sync.mapping.scope import outside
from sync.pull import pull
from sync.scoped import Scoped
from sync.store.intake import unknown_ids
from sync.store.opening import Store, open_store

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MAPPINGS = Path(__file__).resolve().parents[2] / "mappings"
WHERE = "(pipeline ?? '') in ['default', 'partners']"


def form(name: str = "hs-deals", where: str = WHERE, more: str = "") -> MappingForm:
    text = (MAPPINGS / f"{name}.toml").read_text("utf-8") + f'\n{more}\n[scope]\nwhere = "{where}"\n'
    found, problems = parse(name, tomllib.loads(text))
    assert found is not None, problems
    return found


def deal(field_map: FieldMap, row_id: str, **values: Value) -> Record:
    return Record(Ref("hs", "deals", row_id), NOW, tuple(values.get(name) for name in field_map.fields))


@pytest.fixture
def deals() -> FieldMap:
    return compile_form(form(), "EUR")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store("sqlite:///scope.db", tmp_path)
    yield opened
    opened.close()


def crm_with(deals: FieldMap) -> MemoryCrm:
    fields = tuple(FieldInfo(name, name, FieldType.TEXT) for name in deals.fields)
    return MemoryCrm("hs", {"deals": fields}, now=lambda: NOW)


def seen_through(crm: MemoryCrm, deals: FieldMap, store: Store) -> Scoped:
    return Scoped(crm, sleep=lambda _: None, now=lambda: NOW, scopes={"deals": deals}, store=lambda: store)


def known(store: Store, deals: FieldMap, *ids: str) -> set[str]:
    with store.read() as connection:
        return set(ids) - set(unknown_ids(connection, deals, ids))


def test_what_the_expression_does_not_say_is_outside(deals: FieldMap) -> None:
    records = [deal(deals, "1", pipeline="default"), deal(deals, "2", pipeline="test"), deal(deals, "3")]
    assert [record.ref.id for record in outside(deals, deals.fields, records)] == ["2", "3"]


def test_what_cannot_be_told_is_inside(deals: FieldMap) -> None:
    hidden = deal(deals, "1", pipeline=ABSENT)
    tombstone = deal(deals, "2", pipeline="test")._replace(values=(), deleted=True)
    assert [*outside(deals, deals.fields, [hidden, tombstone])] == []
    assert [*outside(deals, deals.fields[:1], [deal(deals, "3")._replace(values=("3",))])] == []
    odd = compile_form(form(where="(amount ?? 0) > 100", more='[types]\namount = "number"'), "EUR")
    assert [*outside(odd, odd.fields, [deal(odd, "4", amount="a lot")])] == []


def test_what_carries_a_key_of_ours_is_inside() -> None:
    claims = compile_form(form("hs-partner-registration", "(registration_name ?? '') != 'x'"), "EUR")
    ref = Ref("hs", claims.object, "1")
    for key, gone in ((None, 1), ("ours", 0)):
        values = {"registration_name": "x", "filing_key": key}
        record = Record(ref, NOW, tuple(values.get(name) for name in claims.fields))
        assert len([*outside(claims, claims.fields, [record])]) == gone


def test_only_what_is_inside_is_taken_in_and_what_enters_later_is_too(deals: FieldMap, store: Store) -> None:
    crm = crm_with(deals)
    crm.put("deals", {"dealname": "a", "pipeline": "default"}, "1")
    crm.put("deals", {"dealname": "b", "pipeline": "test"}, "2")
    scoped = seen_through(crm, deals, store)
    counted, _ = pull(store, scoped, deals, NOW, lambda _: None)
    assert (counted["read"], known(store, deals, "1", "2")) == (1, {"1"})
    crm.put("deals", {"pipeline": "partners"}, "2")
    pull(store, scoped, deals, NOW, lambda _: None)
    assert known(store, deals, "1", "2") == {"1", "2"}


def test_what_leaves_the_scope_is_read_on_and_withdraws_nothing(deals: FieldMap, store: Store) -> None:
    crm = crm_with(deals)
    crm.put("deals", {"dealname": "a", "pipeline": "default"}, "1")
    scoped = seen_through(crm, deals, store)
    pull(store, scoped, deals, NOW, lambda _: None)
    crm.put("deals", {"dealname": "moved", "pipeline": "test"}, "1")
    counted, _ = pull(store, scoped, deals, NOW, lambda _: None)
    assert (counted["changed"], counted["lost"]) == (1, 0)
    assert known(store, deals, "1") == {"1"}
    assert [record.values[0] for record in scoped.read("deals", ["1"], ["dealname"])] == ["moved"]
    assert len(scoped.read("deals", ["1"], deals.fields)) == 1


def test_what_is_outside_is_not_found_by_its_id_either_but_by_a_key(deals: FieldMap, store: Store) -> None:
    crm = crm_with(deals)
    crm.put("deals", {"dealname": "b", "pipeline": "test"}, "2")
    scoped = seen_through(crm, deals, store)
    assert [*scoped.read("deals", ["2"], deals.fields)] == []
    assert len(scoped.read("deals", ["b"], deals.fields, by="dealname")) == 1


def test_another_scope_is_another_version_and_none_is_the_version_of_before() -> None:
    plain, _ = parse("hs-deals", tomllib.loads((MAPPINGS / "hs-deals.toml").read_text("utf-8")))
    assert plain is not None
    assert len({plain.version, form().version, form(where="(pipeline ?? '') == 'x'").version}) == 3
    assert form().version == form().model_copy(update={"notes": "why"}).version


SEEDED = [
    ("(pipelin ?? '') == 'a' ? 1 : 2", "its result is number"),
    ("pipeline ?? ''", "its result is text"),
    ("$uper(pipeline ?? '') == 'A'", "there is no function $uper"),
    ("(partner_reg_status ?? '') != 'lost'", "it reads partner_reg_status, which dealsync writes"),
]


@pytest.mark.parametrize(("where", "what"), SEEDED)
def test_a_scope_that_cannot_be_is_said_with_its_line(where: str, what: str, tmp_path: Path) -> None:
    write_new(tmp_path)
    file = tmp_path / "mappings/hs-deals.toml"
    file.write_text(file.read_text("utf-8") + f'\n[scope]\nwhere = "{where}"\n', "utf-8")
    [fault] = lint(tmp_path)
    assert what in fault.what
    assert file.read_text("utf-8").split("\n")[fault.line - 1].startswith("where")


def test_what_is_all_our_own_has_no_scope(tmp_path: Path) -> None:
    write_new(tmp_path)
    file = tmp_path / "mappings/hs-partner-attribution.toml"
    file.write_text(file.read_text("utf-8") + "\n[scope]\nwhere = \"(share ?? '') == 'x'\"\n", "utf-8")
    assert "every record of this object is dealsync's own" in {fault.what for fault in lint(tmp_path)}


def test_a_scope_s_fields_are_asked_for(tmp_path: Path) -> None:
    write_new(tmp_path)
    file = tmp_path / "mappings/sf-account.toml"
    file.write_text(file.read_text("utf-8") + "\n[scope]\nwhere = \"(Segment__c ?? '') != 'Test'\"\n", "utf-8")
    found = load(tmp_path).mappings.of("sf", "Account")
    assert found is not None
    assert "Segment__c" in found.fields
