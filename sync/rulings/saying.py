"""A person's word: tried on the present facts first, and kept only when it would change something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sync.decide import decide
from sync.model.directive import Act, Directive
from sync.model.facts import Verdict
from sync.model.ids import name
from sync.page import Judged
from sync.rulings.subjects import Subject, refused
from sync.store.directives import add_directives
from sync.store.due import make_due
from sync.world import World


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says something, when and why. ``message`` is what the partner may read.

    ``also``: other names of the same person (login, ids in the CRMs), by which a conflict of interest is found too.
    Without ``keep`` it is only tried: what it would do comes back, and nothing is recorded.
    """

    by: str
    at: datetime
    reason: str = ""
    message: str = ""
    keep: bool = True
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What was recorded, and what it does: from the verdict that stood to the one that follows."""

    directive: Directive
    judged: Judged
    after: Verdict

    @property
    def view(self) -> dict[str, Any]:
        """As plain values: who moves from where to where, how cases end, how deals are divided."""
        facts, before = self.judged.facts, self.judged.verdict
        partners = {partner.id: partner.name for partner in facts.partners}
        filed = {entry.id: partners[entry.partner_id] for entry in facts.registrations}
        stood = {standing.registration_id: standing for standing in before.standings}
        cases, splits = {case.id: case for case in before.cases}, {s.opportunity_id: s for s in before.splits}
        return {
            "directive": self.directive.id,
            "act": self.directive.act,
            "subject": self.directive.subject,
            "by": self.directive.by,
            "reason": self.directive.reason,
            "moves": [
                {
                    "registration": standing.registration_id,
                    "partner": filed[standing.registration_id],
                    "from": stood[standing.registration_id].state,
                    "to": standing.state,
                    "protection_end": standing.protection_end and standing.protection_end.isoformat(),
                }
                for standing in self.after.standings
                if _visible(standing) != _visible(stood[standing.registration_id])
            ],
            "cases": [
                {"case": case.id, "kind": case.kind, "state": case.state, "resolution": case.resolution}
                for case in self.after.cases
                if cases.get(case.id) is None or cases[case.id].resolution != case.resolution
            ],
            "splits": [
                {
                    "deal": split.opportunity_id,
                    "status": split.status,
                    "parts": {partners.get(p.party, p.party): str(p.percent or p.amount) for p in split.portions},
                }
                for split in self.after.splits
                if splits.get(split.opportunity_id) != split
            ],
        }


def _visible(standing: Any) -> Any:
    """Without what only says that the directive was considered."""
    return replace(standing, heard=0, decision_id="", reason="", wakes=None)


def say(world: World, subject: Subject, act: Act, speaker: Speaker, **more: Any) -> Said:
    """Record one directive and make its group due; what it does comes back.

    It is tried first. Raises BadInput when it would change nothing: then the facts speak against it, and whoever
    says it must know that now and not after the next run.
    """
    about = more.pop("about", subject.id)
    directive = Directive(
        id=name("said", act, about, speaker.by, speaker.at.isoformat(), speaker.reason),
        act=act,
        subject=about,
        by=speaker.by,
        at=speaker.at,
        reason=speaker.reason,
        message=speaker.message,
        **more,
    )
    after = tried(world, subject.judged, [directive])
    said = Said(directive, subject.judged, after)
    if not (said.view["moves"] or said.view["cases"] or said.view["splits"]):
        raise refused(
            about, f"{act} would change nothing as things stand", f"`dealsync explain {about}` shows them"
        )
    if speaker.keep:
        with world.store.write() as connection:
            add_directives(connection, [directive])
            make_due(connection, [subject.judged.group_id], speaker.at)
    return said


def tried(world: World, judged: Judged, said: Sequence[Directive]) -> Verdict:
    """What follows when people say these, one after the other; at least one. Nothing is recorded."""
    heard = [standing.heard for standing in judged.verdict.standings]
    given = [entry.seq for entry in judged.facts.directives]
    first = max([0, *heard, *given]) + 1
    numbered = tuple(replace(entry, seq=first + place) for place, entry in enumerate(said))
    facts = replace(judged.facts, directives=(*judged.facts.directives, *numbered))
    return decide(facts, judged.history, world.policies, said[-1].at)
