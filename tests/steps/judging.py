"""Claims judged once, for the tests that ask what became of them."""

from __future__ import annotations

from sync.claim import Claim
from sync.judge import judge
from sync.model.registration import State
from sync.model.ruling import Case, CaseState
from tests.steps.business import day

NOW = day(10)


class Judged:
    """The claims and cases after judging, and the only case where there is one."""

    def __init__(self, *claims: Claim, before: tuple[Case, ...] = ()) -> None:
        after, self.cases = judge(claims, {case.id: case for case in before}, NOW)
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
