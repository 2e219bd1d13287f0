"""What a person's word is about: one registration, case or deal, with all that is judged together with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sync.claim import Claim
from sync.model.deal import Opportunity
from sync.model.problem import BadInput, Problem
from sync.model.ruling import Case
from sync.page import Judged, judge_page
from sync.policy import Policies
from sync.store.known import Known, find, near
from sync.waiting import claims_of
from sync.world import World


@dataclass(frozen=True, slots=True)
class Subject:
    """``kind``: ``registration``, ``case`` or ``opportunity``; ``id``: ours; ``judged``: the present verdict."""

    kind: str
    id: str
    judged: Judged
    policies: Policies

    @property
    def claims(self) -> dict[str, Claim]:
        """Every claim of the group as it stands now, by id."""
        return claims_of(self.judged, self.policies)

    @property
    def case(self) -> Case:
        return next(case for case in self.judged.verdict.cases if case.id == self.id)

    @property
    def deal(self) -> Opportunity:
        return next(deal for deal in self.judged.facts.opportunities if deal.id == self.id)


def subject_of(world: World, ident: str, now: datetime, kinds: tuple[str, ...]) -> Subject:
    """The one thing of these kinds that ``ident`` names: an id of a CRM, one of ours, or a unique beginning.

    Raises BadInput when it names nothing, several things, a thing of another kind, or one that cannot be judged.
    """
    with world.store.read() as connection:
        found = find(connection, ident)
        alike = [] if found else near(connection, ident)
    if not found:
        fix = f"did you mean {' or '.join(alike)}?" if alike else "`dealsync cases` lists what can be ruled on"
        raise refused(ident, "nothing by this id is known here", fix)
    wanted = [known for known in found if known.kind in kinds] or found
    judged = {known.group: known for known in wanted}
    pages = {group: judge_page(world, [group], now)[0] for group in judged}
    things = (thing for known in wanted for thing in _things(known, pages[known.group], world))
    subjects = {(subject.kind, subject.id): subject for subject in things}
    if len(subjects) > 1:
        names = ", ".join(sorted(ident for _, ident in subjects))
        raise refused(ident, f"several things begin like this: {names}", "give more of the id")
    if not subjects:
        raise refused(ident, "it cannot be judged", f"`dealsync explain {ident}` says why")
    (subject,) = subjects.values()
    if subject.kind not in kinds:
        raise refused(ident, f"this is of kind {subject.kind}", f"give the id of a {' or '.join(kinds)}")
    return subject


def _things(known: Known, judged: Judged, world: World) -> Iterator[Subject]:
    facts, verdict = judged.facts, judged.verdict
    ids = {
        "registration": [entry.id for entry in facts.registrations if known.id == entry.id],
        "opportunity": [deal.id for deal in facts.opportunities if known.ref in deal.members],
        "case": [case.id for case in verdict.cases if case.id == known.id],
    }
    yield from (Subject(known.kind, ident, judged, world.policies) for ident in ids[known.kind])


def refused(where: str, what: str, fix: str) -> BadInput:
    """One clear no: what was asked for, why not, and what would be possible."""
    return BadInput([Problem(where, what, fix)])
