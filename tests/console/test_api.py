"""The JSON interface says what the pages say, to whom they say it, and keeps to its description."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from sync.console.routes import ROUTES
from sync.model.user import UserRole
from tests.console.browser import Browser
from tests.console.desk import Desk
from tests.console.town import Town


def test_a_deal_has_the_figures_of_its_page(desk: Desk, town: Town) -> None:
    told = desk.as_role(UserRole.FINANCE).get(f"/api/deals/{town.tailspin}").json()
    amounts = {part["partner"]: part["amount"] for part in told["deals"][0]["split"]["portions"]}
    assert amounts == {"Lumen": "1,636.36 USD", "Cirrus": "1,363.64 USD"}
    assert told["sides"]["audit"]


def test_cases_registrations_and_runs_are_those_of_the_pages(desk: Desk, town: Town) -> None:
    browser = desk.as_role(UserRole.ADMIN)
    waiting = browser.get("/api/cases").json()
    [dispute] = [case for case in waiting["cases"]["entries"] if "Contoso" in str(case)]
    assert browser.get(f"/api/cases/{dispute['id']}").json()["id"] == dispute["id"]
    assert browser.get(f"/api/registrations/{town.left}").json()["registration"].startswith("reg_")
    [latest, *_] = browser.get("/api/runs?limit=1").json()["runs"]
    assert browser.get(f"/api/runs/{latest['id']}").json()["id"] == latest["id"]
    assert [entry["name"] for entry in browser.get("/api/search?q=Tailspin").json()["found"]] == ["Tailspin"]


def test_a_statement_is_exact_text(desk: Desk) -> None:
    browser = desk.as_role(UserRole.FINANCE)
    told = browser.get("/api/statements?over=2026&partner=Lumen").json()
    [entry] = [account for party in told["statements"] for account in party["accounts"]]
    assert (entry["currency"], entry["opening"], entry["closing"]) == ("USD", "0.00", "1636.36")
    refused = browser.get("/api/statements?over=never")
    assert (refused.status_code, refused.json()["problems"][0]["fix"][:5]) == (422, "write")


def test_a_partner_reads_its_own_and_nobody_elses(desk: Desk, town: Town) -> None:
    desk.person(UserRole.PARTNER, "lu@lumen.example", _ours(desk, town.lumen))
    browser = desk.signed_in("lu@lumen.example")
    own = browser.get("/api/own/registrations").json()
    assert own["total"] == len(own["registrations"]) == 3
    assert browser.get(f"/api/own/registrations/{own['registrations'][0]['id']}").status_code == 200
    told = browser.get("/api/own/statement?over=2026").text
    assert ("1636.36" in told, "1363.64" in told) == (True, False)
    everything = browser.get("/api/own/registrations").text + told
    assert ("Altus" in everything, "50000" in everything) == (False, False)
    staff = desk.as_role(UserRole.ADMIN)
    others = [
        staff.get(f"/api/registrations/{row}").json()["registration"] for row in (town.right, town.implements)
    ]
    for ident in (*others, town.right, town.implements, "nothing"):
        answer = browser.get(f"/api/own/registrations/{ident}")
        assert (answer.status_code, answer.json()["problems"][0]["what"]) == (
            422,
            "you have no registration by this name",
        )


def _ours(desk: Desk, row: str) -> str:
    from sync.portal.company import partner_named

    found = partner_named(desk.site.world, row)
    assert found is not None
    return found


@pytest.mark.parametrize("role", [UserRole.ADMIN, UserRole.PARTNER])
def test_every_address_keeps_to_its_description_whatever_is_asked(role: UserRole, desk: Desk, town: Town) -> None:
    partner = _ours(desk, town.lumen) if role is UserRole.PARTNER else None
    desk.person(role, f"{role}@program.example", partner)
    reader = desk.signed_in(f"{role}@program.example")
    described = schemathesis.openapi.from_dict(reader.get("/api/openapi.json").json())
    operations = [found.ok() for found in described.get_all_operations()]
    assert {operation.path for operation in operations} == {row.path for row in ROUTES if "/api/" in row.path}
    for operation in operations:
        _keeps(operation, reader)


def _keeps(operation: Any, reader: Browser) -> None:
    """What schemathesis thinks of, asked: an answer that is described, as JSON, and never a fault of ours."""
    allowed = {int(code) for code in operation.definition.raw["responses"]}

    @settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def holds(case: Any) -> None:
        asked = case.as_transport_kwargs(base_url="http://testserver")
        answer = reader.request(asked["method"], asked["url"], params=asked.get("params"))
        assert answer.status_code in allowed, (asked, answer.text)
        assert answer.headers["content-type"] == "application/json"
        assert answer.json() is not None

    holds()
