"""Fields of a mapping edited in the browser: tried on live records, refused under the word, kept as a draft."""

from __future__ import annotations

import re
import tomllib

import pytest

from connector.record import FieldInfo, FieldType
from connector.snapshot import Snapshot
from sync.model.user import UserRole
from sync.store.published import LATEST, keep_schema
from sync.store.users import latest_acts
from tests.console.browser import Browser
from tests.console.desk import Desk, post
from tests.console.mapping_acts import DEALS, save, stages, text_of


@pytest.fixture
def admin(own_desk: Desk) -> Browser:
    return own_desk.as_role(UserRole.ADMIN)


def test_an_edit_is_a_draft_that_keeps_every_comment_and_runs_nothing(admin: Browser, own_desk: Desk) -> None:
    before = text_of(own_desk)
    answer = save(admin, "source", remote="Lead_Source__c", notes="moved in 2026")
    assert answer.status_code == 303, answer.text
    assert text_of(own_desk) == before
    draft = text_of(own_desk, "drafts/sf-opportunity.toml")
    assert [line for line in draft.split("\n") if line not in before.split("\n")] == [
        'remote = "Lead_Source__c"',
        'notes = "moved in 2026"',
    ]
    assert [line for line in draft.split("\n") if line[:1] == "#"] == [
        line for line in before.split("\n") if line[:1] == "#"
    ]
    assert "Lead_Source__c" in admin.get(DEALS).text
    with own_desk.store.read() as connection:
        assert latest_acts(connection, 1, "sf-opportunity")[0]["more"]["field"] == "source"


def test_an_edit_that_changes_nothing_leaves_no_draft(admin: Browser, own_desk: Desk) -> None:
    save(admin, "source", remote="Other__c")
    save(admin, "source", remote="LeadSource")
    assert not (own_desk.home / "drafts/sf-opportunity.toml").exists()


def test_a_faulty_edit_is_kept_nowhere_and_said_under_the_word(admin: Browser, own_desk: Desk) -> None:
    answer = save(admin, "source", expr="$uper(Name)")
    assert answer.status_code == 422
    assert "<mark>$uper</mark>(Name)" in answer.text
    assert "did you mean &#39;upper&#39;?" in answer.text
    assert ">$uper(Name)</textarea>" in answer.text, "what was typed is not lost"
    assert not (own_desk.home / "drafts/sf-opportunity.toml").exists()


@pytest.mark.parametrize(
    ("expr", "marked"),
    [
        ("Name + 1", "+"),
        ("$left(Name", "e"),
        ("'a' ?? $trimm(Name)", "$trimm"),
        ("Name =~ 'x'", "=~"),
        ("(Name ?? '') ; 2", ";"),
    ],
)
def test_a_fault_of_an_expression_lies_under_its_word(expr: str, marked: str, admin: Browser) -> None:
    answer = post(admin, DEALS, f"{DEALS}/check", field="source", expr=expr)
    assert answer.status_code == 200
    found = re.findall(r"<mark>(.*?)</mark>", answer.text)
    assert [entry.replace("&#39;", "'") for entry in found] == [marked]


def test_an_expression_is_tried_on_live_records_before_it_is_kept(admin: Browser, own_desk: Desk) -> None:
    answer = post(admin, DEALS, f"{DEALS}/check", field="source", expr="$upper(Name ?? '')")
    assert "NORTHWIND" in answer.text
    assert not (own_desk.home / "drafts/sf-opportunity.toml").exists()


def test_numbers_in_expressions_are_declared_in_the_same_form(admin: Browser, own_desk: Desk) -> None:
    keys = {"expr": "(Amount ?? 0) * 2", "types": "Amount=number"}
    answer = save(admin, "amount", **keys)
    assert answer.status_code == 303, answer.text
    draft = tomllib.loads(text_of(own_desk, "drafts/sf-opportunity.toml"))
    assert draft["types"] == {"Amount": "number"}
    assert "2000.02" in admin.get(f"{DEALS}?field=amount").text


def test_a_field_that_was_not_mapped_is_mapped_and_taken_out_again(admin: Browser, own_desk: Desk) -> None:
    before = text_of(own_desk)
    assert save(admin, "pipeline", remote="Pipeline__c?").status_code == 303
    assert 'canonical = "pipeline"\nremote = "Pipeline__c?"' in text_of(own_desk, "drafts/sf-opportunity.toml")
    assert post(admin, DEALS, f"{DEALS}/drop", field="pipeline").status_code == 303
    assert not (own_desk.home / "drafts/sf-opportunity.toml").exists()
    assert text_of(own_desk) == before


def test_a_choice_that_was_not_mapped_begins_with_a_map_of_what_looks_alike(admin: Browser, own_desk: Desk) -> None:
    assert post(admin, DEALS, f"{DEALS}/drop", field="type").status_code == 303
    assert "picklist.type" not in text_of(own_desk, "drafts/sf-opportunity.toml")
    fields = (FieldInfo("Kind__c", "Kind", FieldType.CHOICE, options=("new", "Renewals", "Who knows")),)
    with own_desk.store.write() as connection:
        keep_schema(connection, LATEST, Snapshot("sf", "Opportunity", fields), own_desk.moment)
    assert save(admin, "type", remote="Kind__c", picklist="type").status_code == 303
    draft = tomllib.loads(text_of(own_desk, "drafts/sf-opportunity.toml"))
    assert draft["picklist"]["type"]["map"] == {"new": "NEW", "Renewals": "RENEWAL"}


@pytest.mark.parametrize("name", ["sf-opportunity", "sf-account", "hs-deals", "sf-deal-registration"])
def test_a_live_record_becomes_an_example_that_a_later_edit_must_keep(
    name: str, admin: Browser, own_desk: Desk
) -> None:
    page = f"/mappings/{name}"
    record = re.findall(r"<option>([^<]+)</option>", admin.get(page).text)[0]
    answer = post(admin, page, f"{page}/example", record=record, shows='as "it" is')
    assert answer.status_code == 303, answer.text
    draft = text_of(own_desk, f"drafts/{name}.toml")
    assert draft.startswith(text_of(own_desk, f"mappings/{name}.toml").rstrip())
    *_, example = tomllib.loads(draft)["test"]
    assert example["name"] == 'as "it" is'
    assert len(example["expect"]) > 1
    assert "passes</span> as &#34;it&#34; is" in admin.get(page).text


def test_a_field_that_no_deal_has_is_refused_with_a_near_one(admin: Browser) -> None:
    answer = save(admin, "stagge", remote="StageName")
    assert (answer.status_code, "did you mean &#39;stage&#39;?" in answer.text) == (422, True)


def test_every_value_says_which_record_types_offer_it(admin: Browser, own_desk: Desk) -> None:
    field = FieldInfo("StageName", "Stage", FieldType.CHOICE, options=("Proposal", "Negotiation", "Pilot", "Old"))
    types = {"Partner": {"StageName": ("Proposal", "Pilot")}, "Direct": {"StageName": ("Proposal", "Negotiation")}}
    with own_desk.store.write() as connection:
        keep_schema(connection, LATEST, Snapshot("sf", "Opportunity", (field,), types), own_desk.moment)
    page = admin.get(f"{DEALS}?field=stage").text
    rows = re.findall(r'name="value" value="([^"]+)">.*?<td class="small">([^<]*)</td>', page, re.DOTALL)
    assert dict(rows) | {"Prospecting": "not in its list", "Proposal": "every record type"} == dict(rows)
    assert {row: by for row, by in rows if row in ("Pilot", "Negotiation", "Old")} == {
        "Pilot": "Partner",
        "Negotiation": "Direct",
        "Old": "no record type",
    }


def test_examples_follow_a_field_that_is_renamed_or_not_mapped_any_more(admin: Browser, own_desk: Desk) -> None:
    assert save(admin, "stage", remote="Phase__c", picklist="stage").status_code == 303
    assert post(admin, DEALS, f"{DEALS}/drop", field="sourced").status_code == 303
    first, second, _ = tomllib.loads(text_of(own_desk, "drafts/sf-opportunity.toml"))["test"]
    assert first["given"]["Phase__c"] == "Closed Won"
    assert "sourced" not in second["expect"]
    assert "fails</span>" not in admin.get(DEALS).text


def test_an_example_that_is_not_meant_any_more_is_taken_out_and_stops_no_publishing(
    admin: Browser, own_desk: Desk
) -> None:
    assert stages(admin, **{"Closed Won": "LOST"}).status_code == 303
    assert "stage is &#39;LOST&#39;, and &#39;WON&#39; is expected" in admin.get(DEALS).text
    assert "Publish</button>" not in admin.get(f"{DEALS}/draft").text
    assert post(admin, DEALS, f"{DEALS}/example/drop", number="1").status_code == 303
    assert [test["name"] for test in tomllib.loads(text_of(own_desk, "drafts/sf-opportunity.toml"))["test"]] == [
        "what is empty is empty, and not won",
        "a stage that nobody mapped is reported",
    ]
    assert "Publish</button>" in admin.get(f"{DEALS}/draft").text
    assert post(admin, DEALS, f"{DEALS}/example/drop", number="7").status_code == 422
