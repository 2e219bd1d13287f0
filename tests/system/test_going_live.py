"""Going live as a person does it: watch, adopt, a few changes, the stop button. Real processes, served CRMs."""

from __future__ import annotations

from connector.sandbox.serve import Sandbox
from connector.sandbox.switchboard import Fault

from .program import Desk
from .test_commands import writes


def forget(desk: Desk) -> None:
    """The store is lost, the CRMs say what they say."""
    for path in desk.home.glob("dealsync.db*"):
        path.unlink()


def test_observing_writes_nothing_and_says_how_often_rules_and_people_agree(desk: Desk, sandbox: Sandbox) -> None:
    desk.edit("config.toml", 'mode = "apply"', 'mode = "observe"')
    ran = desk("run", "--once", "--json")
    assert (ran.code, writes(sandbox)) == (0, [])
    agreement = ran.json["agreement"]
    assert sum(agreement["registrations"].values()) == 9  # nine of ten were voted for
    assert {entry["word"] for entry in agreement["differing"]} == {"ask"}
    assert desk.named_rows("decision") == []


def test_adopting_is_shown_first_recorded_on_yes_and_then_day_one_rejudges_nothing(
    desk: Desk, sandbox: Sandbox
) -> None:
    assert desk("run", "--once").code == 0
    forget(desk)
    shown = desk("adopt")
    assert (shown.code, desk.named_rows("directive")) == (2, [])
    assert "would adopt: registrations 9 APPROVED, 1 REJECTED · 4 splits" in shown.out
    before = len(writes(sandbox))
    kept = desk("adopt", "--yes", "--by", "Maria", "--json")
    assert (kept.code, kept.json["registrations"], kept.json["splits"]) == (0, {"APPROVED": 9, "REJECTED": 1}, 4)
    [person] = {row["by"] for row in desk.named_rows("directive")}  # names lie outside what is sealed
    assert {row["name"] for row in desk.named_rows("person") if row["id"] == person} == {"Maria"}
    assert len(writes(sandbox)) == before
    changed = {field for change in kept.json["plan"]["changes"] for field in change["fields"]}
    assert not changed & {"Status__c", "Share__c", "Amount__c", "Protection_End__c", "status", "share", "amount"}
    assert desk("run", "--once", "--json").json["outcomes"].keys() == {"done"}
    assert desk("run", "--once", "--json").json["outcomes"] == {}
    again = desk("adopt", "--yes", "--json")
    assert (again.code, again.json["registrations"], again.json["splits"]) == (0, {}, 0)


def test_the_stop_button_stops_a_running_cycle_within_one_batch(desk: Desk, sandbox: Sandbox) -> None:
    sandbox.salesforce.switchboard.faults.append(Fault(method="POST", path="composite/graph", delay=4.0))
    running = desk.start("run", "--once", "--json")
    while not any("batch/" in call for call in writes(sandbox)):  # HubSpot is done, Salesforce takes its time
        assert running.poll() is None, running.communicate()
    pressed = desk("pause", "--reason", "the board is looking", "--by", "Maria")
    assert (pressed.code, pressed.out) == (0, "everything is paused; `dealsync resume` ends it\n")
    out, _ = running.communicate(timeout=60)
    assert running.returncode == 3, out
    assert '"again"' in out
    status = desk("status")
    assert "everything: paused by Maria" in status.err
    assert "the board is looking" in status.err
    before = len(writes(sandbox))
    assert desk("run", "--once").code == 3
    assert len(writes(sandbox)) == before
    assert desk("resume").out == "everything goes on\n"
    assert desk("run", "--once").code == 0
    assert desk("run", "--once", "--json").json["counts"]["update"] == 0


def test_a_canary_writes_a_few_whole_deals_and_the_next_run_the_rest(desk: Desk) -> None:
    few = desk("run", "--once", "--canary", "3", "--json")
    assert few.code == 3
    assert 3 <= sum(few.json["outcomes"].values()) < 26
    assert desk("run", "--once").code == 0
    assert desk("plan").code == 0


def test_what_is_not_there_cannot_be_paused(desk: Desk) -> None:
    ran = desk("pause", "nowhere")
    assert (ran.code, ran.out) == (1, "")
    assert "no connection has this name" in ran.err
    assert "use one of sf, hs" in ran.err
    assert desk("resume").out == "nothing was paused\n"
