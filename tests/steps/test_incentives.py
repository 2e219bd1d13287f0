"""What a role earns beside its credit, on which day, and what a deal that shrinks takes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.incentives import Incentive, Payment, Posting, Sale, Settlement, incentives, settlements, totals
from sync.model.money import Money
from sync.model.registration import Evidence, Role
from sync.model.split import VENDOR, Portion, Split, SplitStatus
from sync.policy import parse
from tests.steps.business import day as moment
from tests.steps.business import evidence, patient, policy, standard

REBATE: dict[str, Any] = {"kind": "rebate", "percent": "2.5"}


def day(number: int) -> date:
    return date(2027, 1, number)


def split(amount: str, parts: dict[str, str], fulfilled: str | None = None, currency: str = "EUR") -> Split:
    """A won deal; each party has the role that its name says."""
    roles = {"reseller": Role.RESELL, "referrer": Role.REFER, "support": Role.SUPPORT}
    portions = tuple(
        Portion(
            party,
            (roles[party],) if party in roles else (),
            "0",
            0,
            None,
            Money.parse(part, currency),
            fulfilled_amount=Money.parse(fulfilled, currency) if fulfilled and party == "reseller" else None,
        )
        for party, part in parts.items()
    )
    return Split("deal", 1, SplitStatus.LOCKED, "stated", "standard/1", Money.parse(amount, currency), portions)


def earned(
    rules: dict[str, Any], *postings: tuple[int, Split | None], proof: tuple[Evidence, ...] = ()
) -> list[str]:
    found = incentives(sale(rules, *postings, proof=proof))
    return [f"{own.party} {own.amount.major} {own.earned.day if own.earned else 'waits'}" for own in found]


def sale(rules: dict[str, Any], *postings: tuple[int, Split | None], proof: tuple[Evidence, ...] = ()) -> Sale:
    given = [Posting(day(number), at) for number, at in postings]
    return Sale("deal", "Deal", given, policy(incentives=rules), {"support": proof})


WON = split("1000.00", {"reseller": "600.00", "referrer": "0.00", "support": "390.00", VENDOR: "10.00"}, "800.00")


@pytest.mark.parametrize(
    ("role", "rule", "expected"),
    [
        ("RESELL", {"kind": "margin", "percent": 10}, ["reseller 80.00 4"]),
        ("RESELL", {"kind": "rebate", "percent": "2.5"}, ["reseller 15.00 4"]),
        ("REFER", {"kind": "finders_fee", "percent": 3}, ["referrer 30.00 4"]),
        ("REFER", {"kind": "finders_fee", "amount": 250, "currency": "EUR"}, ["referrer 250.00 4"]),
        ("ADVISE", {"kind": "rebate", "percent": 5}, []),
        ("SUPPORT", {"kind": "margin", "percent": 5}, []),
    ],
)
def test_a_percent_is_of_what_its_kind_says(role: str, rule: dict[str, Any], expected: list[str]) -> None:
    assert earned({role: rule}, (4, WON)) == expected


def test_work_after_the_close_is_earned_on_the_day_of_its_verified_milestone() -> None:
    rules = {"SUPPORT": {**REBATE, "earned": "milestone:POC"}}
    at = moment(-20)  # 12 January
    assert earned(rules, (4, WON)) == ["support 9.75 waits"]
    assert earned(rules, (4, WON), proof=(evidence("POC", at, verified=False),)) == ["support 9.75 waits"]
    assert earned(rules, (4, WON), proof=(evidence("MEETING", at),)) == ["support 9.75 waits"]
    assert earned(rules, (4, WON), proof=(evidence("POC", at), evidence("POC", moment(-10)))) == ["support 9.75 12"]
    assert earned(rules, (14, WON), proof=(evidence("POC", at),)) == ["support 9.75 14"], "not before the close"


def test_a_deal_that_shrinks_takes_back_on_its_own_day_and_before_the_milestone_only_the_result_counts() -> None:
    less = split("500.00", {"support": "195.00"})
    assert earned({"SUPPORT": REBATE}, (4, WON), (9, less)) == ["support 9.75 4", "support -4.87 9"]
    rules = {"SUPPORT": {**REBATE, "earned": "milestone:POC"}}
    assert earned(rules, (4, WON), (9, less), proof=(evidence("POC", moment(-20)),)) == ["support 4.88 12"]


def test_a_deal_opened_again_takes_everything_back() -> None:
    assert earned({"SUPPORT": REBATE}, (4, WON), (9, None)) == ["support 9.75 4", "support -9.75 9"]
    fixed = {"REFER": {"kind": "finders_fee", "amount": 250, "currency": "USD"}}
    assert earned(fixed, (4, WON), (9, None), (11, WON)) == [
        "referrer 250.00 4",
        "referrer -250.00 9",
        "referrer 250.00 11",
    ]


def test_another_currency_of_the_deal_is_taken_back_and_earned_again() -> None:
    dollars = split("1100.00", {"support": "429.00"}, currency="USD")
    found = list(incentives(sale({"SUPPORT": REBATE}, (4, WON), (9, dollars))))
    assert totals(found) == {"EUR": Money(0, "EUR"), "USD": Money(1_072, "USD")}


def test_what_waits_is_in_no_total() -> None:
    found = list(incentives(sale({"SUPPORT": {**REBATE, "earned": "milestone:NDA"}}, (4, WON))))
    assert ([own.earned for own in found], totals(found)) == ([None], {})


@patient
@given(
    st.lists(st.tuples(st.integers(1, 28), st.integers(-9_999_999, 9_999_999)), min_size=1, max_size=6),
    st.integers(1, 28),
)
def test_everything_earned_adds_up_to_what_the_last_split_is_worth(life: list[tuple[int, int]], proof: int) -> None:
    postings = [
        (number, split(str(Money(cents, "EUR").major), {"support": str(Money(cents, "EUR").major)}))
        for number, (_, cents) in zip(sorted(entry[0] for entry in life), life, strict=True)
    ]
    rules = {"SUPPORT": {**REBATE, "percent": "33.3", "earned": "milestone:POC"}}
    given = (Evidence("POC", moment(proof - 32), verified=True),)
    found: list[Incentive] = list(incentives(sale(rules, *postings, proof=given)))
    (only,) = [own.amount for own in incentives(sale(rules, postings[-1], proof=given))] or [Money(0, "EUR")]
    assert sum(own.amount.minor for own in found) == only.minor
    assert all(own.earned and own.earned >= day(proof) for own in found)


def settled(life: Sale, *payments: Payment, **more: Any) -> list[Settlement]:
    at = replace(life, payments=payments, **more)
    return list(settlements(at, list(incentives(at))))


def paid(text: str, on: int | None = None, currency: str = "EUR", party: str = "support") -> Payment:
    return Payment(party, Money.parse(text, currency), day(on) if on else None)


@pytest.mark.parametrize(
    ("payments", "expected"),
    [
        ((), "9.75 0.00 9.75 open"),
        ((paid("5.00"),), "9.75 5.00 4.75 part"),
        ((paid("5.00"), paid("4.75")), "9.75 9.75 0.00 paid"),
        ((paid("9.76"),), "9.75 9.76 -0.01 over"),
        ((paid("-1.00"),), "9.75 -1.00 10.75 open"),
    ],
)
def test_what_finance_paid_stands_beside_what_was_earned(payments: tuple[Payment, ...], expected: str) -> None:
    (at,) = settled(sale({"SUPPORT": REBATE}, (4, WON)), *payments)
    assert f"{at.earned.major} {at.paid.major} {at.left.major} {at.state}" == expected


def test_what_waits_for_its_milestone_is_not_to_be_paid_yet() -> None:
    waits = sale({"SUPPORT": {**REBATE, "earned": "milestone:POC"}}, (4, WON))
    assert settled(waits) == []
    (at,) = settled(waits, paid("9.75"))
    assert (at.earned.minor, at.state) == (0, "over"), "paid before it was earned"


def test_a_deal_that_shrinks_after_it_was_paid_says_what_was_paid_too_much() -> None:
    (at,) = settled(
        sale({"SUPPORT": REBATE}, (4, WON), (9, split("500.00", {"support": "195.00"}))), paid("9.75", 8)
    )
    assert (at.earned.major, at.left.major, at.state, at.day) == (Decimal("4.88"), Decimal("-4.87"), "over", day(8))


def test_what_is_paid_in_another_currency_pays_nothing_of_what_was_earned() -> None:
    found = settled(sale({"SUPPORT": REBATE}, (4, WON)), paid("9.75", currency="USD"))
    assert [(str(at.left), at.state) for at in found] == [("9.75 EUR", "open"), ("-9.75 USD", "over")]


def test_who_inherited_a_partner_stands_for_what_both_earned_and_were_paid() -> None:
    rules = {"RESELL": REBATE, "SUPPORT": REBATE}
    handed = split("1000.00", {"reseller": "990.00", VENDOR: "10.00"})
    support = replace(handed.portions[0], roles=(Role.RESELL, Role.SUPPORT))
    life = sale(rules, (4, WON), (9, replace(handed, portions=(support, handed.portions[1]))))
    (at,) = settled(life, paid("9.75", 5), paid("15.00", 7, party="reseller"), heirs={"support": "reseller"})
    assert (at.party, str(at.earned), str(at.paid), at.day) == ("reseller", "49.50 EUR", "24.75 EUR", day(7))


def test_the_milestone_counts_for_what_was_posted_under_an_earlier_record_of_the_partner() -> None:
    rules = {"SUPPORT": {**REBATE, "earned": "milestone:POC"}}
    life = replace(
        sale(rules, (4, WON)), heirs={"support": "survivor"}, evidence={"survivor": (evidence("POC", moment(-20)),)}
    )
    assert [own.earned for own in incentives(life)] == [day(12)]


@patient
@given(
    st.lists(st.integers(-9_999_999, 9_999_999), max_size=5),
    st.lists(st.tuples(st.sampled_from(["support", "reseller"]), st.integers(-9_999, 9_999)), max_size=5),
)
def test_settlements_lose_nothing_of_what_was_earned_or_paid(life: list[int], given: list[tuple[str, int]]) -> None:
    postings = [
        (number, split(str(Money(cents, "EUR").major), {"support": str(Money(cents, "EUR").major)}))
        for number, cents in enumerate(life, start=1)
    ]
    at = sale({"SUPPORT": REBATE}, *postings)
    payments = [Payment(party, Money(cents, "EUR")) for party, cents in given]
    found = settled(at, *payments)
    assert sum(own.earned.minor for own in found) == sum(own.amount.minor for own in incentives(at))
    assert sum(own.paid.minor for own in found) == sum(cents for _, cents in given)
    assert all(own.left.minor == own.earned.minor - own.paid.minor for own in found)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"kind": "rebate"}, "a percent or an amount"),
        ({"kind": "rebate", "percent": 5, "amount": 5, "currency": "EUR"}, "a percent or an amount"),
        ({"kind": "rebate", "amount": 5}, "needs its currency"),
        ({"kind": "rebate", "amount": "5.001", "currency": "EUR"}, "more digits than EUR"),
        ({"kind": "bonus", "percent": 5}, "Input should be"),
        ({"kind": "rebate", "percent": 5, "earned": "milestone:LUNCH"}, "match pattern"),
    ],
)
def test_what_cannot_be_earned_is_refused_with_its_key(rule: dict[str, Any], said: str) -> None:
    found, problems = parse("standard.toml", standard(incentives={"RESELL": rule}))
    assert found is None
    assert all(problem.where.startswith("standard.toml: incentives.RESELL") for problem in problems)
    assert any(said in problem.what + problem.fix for problem in problems)
