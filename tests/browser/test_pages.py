"""Every page: accessible in both colour schemes, readable at two widths, nothing asked of another host."""

from __future__ import annotations

from typing import Any

import pytest

from sync.model.user import UserRole
from tests.browser.conftest import Served
from tests.browser.seen import PHONE, WIDE, Window

PAGES = [
    ("/login", None),
    ("/", UserRole.ADMIN),
    ("/account", UserRole.FINANCE),
    ("/nothing-here", UserRole.SALES),
]
"""Every page and who looks at it; a page that is added is added here."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("path", "role"), PAGES, ids=[path for path, _ in PAGES])
def test_a_page_is_accessible_and_asks_nobody_else(
    path: str, role: UserRole | None, scheme: str, chromium: Any, served: Served
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="SKIPPED: axe is not installed")
    window = Window(chromium, served, scheme=scheme)
    if role:
        window.sign_in(role)
    answer = window.page.goto(path)
    found = axe.Axe().run(window.page)
    assert found.violations_count == 0, found.generate_report()
    assert window.page.locator("h1").count() == 1
    assert window.foreign == []
    assert window.faults == [] or answer.status >= 400, window.faults
    assert len(answer.body()) < 100_000
    window.close()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize(("path", "role"), PAGES, ids=[path for path, _ in PAGES])
def test_a_page_needs_no_scrolling_to_the_side(
    path: str, role: UserRole | None, size: dict[str, int], chromium: Any, served: Served
) -> None:
    window = Window(chromium, served, size=size)
    if role:
        window.sign_in(role)
    window.page.goto(path)
    assert window.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    window.close()
