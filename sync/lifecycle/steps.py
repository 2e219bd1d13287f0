"""Every move that needs nobody's ruling, in its order: filing, withdrawal, clocks, the end of the deal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sync.claim import Claim
from sync.lifecycle.clocks import lapse, last_seen, old_enough, people_clocks, wakes
from sync.lifecycle.directives import adopt, obey
from sync.lifecycle.extending import ask
from sync.lifecycle.filing import amend, submit, withdraw
from sync.lifecycle.moves import Event
from sync.lifecycle.moving import Why, move
from sync.lifecycle.votes import heed, resume
from sync.model.deal import Stage
from sync.model.registration import State


def advance(claim: Claim, now: datetime) -> Claim:
    """The claim after every move that needs nobody's ruling: filing, withdrawal, clocks, the end of the deal."""
    if claim.standing is None:
        claim = move(claim, Event.CREATE, now, Why())
    for step in _STEPS:
        claim = step(claim, now)
    assert claim.standing is not None
    again = wakes(claim, now)
    if claim.standing.wakes == again:
        return claim
    return replace(claim, standing=replace(claim.standing, wakes=again))


def _answer_clock(claim: Claim, now: datetime) -> Claim:
    standing = claim.standing
    if claim.state is State.ACTION_REQUIRED and standing and standing.answer_due and now > standing.answer_due:
        timer = f"answer {standing.answer_due.isoformat()}"
        return move(claim, Event.ANSWER_DUE, now, Why("NO_RESPONSE", timer=timer))
    return claim


def _overdue(claim: Claim, now: datetime) -> Claim:
    """A clock by which people should have done something has ended without it. It ended when it ended, and not when
    we looked; what a person did in time is in time, however late we read it."""
    standing = claim.standing
    if standing is None:
        return claim
    said = [approval.at for approval in standing.approvals]
    if claim.new_vote and claim.registration.voted_at:
        said.append(claim.registration.voted_at)
    for name, due in people_clocks(standing):
        fresh = standing.breached_at is None or due > standing.breached_at
        if fresh and now > due and not any(at <= due for at in said):
            why = Why(
                standing.reason, f"The {name} clock ended on {due.isoformat()}.", timer=f"{name} {due.isoformat()}"
            )
            claim = move(claim, Event.OVERDUE, now, why, breached_at=due)
    return claim


def _deal_end(claim: Claim, now: datetime) -> Claim:
    stage = claim.opportunity.stage if claim.opportunity else None
    due = old_enough(claim)
    if claim.state is State.APPROVED and stage is Stage.WON and due and now >= due:
        return move(claim, Event.OPP_WON, now, Why())
    if claim.state is State.APPROVED and stage is Stage.LOST:
        return move(claim, Event.OPP_LOST, now, Why())
    return claim


def _deal_reopened(claim: Claim, now: datetime) -> Claim:
    """A lost deal that is open again soon takes along what was approved on it, while the window lasts."""
    standing, deal = claim.standing, claim.opportunity
    if claim.state is not State.LOST or standing is None or deal is None or deal.stage.closed:
        return claim
    in_time = now <= standing.since + timedelta(days=claim.policy.windows.reopen_days)
    if in_time and standing.protection_end and claim.policy.today(now) <= standing.protection_end:
        return move(claim, Event.OPP_REOPENED, now, Why())
    return claim


def _inactivity(claim: Claim, now: datetime) -> Claim:
    """Nothing verified happened for too long: the first time somebody should ask, the second time revoke."""
    standing, last = claim.standing, last_seen(claim)
    if standing and standing.quiet_since and standing.quiet_since != last:
        claim = replace(claim, standing=replace(standing, quiet_since=last, lapses=0))
    while claim.standing and (due := lapse(claim)) and now > due:
        again = claim.standing.lapses + 1
        text = "Again nothing: a person should revoke it." if again > 1 else "Nothing verified happened."
        why = Why(claim.standing.reason, f"{text} Last activity: {last}.", timer=f"inactivity {due.isoformat()}")
        claim = move(claim, Event.INACTIVE, now, why, quiet_since=last, lapses=again)
    return claim


def _protection_clock(claim: Claim, now: datetime) -> Claim:
    """The window ended, and nobody owes the partner an answer about more time. Rivals are told after the grace."""
    standing = claim.standing
    if claim.state is not State.APPROVED or standing is None or standing.protection_end is None:
        return claim
    if standing.extension_due or claim.policy.today(now) <= standing.protection_end:
        return claim
    why = Why("PROTECTION_ENDED", timer=f"protection {standing.protection_end.isoformat()}")
    grace = standing.protection_end + timedelta(days=claim.policy.windows.grace_days)
    return move(claim, Event.PROTECTION_END, now, why, grace_end=grace)


_STEPS: Final[tuple[Callable[[Claim, datetime], Claim], ...]] = (
    heed,
    adopt,
    withdraw,
    submit,
    amend,
    obey,
    resume,
    _answer_clock,
    _overdue,
    _deal_end,
    _deal_reopened,
    ask,
    _inactivity,
    _protection_clock,
    heed,  # once more: what people said meanwhile may be what a vote was waiting for
)
"""What is asked, in this order."""
