"""What a CRM has and offers: which values and fields does a mapping not know, and who may choose them?"""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.memory import MemoryCrm
from connector.record import FieldInfo, FieldType
from connector.snapshot import Drift, drift, from_text, snapshot, to_text
from sync.commands import write_new
from sync.config import load
from sync.drift import pull_schema
from sync.lint import lint
from sync.mapping.form import MappingForm, parse
from sync.mapping.live import misfits
from sync.mapping.offered import EVERY, NONE, offers, unknown
from sync.store.opening import open_store
from sync.store.published import LATEST, schemas

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SHIPPED = Path(__file__).resolve().parents[2] / "mappings/sf-opportunity.toml"
STAGES = tuple(tomllib.loads(SHIPPED.read_text("utf-8"))["picklist"]["stage"]["map"])
STAGE = FieldInfo("StageName", "Stage", FieldType.CHOICE, options=(*STAGES, "Pilot", "On Hold"))
TYPES = {"Partner": {"StageName": (*STAGES, "Pilot")}, "Direct": {"StageName": STAGES}}


def form(more: str = "") -> MappingForm:
    text = SHIPPED.read_text("utf-8").replace("[picklist.stage.map]", f"{more}\n[picklist.stage.map]")
    found, problems = parse(SHIPPED.name, tomllib.loads(text))
    assert found is not None, problems
    return found


def test_a_value_is_offered_by_some_record_types_by_every_one_or_by_none() -> None:
    found = offers(STAGE, TYPES)
    assert (found["Proposal"], found["Pilot"], found["On Hold"]) == (EVERY, "Partner", NONE)
    assert set(offers(STAGE, {}).values()) == {""}
    assert offers(FieldInfo("Rating", "Rating", FieldType.CHOICE, options=("Hot",)), TYPES) == {"Hot": ""}


def test_a_value_that_only_a_record_type_names_is_offered() -> None:
    assert offers(FieldInfo("StageName", "Stage", FieldType.CHOICE), {"A": {"StageName": ("x",)}}) == {"x": EVERY}


def test_a_value_that_people_may_choose_and_no_map_knows_is_named_with_who_offers_it() -> None:
    [found] = unknown(form(), (STAGE,), TYPES)
    assert (found.path, found.field, found.values, found.by) == ("stage", "StageName", ("Pilot",), "Partner")
    [whole] = unknown(form(), (STAGE,), {})
    assert (whole.values, whole.by) == (("Pilot", "On Hold"), "")


@pytest.mark.parametrize("policy", ["skip", "default:PROSPECT"])
def test_where_the_mapping_says_what_other_values_are_none_is_missed(policy: str) -> None:
    assert [*unknown(form(f'[picklist.stage]\nunmapped = "{policy}"'), (STAGE,), TYPES)] == []


def test_what_dealsync_writes_is_not_asked_for_more_than_it_writes() -> None:
    status = FieldInfo("Deal_Reg_Status__c", "Status", FieldType.CHOICE, options=("None", "Ours alone"))
    assert [*unknown(form(), (status,), {})] == []


def test_what_a_record_type_offers_is_kept_with_the_schema_and_its_change_is_no_break() -> None:
    before = snapshot("sf", "Opportunity", (STAGE,), TYPES)
    assert from_text(to_text(before)) == before
    after = snapshot("sf", "Opportunity", (STAGE,), TYPES | {"Partner": {"StageName": ("Pilot", "Kick-off")}})
    words = f"in record type Partner, is no longer offered: {', '.join(STAGES)}"
    assert drift(before, after) == (
        Drift("Opportunity", "StageName", words, breaks=False),
        Drift("Opportunity", "StageName", "in record type Partner, is offered now: Kick-off", breaks=False),
    )


def test_a_schema_of_an_older_version_is_still_read() -> None:
    old = to_text(snapshot("sf", "Opportunity", (STAGE,))).replace(',"record_types":{}', "")
    assert "record_types" not in old
    assert from_text(old).record_types == {}


def test_lint_says_what_the_org_offers_and_the_map_does_not_know(tmp_path: Path) -> None:
    write_new(tmp_path)
    assert lint(tmp_path) == []
    config = load(tmp_path)
    crm = MemoryCrm("sf", {"Opportunity": (STAGE,)}, now=lambda: NOW)
    crm.narrowed["Opportunity"] = TYPES
    store = open_store(config.store_url, tmp_path)
    pull_schema({"sf": crm}, config.mappings, store, NOW)
    with store.read() as connection:
        assert schemas(connection, LATEST)["sf", "Opportunity"].record_types == TYPES
    store.close()
    [fault] = lint(tmp_path)
    lines = (tmp_path / "mappings/sf-opportunity.toml").read_text("utf-8").split("\n")
    assert lines[fault.line - 1] == "[picklist.stage.map]"
    assert fault.what.startswith("StageName offers 'Pilot' (Partner), and the map does not know")
    assert 'unmapped = "skip"' in fault.fix


AMOUNT = FieldInfo("Amount", "Amount", FieldType.NUMBER)
SEGMENT = FieldInfo("Segment__c", "Segment", FieldType.TEXT)
EXPRESSIONS = """
[types]
Amount = "{kind}"
[scope]
where = "({field} ?? '') != 'Test'"
"""


@pytest.mark.parametrize(
    ("kind", "field", "said"),
    [
        ("number", "Segment__c", []),
        ("number", "Segmnt__c", [("scope.where", "there is no field 'Segmnt__c'", "did you mean 'Segment__c'?")]),
        ("day", "Segment__c", [("types.Amount", "Amount holds number in the CRM", 'write Amount = "number"')]),
    ],
)
def test_expressions_are_held_against_the_fields_that_the_crm_has(
    kind: str, field: str, said: list[tuple[str, str, str]]
) -> None:
    found = [*misfits("x", form(EXPRESSIONS.format(kind=kind, field=field)), (AMOUNT, SEGMENT))]
    assert len(found) == len(said)
    for problem, (key, what, fix) in zip(found, said, strict=True):
        assert (problem.key, what in problem.what, fix in problem.fix) == (key, True, True), problem
