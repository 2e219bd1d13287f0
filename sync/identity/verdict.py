"""What a record is to those that look like it: the same, related, a question for a person, or new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sync.identity.compare import Levels
from sync.identity.profile import Profile
from sync.identity.score import Cuts, Model


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
    found = (liken(model, own, ident, other) for ident, other in others.items())
    return decided(model.cuts, sorted(found, key=lambda likeness: (-likeness.score, likeness.id)))


def decided(cuts: Cuts, found: Sequence[Likeness]) -> Judgement:
    """What follows from all that look like a record, the best first."""
    if not found:
        return Judgement(Outcome.NEW, (), "nobody that is known looks like it")
    best = found[0]
    outcome, why = between(cuts, best)
    if outcome is Outcome.SAME and found[1:] and best.score - found[1].score < cuts.margin:
        outcome, why = _doubted(best), best.related or "another one is about as much alike"
    return Judgement(outcome, tuple(found), why)


_WEAK = {f"name={kind}" for kind in ("short", "some", "little", "far", "none")}
_WITNESSES = {f"domain={place}" for place in ("same page", "same host", "same domain")} | {"ids=same", "phone=same"}
"""What a name that says little must have beside it: abbreviations alone match strangers."""


def between(cuts: Cuts, likeness: Likeness) -> tuple[Outcome, str]:
    """What two records are to each other, whoever else looks like them, and why. The same both ways round."""
    if likeness.score < cuts.apart:
        found = Outcome.RELATED if likeness.related else Outcome.NEW
        return found, likeness.related or "nobody that is known looks like it"
    if likeness.veto:
        return _doubted(likeness), likeness.veto
    witnessed = not _WEAK.intersection(likeness.levels) or bool(_WITNESSES.intersection(likeness.levels))
    if likeness.score >= cuts.same and witnessed:
        return Outcome.SAME, "the evidence is beyond doubt and nobody else comes near"
    need = "another name needs the same address as a witness"
    why = "the evidence is not enough" if likeness.score < cuts.same else need
    return _doubted(likeness), likeness.related or why


def _doubted(likeness: Likeness) -> Outcome:
    return Outcome.RELATED if likeness.related else Outcome.ASK


def veto(one: Profile, other: Profile, reached: Levels) -> str:
    """What speaks against taking two records as one, whatever their score; empty where nothing does."""
    if family := _family(one, other):
        return family
    if "ids=differ" in reached:
        return f"their registration numbers differ: {one.ids} and {other.ids}"
    if "marks=differ" in reached:
        return f"their numbers differ: {one.marks} and {other.marks}"
    if "country=differ" in reached and one.domain and one.domain == other.domain:
        return f"they share {one.domain} and are in {one.country} and {other.country}"
    return ""


def _family(one: Profile, other: Profile) -> str:
    """What the records themselves say of parents and subsidiaries."""
    for parent, child in ((one, other), (other, one)):
        if parent.row and parent.row == child.above:
            return f"{parent.row} is the parent of {child.row}"
    return f"both belong to {one.above}" if one.above and one.above == other.above else ""


_ONE_NAME = {"name=same", "name=form", "name=equal"}


def related(one: Profile, other: Profile, reached: Iterable[str]) -> str:
    """In what two records belong together without being one; empty where they do not."""
    if family := _family(one, other):
        return family
    hit = set(reached)
    if hit & _ONE_NAME and "country=differ" in hit:
        return f"the same name in {one.country} and {other.country}"
    if one.domain and one.domain == other.domain and not hit & _ONE_NAME:
        return f"different names under {one.domain}"
    return "the same name with other numbers" if "marks=differ" in hit and hit & _ONE_NAME else ""


def namesakes(model: Model, own: Profile, others: Mapping[str, Profile]) -> list[str]:
    """Those that bear its name: in whatever script, spelling and legal form, but with the same numbers."""
    found = {ident: model.levels(own, other) for ident, other in others.items()}
    return sorted(ident for ident, hit in found.items() if _ONE_NAME & {*hit} and "marks=differ" not in hit)
