"""The split of one deal over time: divided anew until it is locked, and a new version only with a change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sync.claim import Claim
from sync.credit.division import divide
from sync.credit.portions import portions_of, repriced
from sync.credit.team import Team, team_of
from sync.model.deal import Opportunity, Stage
from sync.model.ids import name
from sync.model.ruling import Joint, JointState
from sync.model.split import Split, SplitStatus


def credit(
    deal: Opportunity, claims: Sequence[Claim], joint: Sequence[Joint], before: Split | None
) -> Split | None:
    """The split of ``deal`` among its credited claims; ``None`` when nobody is credited.

    ``before`` is the split as it stood: weights that are locked stay while the deal stays won, and the version
    rises only with a change.
    """
    team = team_of(deal, claims, joint)
    if team is None:
        return None
    locked = before if deal.stage is Stage.WON and before and before.status is SplitStatus.LOCKED else None
    split = repriced(locked, team) if locked and _has_weights(locked) else _divided(team)
    status = SplitStatus.LOCKED if locked else _status(team, claims, joint)
    return _versioned(replace(split, status=status, decision_id=""), before)


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
    )


def _versioned(split: Split, before: Split | None) -> Split:
    """The same split again keeps its version and its id."""
    if before and replace(before, version=0, decision_id="") == replace(split, version=0):
        return before
    version = before.version + 1 if before else 1
    return replace(split, version=version, decision_id=name("spl", split.opportunity_id, str(version), repr(split)))


def _has_weights(split: Split) -> bool:
    """Whether the parts are parts of one whole; where lines have both signs, the amounts follow their lines."""
    return all(portion.share_ppm is not None for portion in split.portions)


def _status(team: Team, claims: Sequence[Claim], joint: Sequence[Joint]) -> SplitStatus:
    """Shares that are disputed are not locked with the deal: what the members agree on later still counts (C18)."""
    if team.deal.stage is Stage.WON and not team.disputed:
        return SplitStatus.LOCKED
    if any(claim.live and not claim.state.credited for claim in claims):
        return SplitStatus.DRAFT
    agreed = all(group.state.agreed or group.state is JointState.DISSOLVED for group in joint if group.key)
    open_ = team.disputed or team.undecided
    return SplitStatus.AGREED if agreed and not open_ else SplitStatus.PROPOSED
