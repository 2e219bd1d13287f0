"""One CRM that cannot be signed in to: the other goes on, and what was left out is said."""

from __future__ import annotations

from connector.sandbox.serve import Sandbox

from .program import Desk
from .test_commands import writes


def test_before_it_was_ever_read_everything_stops_with_what_to_mend(desk: Desk, sandbox: Sandbox) -> None:
    desk.edit("config.toml", "pat-sandbox", "pat-wrong")
    ran = desk("run", "--once")
    assert (ran.code, writes(sandbox)) == (1, [])
    assert "hs" in ran.err
    assert desk.store() == {}


def test_afterwards_the_other_goes_on_and_the_next_run_catches_up(desk: Desk, sandbox: Sandbox) -> None:
    assert desk("run", "--once").code == 0
    desk.edit("config.toml", "pat-sandbox", "pat-wrong")
    ran = desk("run", "--once", "--json")
    assert ran.code == 3
    assert {place.split()[0] for place in ran.json["pulled"]} == {"sf"}
    assert any(note.startswith("hs is left out: ") for note in ran.json["notes"])
    desk.edit("config.toml", "pat-wrong", "pat-sandbox")
    assert desk("run", "--once", "--json").json["complete"]


def test_both_down_is_an_error_and_not_an_empty_run(desk: Desk) -> None:
    assert desk("run", "--once").code == 0
    desk.edit("config.toml", "pat-sandbox", "pat-wrong")
    desk.edit("config.toml", "sandbox-secret", "wrong")
    ran = desk("run", "--once")
    assert ran.code == 1
    assert "hs" in ran.err
    assert "sf" in ran.err
