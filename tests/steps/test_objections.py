"""What speaks against one claim: that it came late, by the dates or by the stage, and who says yes to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sync.claim import Claim
from sync.conflicts.catalogue import KINDS, detect
from sync.identity.outside import VOTER
from sync.judge import judge
from sync.lifecycle import may_decide, vote_for
from sync.model.deal import Stage
from sync.model.registration import State, Vote
from sync.model.ruling import Case, CaseState
from sync.objections import late_for
from tests.steps.business import claim, day, deal, policy
from tests.steps.judging import situation

PROSPECT, PROPOSAL, COMMITTED = Stage.PROSPECT, Stage.BIZ_VALIDATION, Stage.COMMITTED


def late(**of_deal: Any) -> bool:
    on = deal(**{"created_at": day(-5), **of_deal})
    return late_for(claim("A", deal=on), on)


@pytest.mark.parametrize(
    ("of_deal", "is_late"),
    [
        ({}, False),
        ({"created_at": day(-14)}, False),
        ({"created_at": day(-14, 8, 59, 59)}, True),
        ({"stages": ((day(-5), PROSPECT),)}, False),
        ({"stages": ((day(-5), PROSPECT), (day(-1), PROPOSAL))}, True),
        ({"stages": ((day(-1), PROPOSAL), (day(-5), PROSPECT))}, True),
        ({"stages": ((day(-5), PROSPECT), (day(0), PROPOSAL))}, True),
        ({"stages": ((day(-5), PROSPECT), (day(0, 9, 0, 1), PROPOSAL))}, False),
        ({"stages": ((day(-5), COMMITTED), (day(-1), PROSPECT))}, False),
        ({"stages": ((day(-1), PROPOSAL), (day(-1), PROSPECT))}, False),  # of one moment the later row counts
        ({"stages": ((day(-5), Stage.TECH_VALIDATION),)}, False),
        ({"stages": ((day(-5), Stage.LOST),)}, False),  # whoever revives a lost deal brings it
        ({"stages": ((day(1), PROPOSAL),)}, False),  # what it was before that nobody says
    ],
)
def test_c06_late_by_the_dates_or_by_the_stage_on_that_day(of_deal: dict[str, Any], is_late: bool) -> None:
    assert late(**of_deal) is is_late
    on = deal(**{"created_at": day(-5), **of_deal})
    found = detect(KINDS["C06"], situation(claim("A", roles="SOURCE ADVISE", deal=on)))
    assert [finding.about for finding in found] == ["SOURCE"] * is_late


def test_c06_says_at_which_stage_the_deal_was() -> None:
    on = deal(stages=((day(-5), PROSPECT), (day(-1), PROPOSAL)))
    [finding] = detect(KINDS["C06"], situation(claim("A", roles="SOURCE", deal=on)))
    assert "then at BIZ_VALIDATION" in finding.text


def test_c06_only_where_the_lateness_costs_something() -> None:
    old = deal(created_at=day(-30))
    assert not detect(KINDS["C06"], situation(claim("A", deal=old)))
    half = policy(attribution={"late_factor": "0.5"})
    [finding] = detect(KINDS["C06"], situation(claim("A", deal=old, policy=half)))
    assert finding.about == "late"
    over = replace(old, stage=Stage.WON)
    assert not detect(KINDS["C06"], situation(claim("A", roles="SOURCE", deal=over)))
    assert not detect(KINDS["C06"], situation(claim("A", roles="SOURCE", deal=old, state="APPROVED")))


def test_c06_looks_past_a_deal_that_is_over() -> None:
    over, old = deal("over", created_at=day(-30), stage=Stage.WON), deal("open", created_at=day(-30))
    late_ones = [claim("A", roles="SOURCE", deal=over), claim("B", roles="SOURCE", deal=old)]
    assert [finding.claims for finding in detect(KINDS["C06"], situation(*late_ones))] == [("B",)]


def test_c26_whoever_leads_the_owner_has_no_say() -> None:
    rules = policy(approvals={"owner_may_decide": False})
    led = claim("A", deal=deal(owners=("jo",), managers=("kim", "lou")), policy=rules)
    assert may_decide(led, "jo") == "jo owns Deal and does not decide on it"
    assert may_decide(led, "lou") == "the owner of Deal reports to lou, who does not decide on it"
    assert may_decide(led, "maria") == ""
    assert may_decide(replace(led, opportunity=None), "kim") == ""
    voted = claim("A", deal=led.opportunity, policy=rules, vote=Vote.APPROVE, voter="kim", voted_at=day(2))
    [finding] = detect(KINDS["C26"], situation(voted))
    assert "reports to kim" in finding.text


def test_c26_does_not_ask_who_leads_whom_where_owners_may_decide() -> None:
    on = deal(owners=("jo",), managers=("kim",))
    allowed = policy(approvals={"owner_may_decide": True})
    assert may_decide(claim("A", deal=on, policy=allowed), "kim") == ""
    paid = policy(approvals={"owner_may_decide": True, "paid": ["kim"]})
    assert may_decide(claim("A", deal=on, policy=paid), "kim") == "kim is paid on deals and does not decide on them"


# A vote from outside, and an open case.


def rivals(voter: str) -> list[Claim]:
    cast: dict[str, Any] = {"vote": Vote.APPROVE, "voter": voter, "voted_at": day(3)}
    return [
        claim("A", "alpha", state="IN_CONFLICT"),
        claim("B", "beta", state="IN_CONFLICT", submitted_at=day(0, 9, 0, 30), **cast),
    ]


def opened() -> dict[str, Case]:
    plain = [
        replace(entry, registration=replace(entry.registration, vote=None, voted_at=None)) for entry in rivals("x")
    ]
    _, cases = judge(plain, {}, day(2))
    return {case.id: case for case in cases}


def test_an_external_vote_never_silently_overrides_an_open_blocking_case() -> None:
    after, [case] = judge(rivals(VOTER), opened(), day(4))
    assert (case.kind, case.state, case.winner) == ("C02", CaseState.OPEN, None)
    assert {vote_for(entry, day(4)).state for entry in after} == {State.IN_CONFLICT}
    assert case.trace[-1].text == "An approval process of the CRM approved Beta: a person rules on this case first."


def test_a_person_who_votes_after_the_case_was_opened_rules_on_it_and_the_case_says_who() -> None:
    after, [case] = judge(rivals("maria"), opened(), day(4))
    assert (case.state, case.winner) == (CaseState.RESOLVED, "B")
    assert case.trace[-1].text == "maria approved Beta after this case was opened."
    assert [entry.state for entry in after] == [State.REJECTED, State.UNDER_REVIEW]


@pytest.mark.parametrize("fields", [{"vote": Vote.REJECT}, {"voter": "maria", "voted_at": day(1)}])
def test_only_an_open_yes_of_a_process_is_said(fields: dict[str, Any]) -> None:
    one, other = rivals(VOTER)
    other = replace(other, registration=replace(other.registration, **fields))
    _, [case] = judge([one, other], opened(), day(4))
    assert "approval process" not in " ".join(step.text for step in case.trace)
