"""One deal on one page, and what is searched for; whoever may not see the money does not get it."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from sync.explain import account
from sync.explain.sales import SalesDeal, SalesSides
from sync.model.user import UserRole
from tests.console.desk import Desk, post
from tests.console.test_cases import said
from tests.console.town import BITE, Town


def test_a_deal_shows_both_crms_the_split_the_ledger_and_its_past(desk: Desk, town: Town) -> None:
    page = desk.as_role(UserRole.FINANCE).get(f"/deals/{town.deal}").text
    assert f"sf:Opportunity:{town.deal}" in page
    assert f"hs:deals:{town.twin}" in page
    won = desk.as_role(UserRole.FINANCE).get(f"/deals/{town.tailspin}").text
    for amount in ("1,636.36 USD", "1,363.64 USD"):
        assert won.count(amount) >= 2  # in the split, and in the ledger
    assert "RESELL pool 30 of 55 filled" in won
    assert "sealed events stand behind this deal" in won


def test_sales_sees_who_and_how_long_and_no_money(desk: Desk, town: Town) -> None:
    page = desk.as_role(UserRole.SALES).get(f"/deals/{town.tailspin}").text
    assert "Lumen" in page
    assert "2027-02-22" in page
    for secret in ("1,636.36", "1636.36", "3,000.00", "54.55"):
        assert secret not in page


def test_a_deal_shows_what_its_roles_earned_and_what_finance_paid_of_it(town: Town, tmp_path: Path) -> None:
    home = town.copied_to(tmp_path / "town")
    rules = home / "policies/standard.toml"
    margin = '\n[incentives.RESELL]\nkind = "margin"\npercent = 10\n'
    rules.write_text(rules.read_text("utf-8") + margin, "utf-8")
    with Desk(home, town.moment) as desk:
        page = desk.as_role(UserRole.FINANCE).get(f"/deals/{town.tailspin}").text
        hidden = desk.as_role(UserRole.SALES).get(f"/deals/{town.tailspin}").text
    told = page.partition("Paid by finance")[2].partition("</table>")[0]
    assert "10% margin, earned at close" in page
    assert [word in told for word in ("Lumen", "300.00 USD", "123.45 USD", "176.55 USD", "part")] == [True] * 5
    assert "123.45" not in hidden
    assert "margin" not in hidden


def test_a_past_that_somebody_changed_is_said_on_the_page(own_desk: Desk, town: Town) -> None:
    with own_desk.store.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER decision_is_never_edited")
        connection.exec_driver_sql(
            "UPDATE decision SET body = replace(body, 'WON', 'LOST') WHERE event = 'opp_won'"
        )
    page = own_desk.as_role(UserRole.ADMIN).get(f"/deals/{town.tailspin}").text
    assert "The sealed past is broken" in page


def test_what_people_typed_into_a_crm_is_text(desk: Desk, town: Town) -> None:
    browser = desk.as_role(UserRole.ADMIN)
    for path in (f"/deals/{town.bites}", "/cases", "/search?q=alert", f"/search?q={BITE}"):
        page = browser.get(path).text
        assert BITE not in page, path
        assert "&lt;script&gt;alert" in page, path


def test_people_search_by_what_they_remember(desk: Desk, town: Town) -> None:
    browser = desk.as_role(UserRole.SALES)
    assert "Tailspin" in browser.get("/search?q=tAiLs").text
    assert "Cirrus" in browser.get("/search?q=cirr").text
    whole = browser.get(f"/search?q={town.tailspin}")
    assert whole.headers["location"].startswith("/deals/opp_")
    assert browser.get(whole.headers["location"]).status_code == 200
    assert "Nothing is known by that" in browser.get("/search?q=nobody knows").text
    assert browser.get("/search?q=%25").status_code == 200


def test_a_partner_and_an_account_have_their_deals_on_one_page(desk: Desk, town: Town) -> None:
    page = desk.as_role(UserRole.CHANNEL_MANAGER).get(f"/accounts/{town.altus}").text
    assert "Contoso" in page
    assert "Tailspin" not in page


def test_people_divide_a_deal(own_desk: Desk, town: Town) -> None:
    browser = own_desk.as_role(UserRole.CHANNEL_MANAGER)
    path = f"/deals/{town.deal}"
    wrong = post(browser, path, f"{path}/share", parts="Lumen=60\nNobody=40")
    assert "no partner of this deal is called" in wrong.text
    assert said(own_desk) == []
    assert post(browser, path, f"{path}/share", parts="Lumen=60\r\nCirrus=40\r\n").status_code == 303
    assert [act for _, act, _ in said(own_desk)] == ["SHARE"]
    assert "40" in browser.get(path).text


def test_what_is_not_there_is_said_with_a_way_on(desk: Desk) -> None:
    browser = desk.as_role(UserRole.SALES)
    for path in ("/deals/nothing", "/cases/nothing", "/registrations/nothing", "/accounts/nothing"):
        answer = browser.get(path)
        assert (answer.status_code, "nothing by this id is known" in answer.text) == (422, True), path


def test_a_partner_with_many_deals_has_several_pages_that_together_show_each_deal_once(
    own_desk: Desk, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "PAGE", 1)
    browser = own_desk.as_role(UserRole.SALES)
    first, second = (browser.get(f"/accounts/{town.lumen}?page={number}").text for number in (0, 1))
    assert "Page 1 of 3" in first
    pages = [first, second, browser.get(f"/accounts/{town.lumen}?page=2").text]
    for name in ("Northwind", "Contoso", "Tailspin"):
        assert sum(f">{name}" in page for page in pages) == 1, name
    assert browser.get(f"/accounts/{town.lumen}?page=-1").status_code == 400


def test_a_role_on_a_deal_says_in_which_phase_it_works(desk: Desk, town: Town) -> None:
    page = desk.as_role(UserRole.SALES).get(f"/deals/{town.tailspin}").text
    assert re.search(r'resell <span class="small dim">sale</span>', page)
    assert re.search(r'implement <span class="small dim">implementation</span>', page)


def test_what_sales_gets_of_a_deal_has_no_place_for_money(desk: Desk, town: Town) -> None:
    told = desk.as_role(UserRole.SALES).get(f"/api/deals/{town.tailspin}")
    assert told.status_code == 200
    amounts = ("1,636.36", "1,363.64", "1636.36", "1363.64", "3,000.00", "3000", "123.45")
    assert not [amount for amount in amounts if amount in told.text]
    assert "Lumen" in told.text
    places = {field.name for kind in (SalesDeal, SalesSides) for field in fields(kind)}
    assert not places & {"split", "amount", "ledger", "earned", "portions"}
    whole = desk.as_role(UserRole.FINANCE).get(f"/api/deals/{town.tailspin}").text
    assert "1,636.36" in whole
