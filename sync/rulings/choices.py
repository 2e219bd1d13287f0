"""What a person can rule, each way tried before anybody says it: who moves where, and what becomes of the money."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from sync.claim import Claim
from sync.model.directive import Act, Directive
from sync.model.facts import Verdict
from sync.model.ids import name
from sync.model.problem import BadInput
from sync.model.registration import State
from sync.rulings.rule import award, co_register, dismiss, possible_acts
from sync.rulings.saying import Said, Speaker, tried
from sync.rulings.subjects import Subject
from sync.world import World

Choice = dict[str, Any]
"""What would be said (``act``, ``winner``, ``label``); why ``refused``, or its ``moves``, ``cases``, ``money``."""

_SAY: Final[Mapping[Act, Callable[[World, str | Subject, str, Speaker], Said]]] = {
    Act.AWARD: award,
    Act.CO_REGISTER: lambda world, ident, _, speaker: co_register(world, ident, speaker),
    Act.DISMISS: lambda world, ident, _, speaker: dismiss(world, ident, speaker),
}


def rule_on_case(world: World, ident: str | Subject, act: Act, winner: str, speaker: Speaker) -> Said:
    """AWARD (to ``winner``), CO_REGISTER or DISMISS. Raises BadInput as each of them does."""
    return _SAY[act](world, ident, winner, speaker)


def case_choices(world: World, subject: Subject, speaker: Speaker) -> list[Choice]:
    """Every ruling on a case, tried for this speaker."""
    known = subject.claims
    claims = [known[own] for own in subject.case.registrations if own in known]
    ways = [(Act.AWARD, claim.id, f"Award it to {claim.partner.name}") for claim in claims if claim.live]
    if len(claims) > 1:
        ways.append((Act.CO_REGISTER, "", "Let all of them go on, side by side"))
    ways.append((Act.DISMISS, "", "It is no conflict"))
    asked = replace(speaker, keep=False)
    return [_tried(world, subject, act, winner, asked) | {"label": label} for act, winner, label in ways]


def _tried(world: World, subject: Subject, act: Act, winner: str, speaker: Speaker) -> Choice:
    known = {"act": act, "winner": winner}
    try:
        said = rule_on_case(world, subject, act, winner, speaker)
    except BadInput as no:
        return known | {"refused": [problem.what for problem in no.problems]}
    view = said.view
    money = _money(world, subject, said)
    return known | {"refused": [], "moves": view["moves"], "cases": view["cases"], "money": money}


def _money(world: World, subject: Subject, said: Said) -> list[dict[str, str | None]]:
    """Each party's part now, and after the ruling if whoever is left is approved; empty when it stays as it is."""
    names = {partner.id: partner.name for partner in subject.judged.facts.partners}
    before = _parts(said.judged.verdict, subject)
    after = _parts(_approved(world, subject, said), subject)
    return [
        {"party": names.get(party, party), "before": before.get(party), "after": after.get(party)}
        for party in sorted({*before, *after}, key=lambda party: names.get(party, party))
        if before != after
    ]


def _approved(world: World, subject: Subject, said: Said) -> Verdict:
    """The verdict when everybody whom the ruling leaves is approved after it."""
    first = said.directive
    left = [own.registration_id for own in said.after.standings if own.state in _WAITS]
    yes = [
        Directive(name("said", first.id, own), Act.APPROVE, own, first.by, first.at, reason="tried")
        for own in left
        if own in subject.case.registrations
    ]
    return tried(world, subject.judged, [first, *yes])


_WAITS: Final = (State.SUBMITTED, State.UNDER_REVIEW)


def _parts(verdict: Verdict, subject: Subject) -> dict[str, str]:
    return {
        portion.party: str(portion.amount) if portion.amount else f"{portion.percent} %"
        for split in verdict.splits
        if split.opportunity_id == subject.case.opportunity_id
        for portion in split.portions
    }


_LABELS: Final[Mapping[Act, str]] = {
    Act.APPROVE: "Approve it",
    Act.REJECT: "Reject it",
    Act.RETURN: "Send it back for information",
    Act.EXTEND: "Give it more time",
    Act.REVOKE: "Take the approval back",
    Act.WITHDRAW: "Withdraw it for the partner",
    Act.REOPEN: "Let its appeal in",
}


def registration_choices(claim: Claim) -> list[Choice]:
    """What fits a registration as it stands; whether this person may say it is answered when it is said."""
    return [{"act": act, "label": _LABELS[act]} for act in possible_acts(claim)]
