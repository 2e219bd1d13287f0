"""The models that ask what each partner adds: the deal's lines, and the Shapley value of a table of coalitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import factorial, lcm
from typing import Final

from sync.attribution.grounds import Grounds, Unusable
from sync.attribution.party import Party
from sync.attribution.terms import Terms
from sync.attribution.trace import Weighed, listed, number, part, whole
from sync.attribution.weights import VENDOR, added, proportional

MOST: Final = 10
"""Partners whose coalitions are counted one by one: 1,024 of them, and every further partner doubles it."""

Worth = Mapping[frozenset[str], Fraction]


def lines(parties: Sequence[Party], _terms: Terms, grounds: Grounds) -> Weighed:
    """Every line goes to the partners it needs; their parts of all lines are their parts of the deal."""
    if not grounds.lines:
        raise Unusable("lines", "the deal has no lines", "add line items or choose another model")
    ids = {party.id for party in parties}
    nets = [line.net for line in grounds.lines]
    if min(nets) < 0 < max(nets):
        raise Unusable("lines", "lines above and below 0 together are no parts of one whole", "divide line by line")
    # a deal whose lines are worth nothing is divided by their number
    sizes = [Fraction(abs(net) if any(nets) else 1) for net in nets]
    each = [
        proportional(present(line.parts or {VENDOR: Fraction(1)}, ids), size / sum(sizes))
        for line, size in zip(grounds.lines, sizes, strict=True)
    ]
    sums = added(each)

    def explain() -> Iterator[str]:
        for line, parts in zip(grounds.lines, each, strict=True):
            yield f"Line {line.id} -> {listed(parts)}"
        yield f"All lines together -> {listed(sums)}"

    return Weighed({party.id: sums.get(party.id, Fraction()) for party in parties}, explain)


def present(parts: Mapping[str, Fraction], ids: set[str]) -> dict[str, Fraction]:
    """A needed partner that takes no part leaves its part to the vendor, who has to find somebody for it."""
    return added({party if party in ids else VENDOR: count} for party, count in parts.items())


def shapley(parties: Sequence[Party], terms: Terms, grounds: Grounds) -> Weighed:
    """Every partner gets what it adds on average, whoever joins first: by a table of coalitions, or by lines."""
    if not grounds.worth:
        # where a line is worth its net to those it needs and nothing without them, the average is its equal parts
        return lines(parties, terms, grounds)
    ids = sorted(party.id for party in parties)
    worth = _table(ids, grounds.worth)
    everything = worth[-1]
    if not everything:
        weights = {party: Fraction(1, len(ids)) for party in ids}
        says = f"No coalition is worth anything, so the parts are equal -> {whole(weights)}"
        return Weighed(weights, lambda: (says,))
    weights = {party: adds / everything for party, adds in zip(ids, _averages(worth, len(ids)), strict=True)}

    def explain() -> Iterator[str]:
        for place, party in enumerate(ids):
            alone, adds = number(worth[1 << place]), number(weights[party] * everything)
            says = f"alone {alone}, adds {adds} of {number(everything)} on average"
            yield f"{party}: {says} -> {part(weights[party])}"

    return Weighed(weights, explain)


def _averages(worth: Sequence[Fraction], count: int) -> list[Fraction]:
    """What each partner adds (Shapley), from what each set of places, as bits, is worth."""
    unit = lcm(*[value.denominator for value in worth])
    units = [int(value * unit) for value in worth]
    times = [factorial(size) * factorial(count - size - 1) for size in range(count)]
    adds = [0] * count
    for before in range(1 << count):
        for place in range(count):
            if not before >> place & 1:
                adds[place] += times[before.bit_count()] * (units[before | 1 << place] - units[before])
    return [Fraction(sum_, unit * factorial(count)) for sum_ in adds]


def _table(ids: Sequence[str], worth: Worth) -> list[Fraction]:
    """What every coalition of ``ids`` is worth, by its places as bits; refused where that cannot be divided by."""
    if len(ids) > MOST:
        raise Unusable("coalitions", f"{len(ids)} partners, the most are {MOST}", "divide by lines")
    if worth.get(frozenset()):
        raise Unusable("coalitions", f"nobody is worth {number(worth[frozenset()])}", "make it 0")
    sets = [frozenset(id_ for place, id_ in enumerate(ids) if bits >> place & 1) for bits in range(1 << len(ids))]
    if holes := [coalition for coalition in sets[1:] if coalition not in worth]:
        more = f" and {len(holes) - 1} more" if len(holes) > 1 else ""
        raise Unusable("coalitions", f"{_together(holes[0])}{more} is missing", "say what every coalition is worth")
    found = [worth.get(coalition, Fraction()) for coalition in sets]
    for bits, value in enumerate(found):
        for place, newcomer in enumerate(ids):
            if value > found[bits | 1 << place]:
                larger, less = _together(sets[bits | 1 << place]), number(found[bits | 1 << place])
                why = f"{larger} is worth {less}, less than {number(value)} without {newcomer}"
                raise Unusable("coalitions", why, "correct one of them")
    return found


def _together(coalition: frozenset[str]) -> str:
    return "+".join(sorted(coalition))
