"""Nobody gains by what dealsync cannot see: on half of the facts it decides nothing, and what was stays."""

from __future__ import annotations

from connector.sandbox.serve import Sandbox

from .person import Person
from .program import Desk

CIRRUS = "0015e0000003rEgAAI"
SOLSTICE = "0065e0000000rJqAAI"


def credit(sandbox: Sandbox) -> dict[str, str]:
    """Partner account to share on the deal that is in both CRMs, as Salesforce has it."""
    return {
        str(row["Partner_Account__c"]): str(row["Share__c"])
        for row in sandbox.salesforce.rows("Partner_Attribution__c")
        if row["Opportunity__c"] == SOLSTICE and not row["IsDeleted"]
    }


def test_nothing_is_decided_before_every_object_was_read_through_once(desk: Desk, sandbox: Sandbox) -> None:
    sandbox.salesforce.switchboard.settings["hidden_fields"] = {
        "Deal_Registration__c": ["SystemModstamp", "CreatedDate"]
    }
    try:
        ran = desk("run", "--once", "--json")
        assert ran.code == 3
        assert (ran.json["sent"], ran.json["changes"], ran.json["decisions"]) == (False, [], {})
        assert any("sf Deal_Registration__c" in note for note in ran.json["notes"])
    finally:
        del sandbox.salesforce.switchboard.settings["hidden_fields"]
    assert desk("run", "--once").code == 0
    assert len(credit(sandbox)) == 2


def test_a_partner_that_is_no_longer_marked_as_one_keeps_its_credit_until_a_person_says_otherwise(
    desk: Desk, sandbox: Sandbox
) -> None:
    desk("run", "--once")
    before = credit(sandbox)
    assert CIRRUS in before
    person = Person(sandbox)
    person.salesforce("Account", CIRRUS, IsPartner=False)
    hubspot = next(
        row for row in sandbox.hubspot.rows("companies") if row["properties"].get("name") == "Cirrus Integration"
    )
    person.hubspot("companies", str(hubspot["id"]), is_partner="false")
    person.leave()
    ran = desk("run", "--once", "--json")
    assert any("is no known partner" in held["reason"] for held in ran.json["held"])
    assert credit(sandbox) == before
