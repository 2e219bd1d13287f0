"""Who decides next, until when, and who may not: said before anybody has voted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from sync.claim import Claim
from sync.lifecycle import Ask, asks, next_reminder
from sync.model.registration import Approval
from tests.steps.business import claim, date_of, day, deal, policy

ROWS = [{"below": 50, "by": ["manager"]}, {"by": ["manager", "director"]}]
PEOPLE = {"manager": ["maria", "max"], "director": ["dora"]}
DUE: dict[str, Any] = {"standing": {"review_due": day(2)}}


def chained(**rules: Any) -> Any:
    approvals = {"chain": ROWS, "currency": "EUR", "people": PEOPLE, "owner_may_decide": False, **rules}
    return policy(approvals=approvals)


def large(**rules: Any) -> Claim:
    return claim("R", policy=chained(**rules), deal=deal(amount="50.00", owners=("max",)), **DUE)


def test_the_chain_is_shown_in_its_order_with_who_is_excluded_and_why() -> None:
    assert asks(large(sla_business_days=3), day(1)) == (
        Ask("manager", ("maria",), ("max owns Deal and does not decide on it",), day(2), 2),
        Ask("director", ("dora",), (), None, 3),
    )


def test_in_parallel_all_are_asked_now() -> None:
    assert [ask.due for ask in asks(large(order="parallel"), day(1))] == [day(2), day(2)]


def test_a_small_deal_asks_fewer() -> None:
    small = claim("R", policy=chained(), deal=deal(amount="49.99"), **DUE)
    assert [ask.role for ask in asks(small, day(1))] == ["manager"]


def test_who_stands_in_is_named_for_as_long_as_it_does() -> None:
    away = {"of": "dora", "to": "maria", "first": date_of(3), "last": date_of(5)}
    before, within = (asks(large(delegations=[away]), day(at)) for at in (2, 5))
    assert (before[1].people, within[1].people) == (("dora",), ("dora", "maria"))


def test_whoever_has_said_yes_is_not_asked_again() -> None:
    away = {"of": "dora", "to": "maria", "first": date_of(0), "last": date_of(9)}
    given = large(delegations=[away])
    assert given.standing
    given = replace(given, standing=replace(given.standing, approvals=(Approval("maria", day(1), "manager"),)))
    [ask] = asks(given, day(2))
    assert (ask.role, ask.people, ask.excluded, ask.due) == (
        "director",
        ("dora",),
        ("maria has said yes already",),
        day(2),
    )


def test_without_a_chain_anybody_may_but_those_with_an_interest() -> None:
    rules = policy(approvals={"owner_may_decide": False, "paid": ["pat"]})
    open_to_all = claim("R", policy=rules, deal=deal(owners=("jo",), managers=("kim",)), **DUE)
    [ask] = asks(open_to_all, day(1))
    assert (ask.role, ask.people, ask.due, ask.business_days) == ("", (), day(2), 2)
    assert [why.split()[0] for why in ask.excluded] == ["jo", "the", "pat"]
    assert asks(claim("R", policy=rules, deal=None, **DUE), day(1))[0].excluded == (
        "pat is paid on deals and does not decide on them",
    )


def test_where_all_who_could_have_an_interest_nobody_is_named() -> None:
    [ask, _] = asks(claim("R", policy=chained(paid=["maria", "max"]), deal=deal(amount="50.00"), **DUE), day(1))
    assert (ask.people, len(ask.excluded)) == ((), 2)


def test_whoever_ended_it_is_not_asked_about_the_appeal() -> None:
    appealed = {"reopened_by": "ann", "refused_by": "max"}
    [ask] = asks(claim("R", standing=appealed), day(1))
    assert ask.excluded == ("max ended this registration before: somebody else decides the appeal",)


@pytest.mark.parametrize("state", ["APPROVED", "REJECTED", "DRAFT"])
def test_nobody_is_asked_about_what_is_approved_over_or_not_filed(state: str) -> None:
    assert asks(claim("R", state=state), day(1)) == ()


@pytest.mark.parametrize(
    ("on", "comes"),
    [
        (day(1), date_of(61)),  # protected to day 91: reminded 30, 14, 7 and 1 days before
        (day(61), date_of(77)),
        (day(83), date_of(84)),
        (day(89), date_of(90)),
        (day(90), None),
    ],
)
def test_the_next_reminder_of_the_end_of_protection(on: Any, comes: date | None) -> None:
    approved = claim("R", state="APPROVED")
    assert approved.standing and approved.standing.protection_end == date_of(91)
    assert next_reminder(approved.standing, approved.policy, on) == comes


def test_nobody_is_reminded_of_what_is_not_protected() -> None:
    open_still = claim("R", standing={"protection_end": date_of(91)})
    assert open_still.standing and next_reminder(open_still.standing, open_still.policy, day(1)) is None
