"""How a conflict ends: people first, then the rule of its kind, and never against what a person approved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sync.claim import Claim, seniority
from sync.conflicts.finding import Finding
from sync.model.ruling import Severity, Step
from sync.resolve.people import (
    ended_by_person,
    outvoted,
    ruled_by_person,
    ruled_by_vote,
    stood_together,
    taken_back,
)
from sync.resolve.ruling import Effect, Known, Ruling, note, wait
from sync.resolve.rulings import RULINGS

__all__ = ["RULINGS", "Effect", "Known", "Ruling", "resolve", "ruled_by_person"]


def resolve(finding: Finding, claims: Mapping[str, Claim], known: Known) -> Ruling:
    """The ruling on one finding. People come first: what they said, how they left it, how they voted.

    What is only worth knowing is noted; it takes nothing from anybody.
    """
    involved = sorted((claims[claim_id] for claim_id in finding.claims), key=seniority)
    before, said = known.cases.get(finding.case_id), known.told.get(finding.case_id)
    if said and (ruling := ruled_by_person(finding, involved, said)):
        return ruling
    if ruling := stood_together(involved) or ended_by_person(before) or ruled_by_vote(finding, involved, before):
        return ruling
    found = Step(finding.kind, "hit", finding.text)
    if finding.severity is Severity.INFO:
        ruling = note(finding.kind, " ".join((RULINGS[finding.kind].__doc__ or "").split()))
    elif finding.waits:
        ruling = wait(finding.kind, finding.waits)
    else:
        ruling = RULINGS[finding.kind](finding, involved)
    ruling = replace(ruling, steps=(found, *ruling.steps))
    if step := taken_back(involved, ruling):
        ruling = Ruling(None, (*ruling.steps, step))
    if ruling.resolution is None:
        return replace(ruling, steps=(*ruling.steps, *outvoted(involved)))
    return ruling
