"""A person divides a deal, or leaves it to the policy again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from fractions import Fraction

from sync.model.directive import Act, StatedPart
from sync.model.parties import Partner
from sync.model.problem import BadInput, Problem
from sync.model.registration import Role
from sync.model.split import VENDOR, Portion
from sync.rulings.saying import Said, Speaker, say
from sync.rulings.subjects import Subject, subject_of
from sync.world import World


def share(world: World, ident: str, parts: Sequence[str], speaker: Speaker) -> Said:
    """The split of a deal as ``PARTNER=PERCENT`` (``60``, ``33.5``, ``100/3``); without parts the policy's own.

    Raises BadInput with every fault: an unknown partner, one named twice, a number that is none, a sum off 100.
    """
    subject = subject_of(world, ident, speaker.at, ("opportunity",))
    weights = _weights(subject, parts)
    return say(world, subject, Act.SHARE, speaker, parts=tuple(_part(subject, *entry) for entry in weights.items()))


def _weights(subject: Subject, parts: Sequence[str]) -> dict[str, Fraction]:
    partners = {partner.name: partner for partner in subject.judged.facts.partners}
    found: dict[str, Fraction] = {}
    problems: list[Problem] = []
    for text in parts:
        who, _, number = text.rpartition("=")
        party, percent = _party(who.strip(), partners), _percent(number)
        if party is None:
            near = get_close_matches(who, [*partners, VENDOR], n=1, cutoff=0.5)
            problems.append(Problem(text, f"no partner of this deal is called {who!r}", _meant(near, partners)))
        elif percent is None or percent < 0:
            problems.append(Problem(text, f"{number!r} is not a share", 'write it like "Acme=60" or "Acme=100/3"'))
        elif party in found:
            problems.append(Problem(text, f"{who} is named twice", "name each partner once"))
        else:
            found[party] = percent / 100
    total = sum(found.values(), Fraction())
    if parts and not problems and total != 1:
        problems.append(Problem(" ".join(parts), f"the shares make {_decimal(total * 100)}", "let them make 100"))
    if problems:
        raise BadInput(problems)
    return found


def _meant(near: Sequence[str], partners: Mapping[str, Partner]) -> str:
    return f"did you mean {near[0]!r}?" if near else f"one of {', '.join(sorted([*partners, VENDOR]))}"


def _party(who: str, partners: Mapping[str, Partner]) -> str | None:
    if who.upper() == VENDOR:
        return VENDOR
    named = [p.id for p in partners.values() if who in (p.id, *(ref.id for ref in p.members)) or p.name == who]
    begun = [p.id for p in partners.values() if who and p.name.lower().startswith(who.lower())]
    chosen = named or begun
    return chosen[0] if len(chosen) == 1 else None


def _percent(number: str) -> Fraction | None:
    try:
        return Fraction(number.strip().removesuffix("%").strip())
    except (ValueError, ZeroDivisionError):
        return None


def _decimal(number: Fraction) -> str:
    return str(number) if number.denominator == 1 else f"about {round(number, 2)!s} percent"


def _part(subject: Subject, party: str, weight: Fraction) -> StatedPart:
    """One part, with the roles that the partner holds, and what it counted for in the split so far."""
    splits = subject.judged.verdict.splits
    portions = [p for s in splits if s.opportunity_id == subject.id for p in s.portions if p.party == party]
    known = portions[0] if portions else Portion(party, _roles(subject, party), "0", None, None, None)
    return StatedPart(party, str(weight), known.roles, known.sourced, known.influenced, known.fulfilled)


def _roles(subject: Subject, party: str) -> tuple[Role, ...]:
    held = {
        role
        for claim in subject.claims.values()
        if claim.partner.id == party and claim.opportunity and claim.opportunity.id == subject.id
        for role in claim.roles
    }
    return tuple(role for role in Role if role in held)
