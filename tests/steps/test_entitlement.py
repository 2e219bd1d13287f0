"""What a partner may not have: each reason, and what only looks like it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from sync.conflicts.catalogue import KINDS, detect
from sync.model.deal import Opportunity
from sync.model.parties import Account, NamedList, PartnerStatus, Tier
from sync.model.registration import Choice, Response, Role, State, Vote
from sync.model.ruling import Resolution, Severity
from tests.steps.business import ACCOUNT, claim, date_of, day, deal, evidence, partner, policy
from tests.steps.judging import Judged, situation

Fields = dict[str, Any]


def seen(kind: str, *claims: Any, **facts: Any) -> list[tuple[str, Severity]]:
    """What is found: about what, and how severe."""
    return [(found.about, found.severity) for found in detect(KINDS[kind], situation(*claims, **facts))]


def customer(listed: NamedList) -> Account:
    return Account("account", "Account", ACCOUNT.members, named_list=listed)


# C08.


@pytest.mark.parametrize("listed", list(NamedList))
def test_c08_only_house_and_named_accounts_are_closed(listed: NamedList) -> None:
    closed = listed in (NamedList.HOUSE, NamedList.NAMED)
    found = seen("C08", claim("A", roles="SOURCE RESELL ADVISE", account=customer(listed)))
    assert found == [("SOURCE; RESELL", Severity.BLOCK)] * closed


def test_c08_delivery_is_open_and_the_programme_says_what_is_not() -> None:
    house: Fields = {"account": customer(NamedList.HOUSE)}
    assert not seen("C08", claim("A", roles="IMPLEMENT ADVISE", **house))
    rules = policy(conflicts={"named_roles": ["ADVISE"]})
    assert seen("C08", claim("A", roles="RESELL ADVISE", policy=rules, **house)) == [("ADVISE", Severity.BLOCK)]


def test_c08_does_not_come_back_to_what_was_approved() -> None:
    assert not seen("C08", claim("A", account=customer(NamedList.HOUSE), state="APPROVED"))


def test_c08_takes_the_closed_roles_and_tells_the_partner_what_goes_on() -> None:
    judged = Judged(claim("A", roles="RESELL IMPLEMENT", account=customer(NamedList.HOUSE)))
    assert (judged.claims["A"].roles, judged.reason("A")) == ((Role.IMPLEMENT,), "NAMED_ACCOUNT")
    assert judged.case.resolution is Resolution.REASSIGN_SCOPE


def test_c08_waits_where_the_customer_chose_the_partner() -> None:
    asked = claim("A", account=customer(NamedList.NAMED), customer_choice=Choice.CHOSEN)
    assert Judged(asked).waits()


# C09.


@pytest.mark.parametrize(
    ("territory", "regions", "about"),
    [
        (("EMEA",), ("EMEA",), []),
        (("EMEA",), ("EMEA", "NA"), [("NA", Severity.WARN)]),
        ((), ("NA",), []),
        (("EMEA",), (), []),
        (("EMEA",), ("NA", "APAC"), [("NA; APAC", Severity.WARN)]),
    ],
)
def test_c09_regions_outside_the_agreement(
    territory: tuple[str, ...], regions: tuple[str, ...], about: list[tuple[str, Severity]]
) -> None:
    who = partner("alpha", agreement_regions=territory)
    assert seen("C09", claim("A", partner=who, regions=regions)) == about


@pytest.mark.parametrize(
    ("other", "severity"),
    [
        ({"agreement_exclusive": True, "agreement_regions": ("NA",)}, Severity.BLOCK),
        ({"agreement_exclusive": False, "agreement_regions": ("NA",)}, Severity.WARN),
        ({"agreement_exclusive": True, "agreement_regions": ("APAC",)}, Severity.WARN),
        (
            {"agreement_exclusive": True, "agreement_regions": ("NA",), "agreement_families": ("robots",)},
            Severity.WARN,
        ),
    ],
)
def test_c09_blocks_only_where_another_partner_has_the_region_to_itself(other: Fields, severity: Severity) -> None:
    who = partner("alpha", agreement_regions=("EMEA",))
    asked = claim("A", partner=who, regions=("NA",), families=("cloud",))
    for rival in ("beta", "aaa"):  # whichever id comes first
        assert seen("C09", asked, partners=(who, partner(rival, **other))) == [("NA", severity)]


# C10.


def needs(**asked: Any) -> Fields:
    return {"policy": policy(conflicts={"requirements": {"RESELL": asked}})}


@pytest.mark.parametrize(
    ("tier", "lacks"), [(None, True), (Tier.BRONZE, True), (Tier.SILVER, False), (Tier.GOLD, False)]
)
def test_c10_asks_for_the_tier_or_a_higher_one(tier: Tier | None, lacks: bool) -> None:
    asked = claim("A", roles="RESELL ADVISE", partner=partner("alpha", tier=tier), **needs(tier="SILVER"))
    assert seen("C10", asked) == [("RESELL", Severity.BLOCK)] * lacks


@pytest.mark.parametrize(
    ("end", "closes", "lacks"),
    [
        (None, date_of(60), False),
        (date_of(10), None, False),  # valid today, which is day 10
        (date_of(9), None, True),
        (date_of(59), date_of(60), True),
        (date_of(60), date_of(60), False),
        (date_of(10), date_of(5), False),  # a close that was expected earlier does not count
    ],
)
def test_c10_the_certificate_holds_until_the_expected_close(
    end: date | None, closes: date | None, lacks: bool
) -> None:
    who = partner("alpha", certifications=(("C1", end),))
    asked = claim("A", partner=who, expected_close=closes, **needs(certifications=["C1"]))
    assert bool(seen("C10", asked)) is lacks


def test_c10_says_everything_that_is_missing() -> None:
    asked = claim("A", **needs(tier="GOLD", certifications=["C1", "C2"]))
    assert Judged(asked).case.text == "Alpha: RESELL needs tier GOLD, C1, C2."


def test_c10_waits_rather_than_take_back_what_a_person_voted_for() -> None:
    assert Judged(claim("A", vote=Vote.APPROVE, voted_at=day(2), **needs(tier="GOLD"))).waits()


# C11.


@pytest.mark.parametrize("status", list(PartnerStatus))
def test_c11_only_active_partners(status: PartnerStatus) -> None:
    hit = status is not PartnerStatus.ACTIVE
    assert seen("C11", claim("A", partner=partner("alpha", status=status))) == [("agreement", Severity.BLOCK)] * hit


@pytest.mark.parametrize(
    ("agreement", "hit"),
    [
        ({}, False),
        ({"agreement_end": date_of(10)}, False),
        ({"agreement_end": date_of(9)}, True),
        ({"agreement_start": date_of(10)}, False),
        ({"agreement_start": date_of(11)}, True),
        ({"agreement_families": ("cloud",)}, False),
        ({"agreement_families": ("robots",)}, True),
    ],
)
def test_c11_an_agreement_covers_today_and_what_is_claimed(agreement: Fields, hit: bool) -> None:
    asked = claim("A", partner=partner("alpha", **agreement), families=("cloud",))
    assert bool(seen("C11", asked)) is hit
    assert Judged(asked).state("A") is (State.IN_CONFLICT if hit else State.UNDER_REVIEW)


def test_c11_warns_about_what_is_approved_and_blocks_nothing_there() -> None:
    gone = claim("A", partner=partner("alpha", agreement_end=date_of(5)), state="APPROVED")
    assert seen("C11", gone) == [("agreement", Severity.WARN)]
    assert Judged(gone).state("A") is State.APPROVED


def test_c11_says_when_an_agreement_cut_the_protection_short() -> None:
    ends: Fields = {"partner": partner("alpha", agreement_end=date_of(40)), "state": "APPROVED"}
    clipped = claim("A", standing={"protection_end": date_of(40)}, **ends)
    assert seen("C11", clipped) == [(f"agreement ends on {date_of(40)}", Severity.WARN)]
    assert not seen("C11", claim("A", standing={"protection_end": date_of(39)}, **ends))


# C19.


@pytest.mark.parametrize(("published", "hit"), [(date_of(-1), True), (date_of(0), True), (date_of(1), False)])
def test_c19_a_tender_published_by_the_day_of_the_registration(published: date, hit: bool) -> None:
    asked = claim("A", tender_published_on=published)
    assert seen("C19", asked) == [("tender", Severity.BLOCK)] * hit


@pytest.mark.parametrize(
    ("mode", "state"),
    [("reject", State.REJECTED), ("ask", State.IN_CONFLICT), ("equal_treatment", State.UNDER_REVIEW)],
)
def test_c19_the_programme_says_what_becomes_of_a_tender(mode: str, state: State) -> None:
    rules = policy(conflicts={"tender": mode})
    assert Judged(claim("A", tender_published_on=date_of(-1), policy=rules)).state("A") is state


def test_c02_is_silent_where_a_tender_is_open_to_all() -> None:
    both: Fields = {"tender_published_on": date_of(-1), "policy": policy(conflicts={"tender": "equal_treatment"})}
    assert not seen("C02", claim("A", "alpha", **both), claim("B", "beta", **both))
    assert seen("C02", claim("A", "alpha", **both), claim("B", "beta", policy=both["policy"]))


# C22, C24, C26.


def test_c22_a_role_that_the_programme_does_not_have() -> None:
    content = policy().model_dump(mode="python")
    del content["roles"][Role.TRAIN]
    rules = type(policy()).model_validate(content)
    assert seen("C22", claim("A", roles="TRAIN ADVISE", policy=rules)) == [("TRAIN", Severity.WARN)]
    assert not seen("C22", claim("A", roles="TRAIN ADVISE"))


@pytest.mark.parametrize(("third", "hit"), [("INVITED", True), ("DECLINED", False)])
def test_c22_counts_the_members_who_have_not_declined(third: str, hit: bool) -> None:
    rules = policy(joint={"max_members": 2})
    team = [
        claim(key, who, joint_key="team", joint_response=Response(answer), policy=rules)
        for key, who, answer in [("A", "alpha", "ACCEPTED"), ("B", "beta", "ACCEPTED"), ("C", "gamma", third)]
    ]
    assert seen("C22", *team) == [("members of team", Severity.WARN)] * hit


def test_c24_only_a_refusal_is_an_objection() -> None:
    assert seen("C24", claim("A", customer_choice=Choice.REFUSED)) == [("customer", Severity.BLOCK)]
    assert not seen("C24", claim("A", customer_choice=Choice.CHOSEN))


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({}, State.REJECTED),
        ({"evidence": (evidence("POC", day(-1)),)}, State.IN_CONFLICT),
        ({"evidence": (evidence("POC", day(-1), verified=False),)}, State.REJECTED),
        ({"state": "APPROVED"}, State.APPROVED),
    ],
)
def test_c24_whoever_is_refused_is_out_unless_there_is_something_to_decide(more: Fields, state: State) -> None:
    assert Judged(claim("A", customer_choice=Choice.REFUSED, **more)).state("A") is state


def voted(owners: tuple[str, ...], **rules: Any) -> list[tuple[str, Severity]]:
    on: Opportunity = deal(owners=owners)
    programme = policy(approvals={"owner_may_decide": False, **rules})
    cast: Fields = {"vote": Vote.APPROVE, "voter": "005jo", "voted_at": day(2)}
    return seen("C26", claim("A", deal=on, policy=programme, **cast))


def test_c26_the_owner_of_the_deal_and_whoever_is_paid_on_it() -> None:
    hit = [("vote", Severity.WARN)]
    assert voted(("005jo",)) == hit
    assert voted((), paid=["005jo"]) == hit
    assert not voted(("005maria",))
    assert not voted(("005jo",), owner_may_decide=True)
