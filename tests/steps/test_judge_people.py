"""People rule on cases: by a vote cast in the CRM, by what they say about a case; what they ended stays ended."""

from __future__ import annotations

from typing import Any

from sync.claim import Claim
from sync.judge import judge
from sync.model.directive import Act, Directive
from sync.model.money import Money
from sync.model.registration import Role, State, Vote
from sync.model.ruling import Case, Resolution
from tests.steps.business import claim, day, deal, line
from tests.steps.judging import Judged

SAID = {"vote": Vote.APPROVE, "voter": "maria"}
APPROVED = {"state": "APPROVED", "standing": {"vote_seen": "seen"}, "vote": Vote.APPROVE}


def two(one: dict[str, Any] | None = None, other: dict[str, Any] | None = None) -> tuple[Claim, Claim]:
    """Two rivals for reselling; Alpha filed first."""
    return claim("A", "alpha", **(one or {})), claim("B", "beta", **{"submitted_at": day(1), **(other or {})})


def same(one: dict[str, Any] | None = None, other: dict[str, Any] | None = None) -> tuple[Claim, Claim]:
    return claim("A", **(one or {})), claim("B", **{"submitted_at": day(1), **(other or {})})


def opened(*claims: Claim, at: int = 2) -> tuple[Case, ...]:
    """The cases as an earlier run left them open."""
    return judge(claims, {}, day(at))[1]


def test_a_vote_after_the_case_was_opened_is_the_ruling() -> None:
    before = opened(*two(other={"submitted_at": day(0)}))
    rivals = two(other={"submitted_at": day(0), **SAID, "voted_at": day(3)})
    judged = Judged(*rivals, before=before)
    assert (judged.case.resolution, judged.case.winner) == (Resolution.AWARD_ONE, "B")
    assert (judged.state("A"), judged.state("B")) == (State.REJECTED, State.UNDER_REVIEW)
    assert judged.case.trace[0].text == "maria approved Beta after this case was opened."


def test_a_vote_from_before_the_case_does_not_rule_on_it() -> None:
    before = opened(*two(other={"submitted_at": day(0)}))
    assert Judged(*two(other={"submitted_at": day(0), **SAID, "voted_at": day(2)}), before=before).waits()


def test_a_vote_cast_while_we_were_reading_does_not_rule_on_the_case_found_with_it() -> None:
    rivals = two(other={"submitted_at": day(0), **SAID, "voted_at": day(10, second=5)})
    assert Judged(*rivals, before=Judged(*rivals).cases).waits()


def test_votes_for_both_rivals_rule_nothing() -> None:
    before = opened(*two(other={"submitted_at": day(0)}))
    vote = {**SAID, "voted_at": day(3)}
    assert Judged(*two(vote, {"submitted_at": day(0), **vote}), before=before).waits()


def test_a_vote_for_the_second_does_not_take_back_the_first_one_s_approval() -> None:
    before = opened(*two(other={"submitted_at": day(0)}))
    judged = Judged(*two(APPROVED, {**SAID, "voted_at": day(3)}), before=before)
    assert (judged.waits(), judged.state("A")) == (True, State.APPROVED)


def test_c01_a_ruling_by_vote_does_not_speak_of_another_partner() -> None:
    far = {"deal": deal(amount=None)}
    rivals = {"declared_value": Money(100, "EUR"), **far}, {"declared_value": Money(50, "EUR"), **far}
    before = opened(*same(*rivals))
    judged = Judged(*same(rivals[0], {**rivals[1], **SAID, "voted_at": day(3)}), before=before)
    loser = judged.claims["A"].standing
    assert judged.state("A") is State.SUPERSEDED
    assert loser is not None
    assert "nother partner" not in loser.message


def test_c13_a_ruling_by_vote_costs_the_lines_and_not_the_roles() -> None:
    on: dict[str, Any] = {"deal": deal(lines=(line("a"), line("b"))), "roles": "IMPLEMENT ADVISE"}
    one, other = {**on, "line_ids": ("a", "b")}, {**on, "line_ids": ("b",), "submitted_at": day(0)}
    before = opened(*two(one, other))
    judged = Judged(*two(one, {**other, **SAID, "voted_at": day(3)}), before=before)
    assert (judged.case.winner, judged.state("A")) == ("B", State.UNDER_REVIEW)
    assert (judged.claims["A"].line_ids, judged.claims["A"].roles) == (("a",), (Role.IMPLEMENT, Role.ADVISE))


def test_c13_whoever_loses_its_only_line_keeps_the_roles_that_are_not_by_line() -> None:
    on: dict[str, Any] = {"deal": deal(lines=(line("a"),)), "roles": "IMPLEMENT ADVISE", "line_ids": ("a",)}
    before = opened(*two(on, {**on, "submitted_at": day(0)}))
    judged = Judged(*two(on, {**on, "submitted_at": day(0), **SAID, "voted_at": day(3)}), before=before)
    assert (judged.state("A"), judged.claims["A"].roles) == (State.UNDER_REVIEW, (Role.ADVISE,))


def told(case: Case, act: Act) -> dict[str, Directive]:
    return {case.id: Directive("said", act, case.id, "Maria", day(3))}


def test_a_case_that_a_person_dismissed_stays_dismissed_while_the_facts_are_the_same() -> None:
    asked = claim("A", deal=None, customer_domain="gmail.com")
    (case,) = opened(asked)
    _, dismissed = judge([asked], {case.id: case}, day(4), told(case, Act.DISMISS))
    again = Judged(asked, before=dismissed)
    assert (again.cases, again.state("A")) == (dismissed, State.UNDER_REVIEW)
