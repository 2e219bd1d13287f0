"""An admin edits mappings beside two served CRMs: drafts, publishing, undoing, drift, backfill, a record tried."""

from __future__ import annotations

from typing import Any

from connector.sandbox.serve import Sandbox

from .program import Desk
from .test_commands import writes

OPP = "mappings/sf-opportunity.toml"


def a_deal(desk: Desk) -> str:
    """The id of a deal of Salesforce with a registration on it."""
    groups = {row["group_id"] for row in desk.named_rows("record") if row["kind"] == "registration"}
    rows = (row for row in desk.named_rows("record") if row["object"] == "Opportunity")
    return str(next(row["id"] for row in rows if row["group_id"] in groups))


def text_of(desk: Desk, file: str) -> str:
    return (desk.home / file).read_text("utf-8")


def test_a_draft_is_weighed_published_and_undone(desk: Desk) -> None:
    desk("run", "--once")
    before = text_of(desk, OPP)
    assert desk("mapping", "draft", "sf-opportunity").code == 0
    desk.edit("drafts/sf-opportunity.toml", 'Proposal = "BIZ_VALIDATION"', 'Proposal = "COMMITTED"')
    compared = desk("mapping", "diff", "sf-opportunity", "--json")
    assert compared.code == 2
    assert '+Proposal = "COMMITTED"' in compared.json["lines"]
    assert compared.json["impact"]["fields"] == ["stage"]
    assert compared.json["impact"]["calls"] == 2 * -(-compared.json["impact"]["writes"] // 200)
    assert text_of(desk, OPP) == before
    assert desk("mapping", "publish", "sf-opportunity").code == 2
    assert text_of(desk, OPP) == before
    done = desk("mapping", "publish", "sf-opportunity", "--yes", "--by", "Ada", "--why", "RevOps asked")
    assert (done.code, "version 2" in done.out) == (0, True), done.err
    assert 'Proposal = "COMMITTED"' in text_of(desk, OPP)
    assert not (desk.home / "drafts/sf-opportunity.toml").exists()
    assert desk("mapping", "undo", "sf-opportunity", "--by", "Ada").code == 0
    assert text_of(desk, OPP) == before
    kept = desk("mapping", "show", "sf-opportunity", "--json").json["versions"]
    assert [(entry["how"], entry["by"], entry["why"]) for entry in kept] == [
        ("first", "the file", ""),
        ("published", "Ada", "RevOps asked"),
        ("undone", "Ada", "back to version 1"),
    ]


def test_a_draft_with_a_fault_is_not_published(desk: Desk) -> None:
    desk("plan")
    before = text_of(desk, OPP)
    desk("mapping", "draft", "sf-opportunity")
    desk.edit("drafts/sf-opportunity.toml", 'canonical = "stage"', 'canonical = "stagge"')
    ran = desk("mapping", "publish", "sf-opportunity", "--yes")
    assert (ran.code, "did you mean 'stage'?" in ran.err) == (1, True)
    assert text_of(desk, OPP) == before


def test_undoing_before_anything_was_published_says_so(desk: Desk) -> None:
    ran = desk("mapping", "undo", "sf-opportunity")
    assert (ran.code, "nothing was published before" in ran.err) == (1, True)


def calls(sandbox: Sandbox) -> int:
    return len(sandbox.salesforce.switchboard.calls)


def test_publishing_from_now_on_reads_nothing_again_and_judges_nothing_anew(desk: Desk, sandbox: Sandbox) -> None:
    desk("run", "--once")
    due = desk.named_rows("due")
    desk("mapping", "draft", "sf-opportunity")
    desk.edit("drafts/sf-opportunity.toml", 'Proposal = "BIZ_VALIDATION"', 'Proposal = "COMMITTED"')
    desk("mapping", "publish", "sf-opportunity", "--yes", "--from-now-on")
    rows = [row for row in desk.named_rows("record") if row["object"] == "Opportunity"]
    ran = desk("plan", "--json").json
    assert ran["pulled"]["sf Opportunity"]["read"] < len(rows)
    touched = [row for row in desk.named_rows("due") if row not in due]
    assert len(touched) <= sum(counts["read"] for counts in ran["pulled"].values())
    assert desk("backfill", "--json").json["sf Opportunity"]["known"] > 0
    assert len(desk.named_rows("due")) > 0
    assert desk("backfill", "--json").json == {}


def test_backfill_reads_again_only_what_a_new_field_needs(desk: Desk, sandbox: Sandbox) -> None:
    desk("run", "--once")
    desk.edit(OPP, 'remote = "LeadSource"', 'remote = "Description"')
    filled = desk("backfill", "--json")
    assert filled.code == 0, filled.err
    assert [*filled.json] == ["sf Opportunity"]
    counted = filled.json["sf Opportunity"]
    rows = [row for row in desk.named_rows("record") if row["object"] == "Opportunity" and not row["deleted"]]
    assert counted["read"] == len(rows)
    assert all("Description" in row["raw"] for row in rows)
    assert desk("plan", "--json").json["pulled"]["sf Opportunity"]["read"] < len(rows)


def test_one_record_is_taken_through_mapping_and_rules(desk: Desk, sandbox: Sandbox) -> None:
    desk("plan")
    deal = a_deal(desk)
    for more in ((), ("--fresh",)):
        view: dict[str, Any] = desk("try", deal, "--json", *more).json
        assert view["record"] == f"sf:Opportunity:{deal}"
        stage = next(entry for entry in view["fields"] if entry["path"] == "stage")
        assert stage["steps"][0].startswith("StageName is ")
        assert "translated by its picklist map" in stage["steps"]
        assert stage["value"] in stage["steps"][-1]
    assert any(change["fields"] for change in view["writes"])
    one = desk("try", deal[:15], "--field", "StageName", "--json").json
    assert [entry["path"] for entry in one["fields"]] == ["stage"]
    assert desk("try", deal).out.startswith("sf:Opportunity:")
    assert writes(sandbox) == []


def test_a_record_or_field_that_is_not_known_is_said_with_a_near_one(desk: Desk) -> None:
    desk("plan")
    assert "no such record is known" in desk("try", "0069999999999999").err
    assert "did you mean 'stage'?" in desk("try", a_deal(desk), "--field", "stag").err


def test_a_hidden_field_rests_alone_is_said_once_and_nothing_is_cleared(desk: Desk, sandbox: Sandbox) -> None:
    assert desk("schema", "pull").code == 0
    desk("run", "--once")
    seen = len(writes(sandbox))
    sandbox.salesforce.switchboard.settings["hidden_fields"] = {"Opportunity": ["Amount", "Partner_Count__c"]}
    ran = desk("schema", "pull", "--json")
    assert ran.code == 2
    rests = {rest["field"]: (rest["reads"], rest["writes"]) for rest in ran.json["resting"]}
    assert rests == {"Amount": (True, False), "Partner_Count__c": (True, True)}
    first, second = (desk("run", "--once", "--json").json for _ in range(2))
    assert sum("Opportunity.Amount (sf-opportunity)" in note for note in first["notes"]) == 1
    assert not [note for note in second["notes"] if "Amount" in note]
    cleared = [
        (name, pair)
        for run in (first, second)
        for change in run["changes"]
        for name, pair in change["fields"].items()
        if pair[0] is not None and pair[1] is None
    ]
    assert (cleared, len(writes(sandbox)) - seen) == ([], 0)
    del sandbox.salesforce.switchboard.settings["hidden_fields"]
    assert desk("schema", "pull").code == 0


def test_the_tests_inside_a_mapping_run(desk: Desk) -> None:
    path = desk.home / OPP
    path.write_text(
        path.read_text("utf-8") + '\n[[test]]\nname = "t"\ngiven = { IsWon = true }\nexpect = { won = false }\n',
        "utf-8",
    )
    ran = desk("mapping", "test", "sf-opportunity")
    assert (ran.code, "won is True, and False is expected" in ran.out) == (1, True)


def test_files_are_brought_into_even_form_and_mean_the_same(desk: Desk) -> None:
    shown = desk("mapping", "show", "--json").json
    desk.edit(OPP, 'canonical = "stage"\n', 'canonical="stage"   \n\n\n')
    assert desk("mapping", "fmt", "--check").code == 2
    assert desk("mapping", "fmt").code == 0
    assert 'canonical = "stage"\n\nremote' in text_of(desk, OPP)
    assert desk("mapping", "fmt", "--check").code == 0
    assert desk("mapping", "show", "--json").json == shown


def test_a_draft_that_fails_its_own_tests_is_not_published(desk: Desk) -> None:
    desk("run", "--once")
    before = text_of(desk, OPP)
    desk("mapping", "draft", "sf-opportunity")
    desk.edit("drafts/sf-opportunity.toml", '"Closed Won" = "WON"', '"Closed Won" = "LOST"')
    refused = desk("mapping", "publish", "sf-opportunity", "--yes")
    assert (refused.code, "'WON' is expected" in refused.err) == (1, True), refused.err
    assert text_of(desk, OPP) == before


def test_what_is_outside_the_scope_is_not_taken_in_until_the_scope_says_so(desk: Desk, sandbox: Sandbox) -> None:
    scope = "\n[scope]\nwhere = \"(StageName ?? '') != 'Proposal'\"\n"
    path = desk.home / OPP
    plain = path.read_text("utf-8")
    path.write_text(plain + scope, "utf-8")
    out = [row["Id"] for row in sandbox.salesforce.rows("Opportunity") if row["StageName"] == "Proposal"]
    assert out
    assert desk("run", "--once").code == 0
    known = {row["id"] for row in desk.named_rows("record") if row["object"] == "Opportunity"}
    assert known
    assert not known.intersection(out)
    assert desk("reconcile", "--ids").code == 0
    assert not {row["id"] for row in desk.named_rows("record")}.intersection(out)
    told = desk("try", out[0])
    assert (told.code, "no [scope] leaves out" in told.err) == (1, True), told.err
    path.write_text(plain, "utf-8")
    assert desk("run", "--once").code == 0
    assert known.union(out) <= {row["id"] for row in desk.named_rows("record")}
    path.write_text(plain + scope, "utf-8")
    again = desk("run", "--once", "--json")
    assert (again.code, again.json["changes"], again.json["held"]) == (0, [], [])
    assert known.union(out) <= {row["id"] for row in desk.named_rows("record") if not row["deleted"]}
