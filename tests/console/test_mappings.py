"""The mapping screens: fields with live samples, a draft that is checked, weighed, published and undone."""

from __future__ import annotations

import re
import tomllib

import pytest
from sqlalchemy import insert, select

from connector.record import FieldInfo, FieldType
from connector.snapshot import Snapshot
from sync.model.user import UserRole
from sync.store.published import LATEST, keep_schema
from sync.store.tables import problem, record
from sync.store.users import latest_acts
from tests.console.browser import Browser
from tests.console.desk import Desk, post
from tests.console.mapping_acts import DEALS, FILE, STAGES, planned, publish, save, stages, text_of


@pytest.fixture
def admin(own_desk: Desk) -> Browser:
    return own_desk.as_role(UserRole.ADMIN)


def test_every_mapping_is_listed_with_its_object_state_and_version(desk: Desk) -> None:
    page = desk.as_role(UserRole.CHANNEL_MANAGER).get("/mappings").text
    for shown in ("Salesforce opportunity", "sf Opportunity", "HubSpot deal", "paused", "as it was installed"):
        assert shown in page
    assert page.count('<a href="/mappings/') == len(list((desk.home / "mappings").glob("*.toml")))


@pytest.mark.parametrize("name", ["sf-opportunity", "hs-partner-registration", "sf-account", "sf-user"])
def test_one_mapping_shows_our_fields_theirs_and_live_samples(name: str, desk: Desk) -> None:
    page = desk.as_role(UserRole.CHANNEL_MANAGER).get(f"/mappings/{name}")
    assert page.status_code == 200
    content = tomllib.loads(text_of(desk, f"mappings/{name}.toml"))
    for field in content["field"]:
        assert f">{field['canonical']}</a>" in page.text
    assert "no schema was pulled yet" in page.text


def test_a_field_shows_five_records_as_read_and_who_may_not_edit_finds_no_form(desk: Desk) -> None:
    page = desk.as_role(UserRole.CHANNEL_MANAGER).get(f"{DEALS}?field=stage").text
    assert "Qualification" in page
    assert "<td>QUALIFIED</td>" in page
    assert "Keep in the draft" not in page
    assert "Undo" not in page


def test_what_a_field_of_ours_would_be_written_as_stands_beside_it(desk: Desk) -> None:
    page = desk.as_role(UserRole.ADMIN).get(f"{DEALS}?field=registration_status").text
    assert "is written as" in page
    assert "Keep in the draft" in page


@pytest.mark.parametrize(
    ("show", "there", "gone"), [("mapped", "stage", "pipeline"), ("unmapped", "pipeline", "stage")]
)
def test_filters_leave_only_what_they_say(show: str, there: str, gone: str, desk: Desk) -> None:
    page = desk.as_role(UserRole.ADMIN).get(f"{DEALS}?show={show}").text
    rows = re.findall(r'<th scope="row"><a [^>]*>(\w+)</a>', page)
    assert there in rows
    assert gone not in rows


def test_with_a_schema_its_labels_and_types_are_shown_and_a_wrong_name_has_a_near_one(own_desk: Desk) -> None:
    fields = tuple(
        FieldInfo(name, label, kind, options=options)
        for name, label, kind, options in (
            ("Name", "Opportunity name", FieldType.TEXT, ()),
            ("StageNames", "Stage", FieldType.CHOICE, ("Qualification", "Closed won!")),
        )
    )
    with own_desk.store.write() as connection:
        keep_schema(connection, LATEST, Snapshot("sf", "Opportunity", fields), own_desk.moment)
    page = own_desk.as_role(UserRole.ADMIN).get(f"{DEALS}?show=problems").text
    assert "Opportunity name" in page
    assert "the CRM has no field StageName: did you mean &#39;StageNames&#39;?" in page


def test_a_value_that_is_not_mapped_stands_on_top_with_the_word_it_looks_like(own_desk: Desk) -> None:
    fields = (FieldInfo("StageName", "Stage", FieldType.CHOICE, options=("Qualification", "tech-validation")),)
    with own_desk.store.write() as connection:
        keep_schema(connection, LATEST, Snapshot("sf", "Opportunity", fields), own_desk.moment)
    page = own_desk.as_role(UserRole.ADMIN).get(f"{DEALS}?field=stage").text
    values = re.findall(r'name="value" value="([^"]+)"', page)
    assert values == ["tech-validation", *STAGES]
    assert "looks like TECH_VALIDATION" in page


def weighed(admin: Browser) -> str:
    """What the page asks for again and again until it is worked out."""
    while "being worked out" in (shown := admin.get(f"{DEALS}/impact").text):
        pass
    return shown


def test_a_draft_is_weighed_published_and_undone_and_the_plan_follows(admin: Browser, own_desk: Desk) -> None:
    before, plan = text_of(own_desk), planned(own_desk)
    assert stages(admin, Qualification="LOST").status_code == 303
    shown = admin.get(f"{DEALS}/draft").text
    assert "<ins>+Qualification = &#34;LOST&#34;</ins>" in shown
    shown = weighed(admin)
    assert re.search(r"\d+ open deals, 1 fields, about \d+ calls", shown)
    assert "would follow" in shown
    assert planned(own_desk) == plan, "a draft runs nothing"
    answer = publish(admin)
    assert (answer.status_code, answer.headers["location"][: len(DEALS)]) == (303, DEALS), answer.text
    assert 'Qualification = "LOST"' in text_of(own_desk)
    assert planned(own_desk) != plan
    listed = admin.get("/mappings").text
    assert "RevOps asked" in listed
    assert post(admin, DEALS, f"{DEALS}/undo", why="it was wrong").status_code == 303
    assert text_of(own_desk) == before
    assert planned(own_desk) == plan
    page = admin.get(DEALS).text
    assert re.findall(r'<li value="(\d)">(\w+) by', page) == [("3", "undone"), ("2", "published"), ("1", "first")]
    with own_desk.store.read() as connection:
        acts = [act["act"] for act in latest_acts(connection, 3, "sf-opportunity")]
    assert acts == ["undo a mapping", "publish a mapping", "edit a mapping's draft"]


def test_only_what_was_looked_at_is_published(admin: Browser, own_desk: Desk) -> None:
    before = text_of(own_desk)
    stages(admin, Qualification="LOST")
    seen = re.findall(r'name="seen" value="([^"]+)"', admin.get(f"{DEALS}/draft").text)[0]
    save(admin, "source", remote="Other__c")
    answer = post(admin, DEALS, f"{DEALS}/publish", seen=seen)
    assert (answer.status_code, "changed after you looked at it" in answer.text) == (422, True)
    assert text_of(own_desk) == before


def test_a_draft_that_fails_an_example_of_its_own_is_not_published(admin: Browser, own_desk: Desk) -> None:
    given = 'given = { StageName = "Qualification" }\nexpect = { stage = "QUALIFIED" }'
    example = f'\n[[test]]\nname = "a qualified deal"\n{given}\n'
    path = own_desk.home / FILE
    path.write_text(path.read_text("utf-8") + example, "utf-8")
    assert "passes</span> a qualified deal" in admin.get(DEALS).text
    stages(admin, Qualification="LOST")
    assert "fails</span> a qualified deal" in admin.get(DEALS).text
    shown = admin.get(f"{DEALS}/draft").text
    assert "and &#39;QUALIFIED&#39; is expected" in shown
    assert ">Publish<" not in shown


def test_a_draft_that_somebody_broke_by_hand_is_shown_with_its_faults(admin: Browser, own_desk: Desk) -> None:
    stages(admin, Qualification="LOST")
    draft = own_desk.home / "drafts/sf-opportunity.toml"
    draft.write_text(draft.read_text("utf-8").replace('canonical = "stage"', 'canonical = "stagge"'), "utf-8")
    page = admin.get(DEALS)
    assert (page.status_code, "did you mean &#39;stage&#39;?" in page.text) == (200, True)
    assert "did you mean &#39;stage&#39;?" in admin.get(f"{DEALS}/draft").text
    draft.write_text("what = is this", "utf-8")
    for path in (DEALS, f"{DEALS}/draft"):
        page = admin.get(path)
        assert (page.status_code, "it is not TOML" in page.text) == (200, True)
    answer = save(admin, "source", remote="Other__c")
    assert (answer.status_code, "correct that place by hand" in answer.text) == (422, True)
    assert post(admin, DEALS, f"{DEALS}/discard").status_code == 303
    assert not draft.exists()


def test_values_that_were_not_understood_are_counted_beside_their_mapping(admin: Browser, own_desk: Desk) -> None:
    with own_desk.store.write() as connection:
        row = connection.execute(select(record).where(record.c.object == "Opportunity").limit(1)).one()
        fault = {"key": row.key, "place": "sf:Opportunity:1 StageName", "what": "unknown", "fix": "map it"}
        connection.execute(insert(problem), [fault])
    rows = re.findall(r'<tr class="red">.*?</tr>', admin.get("/mappings").text, re.DOTALL)
    assert len(rows) == 1
    assert 'sf-opportunity"' in rows[0]
    assert '<td data-head="Problems" class="num">1</td>' in rows[0]


def test_names_of_one_environment_are_looked_for_by_their_names_there(admin: Browser, own_desk: Desk) -> None:
    config = own_desk.home / "config.toml"
    config.write_text(config.read_text("utf-8").replace('environment = ""', 'environment = "prod"'), "utf-8")
    (own_desk.home / "mappings/overlays").mkdir()
    overlay = '[sf-opportunity]\nremote = { "StageName" = "Phase__c" }\n'
    (own_desk.home / "mappings/overlays/prod.toml").write_text(overlay, "utf-8")
    fields = (FieldInfo("Phase__c", "Phase", FieldType.CHOICE, options=("Qualification", "Waiting")),)
    with own_desk.store.write() as connection:
        keep_schema(connection, LATEST, Snapshot("sf", "Opportunity", fields), own_desk.moment)
    page = admin.get(f"{DEALS}?field=stage").text
    assert "no field Phase__c" not in page
    assert "no field StageName" not in page
    assert re.findall(r'name="value" value="([^"]+)"', page)[0] == "Waiting"
    assert 'name="remote" value="StageName"' in page, "the file keeps its own names"


def test_an_unknown_mapping_is_said_with_a_near_one(desk: Desk) -> None:
    answer = desk.as_role(UserRole.ADMIN).get("/mappings/sf-oportunity")
    assert (answer.status_code, "did you mean &#39;sf-opportunity&#39;?" in answer.text) == (422, True)


def test_what_a_crm_holds_is_text_and_never_a_tag(desk: Desk) -> None:
    page = desk.as_role(UserRole.ADMIN).get(f"{DEALS}?field=name").text
    assert "&lt;script&gt;alert" in page
    assert "<script>alert" not in page
