"""Every scenario of this folder played moment by moment, and after each moment what must hold for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sync.conflicts.catalogue import CATALOGUE
from sync.decide import decide
from sync.lifecycle import Event
from sync.model.facts import Facts, History, Verdict
from sync.model.registration import State
from sync.model.ruling import Case, CaseState, Decision, Joint, JointState, Severity
from sync.model.split import Split
from sync.replay import Replayed, at_the_end, compare
from tests.steps import posting

from .reading import Moment, Scenario, moment, read

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*.toml"))


def mirrored(key: str) -> str:
    """A record id that sorts the other way round."""
    return "".join(chr(155 - ord(letter)) for letter in key)


NAMINGS: Mapping[str, Callable[[str], str]] = {"as_written": str, "ids_mirrored": mirrored}


def test_there_are_scenarios() -> None:
    assert len(FILES) >= 30


def test_no_two_scenarios_have_one_title() -> None:
    titles = [read(path, str).title for path in FILES]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_scenario_happens_as_told(path: Path, naming: str) -> None:
    name = NAMINGS[naming]
    back = {name(key): key for moment_ in read(path, str).moments for key in _keys(moment_.facts)}
    told = read(path, name)
    play(told, back)
    if told.candidate:
        last, found = told.moments[-1], Replayed()
        one, other = (at_the_end(last.facts, policies, last.now) for policies in (told.policies, told.candidate))
        compare(found, last.facts, (one, other), since=None)
        assert (moved(found, last.facts), found.flips) == (told.moved, [])


def moved(found: Replayed, facts: Facts) -> dict[str, dict[str, str]]:
    """What a policy would move, in the words of the scenario."""
    words = {partner.name: partner.id for partner in facts.partners}
    return {shift.deal: {words[who]: f"{money.major:,}" for who, money in shift.moved} for shift in found.shifts}


def test_together_the_scenarios_use_every_move_and_every_kind_of_conflict() -> None:
    verdicts = [verdict for path in FILES for _, _, verdict in decided(read(path, str))]
    assert {decision.event for verdict in verdicts for decision in verdict.decisions} == set(Event)
    cases = [case for verdict in verdicts for case in verdict.cases]
    assert {case.kind for case in cases if case.state is CaseState.RESOLVED} == {row.kind for row in CATALOGUE}
    decided_by_people = {row.kind for row in CATALOGUE if row.severity is not Severity.INFO}
    assert {case.kind for case in cases if case.state is CaseState.OPEN} == decided_by_people


def decided(scenario: Scenario) -> Iterator[tuple[Moment, History, Verdict]]:
    """Moment by moment: what is, what was decided before, and what is decided now."""
    history = History()
    for point in scenario.moments:
        verdict = decide(point.facts, history, scenario.policies, point.now)
        yield point, history, verdict
        history = remembered(history, verdict)


def play(scenario: Scenario, back: Mapping[str, str]) -> None:
    past: list[Decision] = []
    for point, before, verdict in decided(scenario):
        past += verdict.decisions
        where = f"{scenario.title}, {point.now:%d %b %H:%M}"
        assert told(verdict, back, point.expect) == wanted(point.expect), where
        _splits_total(verdict)
        _people_are_not_overruled(past)
        _standings_follow_from_decisions(verdict, past)
        _partners_read_nobody_elses_name(point.facts, verdict)
        for facts in reordered(point.facts):
            other = decide(facts, before, scenario.policies, point.now)
            assert other == verdict, f"{where}: read in another order"
        again = decide(point.facts, remembered(before, verdict), scenario.policies, point.now)
        assert again == replace(verdict, decisions=(), entries=()), f"{where}: deciding again moved something"
        posting.holds(point.facts, verdict, remembered(before, verdict).posted)


def _keys(facts: Facts) -> list[str]:
    return [registration.id for registration in facts.registrations]


def remembered(history: History, verdict: Verdict) -> History:
    """What the store would give back: a split that ended is still remembered, and what was posted."""
    return History(
        standings={standing.registration_id: standing for standing in verdict.standings},
        cases={case.id: case for case in verdict.cases},
        joints={joint.id: joint for joint in verdict.joints},
        splits={**history.splits, **{split.opportunity_id: split for split in verdict.splits}},
        posted=posting.posted(history.posted, verdict.entries),
    )


# What is told, in the words of the scenario files.


def told(verdict: Verdict, back: Mapping[str, str], expect: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict, as far as the scenario speaks of it; claims and cases are always spoken of."""
    standings = {back[standing.registration_id]: standing for standing in verdict.standings}
    said: dict[str, Any] = {
        "claims": {key: f"{standing.state} {standing.reason}".strip() for key, standing in standings.items()},
        "cases": sorted(_case(case, back) for case in verdict.cases),
    }
    if "roles" in expect:
        said["roles"] = {key: list(standings[key].roles) for key in expect["roles"]}
    if "lines" in expect:
        said["lines"] = {key: list(standings[key].line_ids) for key in expect["lines"]}
    if "protected_until" in expect:
        said["protected_until"] = {key: standings[key].protection_end for key in expect["protected_until"]}
    if "joints" in expect:
        said["joints"] = sorted(_joint(joint, back) for joint in verdict.joints)
    if "posted" in expect:
        said["posted"] = posting.told(verdict.entries)
    if "splits" in expect:
        said["splits"] = {split.opportunity_id: _split(split) for split in verdict.splits}
    for key, words in expect.get("message", {}).items():
        assert words in standings[key].message, standings[key].message
    return said


def wanted(expect: Mapping[str, Any]) -> dict[str, Any]:
    want: dict[str, Any] = {"cases": [], **expect}
    want.pop("message", None)
    for sorted_ in {"cases", "joints"} & want.keys():
        want[sorted_] = sorted(want[sorted_])
    if "protected_until" in want:
        want["protected_until"] = {key: moment(day).date() for key, day in want["protected_until"].items()}
    return want


def _case(case: Case, back: Mapping[str, str]) -> str:
    claims = " ".join(sorted(back[claim] for claim in case.registrations))
    end = f"{case.resolution} {back[case.winner] if case.winner else ''}" if case.resolution else "waits"
    return f"{case.kind} {claims} about {case.scope}: {end}".strip()


def _joint(joint: Joint, back: Mapping[str, str]) -> str:
    members = " ".join(sorted(back[claim] for claim, _, _ in joint.members))
    return f"{joint.state} {joint.key or '(offer)'}: {members}"


def _split(split: Split) -> dict[str, str]:
    parts = {
        portion.party: f"{portion.amount.major:,}" if portion.amount else f"{portion.percent} %"
        for portion in split.portions
    }
    return {**parts, "is": f"{split.status} version {split.version}"}


# What must hold in every scenario, at every moment.


def _splits_total(verdict: Verdict) -> None:
    for split in verdict.splits:
        if all(portion.percent is not None for portion in split.portions):
            assert sum(portion.percent or 0 for portion in split.portions) == Decimal("100.00")
            assert sum(portion.share_ppm or 0 for portion in split.portions) == 1_000_000
        if split.amount:
            amounts = [portion.amount for portion in split.portions if portion.amount]
            assert {amount.currency for amount in amounts} == {split.amount.currency}
            assert sum(amount.minor for amount in amounts) == split.amount.minor
        assert sum(portion.sourced for portion in split.portions) <= 1


TAKES_BACK = {Event.REJECT, Event.NARROW, Event.SUPERSEDE}


def _people_are_not_overruled(past: list[Decision]) -> None:
    """No rule takes back what a person approved, or approves what a person rejected."""
    said: dict[str, str] = {}
    for decision in past:
        spoken = said.get(decision.subject)
        if decision.person and decision.event in (Event.APPROVE, Event.REJECT):
            said[decision.subject] = decision.event
        elif not decision.person:
            assert not (spoken == Event.APPROVE and decision.event in TAKES_BACK), decision
            assert not (spoken == Event.REJECT and decision.event == Event.APPROVE), decision


def _standings_follow_from_decisions(verdict: Verdict, past: list[Decision]) -> None:
    assert len({decision.id for decision in past}) == len(past), "two decisions share an id"
    last = {decision.subject: decision for decision in past}
    for standing in verdict.standings:
        decision = last[standing.registration_id]
        assert (decision.to_state, decision.id) == (standing.state, standing.decision_id)
        assert decision.text, decision
        if standing.state is State.APPROVED:
            assert standing.protection_start and standing.protection_end
            assert standing.protection_start <= standing.protection_end


def _partners_read_nobody_elses_name(facts: Facts, verdict: Verdict) -> None:
    """What a partner may read names no other partner, unless both are members of one active joint registration."""
    names = {partner.id: partner.name for partner in facts.partners}
    filed = {registration.id: registration.partner_id for registration in facts.registrations}
    active = [joint for joint in verdict.joints if joint.state is JointState.ACTIVE]
    friends = {claim: {p for j in active for c, p, _ in j.members if claim in _claims(j)} for claim in filed}
    for standing in verdict.standings:
        own = filed[standing.registration_id]
        for partner, name in names.items():
            if partner != own and partner not in friends[standing.registration_id]:
                assert name not in standing.message, standing.message


def _claims(joint: Joint) -> set[str]:
    return {claim for claim, _, _ in joint.members}


def reordered(facts: Facts) -> Iterator[Facts]:
    """The same facts, read in four other orders."""
    for seed in range(4):
        dice = Random(seed)
        yield replace(
            facts,
            accounts=tuple(dice.sample(facts.accounts, len(facts.accounts))),
            opportunities=tuple(dice.sample(facts.opportunities, len(facts.opportunities))),
            registrations=tuple(dice.sample(facts.registrations, len(facts.registrations))),
            partners=tuple(dice.sample(facts.partners, len(facts.partners))),
        )
