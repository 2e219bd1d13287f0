"""Signing in: by password and by link, who is shut out, how often one may try, and where it leads."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sync.console.serve import first_steps
from sync.console.sign_in import TRIES, new_link
from sync.console.visit import inside
from sync.model.problem import BadInput
from sync.model.user import User, UserRole
from sync.store.users import add_user, all_users, find_user, set_disabled
from sync.store.visits import IDLE, LINK_LIVES, LONGEST, WINDOW
from tests.console.desk import PASSWORD, Desk, post


def link_for(desk: Desk, login: str) -> str:
    with desk.store.write() as connection:
        user = find_user(connection, login)
        assert user is not None
        return new_link(connection, user, desk.moment)


def test_a_wrong_password_and_an_unknown_login_are_told_the_same(own_desk: Desk) -> None:
    login = own_desk.person(UserRole.SALES)
    browser = own_desk.browser()
    wrong = post(browser, "/login", "/login", login=login, password="not this one, sorry")
    unknown = post(browser, "/login", "/login", login="nobody", password="not this one, sorry")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace(login, "") == unknown.text.replace("nobody", "")


def test_guessing_has_to_wait_however_right_the_last_guess_is(own_desk: Desk) -> None:
    login = own_desk.person(UserRole.ADMIN)
    browser = own_desk.browser()
    for _ in range(TRIES["account"]):
        assert post(browser, "/login", "/login", login=login.upper(), password="wrong again").status_code == 401
    held = post(own_desk.browser(), "/login", "/login", login=login, password=PASSWORD)
    assert held.status_code == 429
    assert 0 < int(held.headers["retry-after"]) <= WINDOW.total_seconds() + 1
    own_desk.moment += WINDOW + timedelta(seconds=1)
    assert post(browser, "/login", "/login", login=login, password=PASSWORD).status_code == 303


def test_one_address_cannot_try_every_account(own_desk: Desk) -> None:
    login = own_desk.person(UserRole.SALES)
    with own_desk.store.write() as connection:
        from sync.store.visits import note_failure

        for _ in range(TRIES["address"]):
            note_failure(connection, ("address testclient",), own_desk.moment)
    assert post(own_desk.browser(), "/login", "/login", login=login, password=PASSWORD).status_code == 429


def test_a_link_signs_in_once_and_only_when_its_button_is_pressed(own_desk: Desk) -> None:
    path = link_for(own_desk, own_desk.person(UserRole.SALES))
    for _ in range(2):
        looked = own_desk.browser().get(path)  # as programs that look at mail do
        assert (looked.status_code, "dealsync-visit" in looked.cookies) == (200, False)
    assert post(own_desk.browser(), path, path).status_code == 303
    assert post(own_desk.browser(), path, path).status_code == 410


def test_a_link_ends_after_a_day(own_desk: Desk) -> None:
    path = link_for(own_desk, own_desk.person(UserRole.SALES))
    own_desk.moment += LINK_LIVES
    assert post(own_desk.browser(), path, path).status_code == 410


def test_whoever_is_shut_out_is_out_at_once(own_desk: Desk) -> None:
    login = own_desk.person(UserRole.ADMIN)
    browser = own_desk.signed_in(login)
    path = link_for(own_desk, login)
    assert browser.get("/").status_code == 200
    with own_desk.store.write() as connection:
        user = find_user(connection, login)
        assert user is not None
        set_disabled(connection, user.id, own_desk.moment)
    assert browser.get("/").status_code == 303
    assert post(own_desk.browser(), path, path).status_code == 410
    assert post(own_desk.browser(), "/login", "/login", login=login, password=PASSWORD).status_code == 401


@pytest.mark.parametrize("away", [IDLE, LONGEST], ids=["idle", "longest"])
def test_a_session_ends(own_desk: Desk, away: timedelta) -> None:
    browser = own_desk.as_role(UserRole.SALES)
    end = own_desk.moment + away
    while away is LONGEST and own_desk.moment < end - timedelta(hours=1):
        own_desk.moment += timedelta(hours=1)
        assert browser.get("/account").status_code == 200
    own_desk.moment = end
    assert browser.get("/account").status_code == 303


def test_a_new_password_ends_every_other_session(own_desk: Desk) -> None:
    login = own_desk.person(UserRole.FINANCE)
    here, there = own_desk.signed_in(login), own_desk.signed_in(login)
    new = "eleven loud storks"
    wrong = post(here, "/account", "/account/password", old="guessed", password=new)
    assert wrong.status_code == 403
    short = post(here, "/account", "/account/password", old=PASSWORD, password="short")
    assert short.status_code == 422
    assert post(here, "/account", "/account/password", old=PASSWORD, password=new).status_code == 303
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 303
    assert post(own_desk.browser(), "/login", "/login", login=login, password=new).status_code == 303


def test_signing_out_ends_the_session_and_not_only_the_cookie(own_desk: Desk) -> None:
    browser = own_desk.as_role(UserRole.SALES)
    kept = browser.cookies["dealsync-visit"]
    assert post(browser, "/account", "/logout").status_code == 303
    other = own_desk.browser()
    other.cookies.set("dealsync-visit", kept)
    assert other.get("/account").status_code == 303


@pytest.mark.parametrize(
    "path", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\tx", ""]
)
def test_a_sign_in_never_leads_away(path: str, own_desk: Desk) -> None:
    login = own_desk.person(UserRole.SALES)
    answer = post(own_desk.browser(), "/login", "/login", login=login, password=PASSWORD, next=path)
    assert answer.headers["location"] == "/"


def test_a_sign_in_leads_back_to_where_one_wanted_to_go() -> None:
    assert inside("/cases?kind=C02") == "/cases?kind=C02"


def test_the_first_start_prints_a_link_on_this_machine_only(own_desk: Desk) -> None:
    away = first_steps(own_desk.store, "0.0.0.0", "http://x", own_desk.moment)
    assert "dealsync user add" in away[0]
    with own_desk.store.read() as connection:
        assert all_users(connection) == [] or "@" in all_users(connection)[0].login


def test_who_is_added_has_to_fit(own_desk: Desk) -> None:
    with own_desk.store.write() as connection:
        for login, role, partner in (("a b", UserRole.SALES, None), ("p", UserRole.PARTNER, None)):
            with pytest.raises(BadInput):
                add_user(connection, User("", login, "", role, partner), own_desk.moment)
        with pytest.raises(BadInput):
            add_user(connection, User("", "s", "", UserRole.SALES, "par_x"), own_desk.moment)
        add_user(connection, User("", "Twice@Example.com", "", UserRole.SALES), own_desk.moment)
        with pytest.raises(BadInput, match="already"):
            add_user(connection, User("", "twice@example.com", "", UserRole.SALES), own_desk.moment)


def test_vendored_files_are_as_published(own_desk: Desk) -> None:
    import tomllib
    from hashlib import sha256
    from importlib.resources import files

    static = files("sync.console") / "static"
    listed = tomllib.loads((static / "vendored.toml").read_text("utf-8"))["htmx"]["files"]
    assert set(listed) == {entry.name for entry in static.iterdir() if entry.name.endswith(".min.js")}
    for name, entry in listed.items():
        assert sha256((static / name).read_bytes()).hexdigest() == entry["sha256"], name
