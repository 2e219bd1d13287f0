"""Shares that the members of a joint registration agreed on: used where they stand, explained where they do not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sync.attribution.agreed import objections_of
from sync.claim import Claim
from sync.model.deal import Stage
from sync.model.registration import Response
from sync.model.split import Split, SplitStatus
from tests.steps.business import claim, day, deal, policy
from tests.steps.splitting import BUNDLE, amounts, approved, joined, split_of

AGREED = policy(attribution={"joint_shares": "agreed"})
NEGOTIATED = policy(attribution={"model": "negotiated"})
NAMES = ("alpha", "beta", "gamma")


def member(who: str, share: str | None, rules: Any = AGREED, **more: Any) -> Claim:
    """A member of the team "crm" that filed ``share`` percent."""
    fields = {"joint_key": "crm", "joint_response": Response.ACCEPTED, "policy": rules}
    return approved(who, who, "RESELL", **{**fields, "proposed_share": Decimal(share) if share else None, **more})


def team(*shares: str | None, rules: Any = AGREED) -> list[Claim]:
    return [member(who, share, rules) for who, share in zip(NAMES, shares, strict=False)]


def divided(claims: list[Claim], before: Split | None = None, **on: Any) -> Split:
    return split_of(deal(**on), *claims, joint=joined(*claims), before=before)


def against(claims: list[Claim]) -> tuple[str, ...]:
    return objections_of(deal(), claims, joined(*claims))


@pytest.mark.parametrize("rules", [AGREED, NEGOTIATED], ids=["joint_shares", "model"])
def test_what_the_members_agreed_on_divides_the_deal(rules: Any) -> None:
    split = divided(team("45", "35", "20", rules=rules), amount="249999.99")
    assert (split.model, split.status) == ("negotiated", SplitStatus.AGREED)
    assert amounts(split) == {"alpha": "112499.99", "beta": "87500.00", "gamma": "50000.00"}
    assert split.arithmetic == ("Agreed by the members -> Alpha 45%, Beta 35%, Gamma 20%",)


def test_a_sum_within_one_percent_is_scaled_and_shown() -> None:
    """S20."""
    claims = team("33.33", "33.33", "33.33")
    split = divided(claims)
    assert [str(portion.percent) for portion in split.portions] == ["33.34", "33.33", "33.33"]
    assert "The agreed parts add up to 99.99% and are scaled to 100%" in split.arithmetic[1]
    assert against(claims) == ()


LIMITED = policy(attribution={"joint_shares": "agreed", "floor": 10, "cap": 60})


@pytest.mark.parametrize(
    ("shares", "rules", "finding"),
    [
        (("60", "44"), AGREED, "the parts add up to 104%, agree on 100%"),
        (("60", "38.9"), AGREED, "the parts add up to 98.9%, agree on 100%"),
        (("101", "-1"), AGREED, "Beta has -1%, a part cannot be below 0"),
        (("100", None), AGREED, "Beta is a member without a part, enter one (0 counts)"),
        (("70", "30"), LIMITED, "Alpha has 70% of the partners' part, above the cap of 60%"),
        (("60", "35", "5"), LIMITED, "Gamma has 5% of the partners' part, below the floor of 10%"),
    ],
)
def test_shares_that_do_not_stand_fall_back_to_the_policy_and_say_why(
    shares: tuple[str | None, ...], rules: Any, finding: str
) -> None:
    """C18: the same words go to the conflict, and nothing raises."""
    claims = team(*shares, rules=rules)
    split = divided(claims)
    assert (split.model, split.status) == ("role_pools", SplitStatus.PROPOSED)
    assert split.arithmetic[0] == f"C18 Agreed split, back to the lead partner: {finding}"
    assert against(claims) == (finding,)
    assert sum(portion.amount.minor for portion in split.portions if portion.amount) == 10000


def test_every_objection_is_named_at_once() -> None:
    assert len(against(team("120", "-40", None))) == 3


def test_a_credited_partner_outside_the_team_has_no_part_in_what_the_team_agreed_on() -> None:
    outside = approved("D", "delta", "ADVISE", policy=AGREED)
    claims = [*team("50", "50"), outside]
    assert against(claims) == ("Delta is a member without a part, enter one (0 counts)",)
    assert divided(claims).status is SplitStatus.PROPOSED


def test_disputed_shares_are_not_locked_with_the_deal_until_the_members_agree() -> None:
    disputed = divided(team("60", "44"), stage=Stage.WON)
    assert disputed.status is SplitStatus.PROPOSED
    agreed = divided(team("60", "40"), stage=Stage.WON, before=disputed)
    assert (agreed.status, amounts(agreed)) == (SplitStatus.LOCKED, {"alpha": "60.00", "beta": "40.00"})
    assert divided(team("60", "44"), stage=Stage.WON, before=agreed) == agreed  # a lock stays


def test_a_team_that_filed_no_shares_is_divided_by_the_policy() -> None:
    silent = divided(team(None, None))
    assert (silent.model, silent.status, against(team(None, None))) == ("role_pools", SplitStatus.AGREED, ())
    undecided = divided(team(None, None, rules=NEGOTIATED))
    assert (undecided.model, undecided.status) == ("role_pools", SplitStatus.PROPOSED)
    assert (
        undecided.arithmetic[0] == "The members have not agreed on their parts: divided by role pools until they do"
    )
    alone = divided(team("100", rules=NEGOTIATED))
    assert (alone.status, amounts(alone)) == (SplitStatus.AGREED, {"alpha": "100.00"})


def test_shares_count_only_when_all_members_have_accepted_and_the_policy_reads_them() -> None:
    invited = [member("alpha", "80"), member("beta", "20", joint_response=Response.INVITED)]
    assert divided(invited).model == "role_pools"
    assert (divided(team("80", "20", rules=policy())).model, against(team("80", "20", rules=policy()))) == (
        "role_pools",
        (),
    )


def test_the_agreed_part_of_who_is_not_approved_yet_stays_with_the_vendor_until_then() -> None:
    waiting = claim("beta", "beta", "ADVISE", joint_key="crm", joint_response=Response.ACCEPTED, policy=AGREED)
    waiting = replace(waiting, registration=replace(waiting.registration, proposed_share=Decimal(30)))
    split = divided([member("alpha", "50"), waiting, member("gamma", "20")])
    assert amounts(split) == {"alpha": "50.00", "gamma": "20.00", "VENDOR": "30.00"}
    assert split.status is SplitStatus.DRAFT
    assert split.arithmetic[-1] == (
        "Not approved, so it stays with VENDOR: 30% of Beta -> Alpha 50%, Gamma 20%, VENDOR 30%"
    )


def test_one_partner_with_two_registrations_in_the_team_has_both_shares() -> None:
    first, second = member("alpha", "30"), member("alpha", "20")
    second = replace(second, registration=replace(second.registration, id="second"))
    assert amounts(divided([first, second, member("beta", "50")])) == {"alpha": "50.00", "beta": "50.00"}


def test_an_alliance_divides_by_its_own_shares_where_the_members_filed_none() -> None:
    """The programme wrote them down for its partners; what the members file themselves stands before it."""
    claims = team(None, None, rules=policy())
    allied = (replace(joined(*claims)[0], shares=(("alpha", "4/5"), ("beta", "1/5"))),)
    split = split_of(deal(), *claims, joint=allied)
    assert (split.model, amounts(split)) == ("negotiated", {"alpha": "80.00", "beta": "20.00"})
    filed = team("50", "50")
    assert amounts(split_of(deal(), *filed, joint=allied)) == {"alpha": "50.00", "beta": "50.00"}


def test_agreement_stands_before_lines_and_lines_before_the_model() -> None:
    assert amounts(divided(team("45", "55"), lines=BUNDLE)) == {"alpha": "45.00", "beta": "55.00"}
    assert divided(team("45", "45"), lines=BUNDLE).model == "lines"


def test_a_member_who_leaves_gives_its_agreed_part_to_the_others_in_proportion() -> None:
    """EX6: 45/35/20 on 90,000.01, and the third withdraws before the lock."""
    left = member("gamma", "20", state="WITHDRAWN", standing={"approved_at": day(1)})
    split = divided([member("alpha", "45"), member("beta", "35"), left], amount="90000.01")
    assert amounts(split) == {"alpha": "50625.01", "beta": "39375.00"}
    never = member("gamma", "20", state="WITHDRAWN")
    assert divided([member("alpha", "45"), member("beta", "35"), never]).status is SplitStatus.PROPOSED
