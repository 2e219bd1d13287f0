"""Without a mouse: a case is read, a word is explained, and a ruling is recorded."""

from __future__ import annotations

from typing import Any

from sync import rulings
from sync.model.user import UserRole
from tests.browser.conftest import Served
from tests.browser.seen import Window
from tests.console.test_cases import case_of, said


def test_a_case_is_ruled_on_from_the_keyboard(chromium: Any, own_served: Served) -> None:
    desk = own_served.desk
    case = case_of(desk)
    window = Window(chromium, own_served)
    window.sign_in(UserRole.CHANNEL_MANAGER)
    page = window.page
    page.goto(f"/cases/{case}")
    word = page.get_by_role("button", name="in conflict").first
    word.focus()
    page.keyboard.press("Enter")
    assert page.get_by_text("An open case blocks the approval.").first.is_visible()
    page.keyboard.press("Escape")
    page.get_by_label("Award it to Lumen").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.type("they came first")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases?notice=*")
    assert page.get_by_role("status").first.inner_text().startswith("Recorded: ")
    assert [(act, subject) for _, act, subject in said(desk)] == [("AWARD", case)]
    assert window.faults == []
    assert window.foreign == []
    assert rulings.case_view(desk.site.world, case, desk.moment)["state"] == "RESOLVED"
    window.close()


def test_slash_goes_to_the_search_and_a_name_leads_to_its_deal(chromium: Any, served: Served) -> None:
    window = Window(chromium, served)
    window.sign_in(UserRole.SALES)
    page = window.page
    page.keyboard.press("/")
    page.keyboard.type("tailsp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=tailsp")
    page.get_by_role("link", name="Tailspin").click()
    page.wait_for_url("**/deals/*")
    assert page.get_by_role("heading", level=1).inner_text() == "Tailspin"
    window.close()
