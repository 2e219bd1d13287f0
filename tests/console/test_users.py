"""Who may come in is said on the command line: a link is printed, and it opens the console."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from sync.cli.serving import register
from sync.cli.session import now
from sync.model.problem import BadInput
from tests.console.desk import Desk, post
from tests.console.town import Town


def typed(desk: Desk, *arguments: str) -> Result:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, [*arguments, "--home", str(desk.home)], catch_exceptions=False)


def test_somebody_is_let_in_shut_out_and_let_in_again(own_desk: Desk) -> None:
    added = typed(
        own_desk, "user", "add", "Ada@example.com", "--role", "finance", "--name", "Ada", "--crm-id", "005a"
    )
    own_desk.moment = machine_time()
    path = "/link/" + added.output.strip().rpartition("/link/")[2]
    browser = own_desk.browser()
    assert post(browser, path, path).headers["location"] == "/account"
    (ada,) = json.loads(typed(own_desk, "user", "list", "--json").output)
    assert (ada["login"], ada["name"], ada["role"], ada["crm_ids"]) == (
        "ada@example.com",
        "Ada",
        "finance",
        ["005a"],
    )
    typed(own_desk, "user", "disable", "ada@example.com")
    assert browser.get("/account").status_code == 303
    typed(own_desk, "user", "enable", "ada@example.com")
    again = typed(own_desk, "user", "link", "ada@example.com").output.strip()
    path = "/link/" + again.rpartition("/link/")[2]
    assert post(own_desk.browser(), path, path).status_code == 303


def machine_time() -> datetime:
    """The command line has the machine's clock: the desk goes by it too."""
    return now()


def test_a_partners_person_belongs_to_a_partner_that_is_known(own_desk: Desk, town: Town) -> None:
    added = typed(own_desk, "user", "add", "p@example.com", "--role", "partner", "--partner", town.lumen)
    assert "as partner" in added.output
    for wrong in (town.deal, "nothing"):
        with pytest.raises(BadInput, match="no partner has this id"):
            typed(own_desk, "user", "add", "q@example.com", "--role", "partner", "--partner", wrong)
    with pytest.raises(BadInput):
        typed(own_desk, "user", "disable", "nobody")


def test_a_partner_is_let_in_before_its_first_registration(tmp_path: Path) -> None:
    (tmp_path / "town").mkdir()
    office = Town(tmp_path / "town")
    quiet, customer = office.partner("Quiet"), office.put("sf", "account", name="Fabrikam", is_partner=False)
    office.run()
    with Desk(office.copied_to(tmp_path / "served"), office.moment) as desk:
        added = typed(desk, "user", "add", "quinn@quiet.example", "--role", "partner", "--partner", quiet)
        desk.moment = machine_time()
        path = "/link/" + added.output.strip().rpartition("/link/")[2]
        browser = desk.browser()
        assert post(browser, path, path).headers["location"] == "/portal"
        assert browser.get("/portal").status_code == 200
        with pytest.raises(BadInput, match="no partner has this id"):
            typed(desk, "user", "add", "c@fabrikam.example", "--role", "partner", "--partner", customer)
    office.close()
