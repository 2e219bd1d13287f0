"""A small world for the invariants: claims, deals and people's words, changed step by step as a life goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import Any

from hypothesis import strategies as st

from sync.decide import decide
from sync.model.deal import Opportunity, Stage
from sync.model.directive import Act, Directive, StatedPart
from sync.model.facts import Facts, History, Verdict
from sync.model.registration import Registration, Response, Role, Standing, Vote
from sync.model.ruling import Decision
from sync.model.split import Split
from sync.policy import Policies
from tests.steps.business import ACCOUNT, day, deal, evidence, partner, policy, registration

PARTNERS = tuple(partner(f"p{number:02}", name=f"Company{number:02}") for number in range(13))
RULES = policy(
    approvals={"auto_below": 1000, "auto_currency": "EUR", "paid": ["Cash"]},
    windows={"won_after_hours": 72, "extension_activity_days": 0},
    attribution={"sourced_bonus": 5},
)
POLICIES = Policies((RULES,))
PEOPLE = st.sampled_from(["Maria", "Jo", "Cash"])
STEPS = st.sampled_from([0, 1, 3, 15, 46, 92])


@dataclass
class World:
    """What the CRMs say and what people said, changed step by step; every verdict and decision so far."""

    now: datetime = field(default_factory=lambda: day(0))
    claims: dict[str, Registration] = field(default_factory=dict)
    deals: dict[str, Opportunity] = field(default_factory=lambda: {key: deal(key) for key in ("deal", "other")})
    said: list[Directive] = field(default_factory=list)
    history: History = field(default_factory=History)
    verdict: Verdict = field(default_factory=Verdict)
    past: list[Decision] = field(default_factory=list)
    splits: dict[str, list[Split]] = field(default_factory=dict)

    def facts(self, dice: Random | None = None) -> Facts:
        claims, deals = list(self.claims.values()), list(self.deals.values())
        if dice:
            dice.shuffle(claims)
            dice.shuffle(deals)
        return Facts((ACCOUNT,), tuple(deals), tuple(claims), PARTNERS, directives=tuple(self.said))

    def decide(self) -> None:
        self.verdict = decide(self.facts(), self.history, POLICIES, self.now)
        self.past += self.verdict.decisions
        for split in self.verdict.splits:
            versions = self.splits.setdefault(split.opportunity_id, [])
            if not versions or versions[-1] != split:
                versions.append(split)
        self.history = after(self.history, self.verdict)

    def standing(self, claim: str) -> Standing:
        return self.history.standings[claim]


def after(history: History, verdict: Verdict) -> History:
    """What the store gives back."""
    return History(
        standings={standing.registration_id: standing for standing in verdict.standings},
        cases={case.id: case for case in verdict.cases},
        joints={joint.id: joint for joint in verdict.joints},
        splits={**history.splits, **{split.opportunity_id: split for split in verdict.splits}},
    )


Edit = Callable[[World], None]


def file(who: int, roles: str, on: str, sent: int, joint: str | None) -> Edit:
    def edit(world: World) -> None:
        key = f"R{len(world.claims)}"
        more: dict[str, Any] = {"joint_key": joint, "joint_response": Response.ACCEPTED} if joint else {}
        proof = (evidence("POC", day(-1)),) if sent % 2 else ()
        filed = registration(
            key, PARTNERS[who].id, roles, opportunity_id=on, submitted_at=world.now, created_at=world.now, **more
        )
        world.claims[key] = replace(filed, evidence=proof)

    return edit


def change(number: int, **fields: Any) -> Edit:
    """The CRM says something else about the n-th claim; a moment in it is the present one."""

    def edit(world: World) -> None:
        if world.claims:
            key = sorted(world.claims)[number % len(world.claims)]
            now: dict[str, Any] = {name: world.now if value == "now" else value for name, value in fields.items()}
            world.claims[key] = replace(world.claims[key], **now)

    return edit


def stage(on: str, to: Stage) -> Edit:
    def edit(world: World) -> None:
        closed = world.now.date() if to.closed else None
        world.deals[on] = replace(world.deals[on], stage=to, close_date=closed)

    return edit


def amount(on: str, minor: int) -> Edit:
    def edit(world: World) -> None:
        money = world.deals[on].amount
        assert money
        world.deals[on] = replace(world.deals[on], amount=replace(money, minor=minor))

    return edit


def say(number: int, act: Act, by: str) -> Edit:
    """A person says something about the n-th claim, an open case or a deal."""

    def edit(world: World) -> None:
        subject, more = _about(world, number, act)
        if subject:
            seq = len(world.said) + 1
            world.said.append(Directive(f"said-{seq}", act, subject, by, world.now, "why", seq=seq, **more))

    return edit


def _about(world: World, number: int, act: Act) -> tuple[str, dict[str, Any]]:
    cases = sorted(world.history.cases)
    if act in (Act.AWARD, Act.CO_REGISTER, Act.DISMISS):
        case = world.history.cases[cases[number % len(cases)]] if cases else None
        return (case.id, {"winner": case.registrations[number % len(case.registrations)]}) if case else ("", {})
    if act is Act.SHARE:
        parts = (StatedPart(PARTNERS[0].id, "1/3"), StatedPart(PARTNERS[1].id, "2/3")) if number % 2 else ()
        return "deal", {"parts": parts}
    claims = sorted(world.claims)
    return (claims[number % len(claims)], {}) if claims else ("", {})


NUMBERS = st.integers(0, 7)
DEALS = st.sampled_from(["deal", "deal", "other"])
FILINGS = st.builds(
    file,
    st.integers(0, 3),
    st.sampled_from(["RESELL", "RESELL", "SOURCE RESELL", "IMPLEMENT", "ADVISE", "RESELL SUPPORT"]),
    DEALS,
    NUMBERS,
    st.sampled_from([None, None, "team"]),
)
EDITS = st.one_of(
    FILINGS,
    st.builds(
        lambda number, vote, who: change(number, vote=vote, voter=who, voted_at="now"),
        NUMBERS,
        st.sampled_from([Vote.APPROVE, Vote.APPROVE, Vote.REJECT, Vote.RETURN]),
        PEOPLE,
    ),
    st.builds(lambda number: change(number, withdrawn=True), NUMBERS),
    st.builds(lambda number: change(number, extension_requested_at="now"), NUMBERS),
    st.builds(lambda number, roles: change(number, roles=(roles,)), NUMBERS, st.sampled_from(list(Role)[:4])),
    st.builds(lambda number, answer: change(number, joint_response=answer), NUMBERS, st.sampled_from(Response)),
    st.builds(stage, DEALS, st.sampled_from([Stage.QUALIFIED, Stage.QUALIFIED, Stage.WON, Stage.LOST])),
    st.builds(amount, DEALS, st.integers(-5, 10_000_00)),
    st.builds(say, NUMBERS, st.sampled_from([act for act in Act if act is not Act.ADOPT]), PEOPLE),
)
FIRST = st.tuples(st.just(0), st.lists(FILINGS, min_size=2, max_size=4))
THEN = st.lists(st.tuples(STEPS, st.lists(EDITS, min_size=1, max_size=4)), min_size=2, max_size=6)
LIVES = st.builds(lambda first, then: [first, *then], FIRST, THEN)


def lived(life: Sequence[tuple[int, Sequence[Edit]]]) -> Iterator[World]:
    """The world after each step of a life."""
    world = World()
    for days, edits in life:
        world.now += day(days) - day(0)
        for edit in edits:
            edit(world)
        world.decide()
        yield world
