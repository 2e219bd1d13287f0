"""Every command from its own side: what it prints and where, what it refuses, how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import load_world

from .program import Desk, Program, Ran, open_desk

DEAL = "0065e0000000rCtAAI"  # Baltic Freight: warehouse mobility
LOSER = "a015e00000000rkAAA"  # Harbor Systems' registration on it


def writes(sandbox: Sandbox) -> list[str]:
    """Every call so far that could have changed a CRM."""
    reading = ("/search", "/batch/read", "/oauth", "/token")
    calls = [*sandbox.salesforce.switchboard.calls, *sandbox.hubspot.switchboard.calls]
    return [
        f"{call.method} {call.path}"
        for call in calls
        if call.method != "GET" and call.kind != "composite.read" and not any(word in call.path for word in reading)
    ]


def test_init_writes_an_installation_and_lists_what_comes_next(typed: Desk) -> None:
    ran = typed("init", "new")
    assert (ran.code, ran.err) == (0, "")
    new = typed.home / "new"
    written = {path.relative_to(new).as_posix() for path in new.rglob("*.toml")}
    assert (new / "salesforce/sfdx-project.json").exists()
    assert {"config.toml", "policies/standard.toml", "mappings/sf-opportunity.toml"} <= written
    assert f"wrote {len(written)} files to new" in ran.out
    assert "dealsync plan --home new" in ran.out


def test_init_never_overwrites_and_then_writes_nothing_at_all(typed: Desk) -> None:
    mine = typed.home / "new" / "config.toml"
    mine.parent.mkdir()
    mine.write_text("# mine\n", "utf-8")
    ran = typed("init", "new")
    assert (ran.code, ran.out) == (1, "")
    assert "new/config.toml" in ran.err
    assert "exists already" in ran.err
    assert [path.name for path in mine.parent.iterdir()] == ["config.toml"]
    assert mine.read_text("utf-8") == "# mine\n"


def test_plan_as_json_is_one_document_with_everything_and_writes_nothing(desk: Desk, sandbox: Sandbox) -> None:
    ran = desk("plan", "--json")
    assert (ran.code, ran.err) == (2, "")
    view = ran.json
    assert {kind: view["counts"][kind] for kind in ("create", "update", "delete", "held")} == {
        "create": 11,
        "update": 15,
        "delete": 0,
        "held": 0,
    }
    assert len(view["changes"]) == 26
    assert (view["held"], view["unsafe"], view["sent"], view["complete"]) == ([], [], False, True)
    assert view["calls"]["used"]["sf"].keys() == {"api"}
    assert view["calls"]["used"]["hs"].keys() == {"general", "associations"}
    assert all(number > 0 for limits in view["calls"]["planned"].values() for number in limits.values())
    assert writes(sandbox) == []
    assert desk("plan", "--json").json["changes"] == view["changes"]


def test_a_saved_plan_is_applied_exactly_and_then_nothing_is_left(desk: Desk, sandbox: Sandbox) -> None:
    planned = desk("plan", "-o", "first.plan", "--json").json
    before = writes(sandbox)
    applied = desk("apply", "first.plan", "--json")
    assert (applied.code, applied.err, before) == (0, "", [])
    assert applied.json["outcomes"] == {"done": len(planned["changes"])}
    assert (applied.json["faults"], applied.json["notes"]) == ([], [])
    rows = sandbox.salesforce.rows("Partner_Attribution__c")
    assert sorted(Decimal(str(row["Amount__c"])) for row in rows) == sorted(
        Decimal(change["fields"]["Amount__c"][1])
        for change in planned["changes"]
        if change["object"] == "Partner_Attribution__c"
    )
    again = desk("plan", "--json")
    assert (again.code, again.json["changes"], again.json["counts"]["unchanged"]) == (0, [], 26)


def test_a_plan_for_people_shows_each_change_and_how_to_apply_it(desk: Desk) -> None:
    ran = desk("plan", "-o", "first.plan")
    assert (ran.code, ran.err) == (2, "")
    assert "Northwind: CRM roll-out · Lumen Software Resale" in ran.out
    assert '"111111.11"' in ran.out
    assert "11 create, 15 update, 0 delete, 0 held" in ran.out
    assert ran.out.rstrip().endswith("Apply with: dealsync apply first.plan")


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        (lambda text: text.replace("111111.11", "999999.99"), "not a plan"),
        (lambda text: "\n".join([*text.splitlines()[:3], text.splitlines()[-1]]), "changed after it was made"),
        (lambda text: text.splitlines()[0], "not a plan"),
        (lambda text: "", "not a plan"),
    ],
    ids=["edited", "shortened", "cut", "empty"],
)
def test_a_plan_that_was_tampered_with_is_refused(desk: Desk, sandbox: Sandbox, spoil: object, cause: str) -> None:
    assert callable(spoil)
    desk("plan", "-o", "first.plan")
    path = desk.home / "first.plan"
    path.write_text(spoil(path.read_text("utf-8")), "utf-8")
    ran = desk("apply", "first.plan")
    assert (ran.code, ran.out) == (1, "")
    assert "first.plan" in ran.err
    assert cause in ran.err
    assert "fix:" in ran.err
    assert writes(sandbox) == []


def test_a_plan_made_under_other_rules_is_refused(desk: Desk, sandbox: Sandbox) -> None:
    desk("plan", "-o", "first.plan")
    desk.edit("policies/standard.toml", "review_business_days = 2", "review_business_days = 3")
    ran = desk("apply", "first.plan")
    assert ran.code == 1
    assert "policies or mappings changed" in ran.err
    assert writes(sandbox) == []


def test_apply_asks_a_person_and_refuses_when_there_is_none(desk: Desk, sandbox: Sandbox) -> None:
    ran = desk("apply")
    assert ran.code == 2
    assert "--yes" in ran.err
    assert "11 create, 15 update" in ran.out
    assert writes(sandbox) == []


def test_apply_as_json_is_one_document_whether_it_was_agreed_to_or_not(desk: Desk, sandbox: Sandbox) -> None:
    refused = desk("apply", "--json")
    assert (refused.code, refused.json["sent"], len(refused.json["changes"])) == (2, False, 26)
    assert "--yes" in refused.err
    assert writes(sandbox) == []
    agreed = desk("apply", "--yes", "--json")
    assert (agreed.code, agreed.json["outcomes"], agreed.err) == (0, {"done": 26}, "")
    assert desk("apply", "--json").json["outcomes"] == {}


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory, program: Program) -> Iterator[tuple[Desk, Sandbox, Ran]]:
    """An installation after its first run, the CRMs it wrote to, and what the run said; for looking only."""
    with start(load_world("demo", datetime.now(UTC))) as sandbox:
        home = tmp_path_factory.mktemp("settled") / "dealsync"
        desk = open_desk(home, program, sandbox.salesforce_url, sandbox.hubspot_url)
        yield desk, sandbox, desk("run", "--once", "--json")


def test_run_once_reads_decides_and_writes(settled: tuple[Desk, Sandbox, Ran]) -> None:
    _, sandbox, ran = settled
    assert (ran.code, ran.err) == (0, "")
    assert (ran.json["sent"], ran.json["outcomes"]) == (True, {"done": 26})
    assert len(sandbox.salesforce.rows("Partner_Attribution__c")) == 6
    assert len(sandbox.hubspot.rows("partner_attribution")) == 5


def test_the_second_run_writes_nothing(settled: tuple[Desk, Sandbox, Ran]) -> None:
    desk, sandbox, _ = settled
    before = len(writes(sandbox))
    again = desk("run", "--once", "--json")
    assert (again.code, again.json["outcomes"], again.json["changes"]) == (0, {}, [])
    assert len(writes(sandbox)) == before > 0


def test_observe_mode_decides_and_never_writes(desk: Desk, sandbox: Sandbox) -> None:
    desk.edit("config.toml", 'mode = "apply"', 'mode = "observe"')
    ran = desk("run", "--once", "--json")
    assert (ran.json["sent"], ran.json["counts"]["create"]) == (False, 11)
    assert writes(sandbox) == []


def test_the_brake_holds_a_run_and_a_saved_plan_releases_it(desk: Desk, sandbox: Sandbox) -> None:
    desk.edit("config.toml", "changes = 200", "changes = 5")
    held = desk("run", "--once")
    assert held.code == 2
    assert "26 changes; a run may make 5 by itself" in held.err
    assert "dealsync plan -o FILE" in held.err
    assert writes(sandbox) == []
    assert desk("plan", "-o", "big.plan").code == 2
    assert desk("apply", "big.plan").code == 0
    assert desk("plan").code == 0


def test_status_counts_what_is_known_and_asks_no_crm(settled: tuple[Desk, Sandbox, Ran]) -> None:
    desk, sandbox, first = settled
    desk("run", "--once")  # the joint registrations lock a moment after they are agreed
    before = [len(crm.switchboard.calls) for crm in (sandbox.salesforce, sandbox.hubspot)]
    ran = desk("status", "--json")
    assert (ran.code, ran.err) == (0, "")
    view = ran.json
    assert (view["mode"], view["working"], view["due"], view["open_cases"]) == ("apply", None, 0, {})
    assert view["connections"]["sf"]["rows"]["Opportunity"] == 8
    assert view["connections"]["hs"]["rows"]["deals"] == 5
    assert {"done": 26} in [run["report"]["outcomes"] for run in view["runs"] if run["id"] == first.json["run"]]
    assert view["writes"] == {"done": 26}
    assert [len(crm.switchboard.calls) for crm in (sandbox.salesforce, sandbox.hubspot)] == before


def test_status_of_a_new_installation_says_that_nothing_happened_yet(desk: Desk) -> None:
    ran = desk("status")
    assert (ran.code, ran.err) == (0, "")
    assert "no run has written anything yet" in ran.out


def test_explain_knows_a_record_by_every_id_it_has(settled: tuple[Desk, Sandbox, Ran]) -> None:
    desk, _, _ = settled
    [deal] = desk("explain", DEAL, "--json").json["deals"]
    registration = next(each for each in deal["registrations"] if each["partner"] == "Harbor Systems")
    for ident in (f"sf:Opportunity:{DEAL}", deal["id"], LOSER, registration["id"]):
        [same] = desk("explain", ident, "--json").json["deals"]
        assert same == deal, ident
    [case] = deal["cases"]
    assert (case["kind"], case["winner"]) == ("C02", "Lumen Software Resale")
    assert [step["rule"] for step in case["trace"] if step["result"] == "decisive"] == ["valid_protection"]
    assert deal["split"]["amount"] == "180,000.00 USD"


def test_explain_tells_a_person_the_ruling_and_the_sums(settled: tuple[Desk, Sandbox, Ran]) -> None:
    desk, _, _ = settled
    ran = desk("explain", DEAL)
    assert (ran.code, ran.err) == (0, "")
    for words in ("Harbor Systems", "case C02", "valid_protection", "180,000.00 USD", "reject"):
        assert words in ran.out
    assert "not recorded yet" not in ran.out


def test_explain_says_one_clear_sentence_about_an_unknown_id(settled: tuple[Desk, Sandbox, Ran]) -> None:
    desk, _, _ = settled
    ran = desk("explain", "0060000000nobody")
    assert (ran.code, ran.out) == (1, "")
    assert "0060000000nobody: nothing by this id is known here" in ran.err
    assert len([line for line in ran.err.splitlines() if line.strip()]) == 2


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["paln"], "paln"),
        (["plan", "--jsno"], "--jsno"),
        (["explain"], "ID"),
        (["run"], "--once"),
        (["init"], "folder"),
        (["plan", "extra"], "extra"),
    ],
)
def test_wrong_usage_is_named_and_ends_with_64(typed: Desk, arguments: list[str], word: str) -> None:
    ran = typed(*arguments)
    assert (ran.code, ran.out) == (64, "")
    assert word.lower() in ran.err.lower()
    assert "--help" in ran.err
    assert "Traceback" not in ran.err


def test_help_shows_every_command_and_the_exit_codes(typed: Desk) -> None:
    ran = typed("--help")
    assert (ran.code, ran.err) == (0, "")
    for word in ("init", "plan", "apply", "run", "up", "status", "explain", "demo", "Exit codes"):
        assert word in ran.out


def test_without_a_command_the_help_is_shown(typed: Desk) -> None:
    ran = typed()
    assert "init" in ran.out + ran.err
    assert "Traceback" not in ran.err


def test_nothing_coloured_goes_into_a_pipe(settled: tuple[Desk, Sandbox, Ran]) -> None:
    desk, _, _ = settled
    for arguments in (["plan"], ["status"], ["explain", DEAL]):
        ran = desk(*arguments)
        assert "\x1b" not in ran.out + ran.err


def test_json_stays_json_when_names_are_not_ascii(desk: Desk) -> None:
    ran = desk("plan", "--json", LC_ALL="C", PYTHONIOENCODING="utf-8")
    assert any("Robotik Süd" in change["title"] for change in json.loads(ran.out)["changes"])
