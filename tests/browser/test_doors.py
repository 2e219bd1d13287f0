"""The door of single sign-on in a real browser: readable for everybody, and reached from the keyboard."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import Served
from tests.browser.seen import PHONE, WIDE, Window
from tests.console.desk import Desk

SSO = """
[console]
url = "https://desk.example"

[console.sso]
issuer = "https://login.example"
client_id = "dealsync"
client_secret = "env:DEALSYNC_SSO_SECRET"
"""


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_way_through_the_company_is_accessible_and_one_step_behind_the_password(
    scheme: str, size: dict[str, int], chromium: Any, own_desk: Desk
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="SKIPPED: axe is not installed")
    config = own_desk.home / "config.toml"
    config.write_text(config.read_text("utf-8").partition("[console]")[0] + SSO, "utf-8")
    served = Served(own_desk)
    try:
        window = Window(chromium, served, scheme=scheme, size=size)
        window.page.goto("/login?next=/cases")
        found = axe.Axe().run(window.page)
        assert found.violations_count == 0, found.generate_report()
        door = window.page.get_by_role("link", name="Sign in through your company")
        assert door.get_attribute("href") == "/sso?next=/cases"
        window.page.get_by_role("button", name="Sign in").focus()
        window.page.keyboard.press("Tab")
        assert door.evaluate("link => document.activeElement === link")
        assert window.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert (window.foreign, window.faults) == ([], [])
        window.close()
    finally:
        served.stop()
