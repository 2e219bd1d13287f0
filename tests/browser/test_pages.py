"""Every page: accessible in both colour schemes, readable at two widths, nothing asked of another host."""

from __future__ import annotations

from typing import Any

import pytest

from sync import rulings
from sync.model.user import UserRole
from sync.store import runs
from tests.browser.conftest import Served
from tests.browser.seen import PHONE, WIDE, Window
from tests.console.partners import partner_id
from tests.console.town import Town

PAGES = [
    ("/login", None),
    ("/", UserRole.ADMIN),
    ("/account", UserRole.FINANCE),
    ("/cases", UserRole.CHANNEL_MANAGER),
    ("/cases/{case}", UserRole.CHANNEL_MANAGER),
    ("/registrations/{left}", UserRole.ADMIN),
    ("/deals/{tailspin}", UserRole.FINANCE),
    ("/search?q=o", UserRole.SALES),
    ("/accounts/{altus}", UserRole.SALES),
    ("/runs/{run}", UserRole.ADMIN),
    ("/runs/{run}/rollback", UserRole.ADMIN),
    ("/errors", UserRole.ADMIN),
    ("/help", UserRole.PARTNER),
    ("/portal", UserRole.PARTNER),
    ("/portal/new", UserRole.PARTNER),
    ("/portal/registration/{left}", UserRole.PARTNER),
    ("/portal/statement", UserRole.PARTNER),
    ("/appeals", UserRole.CHANNEL_MANAGER),
    ("/appeals/{left}", UserRole.CHANNEL_MANAGER),
    ("/nothing-here", UserRole.SALES),
    ("/policies", UserRole.FINANCE),
    ("/policies/standard/1", UserRole.CHANNEL_MANAGER),
    ("/policies/standard/draft", UserRole.ADMIN),
    ("/insight", UserRole.FINANCE),
    ("/insight/rows?of=registrations", UserRole.SALES),
    ("/mappings", UserRole.CHANNEL_MANAGER),
    ("/mappings/sf-opportunity?field=stage", UserRole.ADMIN),
    ("/mappings/hs-partner-registration?field=status", UserRole.CHANNEL_MANAGER),
    ("/mappings/sf-opportunity/draft", UserRole.ADMIN),
]
"""Every page and who looks at it; a page that is added is added here."""


@pytest.fixture(scope="module")
def names(served: Served, town: Town) -> dict[str, str]:
    """What stands in the places of a path."""
    (case,) = rulings.cases_view(town.world, town.moment)["cases"]
    with served.desk.store.read() as connection:
        run = runs.last_runs(connection, 1)[0]["id"]
    rows = {"left": town.left, "tailspin": town.tailspin, "altus": town.altus}
    return rows | {"case": case["id"], "run": run, "lumen": partner_id(served.desk, town.lumen)}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("path", "role"), PAGES, ids=[path for path, _ in PAGES])
def test_a_page_is_accessible_and_asks_nobody_else(
    path: str, role: UserRole | None, scheme: str, chromium: Any, served: Served, names: dict[str, str]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="SKIPPED: axe is not installed")
    window = Window(chromium, served, scheme=scheme)
    if role:
        window.sign_in(role, names["lumen"] if role is UserRole.PARTNER else None)
    answer = window.page.goto(path.format(**names))
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
    path: str, role: UserRole | None, size: dict[str, int], chromium: Any, served: Served, names: dict[str, str]
) -> None:
    window = Window(chromium, served, size=size)
    if role:
        window.sign_in(role, names["lumen"] if role is UserRole.PARTNER else None)
    window.page.goto(path.format(**names))
    assert window.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    window.close()
