"""An approval process inside a CRM rules like a voter there: the latest word counts, whoever says it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector.record import Ref
from sync.identity.anchors import anchors, of_ref
from sync.identity.outside import VOTER, heard
from sync.lifecycle import vote_against, vote_for
from sync.model.registration import Registration, State, Vote
from sync.model.row import Row
from tests.steps.business import claim, day, registration

FILED = registration("R")


def process(key: str, status: str, at: int | None, of: Ref = FILED.ref, deleted: bool = False) -> Row:
    values = {"registration": of, "status": status, "completed_at": None if at is None else day(at)}
    return Row(Ref("sf", "ProcessInstance", key), "external_approval", day(9), values, {}, deleted)


def vote(filed: Registration) -> tuple[Any, ...]:
    return filed.vote, filed.voter, filed.voted_at


@pytest.mark.parametrize(
    ("rows", "cast"),
    [
        ([], None),
        ([process("a", "Pending", None)], None),
        ([process("a", "Removed", 2)], None),
        ([process("a", "Approved", 2)], (Vote.APPROVE, VOTER, day(2))),
        ([process("a", "Rejected", 2), process("b", "Approved", 3)], (Vote.APPROVE, VOTER, day(3))),
        ([process("a", "Rejected", 2), process("b", "Pending", None)], (Vote.REJECT, VOTER, day(2))),
        ([process("a", "Approved", 2, Ref("sf", "Deal_Registration__c", "other"))], None),
        ([process("a", "Approved", 2, deleted=True)], None),
    ],
)
def test_the_latest_ruling_of_the_process_is_the_vote(rows: list[Row], cast: tuple[Any, ...] | None) -> None:
    for order in (rows, rows[::-1]):
        assert vote(heard(FILED, order)) == (cast or (None, None, None))


def test_a_person_s_later_vote_counts_before_the_process() -> None:
    voted = replace(FILED, vote=Vote.REJECT, voter="maria", voted_at=day(3))
    assert heard(voted, [process("a", "Approved", 2)]) == voted
    assert vote(heard(voted, [process("a", "Approved", 4)])) == (Vote.APPROVE, VOTER, day(4))


def test_its_approval_never_decides_an_open_case_by_the_way() -> None:
    approved = heard(FILED, [process("a", "Approved", 2)])
    disputed = replace(claim("R", state="IN_CONFLICT"), registration=approved)
    assert vote_for(disputed, day(3)).state is State.IN_CONFLICT
    free = replace(claim("R"), registration=approved)
    assert vote_for(free, day(3)).state is State.APPROVED
    refused = replace(claim("R"), registration=heard(FILED, [process("a", "Rejected", 2)]))
    assert vote_against(refused, day(3)).decisions[-1].actor == VOTER


def test_it_is_judged_together_with_its_registration() -> None:
    assert of_ref(FILED.ref) in anchors(process("a", "Approved", 2)).near
