"""The commands about the past as a person types them: audit, person, replay; what they print and how they end."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from sync.cli import auditing, explaining, replaying, screen
from sync.commands import write_new
from sync.model.problem import BadInput
from tests.machine.northwind import Northwind
from tests.steps.business import PRESET


class Typed:
    """What was printed and the exit code of one command."""

    def __init__(self, code: int, out: str) -> None:
        self.code, self.out = code, out

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Desk:
    """An installation whose store has a history; commands are typed into it."""

    def __init__(self, folder: Path) -> None:
        self.office = Northwind(folder)
        self.office.run()
        self.office.passes(days=2)
        self.office.claims(self.office.partner("Beacon"), "RESELL", vote=None)
        self.office.run()
        write_new(folder)
        self.home = folder
        self.app = typer.Typer()
        for module in (auditing, explaining, replaying):
            module.register(self.app)

    def __call__(self, *words: str) -> Typed:
        found = CliRunner().invoke(self.app, [*words, "--home", str(self.home)], standalone_mode=False)
        if found.exception:
            raise found.exception
        return Typed(found.return_value or 0, found.stdout)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    opened = Desk(tmp_path)
    for module in (auditing, explaining, replaying):
        monkeypatch.setattr(module, "now", lambda: opened.office.moment)
    yield opened
    opened.office.close()


def test_audit_says_that_everything_is_as_it_was_written(desk: Desk) -> None:
    view = desk("audit", "verify", "--json").json
    assert (view["whole"], view["faults"], view["checkpoints"]) == (True, [], 2)
    assert desk("audit", "verify", "--head", view["head"]).code == 0
    ran = desk("audit", "verify", "--head", "0" * 64, "--json")
    assert (ran.code, ran.json["faults"][0]["chain"]) == (1, "checkpoints")


def test_audit_names_the_broken_link(desk: Desk) -> None:
    desk.office.close()
    connection = sqlite3.connect(desk.home / "dealsync.db")
    connection.execute("DROP TRIGGER decision_is_never_edited")
    connection.execute("UPDATE decision SET body = replace(body, 'approve', 'reject') WHERE event = 'approve'")
    connection.commit()
    connection.close()
    ran = desk("audit", "verify", "--json")
    assert (ran.code, ran.json["whole"]) == (1, False)
    assert ran.json["faults"][0]["what"] == "it was changed after it was sealed"


def test_pruning_leaves_a_whole_history_and_refuses_the_future(desk: Desk) -> None:
    ran = desk("audit", "prune", "--before", "2026-11-25", "--json").json
    assert ran["events"] > 0
    after = desk("audit", "verify", "--json").json
    assert (after["whole"], after["head"]) == (True, ran["head"])
    with pytest.raises(BadInput, match="it lies in the future"):
        desk("audit", "prune", "--before", "2999-01-01")


def test_a_person_is_given_out_and_erased(desk: Desk) -> None:
    assert len(desk("person", "export", "JO", "--json").json["decisions"]) == 2
    assert desk("person", "erase", "jo", "--yes", "--json").json == {"names": ["jo"], "rows": 2, "left": 0}
    with pytest.raises(BadInput, match="nobody of this name"):
        desk("person", "export", "jo")
    assert desk("audit", "verify", "--json").json["whole"] is True
    [deal] = desk("explain", desk.office.deal, "--json").json["deals"]
    assert {decision["actor"] for decision in deal["decisions"]} == {"rule", "erased person"}


def test_nobody_is_erased_without_a_yes(desk: Desk) -> None:
    with pytest.raises(typer.Abort):
        desk("person", "erase", "jo")
    assert desk("person", "export", "jo", "--json").json["names"] == ["jo"]


def test_replay_shows_what_another_policy_would_do(desk: Desk) -> None:
    path = desk.home / "candidate.toml"
    text = PRESET.read_text("utf-8")
    path.write_text(text.replace('model = "role_pools"', 'model = "equal"'), "utf-8")
    view = desk("replay", "--policy", str(path), "--json").json
    assert (view["groups"], view["registrations"], view["deals_moved"]) == (1, 3, 1)
    gains = {entry["party"]: entry["amount"] for entry in view["moved"]}
    assert gains == {"Cirrus": "45.45 USD", "Lumen": "-45.45 USD"}
    with pytest.raises(BadInput, match="no such file"):
        desk("replay", "--policy", "nowhere.toml")


def test_a_partner_is_shown_what_it_may_read(desk: Desk) -> None:
    beacon = next(row.id for row in desk.office.rows("sf", "account") if "Beacon" in row.values.values())
    view = desk("explain", desk.office.deal, "--as-partner", beacon, "--json").json
    assert [entry["state"] for entry in view["registrations"]] == ["REJECTED"]
    assert "Lumen" not in json.dumps(view)


def test_what_is_for_people_is_text(desk: Desk) -> None:
    path = desk.home / "candidate.toml"
    path.write_text(PRESET.read_text("utf-8").replace('model = "role_pools"', 'model = "equal"'), "utf-8")
    with screen.out.capture() as said:
        desk("audit", "verify")
        desk("person", "export", "jo")
        desk("replay", "--policy", str(path))
        desk("explain", desk.office.deal)
    text = said.get()
    for words in (
        "every one as it was written",
        "2 decisions",
        "1 deals would be divided otherwise",
        "+45.45 USD",
        "asked before: customer_choice",
        "if it asked for ADVISE instead of RESELL",
    ):
        assert words in text
