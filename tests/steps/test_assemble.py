"""From linked rows to facts: what belongs to what, and what cannot be judged becomes a problem."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from connector.record import Ref
from sync.identity.assemble import assemble
from sync.model.deal import Stage
from sync.model.facts import Facts
from sync.model.money import Bare, Money
from sync.model.registration import Role, Vote
from sync.model.row import Row
from tests.steps.business import day


def account(
    connection: str, key: str, *, deleted: bool = False, merged_into: str | None = None, **values: Any
) -> Row:
    ref = Ref(connection, "Account" if connection == "sf" else "companies", key)
    return Row(ref, "account", day(0), values, {}, deleted, merged_into)


DEAL = Ref("sf", "Opportunity", "1")
PARTNER = account("sf", "p", is_partner=True, name="Alpha")
RECORD = {"opportunity": "sf", "account": "sf"}


def opportunity(ref: Ref = DEAL, *, deleted: bool = False, **values: Any) -> Row:
    return Row(ref, "opportunity", day(0), {"name": "Deal", "stage": "QUALIFIED", **values}, {}, deleted)


def filed(key: str = "r", **values: Any) -> Row:
    plain = {"partner": PARTNER.ref, "opportunity": DEAL, "roles": ("RESELL",), "created_at": day(0)}
    return Row(Ref("sf", "Deal_Registration__c", key), "registration", day(0), {**plain, **values}, {})


def facts(*rows: Row, partners: Sequence[Row] = (PARTNER,)) -> Facts:
    """The facts of one group, checked to be the same in two orders of reading."""
    found = assemble(rows, partners, RECORD)
    assert assemble(rows[::-1], partners[::-1], RECORD) == found
    return found


def test_a_registration_finds_its_partner_and_deal() -> None:
    found = facts(opportunity(), filed(roles=("IMPLEMENT", "SOURCE"), vote="APPROVE"))
    (registration,) = found.registrations
    assert registration.partner_id == found.partners[0].id
    assert registration.opportunity_id == found.opportunities[0].id
    assert (registration.roles, registration.vote) == ((Role.SOURCE, Role.IMPLEMENT), Vote.APPROVE)
    assert found.problems == ()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([opportunity(), filed(partner=Ref("sf", "Account", "x"))], "its partner sf:Account:x is no known partner"),
        ([opportunity(), filed(partner=None)], "its partner (empty) is no known partner"),
        ([filed()], "its opportunity sf:Opportunity:1 was deleted, or is not understood"),
        (
            [opportunity(deleted=True), filed()],
            "its opportunity sf:Opportunity:1 was deleted, or is not understood",
        ),
    ],
)
def test_a_registration_that_cannot_be_judged_is_a_problem_not_an_error(rows: list[Row], said: str) -> None:
    found = facts(*rows)
    assert found.registrations == ()
    assert said in [problem.what for problem in found.problems]
    assert all(problem.where == "sf:Deal_Registration__c:r" and problem.fix for problem in found.problems)


def test_a_contribution_below_zero_is_a_problem_and_does_not_count() -> None:
    found = facts(opportunity(), filed(contribution=Decimal(-1)))
    assert [problem.what for problem in found.problems] == ["its contribution -1 is below zero and does not count"]
    assert found.registrations[0].contribution is None


def test_a_stage_nobody_mapped_takes_the_deal_and_its_claims_out() -> None:
    found = facts(opportunity(stage=None), filed())
    assert (found.opportunities, found.registrations) == ((), ())
    assert {problem.what for problem in found.problems} >= {"its stage is unknown"}


@pytest.mark.parametrize(
    ("values", "stage"),
    [
        ({"stage": "COMMITTED"}, Stage.COMMITTED),
        ({"stage": "COMMITTED", "closed": False}, Stage.COMMITTED),
        ({"stage": "COMMITTED", "closed": True, "won": True}, Stage.WON),
        ({"stage": None, "closed": True, "won": False}, Stage.LOST),
    ],
)
def test_what_the_crm_calls_closed_counts_before_the_name_of_the_stage(
    values: dict[str, Any], stage: Stage
) -> None:
    assert facts(opportunity(**values)).opportunities[0].stage is stage


HS_DEAL = Ref("hs", "deals", "2")


def test_a_deal_in_two_crms_is_one_and_the_record_s_numbers_count() -> None:
    here = opportunity(name="Here", amount=Money(1, "EUR"), shared_id=HS_DEAL, direct_engaged_at=None)
    there = opportunity(HS_DEAL, name="There", amount=Money(2, "EUR"), stage="WON", direct_engaged_at=day(-3))
    found = facts(there, here, filed(), filed("r2", opportunity=HS_DEAL))
    (deal,) = found.opportunities
    assert (deal.name, deal.stage) == ("Here", Stage.QUALIFIED)
    assert deal.amount == Money(1, "EUR")
    assert deal.direct_engaged_at == day(-3)  # the other row fills what the first leaves empty
    assert deal.members == (DEAL, HS_DEAL)
    assert {registration.opportunity_id for registration in found.registrations} == {deal.id}


def test_the_name_of_a_thing_does_not_change_when_the_other_crm_gets_it_too() -> None:
    alone = facts(opportunity())
    both = facts(opportunity(shared_id=HS_DEAL), opportunity(HS_DEAL))
    assert alone.opportunities[0].id == both.opportunities[0].id


def line(key: str, deal: Ref = DEAL, *, deleted: bool = False, **values: Any) -> Row:
    ref = Ref(deal.connection, "Line", key)
    return Row(ref, "line", day(0), {"opportunity": deal, **values}, {}, deleted)


def test_lines_are_those_of_the_record_and_name_partners() -> None:
    stranger = Ref("sf", "Account", "x")
    found = facts(
        opportunity(shared_id=HS_DEAL),
        opportunity(HS_DEAL),
        line("2", needs=(PARTNER.ref, stranger)),
        line("1"),
        line("0", deleted=True),
        line("9", HS_DEAL),
    )
    (deal,) = found.opportunities
    assert [(entry.id, entry.needs) for entry in deal.lines] == [("1", ()), ("2", (found.partners[0].id,))]
    assert [problem.what for problem in found.problems] == ["it needs sf:Account:x, which is no known partner"]


@pytest.mark.parametrize(
    ("amount", "net", "expected"),
    [
        (Money(1000, "EUR"), Bare("7.005", "USD"), Money(700, "EUR")),
        (Money(1000, "JPY"), Bare("7", "USD"), Money(7, "JPY")),
        (Money(1000, "EUR"), Bare("0.1000000000000000055511151231257827021181583404541015625"), Money(10, "EUR")),
        (Money(1000, "EUR"), Money(5, "USD"), Money(5, "USD")),
        (None, Bare("7", "USD"), Money(700, "USD")),
    ],
    ids=["the deal's", "with its coins", "as a float says it", "its own", "the usual one of its CRM"],
)
def test_a_line_without_a_currency_is_in_that_of_its_deal(
    amount: Money | None, net: Money | Bare, expected: Money
) -> None:
    (deal,) = facts(opportunity(amount=amount), line("1", net=net)).opportunities
    assert [own.net for own in deal.lines] == [expected]


def test_a_line_whose_currency_nobody_knows_is_a_problem() -> None:
    found = facts(opportunity(), line("1", net=Bare("7")), line("2", net=Bare("9" * 19, "EUR")))
    assert [own.net for own in found.opportunities[0].lines] == [None, None]
    assert [problem.where for problem in found.problems] == ["sf:Line:1", "sf:Line:2"]
    assert "neither its deal nor the connection has one" in found.problems[0].what


def test_an_account_that_is_not_marked_is_no_partner() -> None:
    unmarked = account("sf", "p", name="Alpha", is_partner=False)
    assert facts(opportunity(), filed(), partners=[unmarked]).partners == ()


def test_a_partner_in_two_crms_is_one_partner_with_two_rows() -> None:
    there = account("hs", "q", is_partner=True, domain="alpha.com", tier="GOLD")
    here = account("sf", "p", is_partner=True, domain="alpha.com", name="Alpha")
    found = facts(opportunity(), filed(), filed("r2", partner=there.ref), partners=[there, here])
    (partner,) = found.partners
    assert (partner.row_in("sf"), partner.row_in("hs")) == (here.ref, there.ref)
    assert (partner.name, partner.tier) == ("Alpha", "GOLD")
    assert {registration.partner_id for registration in found.registrations} == {partner.id}
