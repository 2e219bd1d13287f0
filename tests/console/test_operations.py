"""Operations: what the first page says, the stop button, a run with its writes, work started from the browser."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

import pytest

from sync.console import runs as console_runs
from sync.model.user import UserRole
from sync.store import brakes, runs
from sync.store.budgets import Left, StoreLedger, left_today
from sync.store.progress import note_progress
from sync.store.users import latest_acts
from tests.console.desk import Desk, post
from tests.console.town import Town


def latest_run(desk: Desk) -> str:
    with desk.store.read() as connection:
        return str(runs.last_runs(connection, 1)[0]["id"])


def test_the_first_page_has_a_row_for_each_connection_and_what_waits(desk: Desk) -> None:
    page = desk.as_role(UserRole.ADMIN).get("/").text
    assert re.search(r'scope="row">sf .*?<span class="state good">', page, re.DOTALL)
    assert re.search(r'scope="row">hs .*?<span class="state good">', page, re.DOTALL)
    assert "Run now" in page
    assert "Run now" not in desk.as_role(UserRole.FINANCE).get("/").text


def test_a_red_row_says_the_one_thing_to_do(own_desk: Desk, town: Town) -> None:
    browser = own_desk.as_role(UserRole.ADMIN)
    refused = post(browser, "/errors", "/errors/park", ident=town.deal, reason=" ")
    assert (refused.status_code, "a reason is needed" in refused.text) == (422, True)
    assert post(browser, "/errors", "/errors/park", ident=town.deal, reason="wrong org").status_code == 303
    assert "rows are parked: look at them, and let them go on" in browser.get("/").text
    assert "wrong org" in browser.get("/errors").text
    assert post(browser, "/errors", "/errors/unpark", ident=f"sf Opportunity {town.deal}").status_code == 303
    assert "rows are parked" not in browser.get("/").text
    with own_desk.store.read() as connection:
        assert [entry["act"] for entry in latest_acts(connection, 2)] == ["let go on", "park"]


def test_the_stop_button_stops_one_connection_or_everything(own_desk: Desk) -> None:
    browser = own_desk.as_role(UserRole.CHANNEL_MANAGER)
    assert post(browser, "/", "/pause", crm="hs", reason="looking").status_code == 303
    with own_desk.store.read() as connection:
        assert list(brakes.paused(connection)) == ["hs"]
    assert "Resume" in browser.get("/").text
    assert post(browser, "/", "/pause", crm="nobody").status_code == 422
    assert post(browser, "/", "/pause", crm="").status_code == 303
    assert "Everything is paused by" in browser.get("/").text
    assert post(browser, "/", "/resume", crm="").status_code == 303
    with own_desk.store.read() as connection:
        assert not brakes.paused(connection)


def test_a_run_shows_its_funnel_and_every_field_before_and_after(desk: Desk) -> None:
    browser = desk.as_role(UserRole.ADMIN)
    page = browser.get(f"/runs/{latest_run(desk)}").text
    assert "<del>Approved</del> &rarr; <ins>Won</ins>" in page
    back = browser.get(f"/runs/{latest_run(desk)}/rollback").text
    assert "5 rows to restore" in back
    assert browser.get("/runs/nothing").status_code == 404
    assert browser.get("/runs/nothing/rollback").status_code == 422


def test_progress_that_another_process_notes_is_shown(own_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with own_desk.store.write() as connection:
        note_progress(connection, "a worker", "deciding", (3, 12), own_desk.moment)
    browser = own_desk.as_role(UserRole.ADMIN)
    monkeypatch.setattr(console_runs, "LOOKS", 1)
    monkeypatch.setattr(console_runs, "LOOK", 0)
    for page in (browser.get("/").text, browser.get("/runs/live").text):
        assert "deciding" in page
        assert "3 of 12" in page


def test_a_run_that_is_started_here_runs_beside_and_says_how_it_ended(own_desk: Desk) -> None:
    """The CRMs of this town cannot be reached: that is what it has to say."""
    browser = own_desk.as_role(UserRole.ADMIN)
    assert post(browser, "/", "/run").status_code == 303
    ended: list[dict[str, object]] = []
    for _ in range(600):
        with own_desk.store.read() as connection:
            ended = [entry for entry in latest_acts(connection, 5) if entry["act"] == "run now: ended"]
        if ended:
            break
        time.sleep(0.1)
    assert ended[0]["more"]["exit"] == 1  # type: ignore[index]
    assert "error" in str(ended[0]["more"])
    assert "run now: ended" in browser.get("/").text


def test_the_first_page_says_how_many_calls_of_the_day_are_left(own_desk: Desk) -> None:
    browser = own_desk.as_role(UserRole.FINANCE)
    assert browser.get("/").text.count("none made") == 2
    ledger = StoreLedger(lambda: datetime.now(UTC), {"sf": 50})
    ledger.share(own_desk.store)
    ledger.learn("sf", "api", used=1_000, allowed=20_000)
    ledger.take("sf", "api", 10)
    ledger.release()
    with own_desk.store.read() as connection:
        assert left_today(connection, "sf", 50) == [Left("api", 20_000 // 2 - 1_000 - 10, 20_000 // 2 - 1_000)]
    shown = browser.get("/").text
    assert "14,990" in shown  # config.toml says nothing of a percentage, so 80 of 100 are ours
    assert shown.count("none made") == 1
