"""One browser window: who is signed in, what it asked for elsewhere, and what went wrong in it."""

from __future__ import annotations

from typing import Any

from sync.console.sign_in import new_link
from sync.model.user import UserRole
from sync.store.users import find_user
from tests.browser.conftest import Served

WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


class Window:
    """``page`` is Playwright's; ``foreign`` are requests to other hosts, ``faults`` errors of the page."""

    def __init__(
        self, chromium: Any, served: Served, *, scheme: str = "light", size: dict[str, int] = WIDE
    ) -> None:
        self.served = served
        self.context = chromium.new_context(color_scheme=scheme, viewport=size, base_url=served.url)
        self.page = self.context.new_page()
        self.foreign: list[str] = []
        self.faults: list[str] = []
        self.page.on("request", self._asked)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(self.served.url):
            self.foreign.append(request.url)

    def sign_in(self, role: UserRole, partner: str | None = None) -> None:
        """By a link, and the button behind it."""
        desk = self.served.desk
        login = desk.person(role, partner=partner)
        with desk.store.write() as connection:
            user = find_user(connection, login)
            assert user is not None
            path = new_link(connection, user, desk.moment)
        self.page.goto(path)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_load_state()

    def close(self) -> None:
        self.context.close()
