"""People come first: what they said about a case, how they had left it, how they voted, what they approved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from sync.claim import Claim
from sync.conflicts.finding import Finding
from sync.identity.outside import VOTER
from sync.lifecycle import Event, allowed
from sync.model.directive import Act, Directive
from sync.model.registration import State, Vote
from sync.model.ruling import Case, CaseState, Resolution, Step
from sync.resolve.losing import lose
from sync.resolve.ruling import Effect, Ruling

_CONTESTS: Final = frozenset({"C01", "C02", "C13"})
"""Disputes that one of several claims can win: approving one is a ruling against the others."""


def ruled_by_person(finding: Finding, involved: Sequence[Claim], said: Directive) -> Ruling | None:
    """What a person said about the case; ``None`` when it names a winner that is not in it."""
    step = Step("person", "decisive", f"{said.by}: {said.reason or said.act.lower().replace('_', ' ')}")
    if said.act in (Act.DISMISS, Act.CO_REGISTER):
        end = Resolution.CO_REGISTER if said.act is Act.CO_REGISTER else Resolution.NOT_A_CONFLICT
        return Ruling(end, (step,), person=said.by)
    winner = next((claim for claim in involved if claim.id == said.winner), None)
    if said.act is not Act.AWARD or winner is None:
        return None
    ruling = _award(finding, involved, winner, (step, said.by))
    if not said.message:
        return ruling
    told = tuple(replace(effect, message=said.message) for effect in ruling.effects)
    return replace(ruling, effects=told)


def _award(finding: Finding, involved: Sequence[Claim], winner: Claim, by: tuple[Step, str]) -> Ruling:
    losers = [claim for claim in involved if claim is not winner]
    effects = [lose(claim, winner, finding) for claim in losers]
    step, person = by
    return Ruling(Resolution.AWARD_ONE, (step,), tuple(_or_revoke(effects, losers)), winner.id, person=person)


def _or_revoke(effects: Sequence[Effect], losers: Sequence[Claim]) -> Iterator[Effect]:
    """An approved claim cannot be rejected any more: a person revokes it."""
    for effect, loser in zip(effects, losers, strict=True):
        approved = effect.event is Event.REJECT and not allowed(loser.state, Event.REJECT)
        yield replace(effect, event=Event.REVOKE) if approved else effect


def stood_together(involved: Sequence[Claim]) -> Ruling | None:
    """Claims that people had approved side by side before dealsync took over are not set against each other."""
    standings = [claim.standing for claim in involved]
    if len(involved) < 2 or not all(
        standing and standing.adopted and standing.state.credited for standing in standings
    ):
        return None
    step = Step("person", "decisive", "People had approved all of them before dealsync took over.")
    return Ruling(Resolution.CO_REGISTER, (step,))


def ended_by_person(before: Case | None) -> Ruling | None:
    """A case that a person ended without taking anything away stays so, as long as what was found is the same."""
    if before is None or before.state is not CaseState.RESOLVED or not before.trace:
        return None
    last = before.trace[-1]
    alone = len(before.registrations) == 1 and before.resolution is Resolution.AWARD_ONE
    stays = alone or before.resolution in (Resolution.NOT_A_CONFLICT, Resolution.CO_REGISTER)
    if (last.rule, last.result) != ("person", "decisive") or not stays:
        return None
    return Ruling(before.resolution, before.trace, winner=before.winner)


def ruled_by_vote(finding: Finding, involved: Sequence[Claim], before: Case | None) -> Ruling | None:
    """A vote cast after the case was opened is a person's ruling on it; one that does not count rules nothing.

    What an approval process inside a CRM says is none: it may have run without a look at the case.
    """
    if before is None or finding.kind == "C26" or (len(involved) > 1 and finding.kind not in _CONTESTS):
        return None
    chosen = [claim for claim in involved if _voted_after(claim, before)]
    if len(chosen) != 1 or any(claim.state is State.APPROVED for claim in involved):
        return None
    winner = chosen[0]
    who = winner.registration.voter or "unnamed"
    step = Step("person", "decisive", f"{who} approved {winner.partner.name} after this case was opened.")
    return _award(finding, involved, winner, (step, who))


def outvoted(involved: Sequence[Claim]) -> Iterator[Step]:
    """What an approval process inside a CRM says for a claim while its case is open: shown, and not decided by."""
    for claim in involved:
        if claim.registration.voter == VOTER and claim.registration.vote is Vote.APPROVE and claim.new_vote:
            text = f"An {VOTER} of the CRM approved {claim.partner.name}: a person rules on this case first."
            yield Step("person", "not decisive", text)


def _voted_after(claim: Claim, case: Case) -> bool:
    filed = claim.registration
    return (
        filed.voter != VOTER
        and filed.vote is Vote.APPROVE
        and bool(claim.new_vote)
        and filed.voted_at is not None
        and filed.voted_at > case.detected_at
    )


def taken_back(involved: Sequence[Claim], ruling: Ruling) -> Step | None:
    """Why a rule may not carry this out: it would take back what somebody holds; ``None`` when it may."""
    touched = [(claim, effect) for claim in involved for effect in ruling.effects if effect.claim_id == claim.id]
    if spoken := ", ".join(claim.partner.name for claim, _ in touched if claim.spoken_for):
        return Step("person", "hit", f"A person approved {spoken}: no rule takes that back; a person decides.")
    if held := ", ".join(claim.partner.name for claim, effect in touched if not allowed(claim.state, effect.event)):
        return Step("person", "hit", f"{held} is approved already: no rule takes that back; a person decides.")
    return None


def held(claim: Claim) -> bool:
    """Approved, or wanted by a person."""
    return claim.state is State.APPROVED or claim.spoken_for
