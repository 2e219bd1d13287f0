"""Every word of the product explained where it stands, from the tables and docstrings that the product runs on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sync.attribution.models import MODELS
from sync.conflicts.catalogue import CATALOGUE
from sync.console.first_hour import OPERATIONS, SEVERITIES, STEPS, WRITES
from sync.ladder import LADDER
from sync.lifecycle import MOVES
from sync.model.registration import State
from sync.model.user import UserRole
from sync.resolve import RULINGS


def sentence(documented: object) -> str:
    """The first sentence of a docstring."""
    return " ".join((documented.__doc__ or "").split()).split(". ")[0].rstrip(".") + "."


Words = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter of the help: words with their sentences, or steps in their order."""

    name: str
    title: str
    words: Words = ()
    steps: tuple[str, ...] = ()


@cache
def terms() -> Mapping[str, str]:
    """Every word that is explained, and its explanation."""
    return {word: sentence for chapter in _WORDS for word, sentence in chapter.words}


def explained(word: Any) -> str:
    """What a word means; empty for one that nobody has explained."""
    return terms().get(str(word), "")


def chapters(role: UserRole) -> list[Chapter]:
    """The help for this role: its first hour, then every word."""
    return [first_hour(role), *_WORDS]


def _states() -> Iterator[tuple[str, str]]:
    """The first way into a state says what it is."""
    ways = {str(move.target): move.sentence for move in reversed(MOVES) if move.target}
    yield from ((state, ways[state]) for state in State if state in ways)


def _kinds() -> Iterator[tuple[str, str]]:
    yield from ((row.kind, f"{row.title}: {row.sentence} {sentence(RULINGS[row.kind])}") for row in CATALOGUE)


_WORDS: Final = (
    Chapter("states", "Where a registration stands", tuple(_states())),
    Chapter("moves", "What may happen to it", tuple((str(move.event), move.sentence) for move in reversed(MOVES))),
    Chapter("kinds", "Kinds of conflict", tuple(_kinds())),
    Chapter("severities", "How serious a conflict is", tuple(SEVERITIES.items())),
    Chapter(
        "ladder", "The rungs that separate rivals", tuple((str(k), sentence(row)) for k, row in LADDER.items())
    ),
    Chapter("models", "How a deal is divided", tuple((str(k), sentence(row)) for k, row in MODELS.items())),
    Chapter("writes", "How a write ended", tuple(WRITES.items())),
    Chapter("operations", "Operations", tuple(OPERATIONS.items())),
    Chapter("roles", "Who may do what here", tuple((role.value, role.sentence) for role in UserRole)),
)


def first_hour(role: UserRole) -> Chapter:
    """What whoever is new does first, on a sandbox."""
    return Chapter("first-hour", "Your first hour", steps=STEPS[role])
