"""How a conflict ends: the tie-break ladder, and what each kind of conflict does to the claims in it.

Rules rule only where no person has spoken: a claim that a person approved, or has just voted for, is never narrowed
or rejected by a rule; the case then waits for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from sync.claim import Claim, values_differ
from sync.conflicts.finding import Finding
from sync.ladder import climb
from sync.lifecycle import Event, allowed
from sync.model.directive import Act, Directive
from sync.model.registration import Role, State, Vote
from sync.model.ruling import Case, Resolution, Step
from sync.workdays import add_business_days


@dataclass(frozen=True, slots=True)
class Effect:
    """What a ruling does to one claim. ``roles`` and ``line_ids`` are what is left after a NARROW."""

    claim_id: str
    event: Event
    reason: str
    text: str
    message: str
    roles: tuple[Role, ...] | None = None
    line_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """``resolution`` is ``None`` while the case waits for a person; ``steps`` say why either way."""

    resolution: Resolution | None
    steps: tuple[Step, ...]
    effects: tuple[Effect, ...] = ()
    winner: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What stood before: the cases by id, and what people said about them."""

    cases: Mapping[str, Case]
    told: Mapping[str, Directive] = field(default_factory=dict)


def resolve(finding: Finding, claims: Mapping[str, Claim], known: Known) -> Ruling:
    """The ruling on one finding. People come first: what they said, how they left it, how they voted."""
    involved = [claims[claim_id] for claim_id in finding.claims]
    found = Step(finding.kind, "hit", finding.text)
    said = known.told.get(finding.case_id)
    if said and (ruling := ruled_by_person(finding, involved, said)):
        return ruling
    if ruling := _stood_together(involved):
        return ruling
    if ruling := _ruled_by_vote(finding, involved, known.cases.get(finding.case_id)):
        return ruling
    ruling = RULINGS[finding.kind](finding, involved)
    ruling = Ruling(ruling.resolution, (found, *ruling.steps), ruling.effects, ruling.winner)
    if step := _taken_back(involved, ruling):
        return Ruling(None, (*ruling.steps, step))
    return ruling


def ruled_by_person(finding: Finding, involved: Sequence[Claim], said: Directive) -> Ruling | None:
    """What a person said about the case; ``None`` when it names a winner that is not in it."""
    step = Step("person", "decisive", f"{said.by}: {said.reason or said.act.lower().replace('_', ' ')}")
    if said.act in (Act.DISMISS, Act.CO_REGISTER):
        end = Resolution.CO_REGISTER if said.act is Act.CO_REGISTER else Resolution.NOT_A_CONFLICT
        return Ruling(end, (step,), person=said.by)
    winner = next((claim for claim in involved if claim.id == said.winner), None)
    if said.act is not Act.AWARD or winner is None:
        return None
    losers = [claim for claim in involved if claim is not winner]
    effects = tuple(_lose(claim, winner, finding, _shared(claim, finding)) for claim in losers)
    return Ruling(Resolution.AWARD_ONE, (step,), tuple(_or_revoke(effects, losers)), winner.id, person=said.by)


def _or_revoke(effects: Sequence[Effect], losers: Sequence[Claim]) -> Iterator[Effect]:
    """An approved claim cannot be rejected any more: a person revokes it."""
    for effect, loser in zip(effects, losers, strict=True):
        approved = effect.event is Event.REJECT and not allowed(loser.state, Event.REJECT)
        yield replace(effect, event=Event.REVOKE) if approved else effect


def _stood_together(involved: Sequence[Claim]) -> Ruling | None:
    """Claims that people had approved side by side before dealsync took over are not set against each other."""
    standings = [claim.standing for claim in involved]
    if len(involved) < 2 or not all(
        standing and standing.adopted and standing.state.credited for standing in standings
    ):
        return None
    step = Step("person", "decisive", "People had approved all of them before dealsync took over.")
    return Ruling(Resolution.CO_REGISTER, (step,))


def _taken_back(involved: Sequence[Claim], ruling: Ruling) -> Step | None:
    """Why a rule may not carry this out: it would take back what somebody holds; ``None`` when it may."""
    touched = [(claim, effect) for claim in involved for effect in ruling.effects if effect.claim_id == claim.id]
    if spoken := ", ".join(claim.partner.name for claim, _ in touched if _spoken_for(claim)):
        return Step("person", "hit", f"A person approved {spoken}: no rule takes that back; a person decides.")
    if held := ", ".join(claim.partner.name for claim, effect in touched if not allowed(claim.state, effect.event)):
        return Step("person", "hit", f"{held} is approved already: no rule takes that back; a person decides.")
    return None


def _held(claim: Claim) -> bool:
    """Approved, or about to be by a person's vote."""
    return claim.state is State.APPROVED or _spoken_for(claim)


def _spoken_for(claim: Claim) -> bool:
    standing = claim.standing
    approved = claim.state is State.APPROVED and standing is not None and bool(standing.vote_seen)
    return approved or (claim.registration.vote is Vote.APPROVE and bool(claim.new_vote))


def _ruled_by_vote(finding: Finding, involved: Sequence[Claim], before: Case | None) -> Ruling | None:
    """A vote cast after the case was opened is a person's ruling on it."""
    if before is None:
        return None
    chosen = [
        claim
        for claim in involved
        if claim.registration.vote is Vote.APPROVE
        and claim.new_vote
        and claim.registration.voted_at is not None
        and claim.registration.voted_at > before.detected_at
    ]
    if len(chosen) != 1 or any(claim.state is State.APPROVED for claim in involved):
        return None
    winner = chosen[0]
    who = winner.registration.voter or "unnamed"
    step = Step("person", "decisive", f"{who} approved {winner.partner.name} after this case was opened.")
    losers = [claim for claim in involved if claim is not winner]
    effects = tuple(_lose(claim, winner, finding, _shared(claim, finding)) for claim in losers)
    return Ruling(Resolution.AWARD_ONE, (step,), effects, winner.id, person=who)


def _one_survivor(finding: Finding, involved: Sequence[Claim]) -> Ruling:
    """Keep the earliest of a partner's own duplicates."""
    one, other = involved
    if values_differ(one, other, one.policy.conflicts.duplicate_values_within):
        return _wait(finding.kind, "The declared values differ too much to be a simple duplicate.")
    if _held(one) and _held(other):
        return _wait(finding.kind, "Both are approved already.")
    kept, late = sorted(involved, key=lambda claim: (not _held(claim), claim.submitted_at, claim.id))
    text = f"{kept.partner.name} filed the same on {kept.submitted_at.isoformat()}; the earlier one counts."
    effect = Effect(late.id, Event.SUPERSEDE, "DUPLICATE_REGISTRATION", text, text)
    step = Step(finding.kind, "decisive", text)
    return Ruling(Resolution.SUPERSEDED, (step,), (effect,), kept.id)


def _too_late(finding: Finding, involved: Sequence[Claim]) -> Ruling:
    """A closed deal takes no new claims, unless work before the close is proven at once."""
    (claim,) = involved
    deal, evidence = claim.opportunity, claim.first_evidence()
    assert deal is not None
    if evidence and deal.close_date and evidence.at.date() <= deal.close_date:
        close = datetime.combine(deal.close_date, evidence.at.timetz())
        days = claim.policy.conflicts.amend_business_days
        if claim.submitted_at <= add_business_days(close, days, claim.policy.business_days) + timedelta(days=1):
            return _wait(finding.kind, f"Verified {evidence.kind} of {evidence.at.date()} is older than the close.")
    text = f"{deal.name} was closed before this registration was approved."
    effect = Effect(claim.id, Event.REJECT, "CLOSED_OPPORTUNITY", text, text)
    return Ruling(Resolution.REJECT_ALL, (Step(finding.kind, "decisive", text),), (effect,))


def _direct_first(finding: Finding, involved: Sequence[Claim]) -> Ruling:
    """Whoever comes after direct sales did not source the deal; every other role stays open."""
    (claim,) = involved
    evidence, deal = claim.first_evidence(), claim.opportunity
    assert deal is not None and deal.direct_engaged_at is not None
    if evidence and evidence.at < deal.direct_engaged_at:
        return _wait(finding.kind, f"Verified {evidence.kind} of {evidence.at.date()} is older than direct sales.")
    rest = tuple(role for role in claim.roles if role is not Role.SOURCE)
    text = "Direct sales were there first: the sourcing role is not available on this deal."
    if not rest:
        effect = Effect(claim.id, Event.REJECT, "EXISTING_DIRECT_PIPELINE", text, text)
    else:
        message = f"{text} Your other roles go on: {', '.join(rest)}."
        effect = Effect(claim.id, Event.NARROW, "EXISTING_DIRECT_PIPELINE", text, message, roles=rest)
    return Ruling(Resolution.REASSIGN_SCOPE, (Step(finding.kind, "decisive", text),), (effect,))


def _award_one(finding: Finding, involved: Sequence[Claim]) -> Ruling:
    """One partner keeps the exclusive role: the first rung of the ladder that separates them decides."""
    one, other = involved
    steps, winner = climb(one, other)
    if winner is None:
        return Ruling(None, steps)
    limit = one.policy.conflicts.person_above
    value = winner.value
    if limit is not None and value is not None and value.major >= limit:
        step = Step("person", "hit", f"The deal is worth {value}: above {limit} a person decides.")
        return Ruling(None, (*steps, step))
    loser = other if winner is one else one
    effect = _lose(loser, winner, finding, _shared(loser, finding))
    return Ruling(Resolution.AWARD_ONE, steps, (effect,), winner.id)


def _shared(loser: Claim, finding: Finding) -> Sequence[Role]:
    """The roles in dispute; a dispute about something else than roles costs the loser all of them."""
    return [role for role in loser.roles if role in finding.about.split("; ")] or loser.roles


def _lose(loser: Claim, winner: Claim, finding: Finding, shared: Sequence[Role]) -> Effect:
    """The loser keeps what is not in dispute and is told what else is open on this deal."""
    contested = ", ".join(role for role in shared if role in loser.roles)
    rest = tuple(role for role in loser.roles if role not in shared)
    text = f"{winner.partner.name} holds {contested}: {finding.text}"
    message = f"Another partner already holds {contested} on this deal."
    if rest:
        message += f" Your other roles go on: {', '.join(rest)}."
        return Effect(loser.id, Event.NARROW, "DUPLICATE_REGISTRATION", text, message, roles=rest)
    offer = [role for role in _OFFER if role not in loser.roles and role not in winner.roles]
    message += f" You may join in another role: {', '.join(offer)}."
    return Effect(loser.id, Event.REJECT, "DUPLICATE_REGISTRATION", text, message)


_OFFER: Final = (Role.PRESALES, Role.IMPLEMENT, Role.ADVISE, Role.SUPPORT, Role.TRAIN)


def _undisputed_lines(finding: Finding, involved: Sequence[Claim]) -> Ruling:
    """Both go on with the lines that only they claim; without such lines a person divides them."""
    disputed = set(finding.about.split("; "))
    effects = []
    for claim in involved:
        rest = tuple(line for line in _named_lines(claim) if line not in disputed)
        if not rest:
            return _wait(finding.kind, f"{claim.partner.name} claims nothing but what is in dispute.")
        text = f"Approved without {', '.join(sorted(disputed))}, which another partner claims too."
        if rest != claim.line_ids:
            effects.append(Effect(claim.id, Event.NARROW, "LINE_IN_DISPUTE", text, text, line_ids=rest))
    step = Step(finding.kind, "decisive", "Each partner goes on with its undisputed lines.")
    return Ruling(Resolution.REASSIGN_SCOPE, (step,), tuple(effects))


def _named_lines(claim: Claim) -> tuple[str, ...]:
    if claim.line_ids or claim.opportunity is None:
        return claim.line_ids
    return tuple(line.id for line in claim.opportunity.lines)


def _wait(rule: str, text: str) -> Ruling:
    return Ruling(None, (Step(rule, "not decisive", f"{text} A person decides."),))


RULINGS: Final[Mapping[str, Callable[[Finding, Sequence[Claim]], Ruling]]] = {
    "C01": _one_survivor,
    "C07": _too_late,
    "C04": _direct_first,
    "C02": _award_one,
    "C13": _undisputed_lines,
}
"""How each kind of conflict ends; one row for each row of the catalogue."""
