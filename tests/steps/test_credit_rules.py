"""What a policy may say about credit and what becomes of it: limits, late claims, models, leavers, overlays."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from sync.claim import Claim
from sync.credit import credit
from sync.model.deal import Stage
from sync.model.parties import Tier
from sync.model.registration import Role
from sync.model.split import Split
from tests.steps.business import claim, day, deal, evidence, line, policy
from tests.steps.splitting import BUNDLE, amounts, approved, split_of


def equal(**attribution: Any) -> Any:
    return policy(attribution={"model": "equal", **attribution})


def two(rules: Any, **second: Any) -> tuple[Claim, Claim]:
    return approved("A", "alpha", "RESELL", policy=rules), approved("B", "beta", "ADVISE", policy=rules, **second)


# Limits that a deal cannot meet.


@pytest.mark.parametrize(
    ("limits", "parts", "says"),
    [
        ({"cap": 40}, {"alpha": "40.00", "beta": "40.00", "VENDOR": "20.00"}, "cap 40% holds"),
        ({"floor": 60, "cap": 60}, {"alpha": "50.00", "beta": "50.00"}, "scaled down to 50%"),
        ({"cap": 0}, {"alpha": "0.00", "beta": "0.00", "VENDOR": "100.00"}, "cap 0% holds"),
    ],
)
def test_limits_that_too_few_or_too_many_partners_meet_stop_nothing(
    limits: dict[str, int], parts: dict[str, str], says: str
) -> None:
    rules = policy(attribution={"model": "contribution", **limits})
    claims = (
        approved("A", "alpha", contribution=Decimal(9), policy=rules),
        approved("B", "beta", contribution=Decimal(1), policy=rules),
    )
    split = split_of(deal(), *claims)
    assert amounts(split) == parts
    assert any(says in sentence for sentence in split.arithmetic)


# Late claims (C06).


@pytest.mark.parametrize(
    ("submitted", "parts"),
    [(day(9), ["50.00", "50.00"]), (day(9, 10), ["66.67", "33.33"])],
    ids=["on the last day of the sourcing window", "an hour after it"],
)
def test_a_claim_filed_long_after_the_deal_was_opened_counts_only_the_late_factor(
    submitted: Any, parts: list[str]
) -> None:
    rules = equal(late_factor="0.5")
    assert list(amounts(split_of(deal(), *two(rules, submitted_at=submitted))).values()) == parts
    assert list(amounts(split_of(deal(), *two(equal(), submitted_at=submitted))).values()) == ["50.00", "50.00"]


def test_a_partner_with_one_claim_in_time_is_not_late() -> None:
    rules = equal(late_factor=0)
    again = approved("C", "beta", "SUPPORT", policy=rules, submitted_at=day(30))
    assert amounts(split_of(deal(), *two(rules), again)) == {"alpha": "50.00", "beta": "50.00"}


def test_a_tier_counts_what_the_policy_says() -> None:
    rules = equal(tier_multipliers={"GOLD": 3})
    first, second = two(rules)
    gold = replace(second, partner=replace(second.partner, tier=Tier.GOLD))
    assert amounts(split_of(deal(), first, gold)) == {"alpha": "25.00", "beta": "75.00"}


# Touch models.


def story(model: str, **more: Any) -> tuple[Claim, Claim]:
    """Alpha met the customer before the deal, beta after it; both were approved on day 1."""
    rules = policy(attribution={"model": model, **more})
    met = (evidence("MEETING", day(-9)), evidence("POC", day(-8), verified=False))
    return (
        approved("A", "alpha", "RESELL", policy=rules, submitted_at=day(-1), evidence=met),
        approved("B", "beta", "ADVISE", policy=rules, submitted_at=day(0), evidence=(evidence("POC", day(5)),)),
    )


@pytest.mark.parametrize(
    ("model", "parts"),
    [
        ("first_touch", ["100.00", "0.00"]),
        ("last_touch", ["0.00", "100.00"]),
        ("u_shape", ["50.00", "50.00"]),  # an end and two of the four between each
        ("w_shape", ["78.33", "21.67"]),  # first and opening 60, one of two approvals 15, one of three others
    ],
)
def test_touches_come_from_evidence_submissions_and_approvals(model: str, parts: list[str]) -> None:
    split = split_of(deal(), *story(model))
    assert (split.model, list(amounts(split).values())) == (model, parts)
    assert "Not verified, not counted: Alpha POC on 2027-01-24" in split.arithmetic


def test_time_decay_reads_the_half_life_of_the_policy() -> None:
    rules = policy(attribution={"model": "time_decay", "half_life_days": 1})
    claims = [
        approved(who, who, "ADVISE", policy=rules, submitted_at=day(number), standing={"approved_at": None})
        for number, who in enumerate(("alpha", "beta", "gamma"))
    ]
    assert list(amounts(split_of(deal(amount="70.00"), *claims)).values()) == ["10.00", "20.00", "40.00"]


def test_what_a_partner_did_after_the_close_is_shown_and_not_counted() -> None:
    closed: dict[str, Any] = {"stage": Stage.WON, "close_date": date(2027, 2, 4)}
    split = split_of(deal(**closed), *story("last_touch"))
    assert "After the lock, not counted: Beta POC on 2027-02-06" in split.arithmetic
    assert list(amounts(split).values()) == ["50.00", "50.00"]  # both approvals came at the same moment


# Models that a deal does not carry.


@pytest.mark.parametrize(
    ("model", "on", "why"),
    [
        ("lines", {}, "the deal has no lines"),
        ("shapley", {}, "the deal has no lines"),
        (
            "shapley",
            {"lines": (line("s", "150.00", ("alpha",)), line("c", "-50.00", ("beta",)))},
            "above and below 0",
        ),
    ],
)
def test_a_deal_that_does_not_carry_the_model_is_divided_by_role_pools_and_says_why(
    model: str, on: dict[str, Any], why: str
) -> None:
    split = split_of(deal(**on), *two(policy(attribution={"model": model})))
    assert (split.model, amounts(split)) == ("role_pools", {"alpha": "66.67", "beta": "33.33"})
    assert split.arithmetic[0].startswith(f"Not divided by {model}, but by role pools: ")
    assert why in split.arithmetic[0]


def test_shapley_reads_the_lines_and_lets_the_modifiers_follow() -> None:
    rules = policy(attribution={"model": "shapley", "vendor_share": 50})
    claims = approved("A", "alpha", "SOLUTION", policy=rules), approved("B", "beta", "SOLUTION", policy=rules)
    split = split_of(deal(lines=BUNDLE), *claims)
    assert (split.model, amounts(split)) == ("shapley", {"alpha": "37.50", "beta": "7.50", "VENDOR": "55.00"})


def test_the_model_lines_divides_lines_that_nobody_is_named_for_and_deals_without_amount() -> None:
    rules = policy(attribution={"model": "lines", "bundles": "off"})
    claims = approved("A", "alpha", policy=rules, line_ids=("free",)), approved("B", "beta", "ADVISE", policy=rules)
    assert amounts(split_of(deal(lines=(line("free", "100.00"),)), *claims)) == {"alpha": "100.00", "beta": "0.00"}
    bare = split_of(deal(amount=None, lines=BUNDLE), *claims)
    assert [(portion.party, str(portion.percent)) for portion in bare.portions] == [
        ("alpha", "85.00"),
        ("beta", "15.00"),
    ]


# Who left before the lock.


def leaver(rules: Any, **more: Any) -> Claim:
    left = {"approved_at": day(1), "since": day(4)}
    return approved("C", "gamma", "PRESALES", policy=rules, state="WITHDRAWN", standing=left, **more)


def parted(rules: Any, **more: Any) -> Split:
    return split_of(deal(amount="90.00"), *two(rules), leaver(rules, **more))


PROOFS = (
    evidence("POC", day(2)),
    evidence("POC", day(3)),
    evidence("NDA", day(5)),
    evidence("QUOTE", day(2), verified=False),
)


@pytest.mark.parametrize(
    ("rule", "parts"),
    [
        ({}, {"alpha": "45.00", "beta": "45.00"}),
        ({"withdrawal": "vendor"}, {"alpha": "30.00", "beta": "30.00", "VENDOR": "30.00"}),
        (
            {"withdrawal": "vest", "vesting": {"APPROVAL": 10, "POC": 40, "NDA": 25, "QUOTE": 25}},
            {"alpha": "37.50", "beta": "37.50", "gamma": "15.00"},
        ),
        ({"withdrawal": "vest", "vesting": {"NDA": 100}}, {"alpha": "45.00", "beta": "45.00"}),
    ],
    ids=["redistribute", "vendor", "vest: approval and POC, not what came later or unverified", "nothing earned"],
)
def test_what_a_leaver_gives_up_goes_where_the_policy_says(rule: dict[str, Any], parts: dict[str, str]) -> None:
    assert amounts(parted(equal(**rule), evidence=PROOFS)) == parts


def test_who_was_never_approved_leaves_nothing_behind() -> None:
    rules = equal(withdrawal="vendor")
    gone = approved("C", "gamma", "PRESALES", policy=rules, state="WITHDRAWN")
    assert amounts(split_of(deal(), *two(rules), gone)) == {"alpha": "50.00", "beta": "50.00"}


def test_a_partner_that_left_with_one_claim_and_stays_with_another_is_no_leaver() -> None:
    rules = equal(withdrawal="vendor")
    stays = approved("D", "gamma", "SUPPORT", policy=rules)
    assert list(amounts(split_of(deal(), *two(rules), leaver(rules), stays)).values()) == [
        "33.34",
        "33.33",
        "33.33",
    ]


def test_the_last_one_to_leave_keeps_what_it_earned_and_nothing_else() -> None:
    rules = equal(withdrawal="vest", vesting={"APPROVAL": 25})
    assert amounts(split_of(deal(), leaver(rules))) == {"gamma": "25.00", "VENDOR": "75.00"}
    assert credit(deal(), [leaver(equal())], (), None) is None
    assert credit(deal(), [leaver(equal(withdrawal="vest", vesting={"POC": 25}))], (), None) is None


def test_a_leaver_keeps_what_it_earned_of_its_lines_and_the_vendor_has_the_rest() -> None:
    rules = policy(attribution={"withdrawal": "vest", "vesting": {"APPROVAL": 50}})
    left = approved("A", "alpha", "SOLUTION", policy=rules, state="WITHDRAWN", standing={"approved_at": day(1)})
    split = split_of(deal(lines=BUNDLE), left, approved("B", "beta", "SOLUTION", policy=rules))
    assert amounts(split) == {"beta": "15.00", "alpha": "37.50", "VENDOR": "47.50"}


# What partners file.


def test_contributions_below_nothing_count_nothing() -> None:
    rules = policy(attribution={"model": "contribution"})
    claims = (
        approved("A", "alpha", policy=rules, contribution=Decimal(-3)),
        approved("B", "beta", policy=rules, contribution=Decimal(1)),
    )
    assert amounts(split_of(deal(), *claims)) == {"alpha": "0.00", "beta": "100.00"}


def test_a_claim_that_still_waits_leaves_the_split_a_draft() -> None:
    waiting = claim("C", "gamma", "SUPPORT")
    assert split_of(deal(), *two(equal()), waiting).status == "DRAFT"
    assert {role for portion in split_of(deal(), *two(equal())).portions for role in portion.roles} == {
        Role.RESELL,
        Role.ADVISE,
    }
