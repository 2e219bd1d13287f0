"""Whether knowing an id opens anything: every route with real ids in its places, as everybody it is not for."""

from __future__ import annotations

import pytest

from sync import rulings
from sync.console import runs as console_runs
from sync.console.routes import ROUTES, SIGNED, Route
from sync.model.user import UserRole
from sync.store import runs
from tests.console.desk import Desk, token
from tests.console.partners import partner_id
from tests.console.town import Town

NAMED = [row for row in ROUTES if "{" in row.path and row.roles not in (None, SIGNED)]
OWN = [row for row in NAMED if row.roles == frozenset({UserRole.PARTNER})]
SECRETS = ("Contoso", "Tailspin", "50,000", "Cirrus", "Altus")
"""What stands behind the ids below, and nobody reads in a refusal."""


@pytest.fixture(autouse=True)
def short_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_runs, "LOOKS", 1)
    monkeypatch.setattr(console_runs, "LOOK", 0)


@pytest.fixture(scope="module")
def ids(desk: Desk, town: Town) -> dict[str, list[str]]:
    """Every kind of id that somebody may come to know, by the first part of the path that takes it."""
    (case,) = rulings.cases_view(desk.site.world, desk.moment)["cases"]
    with desk.store.read() as connection:
        run = str(runs.last_runs(connection, 1)[0]["id"])
    rivals = [town.right, rulings.registration_view(desk.site.world, town.right, desk.moment)["registration"]]
    return {
        "runs": [run],
        "cases": [str(case["id"])],
        "registrations": rivals,
        "deals": [town.contoso, town.tailspin],
        "accounts": [town.altus, town.cirrus],
        "policies": ["standard"],
        "appeals": rivals,
        "mappings": ["sf-opportunity"],
        "portal": [*rivals, town.tailspin, str(case["id"])],
        "own": rivals,
    }


def filled(row: Route, ids: dict[str, list[str]]) -> list[str]:
    kind = next(part for part in reversed(row.path.split("/")) if part in ids)
    return [row.path.replace("{ident}", own).replace("{name}", own).replace("{number}", "1") for own in ids[kind]]


@pytest.mark.parametrize("role", UserRole)
def test_an_id_that_is_real_opens_nothing_to_a_role_that_the_table_does_not_name(
    role: UserRole, desk: Desk, town: Town, ids: dict[str, list[str]]
) -> None:
    browser = desk.as_role(role, partner=partner_id(desk, town.lumen))
    csrf = {"x-csrf-token": token(browser.get("/account").text)}
    closed = [row for row in NAMED if role not in (row.roles or ())]
    assert closed
    for row in closed:
        for path in filled(row, ids):
            answer = browser.request(row.method, path, headers=csrf)
            assert answer.status_code == 403, (row.method, path)
            assert not [word for word in SECRETS if word in answer.text], (row.method, path)


@pytest.mark.parametrize("row", OWN, ids=lambda row: f"{row.method} {row.path}")
def test_an_id_of_somebody_else_is_to_a_partner_as_one_that_never_was(
    row: Route, desk: Desk, town: Town, ids: dict[str, list[str]]
) -> None:
    browser = desk.as_role(UserRole.PARTNER, partner=partner_id(desk, town.lumen))
    csrf = {"x-csrf-token": token(browser.get("/account").text)}
    nothing = row.path.replace("{ident}", "nothing")
    never = browser.request(row.method, nothing, headers=csrf)
    assert never.status_code in (404, 422)
    for path in filled(row, ids):
        answer = browser.request(row.method, path, headers=csrf)
        own = path.rpartition("/")[2]
        assert answer.status_code == never.status_code, path
        assert answer.text.replace(own, "nothing") == never.text, path
