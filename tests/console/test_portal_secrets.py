"""No page of a partner holds a rival's name, amount or domain, and no id that it can guess opens anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Final

import pytest

from sync.model.user import UserRole
from sync.page import judge_page
from sync.store import due
from tests.console.browser import Browser
from tests.console.desk import post, token
from tests.console.partners import Partners, says
from tests.machine.office import usd

PEOPLE: Final = {"Lumen": "ann@mail.example", "Cirrus": "cat@mail.example", "Altus": "ben@mail.example"}


class Rivals(Partners):
    """Three partners against each other on deals whose names, amounts and messages say too much."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        rows = {"Lumen": self.lumen, "Cirrus": self.cirrus, "Altus": self.altus}
        for called, row in rows.items():
            self.put("sf", "account", row, domain=f"{called.lower()}-partner.com")
        told = {"submitted_at": self.moment, "vote": "REJECT", "voter": "jo", "voted_at": self.moment}
        deal = self.put("sf", "opportunity", name="Fabrikam via Altus", stage="QUALIFIED", amount=usd("90210"))
        values = {"Lumen": "40404.04", "Cirrus": "50505.05", "Altus": "60606.06"}
        for called, row in rows.items():
            declared = {"declared_value": usd(values[called]), "roles": ["RESELL"], "opportunity": deal}
            more = told | {"vote_reason": "Altus, Lumen and Cirrus: 60606.06 USD"} if called == "Cirrus" else {}
            self.put("sf", "registration", partner=row, **declared, **more)
        self.run()
        self.run()
        self.put("sf", "opportunity", self.deal, stage="WON", close_date=self.moment.date())
        self.run()
        self.people = {called: self.signed_in(rows[called], login) for called, login in PEOPLE.items()}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rivals]:
    opened = Rivals(tmp_path_factory.mktemp("rivals"))
    yield opened
    opened.close()


def walked(browser: Browser) -> dict[str, str]:
    """Every page of the portal that can be reached by links, and every one of the registrations."""
    found: dict[str, str] = {}
    todo = ["/portal"]
    while todo:
        path = todo.pop()
        if path not in found:
            page = browser.get(path)
            assert page.status_code == 200, path
            found[path] = unescape(page.text)
            todo += [unescape(link) for link in re.findall(r'href="(/portal[^"]*)"', page.text)]
    return found


def of_rivals(office: Rivals, called: str) -> set[str]:
    """What must not be read by this partner: names, domains, and every amount of somebody else."""
    with office.desk.store.read() as connection:
        groups = due.judged_after(connection, "", 100)
    secrets = {name for name in PEOPLE if name != called}
    secrets |= {f"{name.lower()}-partner.com" for name in secrets} | {PEOPLE[name] for name in secrets}
    for judged in judge_page(office.desk.site.world, groups, office.moment):
        names = {entry.id: entry.name for entry in judged.facts.partners}
        own = {key for key, name in names.items() if name == called}
        amounts = [e.declared_value for e in judged.facts.registrations if e.partner_id not in own]
        amounts += [p.amount for split in judged.verdict.splits for p in split.portions if p.party not in own]
        secrets |= {text for one in amounts if one and one.minor for text in (str(one.major), f"{one.major:,}")}
    return secrets


@pytest.mark.parametrize("called", PEOPLE)
def test_no_page_of_a_partner_holds_what_is_a_rivals(called: str, office: Rivals) -> None:
    pages = walked(office.people[called])
    assert len(pages) >= 5
    secrets = of_rivals(office, called)
    assert len(secrets) > 8
    for path, page in pages.items():
        for secret in secrets:
            assert not re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", page, re.IGNORECASE), (path, secret)


def test_the_partners_own_words_and_amounts_are_there(office: Rivals) -> None:
    """Otherwise an empty page would keep every secret."""
    pages = "".join(walked(office.people["Lumen"]).values())
    assert "Fabrikam via another partner" in pages
    assert "40404.04" in pages
    assert "Northwind" in pages


def every_id(office: Rivals) -> set[str]:
    """What a partner may have heard of or guess: ids of the CRMs, and all of ours."""
    with office.desk.store.read() as connection:
        rows = connection.exec_driver_sql("SELECT id, thing, group_id FROM record").all()
        cases = connection.exec_driver_sql("SELECT id FROM case_file").all()
        made = connection.exec_driver_sql("SELECT id FROM decision").all()
    return {str(text) for row in (*rows, *cases, *made) for text in row}


@pytest.mark.parametrize("called", PEOPLE)
def test_no_id_opens_what_is_not_the_partners_own(called: str, office: Rivals) -> None:
    browser = office.people[called]
    own = {path for path in walked(browser) if path.startswith("/portal/registration/")}
    csrf = token(browser.get("/account").text)
    opened = set()
    for ident in every_id(office):
        page = browser.get(f"/portal/registration/{ident}")
        if page.status_code == 200:
            opened.add(page.text)
        else:
            assert page.status_code == 422
            sent = {"csrf": csrf, "act": "withdraw", "form": "guess"}
            assert browser.post(f"/portal/registration/{ident}", data=sent).status_code == 422
        assert browser.get(f"/portal/invitation/{ident}").status_code == 422
    assert len(opened) == 2 * len(own)  # by our id and by the CRM's
    for path in ("/cases", "/deals/x", "/registrations/x", "/search?q=Altus", "/appeals"):
        assert browser.get(path).status_code == 403


def test_an_invitation_is_opened_by_nobody_else(office: Rivals) -> None:
    ann, cat = office.people["Lumen"], office.people["Cirrus"]
    fabrikam = next(path for path, page in walked(ann).items() if "<h1>Fabrikam" in page)
    assert says(ann, fabrikam, "invite", to=PEOPLE["Altus"]).status_code == 303
    page = office.people["Altus"].get("/portal").text
    [path] = re.findall(r'href="(/portal/invitation/[^"]+)"', page)
    assert cat.get(path).status_code == 422
    assert ann.get(path).status_code == 422
    answer = post(cat, "/portal/new", path, act="file", form="x", customer_name="Fabrikam", roles="RESELL")
    assert answer.status_code == 422


def test_a_person_of_no_partner_that_is_there_is_told_so(office: Rivals) -> None:
    office.desk.person(UserRole.PARTNER, "eve@mail.example", partner="acc_of_nobody")
    answer = office.desk.signed_in("eve@mail.example").get("/portal")
    assert (answer.status_code, "not a partner in the CRM" in answer.text) == (422, True)
