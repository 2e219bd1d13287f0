"""The touch models: credit by when a partner was there, from verified touches up to the lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from itertools import groupby
from typing import Final

from sync.attribution.grounds import Grounds
from sync.attribution.party import Party
from sync.attribution.terms import Terms
from sync.attribution.touch import Milestone, Touch, counted
from sync.attribution.trace import Weighed, part, whole
from sync.attribution.weights import Weights, proportional

PRECISION: Final = Context(prec=50, rounding=ROUND_HALF_EVEN)
"""Powers of two are irrational: domain §5.2 fixes how many digits of them count."""

MILESTONE: Final = Fraction(3, 10)
REST: Final = Fraction(1, 10)
MICROSECOND: Final = timedelta(microseconds=1)
DAY: Final = timedelta(days=1) // MICROSECOND
FORGOTTEN: Final = 1000  # half-lives

Worth = Callable[[Sequence[Touch]], list[Fraction]]
"""Touches, oldest first (at least one), to what each is worth; any unit, not all 0."""


def first_touch(parties: Sequence[Party], _terms: Terms, grounds: Grounds) -> Weighed:
    """Everything goes to the partner of the first verified touch."""
    return _shared("First touch", parties, grounds, lambda touches: _level(touches, [1, *_zeros(touches)]))


def last_touch(parties: Sequence[Party], _terms: Terms, grounds: Grounds) -> Weighed:
    """Everything goes to the partner of the last verified touch before the lock."""
    return _shared("Last touch", parties, grounds, lambda touches: _level(touches, [*_zeros(touches), 1]))


def u_shape(parties: Sequence[Party], _terms: Terms, grounds: Grounds) -> Weighed:
    """The first and the last touch get 40 % each, those between share 20 %."""
    return _shared("U-shape", parties, grounds, _u_shape)


def w_shape(parties: Sequence[Party], _terms: Terms, grounds: Grounds) -> Weighed:
    """First touch, approval of the registration and opening of the deal get 30 % each, the others share 10 %."""
    return _shared("W-shape", parties, grounds, lambda touches: _w_shape(touches, grounds.opened))


def time_decay(parties: Sequence[Party], terms: Terms, grounds: Grounds) -> Weighed:
    """Every touch counts half as much for each half-life that it is older than the last one."""
    return _shared("Time decay", parties, grounds, lambda touches: _decay(touches, terms.half_life))


def _shared(title: str, parties: Sequence[Party], grounds: Grounds, worth: Worth) -> Weighed:
    """Partners by the sum of their touches' worth; without any touch in equal parts."""
    chosen = counted(grounds.touches, {party.id for party in parties}, grounds.lock)
    units = {party.id: Fraction() for party in parties}
    worths = worth(chosen.touches) if chosen.touches else []
    for touch, value in zip(chosen.touches, worths, strict=True):
        units[touch.partner] += value
    weights = proportional(units)

    def explain() -> Iterator[str]:
        total = sum(worths, Fraction())
        for touch, value in zip(chosen.touches, worths, strict=True):
            yield f"{title}: {touch.text} -> {part(value / total)}"
        yield from chosen.left_out
        yield f"All touches together -> {whole(weights)}" if worths else _none(weights)

    return Weighed(weights, explain)


def _none(weights: Weights) -> str:
    return f"No touch counts, so the parts are equal -> {whole(weights)}"


def _zeros(touches: Sequence[Touch]) -> list[int]:
    return [0] * (len(touches) - 1)


def _level(touches: Sequence[Touch], places: Iterable[int | Fraction]) -> list[Fraction]:
    """What each place is worth; touches of the same moment share their places equally, whoever is listed first."""
    worths, left = [], iter(places)
    for _, same in groupby(touches, key=lambda touch: touch.at):
        taken = [Fraction(next(left)) for _ in same]
        worths += [sum(taken, Fraction()) / len(taken)] * len(taken)
    return worths


def _u_shape(touches: Sequence[Touch]) -> list[Fraction]:
    between = len(touches) - 2
    if between <= 0:
        return [Fraction(1)] * len(touches)
    return _level(touches, [Fraction(2, 5), *[Fraction(1, 5 * between)] * between, Fraction(2, 5)])


def _w_shape(touches: Sequence[Touch], opened: datetime | None) -> list[Fraction]:
    """A milestone that several touches mark is shared by them; what nobody marks is shared by all in proportion."""
    first = [touch.at == touches[0].at for touch in touches]
    approved = [touch.milestone is Milestone.REGISTRATION_APPROVED for touch in touches]
    created = _created(touches, opened)
    rest = [not any(marks) for marks in zip(first, approved, created, strict=True)]
    worths = [Fraction()] * len(touches)
    for marks, size in ((first, MILESTONE), (approved, MILESTONE), (created, MILESTONE), (rest, REST)):
        for place, marked in enumerate(marks):
            if marked:
                worths[place] += size / sum(marks)
    return worths


def _created(touches: Sequence[Touch], opened: datetime | None) -> list[bool]:
    """The touch that opened the deal: as marked, else the last one before it was opened, else the first."""
    if any(touch.milestone is Milestone.OPP_CREATED for touch in touches):
        return [touch.milestone is Milestone.OPP_CREATED for touch in touches]
    if opened is None:
        return [False] * len(touches)
    at = max((touch.at for touch in touches if touch.at <= opened), default=touches[0].at)
    return [touch.at == at for touch in touches]


def _decay(touches: Sequence[Touch], half_life: Fraction) -> list[Fraction]:
    """Age counts against the last touch: how long before the close that was changes no part."""
    return [_halved(Fraction((touches[-1].at - touch.at) // MICROSECOND, DAY) / half_life) for touch in touches]


def _halved(times: Fraction) -> Fraction:
    """2^-times at the fixed precision; 0 where it would be smaller than any amount can show."""
    if times > FORGOTTEN:
        return Fraction()
    return Fraction(PRECISION.power(2, PRECISION.divide(Decimal(-times.numerator), Decimal(times.denominator))))
