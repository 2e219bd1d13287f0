"""What conflicts are judged by is read from the rows: owners, merges, currencies, dates; and shows on the deal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connector.record import Ref
from sync.identity.assemble import assemble
from sync.intend import intend
from sync.model.deal import Opportunity
from sync.model.facts import Facts, Verdict
from sync.model.money import Money
from sync.model.registration import Registration
from sync.model.row import Row
from sync.model.ruling import Case, CaseState, Severity
from tests.steps.business import claim, date_of, day, deal, partner, registration

SF, HS = Ref("sf", "Opportunity", "1"), Ref("hs", "deals", "2")
PARTNER = Row(Ref("sf", "Account", "p"), "account", day(0), {"is_partner": True, "name": "Alpha"}, {})


def row(ref: Ref, *, merged_into: str | None = None, **values: Any) -> Row:
    named = {"name": "Deal", "stage": "QUALIFIED", **values}
    return Row(ref, "opportunity", day(0), named, {}, merged_into is not None, merged_into)


def only_deal(*rows: Row) -> Opportunity:
    record = {"opportunity": "sf", "account": "sf"}
    (found,) = assemble(rows, (), record).opportunities
    assert assemble(rows[::-1], (), record).opportunities == (found,)
    return found


def test_a_deal_in_two_crms_has_the_owners_and_currencies_of_both() -> None:
    known = only_deal(
        row(SF, owner="005jo", amount=Money(1, "USD"), last_activity=date_of(2)),
        row(HS, owner="17", amount=Money(1, "EUR"), last_activity=date_of(4), shared_id=SF),
    )
    assert (known.owners, known.currencies) == (("005jo", "17"), ("EUR", "USD"))
    assert known.last_activity == date_of(4)


def test_a_merged_deal_names_what_was_merged_into_it_whichever_crm_says_so() -> None:
    listed = row(HS, merged_ids=("9", "8"))
    assert only_deal(listed).merged == ("8", "9")
    gone = row(Ref("sf", "Opportunity", "3"), merged_into="1")
    assert only_deal(row(SF), gone).merged == ("3",)
    assert only_deal(row(SF)).merged == ()


def test_a_registration_of_a_merged_deal_stands_on_the_survivor() -> None:
    gone = row(Ref("sf", "Opportunity", "3"), merged_into="1")
    filed = Row(
        Ref("sf", "Deal_Registration__c", "r"),
        "registration",
        day(0),
        {"partner": PARTNER.ref, "opportunity": gone.ref, "roles": ("RESELL",)},
        {},
    )
    known = assemble([row(SF), gone, filed], [PARTNER], {"opportunity": "sf", "account": "sf"})
    assert known.registrations[0].opportunity_id == known.opportunities[0].id


@pytest.mark.parametrize(
    ("values", "made"),
    [
        ({"created_at": day(3), "submitted_at": day(0)}, day(3)),
        ({"submitted_at": day(0)}, day(0)),  # the stamp is the last change, and accuses nobody
        ({"submitted_at": day(9)}, day(5)),
        ({}, day(5)),
    ],
)
def test_when_a_row_was_made(values: dict[str, Any], made: Any) -> None:
    filed = {"partner": PARTNER.ref, "customer_domain": "a.example.com", "roles": ("RESELL",), **values}
    known = Row(Ref("sf", "Deal_Registration__c", "r"), "registration", day(5), filed, {})
    assert assemble([known], [PARTNER], {"account": "sf"}).registrations[0].created_at == made


def shown(severity: Severity) -> dict[str, Any]:
    """What a deal says while a case of some severity is open on its one approved registration."""
    filed: Registration = registration("R")
    standing = claim("R", state="APPROVED").standing
    assert standing
    case = Case("c", "C20", severity, CaseState.OPEN, ("R",), "deal", "x", "x", day(1))
    facts = Facts(opportunities=(deal(),), registrations=(filed,), partners=(partner("alpha"),))
    intents, _ = intend(facts, Verdict(standings=(standing,), cases=(case,)))
    return dict(next(intent.values for intent in intents if intent.kind == "opportunity"))


@pytest.mark.parametrize("severity", list(Severity))
def test_only_what_blocks_shows_a_deal_as_being_in_conflict(severity: Severity) -> None:
    word = "IN_CONFLICT" if severity is Severity.BLOCK else "APPROVED"
    assert shown(severity)["registration_status"] == word


def test_a_day_s_allowance_is_not_backdating() -> None:
    made = day(1)
    assert not claim("A", created_at=made, submitted_at=made - timedelta(hours=24)).backdated
    assert claim("A", created_at=made, submitted_at=made - timedelta(hours=24, seconds=1)).backdated
