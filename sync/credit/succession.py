"""A part of a locked split that goes to somebody else, whole: nothing is divided anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from sync.attribution.frozen import parts_of
from sync.attribution.weights import VENDOR, added
from sync.model.money import Money
from sync.model.split import FrozenLine, Portion, Split


def handed_over(split: Split, to: Mapping[str, str]) -> Split:
    """The split with the parts of some parties given to others; shares and amounts add up as before."""
    if not any(portion.party in to for portion in split.portions):
        return split
    joined: dict[str, Portion] = {}
    for portion in split.portions:
        party = to.get(portion.party, portion.party)
        own = _of_the_vendor(portion) if party == VENDOR else replace(portion, party=party)
        joined[party] = _joined(joined[party], own) if party in joined else own
    last = sorted(joined.values(), key=lambda portion: portion.party == VENDOR)
    return replace(split, portions=tuple(last), lines=tuple(_line(line, to) for line in split.lines))


def _of_the_vendor(portion: Portion) -> Portion:
    """What becomes the vendor's counts for no partner."""
    return Portion(VENDOR, (), portion.weight, portion.share_ppm, portion.percent, portion.amount)


def _joined(one: Portion, other: Portion) -> Portion:
    """Two parts of one party; of the numbers that overlap the larger claim stays."""
    apart = one.share_ppm is None or other.share_ppm is None
    return Portion(
        party=one.party,
        roles=tuple(dict.fromkeys((*one.roles, *other.roles))),
        weight=str(Fraction(one.weight) + Fraction(other.weight)),
        share_ppm=None if apart else (one.share_ppm or 0) + (other.share_ppm or 0),
        percent=one.percent + other.percent if one.percent is not None and other.percent is not None else None,
        amount=Money(one.amount.minor + other.amount.minor, one.amount.currency)
        if one.amount and other.amount
        else None,
        sourced=one.sourced or other.sourced,
        influenced=one.influenced or other.influenced,
        fulfilled=one.fulfilled or other.fulfilled,
        sourced_amount=one.sourced_amount or other.sourced_amount,
        influenced_amount=one.influenced_amount or other.influenced_amount,
        fulfilled_amount=one.fulfilled_amount or other.fulfilled_amount,
    )


def _line(line: FrozenLine, to: Mapping[str, str]) -> FrozenLine:
    parts = added({to.get(party, party): part} for party, part in parts_of(line).items())
    return replace(line, parts=tuple((party, str(part)) for party, part in sorted(parts.items())))
