"""Two partners register jointly, each in its own browser: invited, accepted, judged, and both see their shares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sync.console.sign_in import new_link
from sync.model.user import UserRole
from sync.store.users import find_user
from tests.browser.conftest import Served
from tests.browser.seen import PHONE, WIDE, Window
from tests.console.partners import Partners, partner_id

ANN, BEN = "ann@lumen.example", "ben@altus.example"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Partners]:
    opened = Partners(tmp_path)
    yield opened
    opened.close()


def window_of(chromium: Any, served: Served, office: Partners, row: str, login: str, size: Any) -> Window:
    """The window of somebody of a partner, signed in by a link."""
    desk = served.desk
    desk.person(UserRole.PARTNER, login, partner=partner_id(desk, row))
    with desk.store.write() as connection:
        user = find_user(connection, login)
        assert user is not None
        path = new_link(connection, user, desk.moment)
    window = Window(chromium, served, size=size)
    window.page.goto(path)
    window.page.get_by_role("button", name="Sign in").click()
    window.page.wait_for_url("**/portal*")
    return window


def test_two_partners_register_jointly(office: Partners, chromium: Any) -> None:
    served = Served(office.desk)
    try:
        ann = window_of(chromium, served, office, office.lumen, ANN, WIDE)
        ben = window_of(chromium, served, office, office.altus, BEN, PHONE)
        ann.page.get_by_role("link", name="Northwind").click()
        ann.page.get_by_label("Their e-mail address").fill(BEN)
        ann.page.get_by_role("button", name="Invite").click()
        ann.page.get_by_text("Invited. They find it").wait_for()

        ben.page.goto("/portal")
        ben.page.get_by_role("link", name="Lumen invites you").click()
        ben.page.get_by_role("button", name="Accept and file").click()
        ben.page.get_by_text("no role is named").wait_for()
        ben.page.get_by_label("presales").check()
        ben.page.get_by_role("button", name="Accept and file").click()
        ben.page.get_by_text("Accepted. You are registered jointly").wait_for()

        office.run()
        named = office.field("sf", "registration", "customer_name")
        [row] = [row for row in office.rows("sf", "registration") if row.values.get(named) == "Northwind"]
        office.put("sf", "registration", row.id, vote="APPROVE", voter="jo", voted_at=office.moment)
        office.run()
        office.run()
        for window, partner in ((ann, "Altus"), (ben, "Lumen")):
            window.page.goto("/portal")
            window.page.get_by_role("link", name="Northwind").click()
            facts = window.page.locator("dl.facts").inner_text()
            assert partner in facts
            assert "%" in facts
            assert "Cirrus" not in window.page.content()
            assert window.foreign == []
            assert [fault for fault in window.faults if "422" not in fault] == []  # the form without a role
            window.close()
        shares = office.shares("sf", office.deal)
        assert {office.lumen, office.altus, office.cirrus} == set(shares)
    finally:
        served.stop()
