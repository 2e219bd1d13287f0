"""After the close, from the CRM to the books: what is posted, what waits, and what people say."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from connector.memory import MemoryCrm
from sync.mapping.fieldmap import Mappings, compile_form
from sync.mapping.form import parse
from sync.model.directive import Act
from sync.model.ledger import Cause
from sync.model.problem import BadInput
from sync.model.rates import Rates
from sync.rulings.after_close import acquired, amend
from sync.store.directives import directives_after
from tests.machine.office import ROOT, schema
from tests.steps.sold import Sold


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Sold]:
    opened = Sold(tmp_path)
    yield opened
    opened.close()


def test_a_won_deal_is_posted_once_however_often_it_is_looked_at(office: Sold) -> None:
    assert office.balances() == {"Lumen": 54_546, "Cirrus": 45_455}
    before = office.entries()
    office.run()
    office.amount("1000.01")
    office.run()
    assert office.entries() == before
    assert {entry.cause for entry in before} == {Cause.CLOSE}


def test_a_correction_is_posted_and_written_to_both_crms(office: Sold) -> None:
    office.amount("900.00")
    office.run()
    assert office.balances() == {"Lumen": 49_091, "Cirrus": 40_909}
    assert {str(office.total(crm)) for crm in ("sf", "hs")} == {"900.00"}


def test_after_the_window_a_change_is_held_and_shown_until_a_person_accepts_it(office: Sold) -> None:
    office.amount("900.00", days=91)
    report = office.run()
    assert office.balances() == {"Lumen": 54_546, "Cirrus": 45_455}
    (held,) = [held for held in report.held if held.field == "amount"]
    assert "from 1,000.01 USD to 900.00 USD (-100.01 USD)" in held.reason
    said = amend(office.world, office.deal, office.speaker())
    assert said.view["splits"]
    report = office.run()
    assert office.balances() == {"Lumen": 49_091, "Cirrus": 40_909}
    assert [held for held in report.held if held.field == "amount"] == []
    office.amount("800.00")
    office.run()
    assert office.balances() == {"Lumen": 49_091, "Cirrus": 40_909}, "only what was accepted counts"


def test_accepting_what_does_not_wait_is_refused(office: Sold) -> None:
    with pytest.raises(BadInput, match="nothing of this deal waits"):
        amend(office.world, office.deal, office.speaker())


def test_an_acquired_partner_passes_its_account_on(office: Sold) -> None:
    directive, groups = acquired(office.world, "Cirrus", "lumen", office.speaker())
    assert (directive.act, groups) == (Act.ACQUIRED, 1)
    office.run()
    assert office.balances() == {"Lumen": 100_001, "Cirrus": 0}
    office.run()
    office.amount("900.00")
    office.run()
    assert office.balances() == {"Lumen": 90_000, "Cirrus": 0}


@pytest.mark.parametrize(("old", "new", "said"), [("Nobody", "Lumen", "no partner"), ("Lumen", "Lumen", "itself")])
def test_an_acquisition_of_or_by_nobody_is_refused(office: Sold, old: str, new: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        acquired(office.world, old, new, office.speaker())
    with office.world.store.read() as connection:
        assert directives_after(connection, 0, 9) == []


def test_partners_that_are_merged_in_the_crm_need_no_word(office: Sold) -> None:
    office.merge("sf", "account", office.cirrus, office.lumen)
    office.run()
    office.run()
    assert office.balances() == {"Lumen": 100_001, "Cirrus": 0}


def test_the_rates_of_a_crm_state_what_was_posted_in_the_reporting_currency(office: Sold) -> None:
    form, _ = parse("rates", tomllib.loads((ROOT / "mappings/sf-dated-conversion-rate.toml").read_text("utf-8")))
    assert form
    rates = compile_form(form, "USD")
    known = Mappings((*office.mappings.all, rates))
    crm = MemoryCrm("sf", schema(known, "sf"), now=lambda: office.moment)
    crm.rows = office.crms["sf"].rows | {rates.object: {}}
    office.crms["sf"], office.mappings = crm, known
    reporting = replace(office.world.policies, rates=Rates("EUR", base="EUR"))
    office.world = replace(office.world, mappings=known, policies=reporting)
    report = office.run()
    assert [held.reason for held in report.held if "no rate" in held.reason] == [
        "no rate from USD to EUR (close): add one from 2026-11-25 or earlier"
    ]
    office.put("sf", "rate", currency="USD", rate=Decimal("1.25"), **{"from": date(2026, 1, 1)})
    office.run()
    report = office.run()
    assert [held.reason for held in report.held if "no rate" in held.reason] == []
    assert sum(entry.reported.minor for entry in office.entries() if entry.reported) == 80_001
    assert office.balances() == {"Lumen": 54_546, "Cirrus": 45_455}
