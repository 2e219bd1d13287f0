"""The numbers of the town: what they rest on, the rows behind them, who sees which, and what a spreadsheet gets."""

from __future__ import annotations

import csv
import io
import re

import pytest

from sync.insight import insight, listing, narrowed
from sync.metrics import Rows
from sync.model.facts import Facts, Verdict
from sync.model.user import UserRole
from sync.store.measured import Measured, keep_judged
from sync.store.narrowed import Listed
from tests.console.desk import Desk
from tests.console.town import BITE


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_every_number_of_the_town_is_counted_from_what_was_decided(desk: Desk) -> None:
    found = {(f.key, f.of): f for f in insight(desk.site.world, narrowed(desk.site.world), desk.moment)}
    assert found["registrations", "WON"].value == "2"
    assert found["registrations", "IN_CONFLICT"].value == "2"
    assert found["conflict_rate", ""].note.startswith("2 of ")
    assert found["credit", "won USD"].value == "3000.00"
    assert found["win_rate", "2 partners"].value == "100.0"
    assert "too few for a verdict" in found["win_rate", "2 partners"].note
    assert found["mean_size", "2 partners, USD"].value == "3000.00"
    assert found["accelerate", ""].value == ""


def test_a_number_is_as_large_as_the_list_behind_it(desk: Desk) -> None:
    world = desk.site.world
    counted = [
        figure
        for figure in insight(world, narrowed(world), desk.moment)
        if figure.unit == "count" and figure.rows and figure.section in ("process", "conflict", "ageing")
    ]
    assert len(counted) > 3
    for figure in counted:
        assert figure.rows
        assert listing(world, Listed(figure.rows, narrowed(world)), desk.moment).total == figure.n, figure


def test_the_page_says_in_words_that_there_are_too_few(desk: Desk) -> None:
    page = desk.as_role(UserRole.FINANCE).get("/insight").text
    assert "too few for a verdict" in page
    assert re.search(r'<svg class="chart" role="img"[^>]*aria-label="Registrations: [^"]*won 2', page)


def test_a_number_leads_to_its_rows_and_they_to_a_file(desk: Desk) -> None:
    browser = desk.as_role(UserRole.CHANNEL_MANAGER)
    page = browser.get("/insight?by=role").text
    [to] = re.findall(r'href="(/insight/rows\?[^"]*is.state=WON[^"]*)"', page)
    rows = browser.get(to.replace("&amp;", "&")).text
    assert "<h1>Registrations: 2</h1>" in rows
    [file] = re.findall(r'href="(/insight/rows.csv\?[^"]*)"', rows)
    answer = browser.get(file.replace("&amp;", "&"))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert [(row["deal"], row["state"]) for row in read(answer.text)] == [("Tailspin", "WON")] * 2


def test_numbers_are_narrowed_by_the_address(desk: Desk) -> None:
    browser = desk.as_role(UserRole.ADMIN)
    rows = read(browser.get("/insight.csv?role=IMPLEMENT").text)
    won = [row for row in rows if (row["key"], row["of"]) == ("registrations", "WON")]
    assert [row["value"] for row in won] == ["1"]
    assert not [row for row in read(browser.get("/insight.csv?period=2019").text) if row["key"] == "registrations"]


@pytest.mark.parametrize(
    "address",
    [
        "/insight?by=moon",
        "/insight?period=never",
        "/insight?bundle=maybe",
        "/insight/rows?of=secrets",
        "/insight/rows?of=deals&is.password=x",
        "/insight/rows?of=deals&is.kind=odd",
    ],
)
def test_what_nobody_knows_is_refused_with_its_fix(desk: Desk, address: str) -> None:
    answer = desk.as_role(UserRole.ADMIN).get(address)
    assert answer.status_code == 422
    assert "one of" in answer.text or "write" in answer.text


def test_sales_sees_no_amounts_of_partners(desk: Desk) -> None:
    browser = desk.as_role(UserRole.SALES)
    assert "Split credit" not in browser.get("/insight").text
    assert "Split credit" not in browser.get("/insight.csv").text
    assert browser.get("/insight/rows?of=parts").status_code == 403
    assert browser.get("/insight/rows.csv?of=parts").status_code == 403
    assert "Split credit" in desk.as_role(UserRole.FINANCE).get("/insight").text


def test_what_somebody_typed_into_a_crm_stays_text(desk: Desk) -> None:
    page = desk.as_role(UserRole.ADMIN).get("/insight/rows?of=deals").text
    assert BITE not in page
    assert "&lt;script&gt;" in page


def test_numbers_follow_what_is_decided(own_desk: Desk) -> None:
    world = own_desk.site.world

    def won() -> list[str]:
        found = insight(world, narrowed(world), own_desk.moment)
        return [figure.value for figure in found if (figure.key, figure.of) == ("registrations", "WON")]

    assert won() == ["2"]
    with own_desk.store.write() as connection:
        groups = set(
            connection.exec_driver_sql("SELECT group_id FROM measured_claim WHERE state = 'WON'").scalars()
        )
        keep_judged(connection, [Measured(group, Facts(), Verdict()) for group in groups], world.policies)
    assert won() == []


def test_every_list_can_be_read(desk: Desk) -> None:
    for of in ("registrations", "deals", "parts"):
        found = listing(desk.site.world, Listed(Rows(of), narrowed(desk.site.world)), desk.moment)
        assert found.total == len(found.rows) > 0
