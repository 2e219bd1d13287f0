"""A partner files, joins, answers and appeals in its portal; what comes of it stands in the CRM."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from sync.model.user import UserRole
from sync.store import filings, talk
from sync.store.users import latest_acts
from tests.console.browser import Browser
from tests.console.desk import post
from tests.console.partners import Partners, opens, says

ANN, BEN, CAT = "ann@lumen.example", "ben@altus.example", "cat@cirrus.example"
FORM = {"form": "f1", "customer_name": "Fabrikam", "customer_domain": "fabrikam.com", "roles": "RESELL"}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Partners]:
    opened = Partners(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def ann(office: Partners) -> Browser:
    return office.signed_in(office.lumen, ANN)


def listed(browser: Browser) -> list[tuple[str, str]]:
    """The own registrations: the path of each and what it is called."""
    page = browser.get("/portal").text
    return [
        (path, unescape(title)) for path, title in re.findall(r'href="(/portal/registration/[^"]+)">([^<]+)', page)
    ]


def of(browser: Browser, title: str) -> str:
    return next(path for path, called in listed(browser) if called == title)


def file(browser: Browser, **more: str) -> int:
    return post(browser, "/portal/new", "/portal/new", **FORM | more).status_code


class TestFiling:
    def test_a_registration_stands_in_the_crm_and_is_found_in_the_list(
        self, office: Partners, ann: Browser
    ) -> None:
        assert file(ann, declared_value="120000.50", currency="USD") == 303
        assert "the next run takes it" in ann.get("/portal").text
        office.run()
        key = office.field("sf", "registration", "customer_name")
        [row] = [row for row in office.rows("sf", "registration") if row.values.get(key) == "Fabrikam"]
        assert office.says("sf", "registration", row.id, "roles") == "RESELL"
        assert "Fabrikam" in [title for _, title in listed(ann)]
        assert "the next run takes it" not in ann.get("/portal").text

    def test_everything_wrong_stands_beside_its_field_and_nothing_written_is_lost(self, ann: Browser) -> None:
        wrong = {"declared_value": "many", "currency": "USD", "expected_close": "soon", "roles": ""}
        answer = post(ann, "/portal/new", "/portal/new", **FORM | wrong)
        page = unescape(answer.text)
        assert answer.status_code == 422
        for field in ("declared_value", "expected_close"):
            assert f'id="wrong-{field}"' in page
        assert 'value="Fabrikam"' in page
        assert 'value="many"' in page
        without_role = post(ann, "/portal/new", "/portal/new", **FORM | {"roles": ""})
        assert "no role is named" in without_role.text

    def test_the_same_form_sent_twice_files_once(self, office: Partners, ann: Browser) -> None:
        assert (file(ann), file(ann, all_the_same="on")) == (303, 303)
        with office.desk.store.read() as connection:
            assert len(filings.waiting(connection, 10)) == 1

    def test_a_customer_registered_before_is_said_before_it_is_filed(self, office: Partners, ann: Browser) -> None:
        file(ann)
        office.run()
        again = FORM | {"form": "f2", "customer_name": "Fabrikam Inc."}
        answer = post(ann, "/portal/new", "/portal/new", **again)
        assert answer.status_code == 422
        assert f'href="{of(ann, "Fabrikam")}"' in answer.text
        assert post(ann, "/portal/new", "/portal/new", **again, all_the_same="on").status_code == 303

    def test_so_is_one_that_only_waits_for_the_next_run(self, ann: Browser) -> None:
        file(ann)
        answer = post(ann, "/portal/new", "/portal/new", **FORM | {"form": "f2"})
        assert (answer.status_code, "which the next run takes" in answer.text) == (422, True)

    def test_what_others_registered_is_no_reason_for_a_warning(self, office: Partners, ann: Browser) -> None:
        file(ann)
        office.run()
        assert file(office.signed_in(office.altus, BEN)) == 303

    def test_without_a_crm_that_is_filed_to_it_is_said(self, office: Partners, ann: Browser) -> None:
        path = office.folder / "config.toml"
        path.write_text(path.read_text("utf-8").replace('files_to = "sf"', 'files_to = ""'), "utf-8")
        assert "/portal/new" not in ann.get("/portal").text
        assert "cannot be filed here yet" in post(ann, "/portal/new", "/portal/new", **FORM).text
        opens(office.folder)

    def test_what_somebody_writes_as_the_number_of_a_form_reaches_no_other_partner(self, office: Partners) -> None:
        """Two partners with the same number of a form file two registrations."""
        file(office.signed_in(office.lumen, ANN))
        file(office.signed_in(office.altus, BEN))
        office.run()
        key = office.field("sf", "registration", "customer_name")
        assert sum(row.values.get(key) == "Fabrikam" for row in office.rows("sf", "registration")) == 2


class TestJoining:
    def invites(self, office: Partners, ann: Browser, to: str = BEN) -> str:
        """Lumen invites Altus on Northwind; the path of the invitation."""
        assert says(ann, of(ann, "Northwind"), "invite", to=to).status_code == 303
        page = office.signed_in(office.altus, BEN).get("/portal").text
        return re.findall(r'href="(/portal/invitation/[^"]+)"', page)[0]

    def test_two_partners_are_registered_jointly_and_see_each_other(self, office: Partners, ann: Browser) -> None:
        path, ben = self.invites(office, ann), office.signed_in(office.altus, BEN)
        assert "Lumen invites you to register jointly" in ben.get(path).text
        assert "Altus" not in ann.get(of(ann, "Northwind")).text
        filed = {"form": "f9", "customer_name": "Northwind", "roles": "PRESALES", "act": "file"}
        assert post(ben, path, path, **filed).status_code == 303
        office.run()
        row = next(
            row
            for row in office.rows("sf", "registration")
            if row.values.get(office.field("sf", "registration", "customer_name"))
        )
        office.put("sf", "registration", row.id, vote="APPROVE", voter="jo", voted_at=office.moment)
        office.run()
        office.run()
        assert office.says("sf", "registration", row.id, "joint_key") == office.says(
            "sf", "registration", office.resells, "joint_key"
        )
        assert "Altus" in ann.get(of(ann, "Northwind")).text
        hers = ben.get(of(ben, "Northwind")).text
        assert "Lumen" in hers
        assert "Cirrus" not in hers

    def test_an_invitation_is_answered_once_and_only_by_whom_it_is_for(
        self, office: Partners, ann: Browser
    ) -> None:
        path = self.invites(office, ann)
        cat = office.signed_in(office.cirrus, CAT)
        assert cat.get(path).status_code == 422
        assert post(cat, "/account", path, act="decline").status_code == 422
        ben = office.signed_in(office.altus, BEN)
        assert post(ben, path, path, act="decline").status_code == 303
        assert post(ben, "/account", path, act="decline").status_code == 422
        assert "declined" in ann.get(of(ann, "Northwind")).text

    def test_nobody_is_invited_twice_or_by_itself(self, office: Partners, ann: Browser) -> None:
        self.invites(office, ann)
        northwind = of(ann, "Northwind")
        assert "was invited before" in says(ann, northwind, "invite", to=BEN).text
        assert "your own address" in says(ann, northwind, "invite", to=ANN).text
        assert "no e-mail address" in says(ann, northwind, "invite", to="ben").text

    def test_a_colleague_cannot_accept(self, office: Partners, ann: Browser) -> None:
        eve = office.signed_in(office.lumen, "eve@lumen.example")
        says(ann, of(ann, "Northwind"), "invite", to="eve@lumen.example")
        path = re.findall(r'href="(/portal/invitation/[^"]+)"', eve.get("/portal").text)[0]
        answer = post(eve, path, path, **FORM, act="file")
        assert (answer.status_code, "your own company invites" in answer.text) == (422, True)


class TestSaying:
    def test_evidence_and_a_share_stand_in_the_crm_after_the_next_run(self, office: Partners, ann: Browser) -> None:
        page = of(ann, "Northwind")
        piece = {"evidence": "POC", "evidence_day": "2026-11-20", "evidence_ref": "Report 7"}
        assert says(ann, page, "correct", **piece).status_code == 303
        assert says(ann, page, "correct", form="s", proposed_share="60").status_code == 303
        office.run()
        assert "Report 7" in (office.says("sf", "registration", office.resells, "evidence") or "")
        assert office.says("sf", "registration", office.resells, "proposed_share") == "60"

    def test_more_time_is_asked_for_and_a_registration_withdrawn(self, office: Partners, ann: Browser) -> None:
        page = of(ann, "Northwind")
        assert says(ann, page, "ask_for_extension").status_code == 303
        office.run()
        assert office.says("sf", "registration", office.resells, "extension_requested_at")
        assert says(ann, page, "withdraw").status_code == 303
        office.run()
        office.run()
        assert "withdrawn" in ann.get(page).text
        again = says(ann, page, "withdraw", form="w2")
        assert (again.status_code, "it is withdrawn already" in again.text) == (422, True)

    def test_a_wrong_share_is_said_beside_its_field(self, ann: Browser) -> None:
        answer = says(ann, of(ann, "Northwind"), "correct", proposed_share="140")
        assert answer.status_code == 422
        assert 'id="wrong-proposed_share"' in answer.text
        assert 'value="140"' in answer.text

    def test_only_what_was_rejected_is_appealed_and_judged_anew_when_let_in(
        self, office: Partners, ann: Browser
    ) -> None:
        page = of(ann, "Northwind")
        assert "only what was rejected" in says(ann, page, "appeal", text="why").text
        moment = office.moment
        office.put("sf", "registration", office.resells, vote="REJECT", voter="jo", voted_at=moment)
        office.run()
        office.run()
        assert says(ann, page, "appeal", text="We were first", form="a2").status_code == 303
        channel = office.desk.as_role(UserRole.CHANNEL_MANAGER)
        assert "We were first" in channel.get("/appeals").text
        own = f"/appeals/{page.rpartition('/')[2]}"
        assert post(channel, own, own, act="note", text="We look at it").status_code == 303
        assert post(channel, own, own, act="let_in", text="New facts").status_code == 303
        assert "We look at it" in ann.get(page).text
        assert office.desk.as_role(UserRole.SALES).post(own, data={"act": "let_in"}).status_code == 403
        office.run()
        assert "only what was rejected" in says(ann, page, "appeal", text="again", form="a3").text

    def test_a_ruling_is_rated_once_and_counted_by_its_rule(self, office: Partners, ann: Browser) -> None:
        page = of(ann, "Northwind")
        assert says(ann, page, "unfair", text="We came first").status_code == 303
        assert says(ann, page, "fair").status_code == 422
        with office.desk.store.read() as connection:
            [counted] = talk.feedback(connection).values()
        assert counted == {"FAIR": 0, "UNFAIR": 1}
        assert "Was this ruling fair" not in ann.get(page).text

    def test_a_note_is_read_by_its_writer_and_by_no_partner_that_is_not_with_it(
        self, office: Partners, ann: Browser
    ) -> None:
        says(ann, of(ann, "Northwind"), "step", text="Call the buyer", due="2026-12-01")
        mine = ann.get(of(ann, "Northwind")).text
        assert "Call the buyer" in mine
        assert "2026-12-01" in mine
        cat = office.signed_in(office.cirrus, CAT)
        assert "Call the buyer" not in cat.get(of(cat, "Northwind")).text
        assert says(ann, of(ann, "Northwind"), "note", text=" ").status_code == 422

    def test_every_act_is_kept_with_who_did_it(self, office: Partners, ann: Browser) -> None:
        says(ann, of(ann, "Northwind"), "note", text="Hello")
        with office.desk.store.read() as connection:
            assert latest_acts(connection)[0]["act"] == "note"
            assert latest_acts(connection)[0]["by"] == ANN


class TestStatement:
    def test_shows_what_came_of_won_deals_and_as_csv(self, office: Partners, ann: Browser) -> None:
        office.put("sf", "opportunity", office.deal, stage="WON", close_date=office.moment.date())
        office.run()
        page = ann.get("/portal/statement").text
        lines = ann.get("/portal/statement.csv?over=2026").text.splitlines()
        assert lines[0] == "day,currency,amount,balance,deal,roles,cause"
        amount = lines[2].split(",")[2]
        assert amount in page.replace(",", "")
        assert len(lines) == 4
        assert "Cirrus" not in page

    def test_a_period_that_is_none_is_said(self, ann: Browser) -> None:
        answer = ann.get("/portal/statement?over=soon")
        assert (answer.status_code, "this is no period" in answer.text) == (422, True)
