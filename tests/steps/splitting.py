"""Deals divided among approved claims, for the tests of splits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sync.claim import Claim
from sync.credit import credit
from sync.model.deal import Opportunity
from sync.model.registration import Response
from sync.model.ruling import Joint, JointState
from sync.model.split import Split
from tests.steps.business import claim, line

BUNDLE = (line("a", "60.00", ("alpha",)), line("ab", "30.00", ("alpha", "beta")), line("free", "10.00"))


def approved(key: str, who: str, roles: str = "RESELL", **more: Any) -> Claim:
    return claim(key, who, roles, **{"state": "APPROVED", **more})


def joined(*claims: Claim) -> tuple[Joint, ...]:
    """The joint registration of those claims that name one: active when all have accepted."""
    team = [claim for claim in claims if claim.registration.joint_key]
    members = tuple((claim.id, claim.partner.id, _answer(claim)) for claim in team)
    state = JointState.PARTIAL if any(answer is Response.INVITED for _, _, answer in members) else JointState.ACTIVE
    return (Joint("team", "deal", str(team[0].registration.joint_key), state, members),) if team else ()


def _answer(claim: Claim) -> Response:
    return claim.registration.joint_response or Response.INVITED


def split_of(on: Opportunity, *claims: Claim, before: Split | None = None, joint: tuple[Joint, ...] = ()) -> Split:
    placed = [replace(claim, opportunity=on) for claim in claims]
    split = credit(on, placed, joint, before)
    assert split
    reversed_ = credit(on, placed[::-1], joint, before)
    assert reversed_ == split, "the order of the claims changed the split"
    return split


def amounts(split: Split) -> dict[str, str]:
    return {portion.party: str(portion.amount.major) if portion.amount else "" for portion in split.portions}
