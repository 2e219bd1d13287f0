"""What if: everything that ever happened, decided again under other policies, beside the same under the present.

Both sides are replayed alike, from an empty history, moment by moment, so that what differs is the policy's doing.
A moment is whenever something happened in a group: a filing, a vote, a word of a person, a clock that ended, the
close of a deal. The CRMs tell no date for an edit: roles, amounts, evidence and answers count from the start as
they are now, and a withdrawal at the end. What was adopted enters on the day of its adoption. Nothing is written.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Final

from sync.decide import decide
from sync.model.deal import Opportunity, Stage
from sync.model.directive import Act
from sync.model.facts import Facts, History, Verdict
from sync.model.money import Money
from sync.model.registration import Registration, Standing
from sync.model.split import VENDOR, Split
from sync.page import gather_page, look_again
from sync.policy import Policies, Policy
from sync.store.due import judged_after
from sync.world import World

PAGE: Final = 100
SHOWN: Final = 1000
"""At most so many differences are kept to be shown; all of them are counted."""

CLOCKS: Final = 100
"""At most so many clocks are followed between two things that happened in a group."""


@dataclass(frozen=True, slots=True)
class Flip:
    """One registration that would stand elsewhere, and the rule that would have decided it."""

    registration_id: str
    row: str
    partner: str
    deal: str
    before: str
    after: str
    rule: str


@dataclass(frozen=True, slots=True)
class Shift:
    """One deal that would be divided otherwise: what each party gains or loses."""

    opportunity_id: str
    deal: str
    moved: tuple[tuple[str, Money], ...]


@dataclass(slots=True)
class Replayed:
    """``moved``: by party and currency, in minor units; with the vendor they total zero in every currency."""

    groups: int = 0
    registrations: int = 0
    flipped: Counter[str] = field(default_factory=Counter)  # by "BEFORE -> AFTER"
    flips: list[Flip] = field(default_factory=list)
    shifted: int = 0
    shifts: list[Shift] = field(default_factory=list)
    moved: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    names: dict[str, str] = field(default_factory=dict)  # of the parties in ``moved``


def replay(world: World, candidate: Policies, now: datetime, since: date | None = None) -> Replayed:
    """Every group that can be judged, a page at a time, under the present policies and under ``candidate``.

    ``since``: only registrations filed, and deals with one filed, on that day or later are compared.
    """
    found = Replayed()
    after = ""
    while page := _page(world, after):
        for known in gather_page(world, page):
            one = at_the_end(known.facts, world.policies, now)
            other = at_the_end(known.facts, candidate, now)
            found.groups += 1
            compare(found, known.facts, (one, other), since)
        after = page[-1]
        world.tell("replay", found.groups, None)
    return found


def _page(world: World, after: str) -> Sequence[str]:
    with world.store.read() as connection:
        return judged_after(connection, after, PAGE)


def replacing(present: Policies, policy: Policy) -> Policies:
    """The present policies with every version of the one of this name replaced, from its first day on."""
    same = [known for known in present.all if known.name == policy.name]
    first = min(known.effective_from for known in same or present.all)
    others = tuple(known for known in present.all if known.name != policy.name)
    return Policies((*others, policy.model_copy(update={"effective_from": first, "effective_to": None})))


# One group through time.


def at_the_end(facts: Facts, policies: Policies, now: datetime) -> Verdict:
    """The verdict at ``now``, when each thing is decided on as it happens. Pure."""
    history, verdict = History(), Verdict()
    moments = _moments(facts, now)
    for moment, following in zip(moments, [*moments[1:], now], strict=True):
        clock: datetime | None = moment
        for _ in range(CLOCKS):
            if clock is None:
                break
            verdict = decide(_as_of(facts, clock, now), history, policies, clock)
            history = _remembered(history, verdict)
            ends = look_again(verdict, clock)
            clock = ends if ends and ends < following else None
    return verdict


def _moments(facts: Facts, now: datetime) -> list[datetime]:
    entered = _entered(facts)
    found = {entered[entry.id] for entry in facts.registrations}
    found |= {entry.voted_at for entry in facts.registrations if entry.voted_at}
    found |= {said.at for said in facts.directives}
    found |= {_closed(deal, now) for deal in facts.opportunities if deal.stage.closed}
    return [*sorted(moment for moment in found if moment < now), now]


def _entered(facts: Facts) -> dict[str, datetime]:
    """When each registration came in: as it was filed; what was adopted, when it was adopted."""
    adopted = {said.subject: said.at for said in facts.directives if said.act is Act.ADOPT}
    return {
        entry.id: max(entry.submitted_at or entry.created_at, adopted.get(entry.id, entry.created_at))
        for entry in facts.registrations
    }


def _closed(deal: Opportunity, now: datetime) -> datetime:
    return datetime.combine(deal.close_date, time(12), now.tzinfo) if deal.close_date else now


def _as_of(facts: Facts, moment: datetime, now: datetime) -> Facts:
    """What had happened by then."""
    entered = _entered(facts)
    return replace(
        facts,
        registrations=tuple(
            _registration_as_of(entry, moment, now) for entry in facts.registrations if entered[entry.id] <= moment
        ),
        opportunities=tuple(
            replace(deal, stage=Stage.COMMITTED) if deal.stage.closed and _closed(deal, now) > moment else deal
            for deal in facts.opportunities
        ),
        directives=tuple(said for said in facts.directives if said.at <= moment),
    )


def _registration_as_of(entry: Registration, moment: datetime, now: datetime) -> Registration:
    if moment < now and entry.withdrawn:
        entry = replace(entry, withdrawn=False)
    if entry.voted_at and entry.voted_at > moment:
        return replace(entry, vote=None, voter=None, voted_at=None, vote_reason=None)
    return entry


def _remembered(history: History, verdict: Verdict) -> History:
    """What the store would give back."""
    return History(
        standings={standing.registration_id: standing for standing in verdict.standings},
        cases={case.id: case for case in verdict.cases},
        joints={joint.id: joint for joint in verdict.joints},
        splits={**history.splits, **{split.opportunity_id: split for split in verdict.splits}},
    )


# What differs.


def compare(found: Replayed, facts: Facts, verdicts: tuple[Verdict, Verdict], since: date | None) -> None:
    """Add one group: registrations that stand elsewhere, and money that goes elsewhere."""
    one, other = verdicts
    partners = {partner.id: partner.name for partner in facts.partners}
    deals = {deal.id: deal for deal in facts.opportunities}
    filed = [entry for entry in facts.registrations if since is None or _day(entry) >= since]
    found.registrations += len(filed)
    before, after = _standings(one), _standings(other)
    for entry in filed:
        was, becomes = before.get(entry.id), after.get(entry.id)
        if was and becomes and _outcome(was) != _outcome(becomes):
            deal = deals.get(entry.opportunity_id or "")
            flip = Flip(
                registration_id=entry.id,
                row=str(entry.ref),
                partner=partners[entry.partner_id],
                deal=deal.name if deal else entry.customer_name or "",
                before=_outcome(was),
                after=_outcome(becomes),
                rule=_rule(other, becomes),
            )
            found.flipped[f"{was.state} -> {becomes.state}"] += 1
            found.flips += [flip][: SHOWN - len(found.flips)]
    concerned = {entry.opportunity_id for entry in filed}
    for deal in facts.opportunities:
        if deal.id in concerned and deal.amount:
            _shift(found, deal, deal.amount, (_parts(one, deal), _parts(other, deal)), partners)


def _day(entry: Registration) -> date:
    return (entry.submitted_at or entry.created_at).date()


def _standings(verdict: Verdict) -> dict[str, Standing]:
    return {standing.registration_id: standing for standing in verdict.standings}


def _outcome(standing: Standing) -> str:
    """Where it stands, why, and with what."""
    return " ".join([standing.state, *filter(None, [standing.reason]), f"({', '.join(standing.roles)})"])


def _rule(verdict: Verdict, standing: Standing) -> str:
    """The rule that decided: the decisive step of the case that moved it, else its reason or the move itself."""
    cases = [case for case in verdict.cases if standing.registration_id in case.registrations and case.trace]
    decisive = [step.rule for case in cases for step in case.trace if step.result == "decisive"]
    return decisive[0] if decisive else standing.reason or standing.state


def _parts(verdict: Verdict, deal: Opportunity) -> Mapping[str, int]:
    """Who gets what of a deal, in minor units; without a split it is all the vendor's."""
    split: Split | None = next((split for split in verdict.splits if split.opportunity_id == deal.id), None)
    if split is None or split.amount != deal.amount:
        return {VENDOR: deal.amount.minor} if deal.amount else {}
    parts: Counter[str] = Counter()
    for portion in split.portions:
        parts[portion.party] += portion.amount.minor if portion.amount else 0
    return parts


def _shift(
    found: Replayed,
    deal: Opportunity,
    amount: Money,
    parts: tuple[Mapping[str, int], Mapping[str, int]],
    partners: Mapping[str, str],
) -> None:
    before, after = parts
    moved = {party: after.get(party, 0) - before.get(party, 0) for party in sorted({*before, *after})}
    gains = [(party, minor) for party, minor in moved.items() if minor]
    if not gains:
        return
    found.names |= {party: partners.get(party, party) for party, _ in gains}
    found.shifted += 1
    named = tuple((found.names[party], Money(minor, amount.currency)) for party, minor in gains)
    shift = Shift(deal.id, deal.name, named)
    found.shifts += [shift][: SHOWN - len(found.shifts)]
    for party, minor in gains:
        found.moved[party, amount.currency] += minor


def totals(replayed: Replayed) -> Iterator[tuple[str, Money]]:
    """What each party gains or loses in all, by currency, the most moved first."""
    names = replayed.names
    moved = ((names[party], Money(minor, currency)) for (party, currency), minor in replayed.moved.items() if minor)
    return iter(sorted(moved, key=lambda entry: (entry[1].currency, -abs(entry[1].minor), entry[0])))
