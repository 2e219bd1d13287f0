"""What is wrong with the records themselves: customers, merged deals, currencies, twins, shares."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connector.record import Ref
from sync.claim import Claim
from sync.conflicts.catalogue import KINDS, detect
from sync.judge import held
from sync.lifecycle import advance
from sync.model.deal import Opportunity
from sync.model.money import Money
from sync.model.parties import Account
from sync.model.registration import Response
from sync.model.ruling import Resolution, Severity
from tests.steps.business import claim, date_of, day, deal, line, policy
from tests.steps.judging import Judged, situation

Fields = dict[str, Any]


def abouts(kind: str, *claims: Claim, **facts: Any) -> list[str]:
    return [found.about for found in detect(KINDS[kind], situation(*claims, **facts))]


# C12.


def account(key: str, name: str, domain: str | None = None, country: str | None = None) -> Account:
    return Account(key, name, (Ref("sf", "Account", key),), domain=domain, country=country)


ACME_DE = account("de", "Acme GmbH", "acme.de", "DE")
ACME_US = account("us", "ACME, Inc.", "acme.com", "US")


@pytest.mark.parametrize(
    ("filed", "known", "accounts", "unclear"),
    [
        ({"customer_domain": "gmail.com"}, None, (), True),
        ({"customer_domain": "new.example.com", "customer_name": "New"}, None, (ACME_DE, ACME_US), False),
        ({"customer_domain": "acme.com"}, ACME_US, (ACME_DE, ACME_US), False),
        ({"customer_domain": "acme.com", "customer_country": "us"}, ACME_US, (ACME_US,), False),
        ({"customer_domain": "acme.com", "customer_country": "DE"}, ACME_US, (ACME_US,), True),
        ({"customer_domain": "acme.com", "customer_name": "Acme"}, ACME_US, (ACME_DE, ACME_US), True),
        (
            {"customer_domain": "acme.at", "customer_name": "ACME AG", "customer_country": "AT"},
            None,
            (ACME_DE,),
            True,
        ),
        (
            {"customer_domain": "acme.at", "customer_name": "Apex", "customer_country": "AT"},
            None,
            (ACME_DE,),
            False,
        ),
        ({"customer_domain": "acme.de"}, ACME_DE, (ACME_DE, account("two", "Other", "acme.de")), True),
    ],
)
def test_c12_who_the_customer_is(
    filed: Fields, known: Account | None, accounts: tuple[Account, ...], unclear: bool
) -> None:
    asked = claim("A", deal=None, account=known, **filed)
    assert abouts("C12", asked, accounts=accounts) == ["customer"] * unclear


def test_c12_a_deal_says_who_the_customer_is() -> None:
    assert not abouts("C12", claim("A", customer_domain="gmail.com"))


def test_c12_blocks_and_merges_nothing() -> None:
    judged = Judged(claim("A", deal=None, customer_domain="gmail.com"))
    assert (judged.waits(), judged.case.severity) == (True, Severity.BLOCK)


# C14.

MERGED = deal(merged=("old",))


def test_c14_the_registrations_of_merged_deals_meet() -> None:
    assert abouts("C14", claim("A", "alpha", deal=MERGED), claim("B", "beta", "ADVISE", deal=MERGED)) == ["old"]
    assert not abouts("C14", claim("A", "alpha", deal=MERGED), claim("B", "alpha", "ADVISE", deal=MERGED))
    assert not abouts("C14", claim("A", "alpha"), claim("B", "beta", "ADVISE"))


def test_c14_waits_and_holds_the_credit_only_where_two_were_approved_for_one_role() -> None:
    on: Fields = {"deal": MERGED, "state": "APPROVED"}
    clash = Judged(claim("A", "alpha", **on), claim("B", "beta", **on))
    assert held(clash.cases) == {"deal"}
    apart = Judged(claim("A", "alpha", **on), claim("B", "beta", "ADVISE", **on))
    assert (apart.case.resolution, held(apart.cases)) == (Resolution.NOTED, frozenset())


# C15 and C25.


@pytest.mark.parametrize(
    ("declared", "currencies", "about"),
    [
        (Money(10000, "EUR"), ("EUR",), []),
        (None, (), []),
        (Money(10000, "USD"), ("EUR",), ["EUR; USD"]),
        (None, ("CHF", "EUR"), ["EUR; CHF"]),
    ],
)
def test_c15_another_currency_than_the_deal_s(
    declared: Money | None, currencies: tuple[str, ...], about: list[str]
) -> None:
    assert abouts("C15", claim("A", declared_value=declared, deal=deal(currencies=currencies))) == about


@pytest.mark.parametrize(
    ("declared", "on", "hit"),
    [
        (Money(7000, "EUR"), deal(), False),  # 30 % of the larger
        (Money(6999, "EUR"), deal(), True),
        (Money(14285, "EUR"), deal(), False),
        (Money(14286, "EUR"), deal(), True),
        (Money(1, "USD"), deal(), False),
        (Money(1, "CHF"), deal(), False),
        (Money(1, "EUR"), deal(amount=None), False),
        (Money(0, "EUR"), deal(amount="0.00"), False),
        (Money(-10000, "EUR"), deal(amount="-100.00"), False),
        (Money(3000, "EUR"), deal(lines=(line("x", "30.00", needs=("alpha",)),)), False),
    ],
)
def test_c25_far_from_what_the_crm_says(declared: Money, on: Opportunity, hit: bool) -> None:
    judged = Judged(claim("A", declared_value=declared, deal=on))
    assert [case.kind for case in judged.cases if case.kind == "C25"] == ["C25"] * hit
    assert all(case.resolution is Resolution.NOTED for case in judged.cases)


# C17.


def twin(key: str, crm: str, **more: Any) -> Opportunity:
    plain: Fields = {"close_date": date_of(60), "name": "Kunde CRM rollout", "members": (Ref(crm, "x", key),)}
    return deal(key, **{**plain, **more})


@pytest.mark.parametrize(
    ("more", "alike"),
    [
        ({}, True),
        ({"amount": "90.00"}, True),
        ({"amount": "89.99"}, False),
        ({"close_date": date_of(90)}, True),
        ({"close_date": date_of(91)}, False),
        ({"close_date": None}, False),
        ({"amount": None}, False),
        ({"name": "kunde: crm roll-out"}, True),
        ({"name": "Kunde ERP"}, False),
        ({"account_id": "another"}, False),
        ({"account_id": None}, False),
        ({"members": (Ref("sf", "x", "b"),)}, False),
        ({"members": (Ref("sf", "x", "b"), Ref("hs", "x", "c"))}, False),
    ],
)
def test_c17_what_looks_like_one_deal(more: Fields, alike: bool) -> None:
    one, other = twin("a", "sf"), twin("b", **{"crm": "hs", **more})
    found = abouts("C17", claim("A", deal=one), opportunities=(other, one))
    assert found == ["a; b"] * alike
    assert not abouts("C17", opportunities=(one, other))  # nobody registered either
    for currency in ("CHF", "USD"):
        abroad = replace(other, amount=Money(10000, currency))
        assert not abouts("C17", claim("A", deal=one), opportunities=(abroad, one))


@pytest.mark.parametrize(
    ("names", "alike"), [(("Acme CRM", "Acme ERP"), False), (("Acme: CRM", "CRM, Acme"), True)]
)
def test_c17_the_customer_s_own_name_makes_no_two_deals_alike(names: tuple[str, str], alike: bool) -> None:
    one, other = twin("a", "sf", name=names[0]), twin("b", "hs", name=names[1])
    customer = account("account", "Acme GmbH")
    assert bool(abouts("C17", claim("A", deal=one), opportunities=(one, other), accounts=(customer,))) is alike


def test_c17_holds_the_credit_of_both_until_a_person_has_said() -> None:
    one, other = twin("a", "sf"), twin("b", "hs")
    judged = Judged(claim("A", deal=one, state="APPROVED"), opportunities=(one, other))
    assert judged.waits()
    assert held(judged.cases) == {"a", "b"}


# C18.


def team(*shares: str | None, **rules: Any) -> list[Claim]:
    programme = policy(attribution=rules or {"joint_shares": "agreed"})
    joint: Fields = {"joint_key": "team", "joint_response": Response.ACCEPTED, "policy": programme}
    return [
        claim(key, who, "ADVISE", proposed_share=Decimal(share) if share else None, **joint)
        for key, who, share in zip("ABC", ("alpha", "beta", "gamma"), shares, strict=False)
    ]


@pytest.mark.parametrize(
    ("shares", "severity"),
    [
        (("50", "50"), None),
        (("33.33", "33.33", "33.33"), Severity.INFO),
        (("50", "49"), Severity.INFO),
        (("50", "48.99"), Severity.WARN),
        (("50", "51.01"), Severity.WARN),
        (("120", "-20"), Severity.WARN),
        (("100.5", "-0.5"), Severity.WARN),
        (("100", "0"), None),
        (("100", None), Severity.WARN),
        ((None, None), None),
    ],
)
def test_c18_shares_make_one_whole(shares: tuple[str | None, ...], severity: Severity | None) -> None:
    found = [finding.severity for finding in detect(KINDS["C18"], situation(*team(*shares)))]
    assert found == ([severity] if severity else [])


@pytest.mark.parametrize(("shares", "hit"), [(("90", "10"), False), (("91", "9"), True), (("90.2", "10.1"), False)])
def test_c18_nobody_below_the_floor_or_above_the_cap(shares: tuple[str, str], hit: bool) -> None:
    found = detect(KINDS["C18"], situation(*team(*shares, joint_shares="agreed", floor="9.5", cap="90")))
    assert [finding.severity for finding in found if finding.severity is Severity.WARN] == [Severity.WARN] * hit


def test_c18_only_where_the_programme_divides_by_the_members_shares() -> None:
    assert not abouts("C18", *team("10", "10", joint_shares="off"))
    assert not abouts("C18", *team("10", "10", joint_shares="off", model="equal"))
    assert abouts("C18", *team("10", "10", model="negotiated")) == ["shares of team"]


# C20.


def dated(**more: Any) -> Claim:
    return claim("A", "alpha", **{"submitted_at": day(0), "created_at": day(2), **more})


def test_c20_a_date_before_the_row_s_own_wins_nothing_by_itself() -> None:
    rival = claim("B", "beta", submitted_at=day(1), created_at=day(1))
    assert abouts("C20", dated(), rival) == ["filed before it was made"]
    assert {case.kind for case in Judged(dated(), rival).cases if case.resolution is None} == {"C02", "C20"}


@pytest.mark.parametrize(
    ("made", "hit"), [(day(1), False), (day(1, 9, 0, 1), True), (day(2), True), (day(-9), False)]
)
def test_c20_submitted_at_more_than_24_hours_before_the_row_s_creation_raises_a_case(made: Any, hit: bool) -> None:
    assert abouts("C20", dated(created_at=made)) == ["filed before it was made"] * hit
    assert [case.severity for case in Judged(dated(created_at=made)).cases] == [Severity.WARN] * hit
    assert not abouts("C20", dated(created_at=made, state="APPROVED"))


@pytest.mark.parametrize(
    ("rival", "overtaken"),
    [
        ({"submitted_at": day(1), "created_at": day(1)}, True),
        ({"submitted_at": day(-1), "created_at": day(-1)}, False),  # the rival is first anyway
        ({"submitted_at": day(0), "created_at": day(0)}, False),  # the same moment puts nobody first
        ({"submitted_at": day(1), "created_at": day(1), "roles": "ADVISE"}, False),
    ],
)
def test_c20_says_whether_the_date_would_put_it_before_a_rival(rival: Fields, overtaken: bool) -> None:
    (finding,) = detect(KINDS["C20"], situation(dated(), claim("B", "beta", **rival)))
    assert ("before a rival's" in finding.text) is overtaken


def test_submitted_at_is_frozen_as_it_was_first_seen() -> None:
    filed = advance(claim("A", state="DRAFT"), day(1))
    earlier = replace(filed, registration=replace(filed.registration, submitted_at=day(-30)))
    assert advance(earlier, day(2)).submitted_at == day(0)


@pytest.mark.parametrize(("elsewhere", "hit"), [(25, False), (26, True)])
def test_c20_many_registrations_without_proof(elsewhere: int, hit: bool) -> None:
    assert abouts("C20", claim("A"), load={"alpha": elsewhere}) == ["many without proof"] * hit
    assert not abouts("C20", claim("A", state="APPROVED"), load={"alpha": elsewhere})


def test_c20_is_never_more_than_a_warning() -> None:
    rules = policy(conflicts={"severity": {"C20": "BLOCK"}})
    (found,) = detect(KINDS["C20"], situation(claim("A", policy=rules), load={"alpha": 99}))
    assert found.severity is Severity.WARN


@pytest.mark.parametrize(
    ("standing", "about"),
    [
        ({"lapses": 1, "quiet_since": day(-50)}, [f"silent since {date_of(-50)}"]),
        ({"lapses": 0}, []),
        ({"lapses": 1, "quiet_since": day(-50), "adopted": True}, []),
    ],
)
def test_c20_silence_by_the_clock_of_inactivity(standing: Fields, about: list[str]) -> None:
    assert abouts("C20", claim("A", state="APPROVED", standing=standing)) == about
