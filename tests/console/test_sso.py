"""Single sign-on: a real provider's people come in with the role they have, and nobody else does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from sync.cli.session import now
from sync.model.user import UserRole
from sync.store.sso import LIVES
from sync.store.users import find_user, latest_acts, set_disabled
from tests.console.company_login import BACK, installed, serving, signs_in_there
from tests.console.desk import Desk
from tests.console.town import Town

PEOPLE = {
    "ada": {"email": "ada@acme.example", "email_verified": True, "name": "Ada"},
    "eve": {"email": "ada@acme.example", "email_verified": False, "name": "Eve"},
    "mal": {"email": "ada@acme.example", "email_verified": True, "name": "Mal"},
    "cho": {"email": "cho@acme.example", "email_verified": True, "name": "Cho", "groups": ["staff", "channel"]},
}
RULES = """admit = [
  { claim = "groups", value = "channel", role = "channel_manager" },
  { claim = "groups", value = "partners", role = "partner", partner_claim = "partner_id" },
]"""


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(tmp_path_factory.mktemp("provider"))


@pytest.fixture(scope="session")
def issuer(package: Path, town: Town) -> Iterator[str]:
    ours = {"email": "lu@lumen.example", "email_verified": True, "groups": ["partners"], "partner_id": town.lumen}
    strange = ours | {"email": "no@lumen.example", "partner_id": town.deal}
    with serving(package, PEOPLE | {"lu": ours, "no": strange}) as address:
        yield address


def provided(desk: Desk, issuer: str, more: str = "admit = []") -> Desk:
    """The installation with this provider, whose clock is the machine's: the desk goes by it too."""
    desk.moment = now()
    file = desk.home / "config.toml"
    kept = file.read_text("utf-8").partition("[console]")[0]
    block = f'issuer = "{issuer}"\nclient_id = "dealsync"\nclient_secret = "a secret of this test"\n{more}\n'
    file.write_text(f'{kept}\n[console]\nurl = "http://testserver"\n\n[console.sso]\n{block}', "utf-8")
    return desk


def way(desk: Desk, path: str = "/sso") -> tuple[object, str]:
    browser = desk.browser()
    answer = browser.get(path)
    assert answer.status_code == 303, answer.text
    return browser, answer.headers["location"]


def comes(desk: Desk, login: str, path: str = "/sso") -> tuple[object, object]:
    """Somebody signs in at the provider and comes back."""
    browser, to = way(desk, path)
    return browser, browser.get(signs_in_there(to, login).removeprefix("http://testserver"))


def test_somebody_who_was_added_comes_in_by_a_checked_mail_address(own_desk: Desk, issuer: str) -> None:
    desk = provided(own_desk, issuer)
    desk.person(UserRole.FINANCE, "ada@acme.example")
    assert "/sso" in desk.browser().get("/login").text
    browser, answer = comes(desk, "ada", "/sso?next=/insight")
    assert (answer.status_code, answer.headers["location"]) == (303, "/insight")
    assert "ada@acme.example" in browser.get("/account").text
    for login, said in (("eve", "has not checked"), ("mal", "somebody else"), ("cho", "not known here")):
        browser, answer = comes(desk, login)
        assert (answer.status_code, said in answer.text) == (403, True), answer.text
        assert browser.get("/account").status_code == 303


def test_whom_a_rule_admits_has_its_role_as_long_as_it_says_so(own_desk: Desk, issuer: str, town: Town) -> None:
    desk = provided(own_desk, issuer, RULES)
    browser, answer = comes(desk, "cho")
    assert answer.status_code == 303
    assert (browser.get("/cases").status_code, browser.get("/policies/none/draft").status_code != 403) == (
        200,
        True,
    )
    assert comes(desk, "lu")[1].headers["location"] == "/portal"
    assert "none here" in comes(desk, "no")[1].text
    with desk.store.read() as connection:
        assert find_user(connection, "no@lumen.example") is None
    provided(desk, issuer, RULES.replace('"channel_manager"', '"sales"'))
    assert comes(desk, "cho")[1].status_code == 303
    with desk.store.read() as connection:
        cho = find_user(connection, "cho@acme.example")
    assert cho is not None and cho.role is UserRole.SALES
    assert browser.get("/cases").status_code == 303  # what she was signed in as before has ended
    provided(desk, issuer)
    assert comes(desk, "cho")[1].status_code == 403


def test_whoever_is_shut_out_stays_out(own_desk: Desk, issuer: str) -> None:
    desk = provided(own_desk, issuer, RULES)
    assert comes(desk, "cho")[1].status_code == 303
    with desk.store.write() as connection:
        cho = find_user(connection, "cho@acme.example")
        assert cho is not None
        set_disabled(connection, cho.id, desk.moment)
    assert comes(desk, "cho")[1].status_code == 403


def test_the_way_back_works_once_in_the_browser_that_began_and_not_for_long(own_desk: Desk, issuer: str) -> None:
    desk = provided(own_desk, issuer, RULES)
    browser, to = way(desk)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(to).query).items()}
    assert (asked["code_challenge_method"], asked["redirect_uri"], asked["response_type"]) == ("S256", BACK, "code")
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    landed = signs_in_there(to, "cho").removeprefix("http://testserver")
    assert desk.browser().get(landed).status_code == 400  # a code of somebody else's try, planted
    assert browser.get(landed.replace(asked["state"], "guessed")).status_code == 400
    assert browser.get("/sso/back").status_code == 400
    assert browser.get(landed).status_code == 303
    assert browser.get(landed).status_code == 400
    browser, to = way(desk)
    desk.moment += LIVES + timedelta(seconds=1)
    assert "too old" in browser.get(signs_in_there(to, "cho").removeprefix("http://testserver")).text


def test_a_code_is_worth_nothing_with_another_secret_or_another_client(own_desk: Desk, issuer: str) -> None:
    desk = provided(own_desk, issuer, RULES)
    browser, to = way(desk)
    landed = signs_in_there(to, "cho").removeprefix("http://testserver")
    file = desk.home / "config.toml"
    file.write_text(file.read_text("utf-8").replace("a secret of this test", "another secret"), "utf-8")
    assert browser.get(landed).status_code == 401
    with desk.store.read() as connection:
        assert latest_acts(connection, 1)[0]["act"] == "single sign-on refused"


@pytest.mark.parametrize(
    "path", ["https://evil.example", "//evil.example", "/%5Cevil.example", "javascript:alert(1)"]
)
def test_single_sign_on_never_leads_away(path: str, own_desk: Desk, issuer: str) -> None:
    desk = provided(own_desk, issuer, RULES)
    assert comes(desk, "cho", f"/sso?next={path}")[1].headers["location"] == "/"


def test_without_a_provider_there_is_no_such_door(desk: Desk) -> None:
    assert desk.browser().get("/sso").status_code == 404
    assert desk.browser().get("/sso/back?state=x&code=y").status_code == 404
    assert "/sso" not in desk.browser().get("/login").text
