"""People go on working in the CRMs: what they write stays, what they decide counts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connector.sandbox.serve import Sandbox

from .person import Person
from .program import Desk

NORTHWIND, BALTIC, FABRIKAM, SOLSTICE = (
    *("0065e0000000r5wAAA", "0065e0000000rCtAAI", "0065e0000000rQnAAI", "0065e0000000rJqAAI"),
)
LUMEN, BEACON = "0015e0000003r4nAAA", "0015e0000003rOZAAY"
DANA = "0055e00000000MiAAI"
HAGEN = "31277400518"
BEACON_AT_SOLSTICE = "36120079902"


@pytest.fixture
def person(sandbox: Sandbox) -> Iterator[Person]:
    somebody = Person(sandbox)
    yield somebody
    somebody.leave()


def row(sandbox: Sandbox, kind: str, ident: str) -> dict[str, Any]:
    return next(each for each in sandbox.salesforce.rows(kind) if each["Id"] == ident)


def shares(sandbox: Sandbox, deal: str) -> dict[str, tuple[Decimal, Decimal]]:
    """Partner account to percent and amount, as Salesforce has them."""
    return {
        str(each["Partner_Account__c"]): (Decimal(str(each["Share__c"])), Decimal(str(each["Amount__c"])))
        for each in sandbox.salesforce.rows("Partner_Attribution__c")
        if each["Opportunity__c"] == deal and not each["IsDeleted"]
    }


def test_a_field_that_a_person_edits_is_held_with_its_value_and_never_overwritten(
    desk: Desk, sandbox: Sandbox, person: Person
) -> None:
    desk("run", "--once")
    person.salesforce("Opportunity", BALTIC, Partner_Count__c=9)
    person.hubspot("deals", HAGEN, partner_count="9")
    view = desk("plan", "--json").json
    assert view["changes"] == []
    held = {(each["crm"], each["key"], each["field"]): each["reason"] for each in view["held"]}
    assert held.keys() == {("sf", BALTIC, "Partner_Count__c"), ("hs", HAGEN, "partner_count")}
    assert all("changed it to '9'; dealsync had written" in reason for reason in held.values())
    desk("run", "--once")
    assert row(sandbox, "Opportunity", BALTIC)["Partner_Count__c"] == 9
    person.salesforce("Opportunity", BALTIC, Partner_Count__c=1)
    left = desk("plan", "--json").json["held"]
    assert [(each["crm"], each["key"]) for each in left] == [("hs", HAGEN)]


def test_an_edit_between_plan_and_apply_leaves_out_that_change_and_names_it(
    desk: Desk, sandbox: Sandbox, person: Person
) -> None:
    desk("plan", "-o", "first.plan")
    person.salesforce("Opportunity", NORTHWIND, Partner_Count__c=7)
    applied = desk("apply", "first.plan", "--json").json
    assert applied["outcomes"] == {"done": 25, "stale": 1}
    [fault] = applied["faults"]
    assert (fault["title"], fault["object"]) == ("Northwind: CRM roll-out", "Opportunity")
    assert "Partner_Count__c is now '7'" in fault["why"]
    assert row(sandbox, "Opportunity", NORTHWIND)["Partner_Count__c"] == 7
    assert row(sandbox, "Opportunity", NORTHWIND)["Deal_Reg_Status__c"] is None
    assert len(shares(sandbox, NORTHWIND)) == 3
    [held] = desk("plan", "--json").json["held"]
    assert (held["key"], held["field"]) == (NORTHWIND, "Partner_Count__c")


def file_claim(person: Person, partner: str, at: datetime) -> str:
    """A registration for reselling on the Fabrikam deal, without evidence."""
    return person.salesforce_new(
        "Deal_Registration__c",
        Name="Fabrikam: handheld scanners",
        Opportunity__c=FABRIKAM,
        Partner_Account__c=partner,
        Customer_Name__c="Fabrikam Retail Group",
        Roles__c="RESELL",
        Submitted_At__c=at.isoformat(timespec="seconds"),
    )


def test_a_vote_cast_in_the_crm_rules_on_an_open_case(desk: Desk, sandbox: Sandbox, person: Person) -> None:
    """Two partners of one tier claim one role at the same moment: no rule separates them, so a person does."""
    person.salesforce("Account", LUMEN, Partner_Tier__c="Silver")
    desk("run", "--once")
    moment = datetime.now(UTC) - timedelta(minutes=30)
    first, second = (file_claim(person, partner, moment) for partner in (LUMEN, BEACON))
    desk("run", "--once")
    waiting = [row(sandbox, "Deal_Registration__c", ident) for ident in (first, second)]
    assert [each["Status__c"] for each in waiting] == ["In Conflict", "In Conflict"]
    assert row(sandbox, "Opportunity", FABRIKAM)["Conflict_Flag__c"] is True
    assert shares(sandbox, FABRIKAM) == {}
    assert sum(desk("status", "--json").json["open_cases"].values()) == 1

    time.sleep(1.1)  # nobody votes in the second in which the case was opened, and the CRM keeps whole seconds
    voted = datetime.now(UTC).isoformat(timespec="seconds")
    reason = "They ran the store survey."
    vote = {"Review_Vote__c": "Approve", "Review_Voter__c": DANA, "Review_Voted_At__c": voted}
    person.salesforce("Deal_Registration__c", second, **vote, Review_Vote_Reason__c=reason)
    desk("run", "--once")
    won, lost = (row(sandbox, "Deal_Registration__c", ident) for ident in (second, first))
    assert (won["Status__c"], lost["Status__c"]) == ("Approved", "Rejected")
    assert "You may join in another role" in lost["Partner_Message__c"]
    assert shares(sandbox, FABRIKAM) == {BEACON: (Decimal(100), Decimal("58200"))}
    assert row(sandbox, "Opportunity", FABRIKAM)["Conflict_Flag__c"] is False
    [deal] = desk("explain", FABRIKAM, "--json").json["deals"]
    [case] = [each for each in deal["cases"] if each["kind"] == "C02"]
    assert (case["winner"], case["state"]) == ("Beacon Analytics", "RESOLVED")
    assert any(DANA in each["actor"] and each["person"] for each in deal["decisions"])
    assert desk("status", "--json").json["open_cases"] == {}


def test_a_claim_of_somebody_who_is_no_partner_is_named_in_every_run_until_it_is_mended(
    desk: Desk, sandbox: Sandbox, person: Person
) -> None:
    """The account of a partner was not marked as one: the registration must not vanish without a word."""
    desk("run", "--once")
    person.salesforce("Account", BEACON, IsPartner=False)
    claim = file_claim(person, BEACON, datetime.now(UTC) - timedelta(minutes=30))
    for _ in range(2):
        held = desk("run", "--once", "--json").json["held"]
        [reason] = [each["reason"] for each in held if each["key"] == claim]
        assert f"its partner sf:Account:{BEACON} is no known partner" in reason
        assert "mark that account as a partner" in reason
    person.salesforce("Account", BEACON, IsPartner=True)
    assert claim not in [each["key"] for each in desk("run", "--once", "--json").json["held"]]
    assert row(sandbox, "Deal_Registration__c", claim)["Status__c"] == "Under Review"


def test_who_withdraws_in_one_crm_leaves_the_split_in_both(desk: Desk, sandbox: Sandbox, person: Person) -> None:
    desk("run", "--once")
    assert len(shares(sandbox, SOLSTICE)) == 2
    person.hubspot("partner_registration", BEACON_AT_SOLSTICE, withdrawn="true")
    ran = desk("run", "--once", "--json")
    assert (ran.code, ran.json["outcomes"].keys(), ran.json["counts"]["delete"]) == (0, {"done"}, 2)
    [(percent, amount)] = shares(sandbox, SOLSTICE).values()
    assert (percent, amount) == (Decimal(100), Decimal(96000))
    rows = [each["properties"] for each in sandbox.hubspot.rows("partner_attribution") if not each["archived"]]
    assert [each["amount"] for each in rows if each["share"] == "100"] == ["96000"]
    [registration] = [
        each["properties"]
        for each in sandbox.hubspot.rows("partner_registration")
        if each["id"] == BEACON_AT_SOLSTICE
    ]
    assert registration["status"] == "withdrawn"
    assert desk("plan").code == 0
