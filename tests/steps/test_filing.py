"""What a partner files itself becomes a record of the CRM, once, and is judged from there like every other one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector.errors import Rejected
from connector.record import Ref
from sync.filing import faults
from sync.model.filing import Filing, FilingState, Form
from sync.model.registration import Evidence, Response, Role
from sync.rollback import rollback
from sync.store import filings
from tests.machine.crash import Fuse, Killed, mortal
from tests.machine.northwind import Northwind
from tests.machine.office import usd

TODAY = date(2026, 11, 24)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Northwind]:
    opened = Northwind(tmp_path)
    yield opened
    opened.close()


def a_form(office: Northwind, **more: Any) -> Form:
    return Form(
        opportunity=Ref("sf", "Opportunity", office.deal),
        partner=Ref("sf", "Account", office.lumen),
        customer_name="Northwind",
        roles=(Role.PRESALES,),
        submitted_at=office.moment,
        **more,
    )


def files(office: Northwind, form: Form, ident: str = "fil_1", record: Ref | None = None) -> bool:
    filing = Filing(ident, "Lumen", "ann@lumen.example", office.moment, "sf", form, record)
    with office.world.store.write() as connection:
        return filings.add_filing(connection, filing)


def ended(office: Northwind) -> list[tuple[FilingState, str]]:
    with office.world.store.read() as connection:
        return [(entry.state, entry.why) for entry in filings.of_partner(connection, "Lumen", 10)]


def filed_rows(office: Northwind) -> list[str]:
    key = office.field("sf", "registration", "filing_key")
    return [row.id for row in office.rows("sf", "registration") if row.values.get(key) == "fil_1"]


class TestANewRegistration:
    def test_stands_in_the_crm_and_is_judged_in_the_same_run(self, office: Northwind) -> None:
        files(
            office, a_form(office, declared_value=usd(500), evidence=(Evidence("POC", office.moment, "Report 7"),))
        )
        office.run()
        [row] = filed_rows(office)
        assert ended(office) == [(FilingState.WRITTEN, "")]
        assert office.says("sf", "registration", row, "roles") == "PRESALES"
        assert office.says("sf", "registration", row, "evidence") == "POC|2026-11-24T09:30:00Z|Report 7|"
        assert office.says("sf", "registration", row, "status") is not None

    def test_sent_twice_is_filed_once(self, office: Northwind) -> None:
        assert files(office, a_form(office))
        assert not files(office, a_form(office, lead=True))
        office.run()
        office.run()
        assert len(filed_rows(office)) == 1

    def test_waits_while_dealsync_only_looks(self, office: Northwind) -> None:
        files(office, a_form(office))
        office.run(send=False)
        assert ended(office) == [(FilingState.WAITING, "")]
        office.world = replace(office.world, observe=True)
        office.run()
        assert (ended(office), filed_rows(office)) == ([(FilingState.WAITING, "")], [])

    def test_that_the_crm_refuses_says_why(self, office: Northwind) -> None:
        files(office, a_form(office))
        office.crms["sf"].faults = [("write", Rejected("sf: no deals on Sundays"))]
        office.run()
        [(state, why)] = ended(office)
        assert (state, filed_rows(office)) == (FilingState.REFUSED, [])
        assert "no deals on Sundays" in why

    def test_is_never_taken_back_by_a_rollback(self, office: Northwind) -> None:
        files(office, a_form(office))
        office.run()
        office.passes(minutes=1)
        rollback(office.world, "last", office.moment, "Maria", keep=True)
        assert len(filed_rows(office)) == 1

    @pytest.mark.parametrize("steps", range(12))
    def test_killed_anywhere_is_filed_once(self, office: Northwind, steps: int) -> None:
        files(office, a_form(office))
        whole = office.world
        office.world = mortal(office.world, Fuse(steps))
        try:
            office.run()
        except Killed:
            office.world = whole
        office.run()
        office.run()
        assert len(filed_rows(office)) == 1
        assert ended(office) == [(FilingState.WRITTEN, "")]


class TestMoreAboutARegistration:
    def record(self, office: Northwind) -> Ref:
        office.run()
        return Ref("sf", "Deal_Registration__c", office.resells)

    def test_only_what_was_said_is_written(self, office: Northwind) -> None:
        record = self.record(office)
        before = office.contents()
        files(office, Form(proposed_share=Decimal("40"), joint_response=Response.ACCEPTED), record=record)
        office.run()
        assert office.says("sf", "registration", office.resells, "proposed_share") == "40"
        assert office.says("sf", "registration", office.resells, "joint_response") == "Accepted"
        changed = {key for key, row in office.contents().items() if before.get(key) != row}
        assert changed == {f"sf:Deal_Registration__c:{office.resells}"}

    def test_evidence_is_added_and_the_word_of_the_staff_stays(self, office: Northwind) -> None:
        office.put("sf", "registration", office.resells)
        field = office.field("sf", "registration", "evidence")
        office.crms["sf"].put("Deal_Registration__c", {field: "QUOTE|2026-11-01|Q7|verified"}, office.resells)
        record = self.record(office)
        files(office, Form(evidence=(Evidence("POC", office.moment, "Report 7"),)), record=record)
        office.run()
        lines = (office.says("sf", "registration", office.resells, "evidence") or "").splitlines()
        assert lines[0] == "QUOTE|2026-11-01|Q7|verified"
        assert lines[1].startswith("POC|") and lines[1].endswith("|Report 7|")

    def test_what_somebody_changed_meanwhile_is_not_written_over(self, office: Northwind) -> None:
        record = self.record(office)
        files(office, Form(withdrawn=True, customer_name="Northwind AG"), record=record)
        office.put("sf", "registration", office.resells, customer_name="Northwind SE")
        office.run()
        [(state, why)] = ended(office)
        assert state is FilingState.REFUSED
        assert "Northwind SE" in why
        assert office.says("sf", "registration", office.resells, "withdrawn") is None

    def test_a_record_that_is_gone_is_said(self, office: Northwind) -> None:
        record = self.record(office)
        office.drop("sf", "registration", office.resells)
        office.run()
        files(office, Form(withdrawn=True), record=record)
        office.run()
        assert ended(office) == [(FilingState.REFUSED, "the registration is gone from the CRM")]


class TestWhatIsWrongWithAForm:
    def test_everything_is_said_at_once(self, office: Northwind) -> None:
        form = Form(
            customer_domain="x" * 300,
            expected_close=date(2026, 1, 1),
            declared_value=usd(-1),
            proposed_share=Decimal(104),
            evidence=(Evidence("POC", office.moment, "a|b"),),
        )
        found = faults(Filing("fil_1", "Lumen", "ann", office.moment, "sf", form), TODAY)
        fields = [problem.where for problem in found]
        assert fields == [
            "customer_domain",
            "evidence",
            "expected_close",
            "declared_value",
            "proposed_share",
            "roles",
            "partner",
        ]
        assert all(problem.fix for problem in found)

    def test_a_new_one_names_its_deal_or_its_customer(self, office: Northwind) -> None:
        form = replace(a_form(office), opportunity=None, customer_name=None)
        [problem] = faults(Filing("fil_1", "Lumen", "ann", office.moment, "sf", form), TODAY)
        assert problem.where == "customer_name"

    def test_a_change_that_says_nothing_is_none(self, office: Northwind) -> None:
        record = Ref("sf", "Deal_Registration__c", office.resells)
        [problem] = faults(Filing("fil_1", "Lumen", "ann", office.moment, "sf", Form(), record), TODAY)
        assert problem.what == "it says nothing"
