"""How disputes about lines end: everybody goes on with what only they claim, or a person divides."""

from __future__ import annotations

from typing import Any

from sync.claim import Claim
from sync.model.registration import State
from sync.model.ruling import CaseState, Resolution
from tests.steps.business import claim, deal, line
from tests.steps.judging import Judged

LINES = (line("a"), line("b"), line("c"))


def lined(key: str, who: str, *ids: str, **more: Any) -> Claim:
    return claim(key, who, "IMPLEMENT", line_ids=ids, deal=deal(lines=LINES), **more)


def test_c13_each_goes_on_with_its_own_lines() -> None:
    judged = Judged(lined("A", "alpha", "a", "b"), lined("B", "beta", "b", "c"))
    assert (judged.claims["A"].line_ids, judged.claims["B"].line_ids) == (("a",), ("c",))
    assert judged.case.resolution is Resolution.REASSIGN_SCOPE
    assert judged.state("A") is State.UNDER_REVIEW


def test_c13_waits_when_one_claims_nothing_else() -> None:
    judged = Judged(lined("A", "alpha", "a", "b"), lined("B", "beta", "b"))
    assert judged.waits()
    assert judged.claims["A"].line_ids == ("a", "b")
    assert "Beta claims nothing but what is in dispute" in judged.case.trace[-1].text


def test_c13_a_claim_to_all_lines_goes_on_with_the_others() -> None:
    judged = Judged(lined("A", "alpha"), lined("B", "beta", "b", "c"), lined("C", "gamma", "c", "b"))
    assert [case.state for case in judged.cases] == [CaseState.OPEN] * 3  # b and c are all that Beta and Gamma want


def test_c13_waits_when_nobody_names_a_line() -> None:
    on = deal()
    assert Judged(claim("A", "alpha", "IMPLEMENT", deal=on), claim("B", "beta", "IMPLEMENT", deal=on)).waits()


def test_c13_three_way_disputes_are_settled_together() -> None:
    judged = Judged(lined("A", "alpha", "a", "c"), lined("B", "beta", "b", "c"), lined("C", "gamma", "c"))
    assert {case.state for case in judged.cases} == {CaseState.OPEN}
    assert [judged.claims[key].line_ids for key in "ABC"] == [("a", "c"), ("b", "c"), ("c",)]


def test_c13_nobody_gets_a_line_because_it_is_stuck_over_another() -> None:
    """Gamma is stuck with Delta over b. Were Alpha and Beta narrowed meanwhile, Gamma would be alone on a."""
    on = deal(lines=(*LINES, line("d")))
    wanted = {"A": ("alpha", "a", "c"), "B": ("beta", "a", "d"), "C": ("gamma", "a", "b"), "D": ("delta", "b")}
    claims = [claim(key, who, "IMPLEMENT", line_ids=tuple(ids), deal=on) for key, (who, *ids) in wanted.items()]
    judged = Judged(*claims)
    assert [case.state for case in judged.cases] == [CaseState.OPEN] * 4
    assert all(judged.claims[key].line_ids == tuple(ids) for key, (_, *ids) in wanted.items())
