"""The doctor against served CRMs: what is fine is fine, and what is broken is named with what to do."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import load_world

from .program import Desk, Program, open_desk
from .test_commands import writes


def found(desk: Desk, severity: str, *arguments: str, **environment: str) -> list[dict[str, Any]]:
    ran = desk("doctor", "--json", *arguments, **environment)
    assert ran.code in (0, 1), ran.err
    return [finding for finding in ran.json["findings"] if finding["severity"] == severity]


def test_a_sound_installation_has_no_error_and_no_warning(desk: Desk, sandbox: Sandbox) -> None:
    ran = desk("doctor")
    assert (ran.code, "error" in ran.out) == (0, False), ran.out
    assert "dealsync plan" in ran.out  # nothing was read yet, and it says what reads it
    assert writes(sandbox) == []


def test_a_field_that_the_org_lacks_is_named_with_its_object(desk: Desk) -> None:
    desk.edit("mappings/sf-partner-attribution.toml", 'remote = "Share__c"', 'remote = "Sharing__c"')
    faults = found(desk, "error")
    assert any("Partner_Attribution__c.Sharing__c" in fault["place"] and fault["fix"] for fault in faults), faults


def test_a_sign_in_that_fails_does_not_hide_the_other_crm(desk: Desk) -> None:
    desk.edit("config.toml", "pat-sandbox", "pat-wrong")
    faults = found(desk, "error")
    assert [fault["place"].split()[0].rstrip(":") for fault in faults] == ["hs"]
    assert any(finding["place"].startswith("sf") for finding in found(desk, "ok"))


def test_one_connection_can_be_looked_at_alone(desk: Desk) -> None:
    places = {finding["place"].split(":")[0] for finding in found(desk, "ok", "hs")}
    assert places == {"hs"}


def test_a_schedule_that_is_none_is_found_before_the_night(desk: Desk) -> None:
    desk.edit("config.toml", 'sync = "every 5 minutes"', 'sync = "every now and then"')
    [fault] = found(desk, "error")
    assert "every now and then" in fault["what"]
    assert 'write "every 5 minutes"' in fault["fix"]


def test_a_paused_connection_is_a_warning_with_its_way_out(desk: Desk) -> None:
    desk("pause", "sf", "--reason", "audit")
    [pause] = [finding for finding in found(desk, "warning") if finding["place"] == "sf"]
    assert ("audit" in pause["what"], pause["fix"]) == (True, "dealsync resume")


def test_fix_creates_in_hubspot_what_is_ours_and_changes_nothing_that_is_there(
    tmp_path: Path, program: Program
) -> None:
    world = load_world("demo", datetime.now(UTC))
    world.hubspot["schema"] = {"deals": {"without": ["partner_count", "partner_conflict"]}}
    with start(world) as sandbox:
        desk = open_desk(tmp_path / "dealsync", program, sandbox.salesforce_url, sandbox.hubspot_url)
        lacking = [f for f in found(desk, "error") if f["mend"]]
        assert {f["place"] for f in lacking} == {"hs: deals.partner_count", "hs: deals.partner_conflict"}
        assert {f["mend"] for f in lacking} == {"create hs"}
        asked = desk("doctor", "hs", "--fix")  # nobody is there to say yes
        assert (asked.code, "--fix can create in hs" in asked.err) == (1, True), asked.err
        assert found(desk, "error", "hs") != []
        mended = desk("doctor", "hs", "--fix", "--yes")
        assert mended.code == 0, mended.err
        assert "partner_count" in mended.err
        assert desk("run", "--once").code == 0
        again = desk("doctor", "hs", "--fix", "--yes")
        assert "nothing here can be mended" in again.err


def test_fix_takes_a_renamed_field_into_a_draft_and_leaves_what_runs(desk: Desk, sandbox: Sandbox) -> None:
    desk("run", "--once")
    assert desk("schema", "pull").code == 0
    fields = sandbox.salesforce.org.schema.object("Account").fields
    old = fields.pop("partner_tier__c")
    fields["partner_level__c"] = type(old)(
        **{name: getattr(old, name) for name in old.__slots__}
        | {"name": "Partner_Level__c", "label": "Partner Tier"}
    )
    desk("schema", "pull")
    [rest] = [f for f in found(desk, "warning") if f["mend"].startswith("rename")]
    assert rest["mend"] == "rename sf-account Partner_Tier__c Partner_Level__c"
    before = (desk.home / "mappings/sf-account.toml").read_text("utf-8")
    ran = desk("doctor", "--fix", "--yes")
    assert "tier stands in Partner_Level__c now" in ran.err, ran.err
    assert (desk.home / "mappings/sf-account.toml").read_text("utf-8") == before
    draft = (desk.home / "drafts/sf-account.toml").read_text("utf-8")
    assert "Partner_Tier__c = " in before  # in an example, which follows
    assert draft == before.replace("Partner_Tier__c", "Partner_Level__c")


def test_fix_pulls_the_schemas_of_both_crms_that_were_never_looked_at(desk: Desk, sandbox: Sandbox) -> None:
    assert desk("run", "--once").code == 0
    written = len(writes(sandbox))
    [unseen] = [f for f in found(desk, "note") if f["mend"] == "schema"]
    assert "sf-opportunity" in unseen["what"]
    assert "hs-deals" in unseen["what"]
    asked = desk("doctor", "--fix")  # nobody is there to say yes
    assert "--fix can look at the schema of every mapped object, and keep it" in asked.err
    assert [f for f in found(desk, "note") if f["mend"] == "schema"] == [unseen]
    mended = desk("doctor", "--fix", "--yes")
    assert (mended.code, "the schemas of all mapped objects are kept" in mended.err) == (0, True), mended.err
    assert [f for f in found(desk, "note") if f["mend"] == "schema"] == []
    assert desk("schema", "diff").out.startswith("0 differences, 0 fields rest")
    sandbox.salesforce.org.schema.object("Opportunity").fields.pop("leadsource")
    sandbox.hubspot.portal.kind("deals").properties.pop("dealtype")
    rests = desk("schema", "pull")
    assert (rests.code, "Opportunity.LeadSource" in rests.err, "deals.dealtype" in rests.err) == (2, True, True)
    assert len(writes(sandbox)) == written


def test_fix_takes_the_rights_of_others_from_the_store(desk: Desk) -> None:
    desk("run", "--once")
    store = desk.home / "dealsync.db"
    store.chmod(0o644)
    assert [f["mend"] for f in found(desk, "note") if f["mend"].startswith("rights")] == [f"rights {store.name}"]
    desk("doctor", "--fix", "--yes")
    assert stat.S_IMODE(store.stat().st_mode) == 0o640


def test_a_stage_that_one_record_type_offers_and_no_map_knows_is_found_before_a_deal_has_it(
    desk: Desk, sandbox: Sandbox
) -> None:
    assert desk("run", "--once").code == 0
    assert desk("schema", "pull").code == 0
    assert desk("lint").code == 0
    org = sandbox.salesforce.org
    spec = org.schema.object("Opportunity")
    stage = spec.fields["stagename"]
    stages = [*stage.values, "Partner pilot"]
    spec.fields["stagename"] = replace(stage, values=stages)
    org.schema._objects["opportunity"] = replace(
        spec, record_types={"Direct": {"StageName": stage.values}, "Partner": {"StageName": stages}}
    )
    assert desk("schema", "pull").code == 0
    what = "StageName offers 'Partner pilot' (Partner), and the map does not know"
    linted = desk("lint")
    assert (linted.code, what in linted.out + linted.err) == (1, True), linted.out
    assert "mappings/sf-opportunity.toml:" in linted.out + linted.err
    assert any(what in finding["what"] for finding in found(desk, "warning"))
    desk.edit(
        "mappings/sf-opportunity.toml",
        "[picklist.stage.map]",
        '[picklist.stage.map]\n"Partner pilot" = "QUALIFIED"',
    )
    assert desk("lint").code == 0
