"""The split of one deal over time: divided anew until it is locked, and a new version only with a change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sync.claim import Claim
from sync.credit.division import divide
from sync.credit.locked import follow
from sync.credit.portions import portions_of
from sync.credit.renewal import Renewal
from sync.credit.team import Team, team_of
from sync.model.deal import Opportunity, Stage
from sync.model.ruling import Joint, JointState
from sync.model.split import Split, SplitStatus, versioned


@dataclass(frozen=True, slots=True)
class Lock:
    """What may lock a split beside the close: the time that it is, and whether the last close was taken back."""

    now: datetime | None = None
    taken_back: bool = False


def credit(
    deal: Opportunity,
    claims: Sequence[Claim],
    joint: Sequence[Joint],
    before: Split | None,
    lock: Lock = Lock(),
    renewal: Renewal | None = None,
) -> Split | None:
    """The split of ``deal`` among its credited claims; ``None`` when nobody is credited and nothing is locked.

    ``before`` is the split as it stood: weights that are locked stay while the deal stays won, or once the
    programme's lock has come; and the version rises only with a change. ``renewal`` is what the deal repeats and
    adds, for programmes that credit the two apart.
    """
    team = team_of(deal, claims, joint)
    if team and team.policy.attribution.renewals == "apart":
        team = replace(team, renewal=renewal)
    ripe = team is not None and team.lock_at is not None and lock.now is not None and lock.now > team.lock_at
    closed = deal.stage is Stage.WON and not lock.taken_back
    if before and before.status is SplitStatus.LOCKED and (closed or ripe):
        return versioned(follow(before, deal, claims, team), before)
    if team is None:
        return None
    split = replace(_divided(team), status=_status(team, claims, joint, ripe))
    if split.status is not SplitStatus.LOCKED:
        split = replace(split, lines=(), locks_at=team.lock_at)
    return versioned(split, before)


def _divided(team: Team) -> Split:
    division = divide(team)
    return Split(
        opportunity_id=team.deal.id,
        version=0,
        status=SplitStatus.DRAFT,
        model=division.model,
        policy=team.policy.id,
        amount=team.deal.amount,
        portions=portions_of(team, division),
        arithmetic=division.arithmetic,
        lines=division.lines,
    )


def _status(team: Team, claims: Sequence[Claim], joint: Sequence[Joint], ripe: bool) -> SplitStatus:
    """Shares that are disputed are not locked with the deal: what the members agree on later still counts (C18)."""
    if (ripe or team.deal.stage is Stage.WON) and not team.disputed:
        return SplitStatus.LOCKED
    if any(claim.live and not claim.state.credited for claim in claims):
        return SplitStatus.DRAFT
    agreed = all(group.state.agreed or group.state is JointState.DISSOLVED for group in joint if group.key)
    open_ = team.disputed or team.undecided
    return SplitStatus.AGREED if agreed and not open_ else SplitStatus.PROPOSED
