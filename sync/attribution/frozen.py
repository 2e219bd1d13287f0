"""The lines of a bundle as they were when its split was locked, and what they come to after a later change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from sync.attribution.apportion import apportion
from sync.attribution.lines import Line, LineSplit
from sync.attribution.weights import VENDOR, Weights, added, proportional
from sync.model.split import FrozenLine


def frozen(lines: Sequence[Line], split: LineSplit) -> tuple[FrozenLine, ...]:
    """``lines`` as ``split`` divided them, each worth its net and its part of the header difference."""
    return tuple(
        FrozenLine(line.id, line.net, line.net + split.adjustments[line.id], _vector(line.parts), line.net)
        for line in lines
    )


def _vector(parts: Weights) -> tuple[tuple[str, str], ...]:
    vector = proportional(parts) if parts else {VENDOR: Fraction(1)}
    return tuple((party, str(part)) for party, part in sorted(vector.items()))


def parts_of(line: FrozenLine) -> dict[str, Fraction]:
    """The exact parts of one line, adding up to 1."""
    return {party: Fraction(part) for party, part in line.parts}


def moved(lines: Sequence[FrozenLine], now: Mapping[str, Line]) -> tuple[FrozenLine, ...]:
    """The frozen lines with their nets ``now`` (``None``: gone). A line that came later has its own parts."""
    known = {line.id for line in lines}
    there = tuple(replace(line, now=now[line.id].net if line.id in now else None) for line in lines)
    added_ = (FrozenLine(line.id, line.net, line.net, _vector(line.parts), line.net) for line in now.values())
    return (*there, *(line for line in added_ if line.id not in known))


def followed(lines: Sequence[FrozenLine], base: int, tie_order: Sequence[str]) -> dict[str, int]:
    """``base`` (minor units, the header amount) shared by lines that may have changed since they were frozen.

    A line that changed changes its worth in proportion, and only its own partners feel it; what then is still
    missing to ``base`` goes over the lines that are left, by their size. Needs at least one line that is left.
    """
    worth = {line.id: _worth(line) for line in lines if line.now is not None}
    sizes = proportional({line: Fraction(abs(units)) for line, units in worth.items()})
    rest = apportion(base - sum(worth.values()), sizes, ())
    totals: Counter[str] = Counter({party: 0 for line in lines for party, _ in line.parts})
    for line in lines:
        if line.id in worth:
            totals.update(apportion(worth[line.id] + rest[line.id], parts_of(line), tie_order))
    return dict(totals)


def _worth(line: FrozenLine) -> int:
    """What a line is worth now: its share of the header difference goes along with it."""
    assert line.now is not None
    if line.net == 0:
        return line.worth + line.now
    return round(Fraction(line.worth * line.now, line.net))


def weights_at_lock(lines: Sequence[FrozenLine]) -> dict[str, Fraction]:
    """What the parties had of the deal by the lines' sizes: for a deal whose lines are all gone."""
    sizes = proportional({line.id: Fraction(abs(line.worth)) for line in lines})
    return added({p: part * sizes[line.id] for p, part in parts_of(line).items()} for line in lines)
