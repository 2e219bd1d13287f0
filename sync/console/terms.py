"""Every word of the product explained where it stands, from the tables and docstrings that the product runs on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from sync.attribution.models import MODELS
from sync.conflicts.catalogue import CATALOGUE
from sync.ladder import LADDER
from sync.lifecycle import MOVES
from sync.model.user import UserRole
from sync.resolve import RULINGS


def sentence(documented: object) -> str:
    """The first sentence of a docstring."""
    return " ".join((documented.__doc__ or "").split()).split(". ")[0].rstrip(".") + "."


@cache
def terms() -> Mapping[str, str]:
    """Every word that is explained, and its explanation."""
    return dict(_terms())


def _terms() -> Iterator[tuple[str, str]]:
    for move in reversed(MOVES):
        if move.target:
            yield str(move.target), move.sentence  # the first way into a state says what it is
    yield from ((str(move.event), move.sentence) for move in MOVES)
    yield from ((row.kind, f"{row.title}: {row.sentence} {sentence(RULINGS[row.kind])}") for row in CATALOGUE)
    for table in (LADDER, MODELS):
        yield from ((str(name), sentence(row)) for name, row in table.items())
    yield from ((role.value, role.sentence) for role in UserRole)


def explained(word: Any) -> str:
    """What a word means; empty for one that nobody has explained."""
    return terms().get(str(word), "")
