"""Conflicts that several claims have together or over time: places in a role, lateness, gaps, related customers."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from sync.claim import Claim
from sync.conflicts.catalogue import KINDS, detect
from sync.conflicts.finding import Finding
from sync.model.parties import Account
from sync.model.registration import Response
from tests.steps.business import claim, date_of, day, deal, policy
from tests.steps.judging import situation

Fields = dict[str, Any]
JOINT = {"joint_key": "team", "joint_response": Response.ACCEPTED}


def found(kind: str, *claims: Claim) -> list[Finding]:
    """What one detector finds, checked to be the same in every order of the claims."""
    results = [detect(KINDS[kind], situation(*order)) for order in permutations(claims)]
    assert all(result == results[0] for result in results)
    return results[0]


def abouts(kind: str, *claims: Claim) -> list[str]:
    return [finding.about for finding in found(kind, *claims)]


def crowd(number: int, **more: Any) -> list[Claim]:
    rules = policy(roles={"ADVISE": {"pool": 15, "capacity": 2}})
    keys = list(zip("ABC", ("alpha", "beta", "gamma"), strict=True))[:number]
    return [claim(key, who, "ADVISE", policy=rules, **more) for key, who in keys]


@pytest.mark.parametrize(("number", "hit"), [(1, False), (2, False), (3, True)])
def test_c03_more_than_the_role_has_places(number: int, hit: bool) -> None:
    assert abouts("C03", *crowd(number)) == ["ADVISE"] * hit


def test_c03_not_for_those_who_agreed_and_not_for_one_partner_s_own() -> None:
    assert not found("C03", *crowd(3, **JOINT))
    one = crowd(1)[0]
    assert not found("C03", one, *(claim(key, "alpha", "ADVISE", policy=one.policy) for key in "BC"))
    assert not found("C03", *(claim(key, key.lower(), "ADVISE") for key in "ABC"))  # without a limit


@pytest.mark.parametrize(
    ("opened", "roles", "factor", "about"),
    [
        (day(-15), "SOURCE RESELL", "1", ["SOURCE"]),
        (day(-14), "SOURCE RESELL", "1", []),
        (day(-15), "RESELL", "1", []),
        (day(-15), "RESELL", "0.5", ["late"]),
        (day(-15), "SOURCE RESELL", "0.5", ["SOURCE"]),
    ],
)
def test_c06_only_where_being_late_costs_something(opened: Any, roles: str, factor: str, about: list[str]) -> None:
    rules = policy(attribution={"late_factor": factor})
    asked: Fields = {"roles": roles, "deal": deal(created_at=opened), "policy": rules}
    assert abouts("C06", claim("A", **asked)) == about
    assert not found("C06", claim("A", state="APPROVED", **asked))


def expired(**more: Any) -> Claim:
    return claim(
        "X", "beta", state="EXPIRED", submitted_at=day(-99), standing={"protection_end": date_of(0)}, **more
    )


@pytest.mark.parametrize(
    ("rival", "again", "hit"),
    [(day(1), day(2), True), (day(0), day(2), False), (day(2), day(1), False)],
)
def test_c21_filed_between_the_end_and_the_return(rival: Any, again: Any, hit: bool) -> None:
    pair = claim("A", "alpha", submitted_at=rival), claim("B", "beta", submitted_at=again)
    assert abouts("C21", expired(), *pair) == ["RESELL"] * hit
    assert not found("C21", *pair)
    assert not found("C21", expired(deal=deal("other")), *pair)


def family(child: str | None, parent: str | None, **more: Any) -> list[Finding]:
    accounts = (
        Account("up", "Up", (), country=parent),
        Account("middle", "Middle", (), parent_id="up", country=child),
        Account("down", "Down", (), parent_id="middle", country=child),
    )
    above = claim("A", "alpha", deal=None, account=accounts[0], **more)
    below = claim("B", "beta", deal=None, account=accounts[2])
    return detect(KINDS["C23"], situation(above, below, accounts=accounts))


def test_c23_a_parent_and_its_subsidiary_before_there_is_a_deal() -> None:
    assert [finding.about for finding in family("DE", "de")] == ["RESELL"]
    assert family(None, "DE")
    assert not family("FR", "DE")
    assert not family("DE", "DE", roles="IMPLEMENT")


def test_accounts_that_own_each_other_in_a_circle_end_where_they_began() -> None:
    one, other = Account("a", "A", (), parent_id="b"), Account("b", "B", (), parent_id="a")
    assert situation(accounts=(one, other)).around.above("a") == ["b"]


def test_the_work_grows_with_what_meets_and_not_with_the_group() -> None:
    """A thousand registrations on a thousand deals of one customer are no million pairs."""
    many = [claim(f"{n:04}", f"p{n}", deal=deal(f"d{n}")) for n in range(1000)]
    assert situation(*many).meetings == ()
    loose = claim("L", "loose", deal=None, account=many[0].account)
    assert len(situation(*many, loose).meetings) == 1000
