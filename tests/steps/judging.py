"""Claims judged once, for the tests that ask what became of them."""

from __future__ import annotations

from typing import Any

from sync.claim import Claim
from sync.conflicts.situation import Situation, Surroundings
from sync.judge import judge
from sync.model.facts import Facts
from sync.model.registration import State
from sync.model.ruling import Case, CaseState
from tests.steps.business import day

NOW = day(10)


def situation(*claims: Claim, **facts: Any) -> Situation:
    """The claims on day 10, with what is around them."""
    return Situation(claims, NOW, Surroundings(Facts(**facts)))


class Judged:
    """The claims and cases after judging, and the only case where there is one."""

    def __init__(self, *claims: Claim, before: tuple[Case, ...] = (), **facts: Any) -> None:
        around = Surroundings(Facts(**facts))
        after, self.cases = judge(claims, {case.id: case for case in before}, NOW, around=around)
        self.claims = {claim.id: claim for claim in after}

    @property
    def case(self) -> Case:
        (case,) = self.cases
        return case

    def state(self, key: str) -> State:
        return self.claims[key].state

    def reason(self, key: str) -> str:
        standing = self.claims[key].standing
        return standing.reason if standing else ""

    def waits(self) -> bool:
        return self.case.state is CaseState.OPEN and self.case.resolution is None
