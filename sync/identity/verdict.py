"""What a record is to those that look like it: the same, related, a question for a person, or new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sync.identity.compare import Levels
from sync.identity.profile import Profile
from sync.identity.score import Model


class Outcome(StrEnum):
    """SAME is safe enough to be acted on; RELATED and ASK are for a person; NEW is nobody that we know."""

    SAME = "SAME"
    RELATED = "RELATED"
    ASK = "ASK"
    NEW = "NEW"


@dataclass(frozen=True, slots=True)
class Likeness:
    """One record that looks like it. ``score`` in hundredths; ``veto``: why the two are not taken as one whatever
    the score; ``related``: in what they belong together without being one."""

    id: str
    score: int
    levels: Levels
    veto: str = ""
    related: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """``found``: the best first. ``why`` in one sentence."""

    outcome: Outcome
    found: tuple[Likeness, ...]
    why: str


def liken(model: Model, own: Profile, ident: str, other: Profile) -> Likeness:
    """A record beside one other."""
    reached = model.levels(own, other)
    return Likeness(ident, model.score(reached), reached, veto(own, other, reached), related(own, other, reached))


def judge(model: Model, own: Profile, others: Mapping[str, Profile]) -> Judgement:
    """A record beside those of its neighbourhood. The order of ``others`` does not matter."""
    found = sorted(
        (liken(model, own, ident, other) for ident, other in others.items()),
        key=lambda likeness: (-likeness.score, likeness.id),
    )
    return _outcome(model, found)


_WEAK = {f"name={kind}" for kind in ("short", "some", "little", "far", "none")}
_WITNESSES = {f"domain={place}" for place in ("same page", "same host", "same domain")} | {"ids=same", "phone=same"}
"""What a name that says little must have beside it: abbreviations alone match strangers."""


def _outcome(model: Model, found: list[Likeness]) -> Judgement:
    if not found or found[0].score < model.apart:
        return Judgement(Outcome.NEW, tuple(found), "nobody that is known looks like it")
    best = found[0]
    if best.veto:
        outcome = Outcome.RELATED if best.related else Outcome.ASK
        return Judgement(outcome, tuple(found), best.veto)
    lead = best.score - found[1].score if found[1:] else model.margin
    witnessed = not _WEAK.intersection(best.levels) or bool(_WITNESSES.intersection(best.levels))
    if best.score >= model.same and lead >= model.margin and witnessed:
        return Judgement(Outcome.SAME, tuple(found), "the evidence is beyond doubt and nobody else comes near")
    if best.related:
        return Judgement(Outcome.RELATED, tuple(found), best.related)
    close = (
        "another one is about as much alike" if witnessed else "another name needs the same address as a witness"
    )
    why = close if best.score >= model.same else "the evidence is not enough"
    return Judgement(Outcome.ASK, tuple(found), why)


def veto(one: Profile, other: Profile, reached: Levels) -> str:
    """What speaks against taking two records as one, whatever their score; empty where nothing does."""
    if "ids=differ" in reached:
        return f"their registration numbers differ: {one.ids} and {other.ids}"
    if "marks=differ" in reached:
        return f"their numbers differ: {one.marks} and {other.marks}"
    if "country=differ" in reached and one.domain and one.domain == other.domain:
        return f"they share {one.domain} and are in {one.country} and {other.country}"
    return ""


_ONE_NAME = {"name=same", "name=form", "name=equal"}


def related(one: Profile, other: Profile, reached: Iterable[str]) -> str:
    """In what two records belong together without being one; empty where they do not."""
    hit = set(reached)
    if hit & _ONE_NAME and "country=differ" in hit:
        return f"the same name in {one.country} and {other.country}"
    if one.domain and one.domain == other.domain and not hit & _ONE_NAME:
        return f"different names under {one.domain}"
    return "the same name with other numbers" if "marks=differ" in hit and hit & _ONE_NAME else ""
