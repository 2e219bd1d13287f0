"""Fits the weights of levels to labelled pairs: logistic regression with a prior, the same on every machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from math import exp
from typing import Final

from sync.identity.compare import Levels

Labelled = tuple[Levels, bool]
"""What a pair has in common, and whether the two are one."""

_SEEN: Final = 15
"""A level that fewer pairs have gets no weight: it would be a guess."""
_PRIOR: Final = 3.0
"""How strongly weights are held at zero, as so many observations."""
_ROUNDS: Final = 12


def fit(pairs: Iterable[Labelled]) -> tuple[int, dict[str, int]]:
    """The bias and the weight of each level, in hundredths, by Newton's method."""
    labelled = list(pairs)
    counted = Counter(level for reached, _ in labelled for level in reached)
    names = ["", *sorted(level for level, count in counted.items() if count >= _SEEN)]
    place = {name: index for index, name in enumerate(names)}
    rows: Counter[tuple[tuple[int, ...], bool]] = Counter(
        ((0, *sorted(place[level] for level in reached if level in place)), label) for reached, label in labelled
    )
    weights = [0.0] * len(names)
    for _ in range(_ROUNDS):
        step = _solved(*_slopes(sorted(rows.items()), weights))
        weights = [weight + change for weight, change in zip(weights, step, strict=True)]
        if max(map(abs, step)) < 1e-3:
            break
    kept = {name: round(weight * 100) for name, weight in zip(names, weights, strict=True) if name}
    return round(weights[0] * 100), {name: weight for name, weight in kept.items() if weight}


def _slopes(
    rows: Sequence[tuple[tuple[tuple[int, ...], bool], int]], weights: Sequence[float]
) -> tuple[list[list[float]], list[float]]:
    """The curvature and the slope of the likelihood with its prior; the bias has none."""
    size = len(weights)
    curve = [[0.0] * size for _ in range(size)]
    slope = [-_PRIOR * weight for weight in weights]
    slope[0] = 0.0
    for (reached, label), count in rows:
        chance = 1 / (1 + exp(-max(-30.0, min(30.0, sum([weights[index] for index in reached])))))
        error, spread = count * (label - chance), count * chance * (1 - chance)
        for index in reached:
            slope[index] += error
            line = curve[index]
            for other in reached:
                line[other] += spread
    for index in range(size):
        curve[index][index] += _PRIOR if index else 1e-6
    return curve, slope


def _solved(curve: list[list[float]], slope: list[float]) -> list[float]:
    """The step that makes the slope zero: the curvature is symmetric and positive, so no pivots are looked for."""
    size = len(slope)
    for pivot in range(size):
        top = curve[pivot]
        for below in range(pivot + 1, size):
            line = curve[below]
            if factor := line[pivot] / top[pivot]:
                slope[below] -= factor * slope[pivot]
                for column in range(pivot, size):
                    line[column] -= factor * top[column]
    step = [0.0] * size
    for index in range(size - 1, -1, -1):
        line = curve[index]
        rest = sum([line[column] * step[column] for column in range(index + 1, size)])
        step[index] = (slope[index] - rest) / line[index]
    return step


def best_cut(scored: Iterable[tuple[int, bool]]) -> int:
    """The score from which on pairs are taken as one at the best F1."""
    labelled = list(scored)
    positives = sum(label for _, label in labelled)
    return max(_taken(labelled), key=lambda cut: (2 * cut[2] / (cut[1] + positives), cut[0]))[0]


def recall_at(scored: Iterable[tuple[int, bool]], precision: float) -> float:
    """The largest share of positives that can be found with at least this precision."""
    labelled = list(scored)
    positives = sum(label for _, label in labelled)
    return max((hit / positives for _, taken, hit in _taken(labelled) if hit / taken >= precision), default=0.0)


def _taken(labelled: Sequence[tuple[int, bool]]) -> Iterator[tuple[int, int, int]]:
    """Each score, with how many pairs have it or a higher one, and how many of those are one."""
    taken, hit = 0, 0
    for score, group in groupby(sorted(labelled, reverse=True), key=lambda entry: entry[0]):
        labels = [label for _, label in group]
        taken, hit = taken + len(labels), hit + sum(labels)
        yield score, taken, hit
