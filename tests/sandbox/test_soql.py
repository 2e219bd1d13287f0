"""SOQL against a small world: which rows a query finds, in which order, and how a wrong one is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connector.sandbox.salesforce.errors import Refusal
from connector.sandbox.salesforce.org import Org
from connector.sandbox.salesforce.select import select
from connector.sandbox.switchboard import Switchboard

from .conftest import ACME, ALPHA, WORLD

LIVE = ["alpha", "Beta's", "gamma_1"]
STAMP = "2026-01-02T00:00:00"

FOUND = {
    "": LIVE,
    "WHERE Name = 'ALPHA'": ["alpha"],
    "WHERE Name != 'alpha'": ["Beta's", "gamma_1"],
    "WHERE Name <> 'alpha'": ["Beta's", "gamma_1"],
    "where name in ('alpha', 'Beta\\'s', 'nobody')": ["alpha", "Beta's"],
    "WHERE Name NOT IN ('alpha')": ["Beta's", "gamma_1"],
    "WHERE Name LIKE 'BETA%'": ["Beta's"],
    "WHERE Name LIKE '_lpha'": ["alpha"],
    "WHERE Name LIKE 'gamma\\_1'": ["gamma_1"],
    "WHERE Name LIKE 'alph\\_'": [],
    "WHERE Amount = 100": ["alpha"],
    "WHERE Amount > 100.5": ["Beta's"],
    "WHERE Amount <= 1234.5": ["alpha", "Beta's"],
    "WHERE Amount = null": ["gamma_1"],
    "WHERE Amount != null": ["alpha", "Beta's"],
    "WHERE Amount != 100": ["Beta's", "gamma_1"],
    "WHERE IsClosed = true AND IsWon = FALSE": ["gamma_1"],
    "WHERE NOT IsClosed = true": ["alpha"],
    "WHERE NOT (IsClosed = true OR Amount = 100)": [],
    "WHERE (IsWon = true OR Amount = 100) AND CloseDate = 2026-12-31": ["alpha", "Beta's"],
    "WHERE CloseDate > 2026-12-31": ["gamma_1"],
    f"WHERE SystemModstamp >= {STAMP}Z": ["Beta's", "gamma_1"],
    f"WHERE SystemModstamp < {STAMP}.000+00:00": ["alpha"],
    "WHERE SystemModstamp = 2026-01-02T01:00:00+0100": ["Beta's", "gamma_1"],
    f"WHERE SystemModstamp = {STAMP}Z AND Id > '{ALPHA}'": ["Beta's", "gamma_1"],
    f"WHERE Id = '{ALPHA}'": ["alpha"],
    f"WHERE Id IN ('{ALPHA[:15]}', '006000000000099AAA')": ["alpha"],
    f"WHERE AccountId = '{ACME[:15]}'": ["alpha"],
    "WHERE Account.Name = 'Acme'": ["alpha"],
    "WHERE Account.IsPartner = true": ["Beta's"],
    "WHERE AccountId = null": ["gamma_1"],
    "ORDER BY Amount": ["gamma_1", "alpha", "Beta's"],
    "ORDER BY Amount DESC": ["gamma_1", "Beta's", "alpha"],
    "ORDER BY Amount DESC NULLS LAST": ["Beta's", "alpha", "gamma_1"],
    "ORDER BY Name DESC": ["gamma_1", "Beta's", "alpha"],
    "ORDER BY SystemModstamp DESC, Id": ["Beta's", "gamma_1", "alpha"],
    "ORDER BY Account.Name NULLS LAST, Id LIMIT 2": ["alpha", "Beta's"],
    "LIMIT 0": [],
}

REFUSED = {
    "SELECT Id FORM Opportunity": ("MALFORMED_QUERY", "unexpected token: 'FORM'"),
    "SELECT Id FROM": ("MALFORMED_QUERY", "unexpected token: '<EOF>'"),
    "SELECT FROM Opportunity": ("MALFORMED_QUERY", "unexpected token"),
    "SELECT Id FROM Opportunity WHERE Name = 'open": ("MALFORMED_QUERY", "unexpected token"),
    "SELECT Id FROM Opportunity WHERE Id IN ()": ("MALFORMED_QUERY", "unexpected token: ')'"),
    "SELECT Id FROM Opportunity GROUP BY Name": ("MALFORMED_QUERY", "unexpected token: 'GROUP'"),
    "SELECT Id FROM Opportunity WHERE IsWon = true AND IsClosed = true OR Amount = 1": (
        "MALFORMED_QUERY",
        "unexpected token: 'OR'",
    ),
    "SELECT Id FROM Deal": ("INVALID_TYPE", "sObject type 'Deal' is not supported."),
    "SELECT Colour__c FROM Opportunity": ("INVALID_FIELD", "No such column 'Colour__c' on entity 'Opportunity'."),
    "SELECT Id FROM Opportunity WHERE Hue = 1": ("INVALID_FIELD", "No such column 'Hue' on entity 'Opportunity'."),
    "SELECT Id FROM Opportunity ORDER BY Hue": ("INVALID_FIELD", "No such column 'Hue' on entity 'Opportunity'."),
    "SELECT Account.Hue FROM Opportunity": ("INVALID_FIELD", "No such column 'Hue' on entity 'Account'."),
    "SELECT Client.Name FROM Opportunity": ("INVALID_FIELD", "Didn't understand relationship 'Client'"),
    "SELECT Id, Name, id FROM Opportunity": ("INVALID_FIELD", "duplicate field selected: id"),
    "SELECT Id FROM Opportunity WHERE Amount = '5'": ("INVALID_FIELD", "must be of type double and should not be"),
    "SELECT Id FROM Opportunity WHERE Name = 5": ("INVALID_FIELD", "must be of type string and should be"),
    "SELECT Id FROM Opportunity WHERE CloseDate > 2026-01-01T00:00:00Z": (
        "INVALID_FIELD",
        "must be of type date and",
    ),
    "SELECT Id FROM Opportunity WHERE Description = 'x'": ("INVALID_FIELD", "can not be filtered in a query call"),
    "SELECT Id FROM Opportunity WHERE Id = 'abc'": ("INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc"),
    "SELECT Id FROM Opportunity WHERE Amount LIKE '1%'": ("INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
}


@pytest.fixture
def org() -> Org:
    return Org(WORLD, Switchboard())


def answer(org: Org, soql: str, **options: Any) -> list[dict[str, Any]]:
    selection = select(org.tables, soql, **options)
    return [selection.write(row, "v62.0") for row in selection.rows]


@pytest.mark.parametrize("clause", FOUND)
def test_finds(org: Org, clause: str) -> None:
    assert [row["Name"] for row in answer(org, f"SELECT Name FROM Opportunity {clause}")] == FOUND[clause]


@pytest.mark.parametrize("soql", REFUSED)
def test_refuses(org: Org, soql: str) -> None:
    code, words = REFUSED[soql]
    with pytest.raises(Refusal) as refused:
        select(org.tables, soql)
    assert (refused.value.code, refused.value.status) == (code, 400)
    assert words in refused.value.message


def test_marks_the_place_of_a_mistake(org: Org) -> None:
    with pytest.raises(Refusal) as refused:
        select(org.tables, "SELECT Id, Hue FROM Account")
    _, query, caret, place, _ = refused.value.message.split("\n")
    assert query[caret.index("^") :].startswith("Hue")
    assert place == "ERROR at Row:1:Column:12"


def test_query_all_sees_the_recycle_bin(org: Org) -> None:
    everything = answer(org, "SELECT Name, IsDeleted FROM Opportunity", include_deleted=True)
    assert [row["Name"] for row in everything if row["IsDeleted"]] == ["binned"]
    assert len(everything) == len(LIVE) + 1


def test_names_come_back_as_the_schema_spells_them(org: Org) -> None:
    row = answer(org, f"select id, ACCOUNT.name from opportunity where id = '{ALPHA}'")[0]
    assert row == {
        "attributes": {"type": "Opportunity", "url": f"/services/data/v62.0/sobjects/Opportunity/{ALPHA}"},
        "Id": ALPHA,
        "Account": {
            "attributes": {"type": "Account", "url": f"/services/data/v62.0/sobjects/Account/{ACME}"},
            "Name": "Acme",
        },
    }


def test_a_missing_parent_is_null(org: Org) -> None:
    assert answer(org, "SELECT Account.Name FROM Opportunity WHERE AccountId = null")[0]["Account"] is None


def test_a_hidden_field_is_no_field(org: Org) -> None:
    org.settings["hidden_fields"] = {"Opportunity": ["Amount"]}
    with pytest.raises(Refusal, match="No such column 'Amount' on entity 'Opportunity'"):
        select(org.tables, "SELECT Amount FROM Opportunity")


def test_currency_exists_in_multi_currency_orgs_only(org: Org) -> None:
    assert answer(org, "SELECT CurrencyIsoCode FROM Opportunity")[0]["CurrencyIsoCode"] == "EUR"
    org.settings["multi_currency"] = False
    for soql in ("SELECT CurrencyIsoCode FROM Opportunity", "SELECT IsoCode FROM CurrencyType"):
        with pytest.raises(Refusal):
            select(org.tables, soql)


def test_ten_thousand_rows_are_quick() -> None:
    rows = [
        {
            "Name": f"Deal {number}",
            "StageName": "Proposal",
            "SystemModstamp": f"2026-01-01T00:00:{number % 60:02d}Z",
        }
        for number in range(10_000)
    ]
    org = Org({"objects": {"Opportunity": rows}}, Switchboard())
    soql = "SELECT Id FROM Opportunity WHERE SystemModstamp >= 2026-01-01T00:00:30Z ORDER BY SystemModstamp, Id"
    started = datetime.now(UTC)
    found = answer(org, soql)
    assert (datetime.now(UTC) - started).total_seconds() < 0.5  # tens of ms; the margin is for busy machines
    assert len(found) == 4_990
