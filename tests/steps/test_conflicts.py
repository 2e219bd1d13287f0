"""Every detector: what it finds, and what only looks like it."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from sync.claim import Claim
from sync.conflicts.catalogue import CATALOGUE, detect
from sync.conflicts.finding import Finding
from sync.conflicts.rivals import disputed_lines
from sync.model.deal import Stage
from sync.model.parties import PartnerStatus
from sync.model.registration import Response, Role, State, Vote
from sync.model.ruling import Severity
from tests.steps.business import claim, date_of, day, deal, line, partner, policy
from tests.steps.judging import situation

Fields = dict[str, Any]
DETECTORS = {row.kind: row for row in CATALOGUE}


def found(kind: str, *claims: Claim) -> list[Finding]:
    """What one detector finds, checked to be the same in every order of the claims."""
    results = [detect(DETECTORS[kind], situation(*order)) for order in permutations(claims)]
    assert all(result == results[0] for result in results)
    return results[0]


def abouts(kind: str, *claims: Claim) -> list[str]:
    return [finding.about for finding in found(kind, *claims)]


JOINT = {"joint_key": "team", "joint_response": Response.ACCEPTED}

# C01 and C02: the same scopes, for one partner and for two.

SCOPES: list[tuple[Fields, Fields, bool]] = [
    ({}, {}, True),
    ({"families": ("a",)}, {"families": ("b",)}, False),
    ({"families": ("a",)}, {"families": ()}, True),
    ({"regions": ("EMEA",)}, {"regions": ("APAC",)}, False),
    ({"regions": ("EMEA", "NA")}, {"regions": ("NA",)}, True),
    ({"deal": deal("one")}, {"deal": deal("two")}, False),
    ({"expected_close": date_of(0)}, {"expected_close": date_of(180)}, True),
    ({"expected_close": date_of(0)}, {"expected_close": date_of(181)}, False),
    ({"roles": "RESELL IMPLEMENT"}, {"roles": "SUPPORT RESELL"}, True),
    ({"roles": "RESELL"}, {"roles": "IMPLEMENT"}, False),
]


@pytest.mark.parametrize(("one", "other", "same"), SCOPES)
def test_c01_one_partner_twice(one: Fields, other: Fields, same: bool) -> None:
    assert abouts("C01", claim("A", **one), claim("B", **other)) == ["RESELL"] * same
    assert not found("C01", claim("A", "alpha", **one), claim("B", "beta", **other))


@pytest.mark.parametrize(("one", "other", "same"), SCOPES)
def test_c02_two_partners_in_one_exclusive_role(one: Fields, other: Fields, same: bool) -> None:
    assert abouts("C02", claim("A", "alpha", **one), claim("B", "beta", **other)) == ["RESELL"] * same
    assert not found("C02", claim("A", **one), claim("B", **other))


@pytest.mark.parametrize(
    ("role", "exclusive"),
    [
        ("SOURCE", True),
        ("RESELL", True),
        ("PRESALES", False),
        ("IMPLEMENT", False),  # exclusive by line: that is C13
        ("ADVISE", False),
        ("SUPPORT", True),
        ("DISTRIBUTE", True),
        ("SOLUTION", False),
        ("TRAIN", False),
        ("REFER", True),
    ],
)
def test_c02_knows_which_roles_exclude(role: str, exclusive: bool) -> None:
    assert abouts("C02", claim("A", "alpha", role), claim("B", "beta", role)) == [role] * exclusive


def test_c02_names_every_role_in_dispute() -> None:
    one, other = claim("A", "alpha", "SOURCE RESELL ADVISE"), claim("B", "beta", "SOURCE RESELL ADVISE")
    (finding,) = found("C02", one, other)
    assert finding.about == "SOURCE; RESELL"
    assert finding.severity is Severity.BLOCK
    assert finding.text == "Alpha and Beta both claim SOURCE, RESELL on Deal."


def test_c02_is_silent_between_joint_partners_only() -> None:
    team = [claim("A", "alpha", **JOINT), claim("B", "beta", **JOINT)]
    assert not found("C02", *team)
    pairs = [finding.claims for finding in found("C02", *team, claim("C", "gamma"))]
    assert pairs == [("A", "C"), ("B", "C")]
    invited = claim("B", "beta", joint_key="team", joint_response=Response.INVITED)
    assert abouts("C02", team[0], invited) == ["RESELL"]


def test_c02_looks_at_the_roles_that_are_left() -> None:
    narrowed = claim("A", "alpha", "RESELL ADVISE", standing={"roles": (Role.ADVISE,)})
    assert not found("C02", narrowed, claim("B", "beta"))


def test_c01_two_registrations_for_two_lines_are_two_pieces_of_work() -> None:
    one, other = claim("A", roles="IMPLEMENT", line_ids=("a",)), claim("B", roles="IMPLEMENT", line_ids=("b",))
    assert not found("C01", one, other)
    assert abouts("C01", one, claim("B", roles="IMPLEMENT")) == ["IMPLEMENT"]


def test_c02_a_referral_beside_a_source_is_only_noted() -> None:
    one, other = claim("A", "alpha", "SOURCE RESELL"), claim("B", "beta", "REFER")
    (finding,) = found("C02", one, other)
    assert (finding.about, finding.severity) == ("REFER", Severity.INFO)
    assert not found("C02", one, claim("B", "alpha", "REFER"))
    assert not found("C02", one, claim("B", "beta", "REFER", deal=deal("other")))


def test_what_is_between_two_claims_is_judged_by_the_policy_of_the_earlier_one() -> None:
    """Not by that of the lower record id: in each order of names the earlier one's policy is silent about C02."""
    silent, loud = policy(conflicts={"off": ["C02"]}), policy(version=2)
    for first, later in ("AB", "BA"):
        one = claim(first, "alpha", policy=silent)
        assert not found("C02", one, claim(later, "beta", submitted_at=day(1), policy=loud))
        assert found("C02", one, claim(later, "beta", submitted_at=day(-1), policy=loud))


def test_three_rivals_are_three_disputes() -> None:
    assert len(found("C02", claim("A", "alpha"), claim("B", "beta"), claim("C", "gamma"))) == 3


@pytest.mark.parametrize("state", [state for state in State if not state.live])
@pytest.mark.parametrize("kind", list(DETECTORS))
def test_what_is_not_live_is_in_no_conflict(kind: str, state: State) -> None:
    on = deal(stage=Stage.WON, direct_engaged_at=day(-9))
    over = claim("A", roles="SOURCE IMPLEMENT", deal=on, state=state)
    rival = claim("B", "alpha" if kind == "C01" else "beta", "SOURCE IMPLEMENT", deal=on)
    assert not [finding for finding in found(kind, over, rival) if "A" in finding.claims]


# C04.


def sourcing(engaged: Any, **more: Any) -> list[str]:
    return abouts(
        "C04", claim("A", roles=more.pop("roles", "SOURCE"), deal=deal(direct_engaged_at=engaged), **more)
    )


def test_c04_direct_sales_before_a_sourcing_claim() -> None:
    assert sourcing(day(-10)) == ["SOURCE"]
    assert sourcing(day(0, 8)) == ["SOURCE"]


def test_c04_not_when_the_partner_was_there_first_or_at_the_same_moment() -> None:
    assert not sourcing(day(0))
    assert not sourcing(day(1))
    assert not sourcing(None)


def test_c04_forgets_direct_sales_of_more_than_half_a_year_ago() -> None:
    assert sourcing(day(-180)) == ["SOURCE"]
    assert not sourcing(day(-181))


def test_c04_leaves_other_roles_and_teaming_programmes_alone() -> None:
    assert not sourcing(day(-10), roles="RESELL IMPLEMENT")
    assert not sourcing(day(-10), policy=policy(conflicts={"teaming": True}))


def test_c04_does_not_come_back_to_what_was_approved() -> None:
    assert not sourcing(day(-10), state="APPROVED")


# C07.


@pytest.mark.parametrize("stage", list(Stage))
def test_c07_only_closed_deals(stage: Stage) -> None:
    assert abouts("C07", claim("A", deal=deal(stage=stage))) == [stage] * (stage in ("WON", "LOST"))


@pytest.mark.parametrize(
    ("voted", "closed", "hit"),
    [(day(3), date_of(3), False), (day(4), date_of(3), True), (day(4), None, False)],
)
def test_c07_a_vote_cast_in_time_counts_whenever_we_look(voted: Any, closed: Any, hit: bool) -> None:
    on = deal(stage=Stage.WON, close_date=closed)
    assert abouts("C07", claim("A", deal=on, vote=Vote.APPROVE, voted_at=voted)) == ["WON"] * hit


# C13.


def lines(*ids: str, **more: Any) -> Fields:
    return {"roles": "IMPLEMENT", "line_ids": ids, **more}


@pytest.mark.parametrize(
    ("one", "other", "about"),
    [
        (lines("a"), lines("b"), []),
        (lines("a", "b"), lines("b", "c"), ["b"]),
        (lines("c", "b", "a"), lines("a", "b"), ["a; b"]),
        (lines("a"), lines(), ["a"]),
        (lines(), lines(), ["all lines"]),
        (lines("a", roles="ADVISE"), lines("a", roles="ADVISE"), []),
        (lines("a", roles="SOLUTION"), lines("a"), []),
        (lines("a", families=("x",)), lines("a", families=("y",)), []),
    ],
)
def test_c13_one_line_one_implementer(one: Fields, other: Fields, about: list[str]) -> None:
    assert abouts("C13", claim("A", "alpha", **one), claim("B", "beta", **other)) == about
    assert not found("C13", claim("A", **one), claim("B", **other))
    assert not found("C13", claim("A", "alpha", **one, **JOINT), claim("B", "beta", **other, **JOINT))


def test_a_claim_without_lines_claims_them_all() -> None:
    on = deal(lines=(line("a"), line("b")))
    assert disputed_lines(claim("A", deal=on), claim("B", line_ids=("b",), deal=on)) == ("b",)


# The catalogue around them.


def test_a_programme_switches_a_detector_off_or_softens_it() -> None:
    off, soft = policy(conflicts={"off": ["C02"]}), policy(conflicts={"severity": {"C02": "INFO"}})
    assert not found("C02", claim("A", "alpha", policy=off), claim("B", "beta", policy=off))
    (finding,) = found("C02", claim("A", "alpha", policy=soft), claim("B", "beta", policy=soft))
    assert finding.severity is Severity.INFO


def test_the_same_facts_are_the_same_case() -> None:
    (one,) = found("C02", claim("A", "alpha"), claim("B", "beta"))
    (again,) = found("C02", claim("B", "beta"), claim("A", "alpha", submitted_at=day(3)))
    assert one.case_id == again.case_id
    (more,) = found("C02", claim("A", "alpha", "SOURCE RESELL"), claim("B", "beta", "SOURCE RESELL"))
    assert more.case_id != one.case_id


@pytest.mark.parametrize(
    ("wished", "usual", "mild"),
    [(None, "BLOCK", "WARN"), ("WARN", "WARN", "WARN"), ("INFO", "INFO", "INFO"), ("BLOCK", "BLOCK", "WARN")],
)
def test_a_programme_sets_the_usual_severity_and_what_is_milder_stays_milder(
    wished: str | None, usual: str, mild: str
) -> None:
    rules = policy(conflicts={"severity": {"C11": wished} if wished else {}})
    who = partner("alpha", status=PartnerStatus.SUSPENDED)
    asking, approved = (
        claim("A", partner=who, policy=rules),
        claim("B", partner=who, policy=rules, state="APPROVED"),
    )
    assert [finding.severity for finding in found("C11", asking, approved)] == [usual, mild]
