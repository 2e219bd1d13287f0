"""What holds for every combination of disputes: no order, no record id, and no repetition matters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.claim import Claim
from sync.conflicts.catalogue import CATALOGUE, detect
from sync.model.registration import Choice, Vote
from sync.model.ruling import CaseState
from tests.steps.business import claim, day, deal, evidence, line, patient
from tests.steps.judging import Judged, situation

LINES = (line("a"), line("b"), line("c"))
POC = (evidence("POC", day(-1)),)
ROLES = st.sampled_from(
    ["RESELL", "SOURCE RESELL", "IMPLEMENT", "RESELL SUPPORT", "SUPPORT ADVISE", "SOURCE IMPLEMENT"]
)
FACTS = st.fixed_dictionaries(
    {
        "who": st.sampled_from(["alpha", "beta", "gamma", "delta"]),
        "roles": ROLES,
        "submitted_at": st.sampled_from([day(0), day(0, second=30), day(1), day(2), day(3)]),
        "line_ids": st.sampled_from([(), ("a",), ("a", "b"), ("b", "c"), ("a", "c"), ("a", "b", "c")]),
        "evidence": st.sampled_from([(), POC, (evidence("QUOTE", day(-1)),), (evidence("NDA", day(-20)),)]),
        "customer_choice": st.sampled_from([None, None, None, Choice.CHOSEN, Choice.REFUSED]),
        "vote": st.sampled_from([None, None, Vote.APPROVE]),
        "voted_at": st.just(day(4)),
        "state": st.sampled_from(["UNDER_REVIEW", "UNDER_REVIEW", "APPROVED"]),
    }
)
# one partner's own duplicates of one second are told apart by their ids, to nobody's harm: not generated here
GROUPS = st.lists(FACTS, min_size=2, max_size=5, unique_by=lambda facts: (facts["who"], facts["submitted_at"]))
DISPUTED = deal(lines=LINES, direct_engaged_at=day(-10))
thorough = settings(patient, max_examples=200)


def group(facts: list[dict[str, Any]], names: str) -> list[Claim]:
    return [claim(key, deal=DISPUTED, **fields) for key, fields in zip(names, facts, strict=False)]


def shape(judged: Judged, names: str) -> tuple[object, ...]:
    """Where every claim stands and what waits, without record ids. Who is named first as the one that a loser of
    several disputes lost to is not an outcome."""
    place = {name: number for number, name in enumerate(names)}
    ordered = sorted(judged.claims.values(), key=lambda claim: place[claim.id])
    claims = [(claim.state, *((claim.roles, claim.line_ids) if claim.live else ())) for claim in ordered]
    waiting = [case for case in judged.cases if case.state is CaseState.OPEN]
    return claims, {
        (case.kind, tuple(sorted(place[c] for c in case.registrations)), case.scope) for case in waiting
    }


@thorough
@given(GROUPS)
def test_no_outcome_depends_on_record_ids_or_on_the_order_of_reading(facts: list[dict[str, Any]]) -> None:
    told = shape(Judged(*group(facts, "ABCDE")), "ABCDE")
    assert shape(Judged(*reversed(group(facts, "ABCDE"))), "ABCDE") == told
    assert shape(Judged(*group(facts, "VUTSR")), "VUTSR") == told


@thorough
@given(GROUPS)
def test_judging_again_moves_nothing(facts: list[dict[str, Any]]) -> None:
    judged = Judged(*group(facts, "ABCDE"))
    rested = [replace(claim, decisions=()) for claim in judged.claims.values()]
    again = Judged(*rested, before=judged.cases)
    assert again.cases == judged.cases
    assert not [decision for claim in again.claims.values() for decision in claim.decisions]


@thorough
@given(GROUPS)
def test_nobody_can_be_approved_beside_an_unsettled_rival(facts: list[dict[str, Any]]) -> None:
    """What is still in conflict after judging is in an open case, so that it waits for a person."""
    judged = Judged(*group(facts, "ABCDE"))
    waiting = {case.id for case in judged.cases if case.state is CaseState.OPEN}
    for detector in CATALOGUE:
        for finding in detect(detector, situation(*judged.claims.values())):
            assert finding.case_id in waiting
