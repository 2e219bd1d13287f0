"""How alike two profiles are: the weights of the levels that they reach, added up, with its reasons."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from sync.identity.compare import Levels, Rarity, levels
from sync.identity.profile import Profile

_REASONS: Final = 5


class Cuts(NamedTuple):
    """``same``: from this score on two records may be taken as one; ``margin``: what the best must have before the
    second; ``apart``: below this score they are two."""

    same: int
    margin: int
    apart: int


class Model:
    """One version of the weights. All numbers are hundredths of the natural logarithm of odds, as whole numbers.

    ``version`` names it in everything that was scored by it. The source is ``weights.json``, which is fitted
    (sync.identity.fit), never edited: ``stated`` and ``weights`` are the weight of each level of each feature,
    ``words`` the words of each rarity.
    """

    def __init__(self, kept: Mapping[str, Any]) -> None:
        self.version: str = kept["version"]
        listed = ((word, int(rarity)) for rarity, words in kept["words"].items() for word in words.split())
        self.rarity = Rarity(dict(sorted(listed)), kept["rarest"])
        self.bias: int = kept["bias"]
        self.weights: Mapping[str, int] = {
            f"{feature}={level}": weight
            for part in ("weights", "stated")
            for feature, found in kept[part].items()
            for level, weight in found.items()
        }
        self.cuts = Cuts(**kept["cuts"])

    def levels(self, one: Profile, other: Profile) -> Levels:
        """What the two have in common."""
        return levels(one, other, self.rarity)

    def score(self, reached: Levels) -> int:
        """The evidence that levels make together: above 0 the two are rather one than two."""
        known = self.weights
        return self.bias + sum([known[level] for level in reached if level in known])

    def reasons(self, reached: Levels) -> list[str]:
        """The levels that counted most, each with its weight."""
        counted = [(self.weights[level], level) for level in reached if self.weights.get(level)]
        counted.sort(key=lambda entry: (-abs(entry[0]), entry[1]))
        return [f"{_say(level)} {weight / 100:+.2f}" for weight, level in counted[:_REASONS]]


@cache
def shipped() -> Model:
    """The weights that dealsync comes with."""
    return Model(json.loads((files(__package__) / "weights.json").read_text("utf-8")))


_SAID: Final = {
    "acronym": "abbreviation",
    "both": "words in common, by rarity (0 none to 9 all)",
    "close": "spelling (0 far to 10 equal)",
    "ids": "registration number",
    "less": "words of the shorter name found in the longer (0 to 9)",
    "letters": "length of the equal name",
    "length": "words of the equal name",
    "marks": "numbers in the names",
    "only": "rarest words that only one has",
    "rare": "rarity of the equal name",
    "script": "writing",
    "shared": "rarity of the rarest word in common (0 to 7)",
}


def _say(level: str) -> str:
    feature, _, value = level.partition("=")
    return f"{_SAID.get(feature, feature)}: {value}"
