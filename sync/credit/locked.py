"""A locked split: its weights stay, its amounts follow the deal, and only people let anybody in or take one out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from sync.attribution.apportion import Parts
from sync.attribution.frozen import followed, moved, weights_at_lock
from sync.attribution.lines import Line as NetLine
from sync.attribution.weights import VENDOR, Weights, added
from sync.claim import Claim
from sync.credit.facts import one_currency
from sync.credit.portions import valued
from sync.credit.succession import handed_over
from sync.credit.team import Team
from sync.model.deal import Line, Opportunity
from sync.model.money import Money
from sync.model.registration import State
from sync.model.split import Portion, Split


def follow(before: Split, deal: Opportunity, claims: Sequence[Claim], team: Team | None) -> Split:
    """The locked split ``before`` for the deal as it is now; ``team`` is ``None`` when nobody is credited any more.

    What a person revoked goes to the vendor: the others' work did not grow by it.
    """
    split = handed_over(before, dict.fromkeys(_revoked(before, claims), VENDOR))
    split = replace(split, notes=tuple(_newcomers(split, claims)))
    lines = moved(split.lines, _now(split, deal)) if split.lines and deal.lines and _same_currency(deal) else ()
    if split.amount == deal.amount and lines in ((), split.lines):
        return split
    return _priced(replace(split, lines=lines or split.lines), deal, team)


def _same_currency(deal: Opportunity) -> bool:
    return deal.amount is not None and one_currency(deal)


def _priced(split: Split, deal: Opportunity, team: Team | None) -> Split:
    order = [portion.party for portion in split.portions]
    if deal.amount is None:
        totals: Mapping[str, int] = {}
    elif any(line.now is not None for line in split.lines):
        totals = dict.fromkeys(order, 0) | followed(split.lines, deal.amount.minor, order)
        split = _reweighed(split, totals, order)
    else:
        totals = Parts(_weights(split), order).of(deal.amount.minor)
    currency = deal.amount.currency if deal.amount else ""
    portions = (
        valued(replace(portion, amount=Money(totals[portion.party], currency) if deal.amount else None), deal, team)
        for portion in split.portions
    )
    return replace(split, amount=deal.amount, portions=tuple(portions))


def _weights(split: Split) -> Weights:
    if all(portion.share_ppm is not None for portion in split.portions):
        return {portion.party: Fraction(portion.weight) for portion in split.portions}
    known = weights_at_lock(split.lines)
    return {portion.party: known.get(portion.party, Fraction()) for portion in split.portions}


def _reweighed(split: Split, totals: Mapping[str, int], order: Sequence[str]) -> Split:
    """The shares of a bundle are those of its totals; some above zero and some below have only amounts."""
    whole = sum(totals.values())
    later = tuple(Portion(party, (), "0", 0, None, None) for party in sorted(totals.keys() - {*order}))
    split = replace(split, portions=(*split.portions, *later))
    if not any(totals.values()):
        weights: Weights | None = _weights(split)
    else:
        mixed = min(totals.values()) < 0 < max(totals.values())
        weights = None if mixed else {party: Fraction(total, whole) for party, total in totals.items()}
    parts = Parts(weights, order) if weights else None
    ppm, percent = (parts.of(1_000_000), parts.percent()) if parts else ({}, {})
    return replace(
        split,
        portions=tuple(
            replace(
                portion,
                weight=str(weights[portion.party]) if weights else "0",
                share_ppm=ppm[portion.party] if parts else None,
                percent=percent[portion.party] if parts else None,
            )
            for portion in split.portions
        ),
    )


def _now(split: Split, deal: Opportunity) -> dict[str, NetLine]:
    inside = {portion.party for portion in split.portions}
    return {
        line.id: NetLine(line.id, line.net.minor if line.net else 0, _let_in(line, inside)) for line in deal.lines
    }


def _let_in(line: Line, inside: Iterable[str]) -> dict[str, Fraction]:
    """The parts of a line that came after the lock: who was not in the split leaves its part to the vendor."""
    known = {*inside}
    return added({party if party in known else VENDOR: Fraction(1)} for party in dict.fromkeys(line.needs))


def _newcomers(split: Split, claims: Sequence[Claim]) -> Iterator[str]:
    inside = {portion.party for portion in split.portions}
    credited = {claim.partner.id: claim.partner.name for claim in claims if claim.state.credited}
    for party, name in sorted(credited.items()):
        if party not in inside:
            yield f"{name} was approved after the lock and has no part, until a person states the split anew."


def _revoked(split: Split, claims: Sequence[Claim]) -> list[str]:
    """The parties whose approvals people took back, all of them."""
    states: dict[str, set[State]] = {}
    for claim in claims:
        states.setdefault(claim.partner.id, set()).add(claim.state)
    return [
        portion.party
        for portion in split.portions
        if State.REVOKED in (own := states.get(portion.party, set())) and not any(state.credited for state in own)
    ]
