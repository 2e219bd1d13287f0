"""The commands after the close: statements, what roles earned, and what people say."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
import typer
from typer.testing import CliRunner, Result

from sync.cli import amending
from sync.cli.statements import register
from sync.commands import write_new
from sync.config import load
from sync.model.money import Money
from sync.model.problem import BadInput
from tests.steps.sold import Sold


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Sold]:
    opened = Sold(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def dealsync(office: Sold, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The commands of an installation whose store is that of the office."""
    home = tmp_path / "home"
    write_new(home)
    text = (home / "config.toml").read_text("utf-8")
    address = f'url = "sqlite:///{tmp_path / "dealsync.db"}"'
    (home / "config.toml").write_text(text.replace('url = "sqlite:///dealsync.db"', address), "utf-8")
    app = typer.Typer()
    register(app)
    return lambda *words: CliRunner().invoke(app, [*words, "--home", str(home)], catch_exceptions=False)


def test_a_statement_adds_up_in_every_form(office: Sold, dealsync: Callable[..., Result]) -> None:
    office.amount("900.00", days=30)
    office.run()
    told = json.loads(dealsync("statement", "--period", "2026-12", "--partner", "Lumen", "--json").stdout)
    (account,) = told["statements"][0]["accounts"]
    assert (account["opening"], account["closing"]) == ("545.46", "490.91")
    assert [entry["amount"] for entry in account["entries"]] == ["-54.55"]
    rows = list(csv.DictReader(io.StringIO(dealsync("statement", "--period", "2026", "--csv").stdout)))
    assert {row["partner"]: row["balance"] for row in rows} == {"Lumen": "490.91", "Cirrus": "409.09"}
    assert "490.91" in dealsync("statement", "--period", "2026Q4").stdout


def test_a_statement_in_a_currency_that_nothing_is_reported_in_is_refused(dealsync: Callable[..., Result]) -> None:
    with pytest.raises(BadInput, match="no reporting currency"):
        dealsync("statement", "--period", "2026", "--in", "EUR")


def edit(home: Path, name: str, old: str, new: str) -> None:
    text = (home / name).read_text("utf-8")
    assert old in text
    (home / name).write_text(text.replace(old, new), "utf-8")


def test_a_statement_in_the_reporting_currency_uses_the_rates_of_the_deals(
    office: Sold, dealsync: Callable[..., Result], tmp_path: Path
) -> None:
    edit(tmp_path / "home", "config.toml", 'reporting = ""', 'reporting = "EUR"')
    edit(tmp_path / "home", "config.toml", 'rates = ""', 'rates = "rates.csv"')
    (tmp_path / "home/rates.csv").write_text("currency,from,rate\nUSD,2026-01-01,0.8\n", "utf-8")
    office.world = replace(
        office.world, policies=replace(office.world.policies, rates=load(tmp_path / "home").policies.rates)
    )
    office.run()
    told = json.loads(dealsync("statement", "--period", "2026-11", "--in", "EUR", "--json").stdout)
    closing = {entry["name"]: entry["accounts"][0]["closing"] for entry in told["statements"]}
    assert closing == {"Lumen": "436.37", "Cirrus": "363.64"}, "800.01 EUR in all"


@pytest.mark.parametrize(
    ("reporting", "rates", "said"),
    [
        ('"EURO"', '""', "is not a currency"),
        ('"EUR"', '"none.csv"', "cannot be read"),
        ('"EUR"', '"config.toml"', "the first line must be currency,from,rate"),
    ],
)
def test_faults_of_the_exchange_rates_are_said_with_their_key(
    office: Sold, dealsync: Callable[..., Result], tmp_path: Path, reporting: str, rates: str, said: str
) -> None:
    edit(tmp_path / "home", "config.toml", 'reporting = ""', f"reporting = {reporting}")
    edit(tmp_path / "home", "config.toml", 'rates = ""', f"rates = {rates}")
    with pytest.raises(BadInput, match=said):
        load(tmp_path / "home")


def test_finance_gets_what_roles_earned(office: Sold, dealsync: Callable[..., Result], tmp_path: Path) -> None:
    nothing = dealsync("incentives", "--period", "2026Q4").stdout
    assert "Nothing was earned" in nothing
    policy_file = tmp_path / "home/policies/standard.toml"
    policy_file.write_text(
        policy_file.read_text("utf-8")
        + '\n[incentives.RESELL]\nkind = "margin"\npercent = 10\n\n'
        + '[incentives.IMPLEMENT]\nkind = "rebate"\npercent = 2\nearned = "milestone:POC"\n',
        "utf-8",
    )
    office.amount("900.00", days=40)
    office.run()
    told = json.loads(dealsync("incentives", "--period", "2026Q4", "--json").stdout)
    assert [(own["partner"], own["earned"], own["amount"]) for own in told["incentives"]] == [
        ("Cirrus", "", "8.18"),
        ("Lumen", "2026-11-25", "100.00"),
    ]
    assert told["totals"] == {"USD": "100.00"}
    rows = list(csv.DictReader(io.StringIO(dealsync("incentives", "--period", "2027Q1", "--csv").stdout)))
    assert [(row["earned"], row["amount"]) for row in rows if row["earned"]] == [("2027-01-04", "-10.00")]


def earns(home: Path, text: str) -> None:
    policy_file = home / "policies/standard.toml"
    policy_file.write_text(policy_file.read_text("utf-8") + text, "utf-8")


def test_what_finance_writes_on_the_registrations_is_read_back_as_paid(
    office: Sold, dealsync: Callable[..., Result], tmp_path: Path
) -> None:
    earns(tmp_path / "home", '\n[incentives.RESELL]\nkind = "margin"\npercent = 10\n')

    def told(period: str, paid: str | None, on: date | None = None) -> dict[str, Any]:
        office.passes(days=1)
        amount = Money.parse(paid, "USD") if paid else None
        office.put("sf", "registration", office.resells, paid=amount, paid_on=on)
        office.run()
        return cast("dict[str, Any]", json.loads(dealsync("incentives", "--period", period, "--json").stdout))

    unpaid = told("2026Q4", None)
    assert [own["paid"] for own in unpaid["incentives"]] == ["open"]
    partly = told("2026Q4", "40.00", date(2026, 12, 20))
    (at,) = partly["settlements"]
    assert (at["partner"], at["earned"], at["paid"], at["left"]) == ("Lumen", "100.00", "40.00", "60.00")
    assert [(own["paid"], own["paid_on"]) for own in partly["incentives"]] == [("part", "2026-12-20")]
    assert [own["left"] for own in told("2027Q1", "40.00")["settlements"]] == ["60.00"], "still to be paid later on"
    assert told("2027Q1", "100.00")["settlements"] == [], "settled before the period"
    assert [own["left"] for own in told("2027Q1", "100.00", date(2027, 1, 2))["settlements"]] == ["0.00"]
    lines = dealsync("incentives", "--period", "2026Q4", "--csv", "--settled").stdout
    (row,) = csv.DictReader(io.StringIO(lines))
    assert (row["state"], row["currency"], row["paid_on"]) == ("paid", "USD", "2027-01-02")
    assert "paid" in dealsync("incentives", "--period", "2026Q4", "--settled").stdout


def test_what_was_paid_though_nothing_is_earned_is_shown_too(office: Sold, dealsync: Callable[..., Result]) -> None:
    office.put("sf", "registration", office.implements, paid=Money(1_250, "USD"))
    office.run()
    told = json.loads(dealsync("incentives", "--period", "2026Q4", "--json").stdout)
    assert [(at["partner"], at["earned"], at["left"], at["state"]) for at in told["settlements"]] == [
        ("Cirrus", "0.00", "-12.50", "over")
    ]


def test_what_an_acquired_partner_earned_and_was_paid_stands_with_who_inherited_it(
    office: Sold, dealsync: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = '\n[incentives.IMPLEMENT]\nkind = "rebate"\npercent = 2\nearned = "milestone:POC"\n'
    earns(tmp_path / "home", rule)
    monkeypatch.setattr(amending, "now", lambda: office.moment)
    proven = {"Evidence__c": "POC|2026-11-24|report|verified"}
    office.crms["sf"].put("Deal_Registration__c", proven, office.implements)
    office.put("sf", "registration", office.implements, paid=Money(909, "USD"))
    office.run()
    dealsync("acquired", "Cirrus", "Lumen", "--by", "Maria")
    office.amount("900.00")
    office.run()
    told = json.loads(dealsync("incentives", "--period", "2026Q4", "--json").stdout)
    assert [own["amount"] for own in told["incentives"]] == ["9.09", "-0.91"]
    assert [(at["partner"], at["left"], at["state"]) for at in told["settlements"]] == [("Lumen", "-0.91", "over")]


def test_what_waits_is_accepted_and_an_account_is_passed_on_from_the_command_line(
    office: Sold, dealsync: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(amending, "now", lambda: office.moment)
    office.amount("900.00", days=91)
    office.run()
    told = json.loads(dealsync("amend", office.deal, "--by", "Maria", "--reason", "agreed", "--json").stdout)
    assert (told["act"], told["by"]) == ("AMEND", "Maria")
    assert (
        "recorded: Cirrus became part of Lumen, by Maria"
        in dealsync("acquired", "Cirrus", "Lumen", "--by", "Maria").stdout
    )
    office.passes(days=1)
    office.run()
    assert office.balances() == {"Lumen": 90_000, "Cirrus": 0}
