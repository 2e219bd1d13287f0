"""Every move that needs nobody's ruling, in its order: filing, withdrawal, clocks, the end of the deal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sync.claim import Claim
from sync.lifecycle.directives import obey
from sync.lifecycle.filing import amend, submit, withdraw
from sync.lifecycle.moves import Event
from sync.lifecycle.moving import Why, move
from sync.model.deal import Stage
from sync.model.registration import State


def advance(claim: Claim, now: datetime) -> Claim:
    """The claim after every move that needs nobody's ruling: filing, withdrawal, clocks, the end of the deal."""
    if claim.standing is None:
        claim = move(claim, Event.CREATE, now, Why())
    for step in _STEPS:
        claim = step(claim, now)
    return claim


def _answer_clock(claim: Claim, now: datetime) -> Claim:
    standing = claim.standing
    if claim.state is State.ACTION_REQUIRED and standing and standing.answer_due and now > standing.answer_due:
        return move(claim, Event.ANSWER_DUE, now, Why("NO_RESPONSE"))
    return claim


def _deal_end(claim: Claim, now: datetime) -> Claim:
    stage = claim.opportunity.stage if claim.opportunity else None
    if claim.state is State.APPROVED and stage is Stage.WON:
        return move(claim, Event.OPP_WON, now, Why())
    if claim.state is State.APPROVED and stage is Stage.LOST:
        return move(claim, Event.OPP_LOST, now, Why())
    return claim


def _protection_clock(claim: Claim, now: datetime) -> Claim:
    standing = claim.standing
    if claim.state is not State.APPROVED or standing is None or standing.protection_end is None:
        return claim
    if claim.policy.today(now) <= standing.protection_end:
        return claim
    return move(claim, Event.PROTECTION_END, now, Why("PROTECTION_ENDED"))


_STEPS: Final[tuple[Callable[[Claim, datetime], Claim], ...]] = (
    obey,
    withdraw,
    submit,
    amend,
    _answer_clock,
    _deal_end,
    _protection_clock,
)
