"""Who gets in: every route as every role, forms from elsewhere, sessions that somebody set before."""

from __future__ import annotations

import pytest
from fastapi.routing import APIRoute

from sync.console import runs
from sync.console.routes import ROUTES, SIGNED, Route
from sync.model.user import UserRole
from tests.console.desk import PASSWORD, Desk, post, token

LISTED = [pytest.param(row, id=f"{row.method} {row.path}") for row in ROUTES]


@pytest.fixture(autouse=True)
def short_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream ends after one look: the test client waits for its end."""
    monkeypatch.setattr(runs, "LOOKS", 1)
    monkeypatch.setattr(runs, "LOOK", 0)


def filled(path: str) -> str:
    """A path with something in its places."""
    return "/".join("nothing" if part.startswith("{") else part for part in path.split("/"))


def test_no_route_is_without_a_row(desk: Desk) -> None:
    served = {(m, route.path) for route in desk.app.routes if isinstance(route, APIRoute) for m in route.methods}
    assert served == {(row.method, row.path) for row in ROUTES}
    assert len(served) == len(ROUTES)
    assert {route.path for route in desk.app.routes if not isinstance(route, APIRoute)} == {"/static"}


@pytest.mark.parametrize("row", LISTED)
def test_nobody_gets_behind_the_gate_without_signing_in(row: Route, desk: Desk) -> None:
    browser = desk.browser()
    answer = browser.request(row.method, filled(row.path))
    if row.roles is SIGNED:
        assert (answer.status_code, answer.text, browser.cookies) == (404, "", {})
    elif row.roles is None:
        assert answer.status_code != 303
    elif row.path.startswith("/api/"):
        assert (answer.status_code, answer.json()["title"]) == (401, "Sign in first.")
    else:
        assert (answer.status_code, answer.headers["location"][:11]) == (303, "/login?next")


@pytest.mark.parametrize("role", UserRole)
def test_every_route_lets_in_its_roles_and_nobody_else(role: UserRole, desk: Desk) -> None:
    browser = desk.as_role(role, partner="par_of_a_test")
    csrf = token(browser.get("/account").text)
    for row in ROUTES:
        if row.path == "/logout" or (row.roles and role in row.roles and row.method != "GET"):
            continue  # what an act does when it is let in is asked where the act is tested
        answer = browser.request(row.method, filled(row.path), headers={"x-csrf-token": csrf})
        allowed = row.roles in (None, SIGNED) or role in row.roles
        assert (answer.status_code == 403) is not allowed, (row.method, row.path, answer.status_code)


def test_only_what_crms_tell_comes_without_a_form(desk: Desk) -> None:
    """What proves itself by a signature is listed here by name: a new one needs a test of its refusals."""
    assert [(row.method, row.path) for row in ROUTES if row.roles is SIGNED] == [("POST", "/hooks/{name}")]


ACTS = [row for row in ROUTES if row.method != "GET" and row.roles is not SIGNED]


@pytest.mark.parametrize("row", ACTS, ids=lambda row: row.path)
def test_no_act_is_done_without_the_token_of_its_form(row: Route, desk: Desk) -> None:
    role = min(row.roles or [UserRole.ADMIN])
    browser = desk.as_role(role, partner="par_of_a_test")
    for sent in ({}, {"csrf": "guessed"}):
        answer = browser.post(filled(row.path), data=sent)
        assert (answer.status_code, "form is not from here" in answer.text) == (403, True)


def test_signing_in_gives_out_a_new_session(desk: Desk) -> None:
    """Whoever set a cookie in somebody's browser before must not be signed in with them."""
    login = desk.person(UserRole.FINANCE)
    browser = desk.browser()
    browser.cookies.set("dealsync-visit", "planted", domain="testserver.local")
    assert post(browser, "/login", "/login", login=login, password=PASSWORD).status_code == 303
    first = browser.cookies["dealsync-visit"]
    assert first != "planted"
    assert browser.get("/").status_code == 200
    assert post(browser, "/login", "/login", login=login, password=PASSWORD).status_code == 303
    second = browser.cookies["dealsync-visit"]
    assert second != first
    left_over = desk.browser()
    left_over.cookies.set("dealsync-visit", first)
    assert left_over.get("/").status_code == 303


def test_every_page_forbids_scripts_from_elsewhere_and_frames(desk: Desk) -> None:
    for path in ("/login", "/static/console.css", "/nothing"):
        headers = desk.browser().get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2f..%2f..%2fconfig.toml",
        "/static/%2e%2e%2f%2e%2e%2fpresets/config.toml",
        "/static//etc/passwd",
        "/mappings/..%2f..%2fconfig",
        "/mappings/..%2f..%2fconfig/draft",
        "/policies/..%2f..%2fconfig/draft",
        "/policies/..%2fconfig/1",
        "/runs/..%2f..%2fdealsync.db",
        "/api/runs/..%2f..%2fdealsync.db",
    ],
)
def test_no_address_reaches_a_file_that_is_not_meant(path: str, desk: Desk) -> None:
    answer = desk.as_role(UserRole.ADMIN).get(path)
    assert answer.status_code in {404, 422}
    assert "[connection" not in answer.text
    assert "root:" not in answer.text
    assert "import" not in answer.text


def test_no_value_of_an_address_is_fetched_or_opened(desk: Desk) -> None:
    """Nothing a visitor sends is an address that the console goes to: it is text that is looked for."""
    browser = desk.as_role(UserRole.ADMIN)
    for aim in ("http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "gopher://127.0.0.1:25"):
        for path in ("/search", "/api/search", "/sso"):
            answer = browser.get(path, params={"q": aim, "next": aim})
            assert answer.status_code in {200, 404}
            assert "root:" not in answer.text
            assert "location" not in answer.headers
