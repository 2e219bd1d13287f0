"""People decide in the browser: what they see first, what is recorded, and what is refused."""

from __future__ import annotations

from sync import rulings
from sync.model.user import UserRole
from sync.store.directives import directives_after
from sync.store.users import latest_acts
from tests.console.browser import Browser
from tests.console.desk import Desk, post
from tests.console.town import OWNER, Town


def case_of(desk: Desk) -> str:
    (case,) = rulings.cases_view(desk.site.world, desk.moment)["cases"]
    return str(case["id"])


def said(desk: Desk) -> list[tuple[str, str, str]]:
    """Everything that people told dealsync: who, what, about what."""
    with desk.store.read() as connection:
        return [(entry.by, entry.act, entry.subject) for entry in directives_after(connection, 0, 100)]


def test_the_inbox_shows_cases_and_approvals_with_their_clocks(desk: Desk) -> None:
    page = desk.as_role(UserRole.SALES).get("/cases").text
    assert "Altus and Lumen both claim RESELL on Contoso." in page
    assert "2026-11-26 09:32" in page  # when the ruling is due
    assert "approvals" in page
    assert "Approve the ticked" not in page  # sales looks


def test_a_case_shows_what_every_ruling_would_do_and_records_nothing(own_desk: Desk, town: Town) -> None:
    browser = own_desk.as_role(UserRole.CHANNEL_MANAGER)
    page = browser.get(f"/cases/{case_of(own_desk)}").text
    assert page.count("50,000.00 USD") == 3  # the deal, and each of the two awards
    assert page.count("25,000.00 USD") == 4  # two side by side, twice
    assert "No rule separates them" in page
    assert said(own_desk) == []


def test_an_award_is_recorded_under_the_name_of_whoever_ruled(own_desk: Desk, town: Town) -> None:
    login = own_desk.person(UserRole.CHANNEL_MANAGER, "maria@example.com", name="Maria")
    browser = own_desk.signed_in(login)
    case = case_of(own_desk)
    winner = rulings.registration_view(own_desk.site.world, town.left, own_desk.moment)["registration"]
    path = f"/cases/{case}"
    without = post(browser, path, path, ruling=f"AWARD {winner}", reason=" ")
    assert (without.status_code, "needs its reason" in without.text) == (422, True)
    answer = post(browser, path, path, ruling=f"AWARD {winner}", reason="they came first")
    assert answer.status_code == 303
    assert "Lumen%20under%20review" in answer.headers["location"]
    assert said(own_desk) == [("Maria", "AWARD", case)]
    with own_desk.store.read() as connection:
        latest = latest_acts(connection)[0]
    assert (latest["by"], latest["act"], latest["subject"]) == ("Maria", "rule award", case)


def test_nobody_rules_on_a_deal_that_is_theirs_under_any_name(own_desk: Desk) -> None:
    """The owner field of a CRM holds an id, not a name. An edited policy counts from the next page on."""
    programme = own_desk.home / "policies" / "standard.toml"
    text = programme.read_text("utf-8")
    programme.write_text(text.replace("owner_may_decide = true", "owner_may_decide = false"), "utf-8")
    owner = own_desk.signed_in(own_desk.person(UserRole.CHANNEL_MANAGER, "o@example.com", crm_ids=(OWNER,)))
    path = f"/cases/{case_of(own_desk)}"
    page = owner.get(path).text
    assert page.count(f"{OWNER} owns Contoso and does not decide on it") == 4
    answer = post(owner, path, path, ruling="DISMISS", reason="mine")
    assert (answer.status_code, "does not decide on it" in answer.text) == (422, True)
    somebody = own_desk.as_role(UserRole.CHANNEL_MANAGER)
    assert post(somebody, path, path, ruling="DISMISS", reason="none").status_code == 303


def filed(desk: Desk) -> list[str]:
    return [entry["registration"] for entry in rulings.approvals_view(desk.site.world, desk.moment)["approvals"]]


def test_several_are_answered_at_once_and_what_does_not_fit_is_listed(own_desk: Desk, town: Town) -> None:
    browser: Browser = own_desk.as_role(UserRole.ADMIN)
    (waiting,) = filed(own_desk)
    held = rulings.registration_view(own_desk.site.world, town.left, own_desk.moment)["registration"]
    both = post(browser, "/cases", "/approvals", act="APPROVE", registration=[waiting, held])
    assert both.status_code == 422
    assert "case C02 is open" in both.text
    assert [(act, subject) for _, act, subject in said(own_desk)] == [("APPROVE", waiting)]
    none = post(browser, "/cases", "/approvals", act="APPROVE")
    assert "none was chosen" in none.text


def test_a_registration_is_sent_back_with_what_is_asked_for(own_desk: Desk) -> None:
    browser = own_desk.as_role(UserRole.CHANNEL_MANAGER)
    (waiting,) = filed(own_desk)
    path = f"/registrations/{waiting}"
    assert "say what the partner is asked for" in post(browser, path, path, act="RETURN").text
    answer = post(browser, path, path, act="RETURN", message="Which product?")
    assert answer.status_code == 303
    assert "action%20required" in answer.headers["location"]
    assert browser.get(path).status_code == 200


def test_what_a_form_says_is_checked_at_the_door(own_desk: Desk) -> None:
    browser = own_desk.as_role(UserRole.ADMIN)
    (waiting,) = filed(own_desk)
    path = f"/registrations/{waiting}"
    assert "is no number of days" in post(browser, path, path, act="EXTEND", days="many").text
    assert "cannot be said about a registration" in post(browser, path, path, act="AWARD").text
    assert "none was chosen" in post(browser, f"/cases/{case_of(own_desk)}", f"/cases/{case_of(own_desk)}").text
    assert said(own_desk) == []
