"""A served installation, people who may sign in, and browsers that behave as browsers do."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from httpx import Response

from sync.config import load
from sync.console.app import build
from sync.console.passwords import hashed
from sync.console.sign_in import new_link
from sync.console.site import Site
from sync.model.user import User, UserRole
from sync.store.opening import open_store
from sync.store.users import add_user, find_user, set_password
from tests.console.browser import Browser

PASSWORD = "seven quiet herons"


class Desk:
    """``site`` is what is served; ``moment`` its clock, which a test may put forward."""

    def __init__(self, home: Path, moment: datetime) -> None:
        self.home, self.moment = home, moment
        self.config = load(home)
        self.store = open_store(self.config.store_url, home)
        self.site = Site(home, self.store, lambda: self.moment)
        self.app = build(self.site)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.store.close()

    def passes(self, **time: int) -> None:
        self.moment += timedelta(**time)

    def person(self, role: UserRole, login: str = "", partner: str | None = None, **more: Any) -> str:
        """The login of somebody with this role, who has `PASSWORD`; made when there is none yet."""
        login = login or f"{role}@example.com"
        with self.store.write() as connection:
            if find_user(connection, login) is None:
                user = add_user(
                    connection, User("", login, more.pop("name", ""), role, partner, **more), self.moment
                )
                set_password(connection, user.id, _hash())
        return login

    def browser(self) -> Browser:
        """A browser with no cookies; it does not follow redirects, so that a test sees them."""
        return Browser(self.app, base_url="http://testserver", follow_redirects=False)

    def as_role(self, role: UserRole, partner: str | None = None) -> Browser:
        """A browser in which somebody with this role is signed in, by a link (quicker than a password)."""
        login = self.person(role, partner=partner if role is UserRole.PARTNER else None)
        return self.signed_in(login)

    def signed_in(self, login: str) -> Browser:
        browser = self.browser()
        with self.store.write() as connection:
            user = find_user(connection, login)
            assert user is not None
            path = new_link(connection, user, self.moment)
        assert post(browser, path, path).status_code == 303
        return browser


_hashes: list[str] = []


def _hash() -> str:
    if not _hashes:
        _hashes.append(hashed(PASSWORD))
    return _hashes[0]


def token(page: str) -> str:
    """The token in the first form of a page."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page
    return found[1]


def post(browser: Browser, page: str, path: str, **fields: Any) -> Response:
    """Load ``page``, take the token of its form, and send ``fields`` to ``path``."""
    csrf = token(browser.get(page).text)
    return browser.post(path, data={"csrf": csrf, **fields})
