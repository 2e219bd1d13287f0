"""How alike names and values look, so that fields and picklist values can be suggested; never decided by it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rapidfuzz import fuzz

from sync.model.problem import did_you_mean

_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_EMPTY: Final = frozenset({"c", "hs", "id"})


def spaced(name: str) -> str:
    """A name as words: ``Channel_Level__c`` and ``channelLevel`` are both ``channel level``."""
    words = [part.casefold() for part in _PARTS.findall(name)]
    return " ".join([word for word in words if word not in _EMPTY] or words)


def likeness(one: str, other: str) -> int:
    """How alike two names are, of 100, whatever the order of their words."""
    return int(fuzz.token_sort_ratio(spaced(one), spaced(other)))


def alike(value: str, words: Sequence[str]) -> str:
    """The word that a CRM's value looks like; empty where none does."""
    plainly = {_letters(word): word for word in words}
    if (same := plainly.get(_letters(value))) is not None:
        return same
    near = did_you_mean(_letters(value), plainly, "")
    return plainly.get(near.removeprefix("did you mean '").removesuffix("'?"), "")


def word_for(value: str, words: Sequence[str], known: Mapping[str, str]) -> str:
    """Our word for a CRM's value that is spelt like a word or a known value, or holds one whole; else empty."""
    if value in known:
        return known[value]
    spelt = {_letters(word): word for word in words} | {_letters(entry): word for entry, word in known.items()}
    if word := spelt.get(_letters(value)):
        return word
    held = set(spaced(value).split())
    whole = {word for entry, word in known.items() if held >= set(spaced(entry).split())}
    return whole.pop() if len(whole) == 1 else ""


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def first_map(values: Iterable[str], words: Sequence[str], known: Mapping[str, str]) -> dict[str, str]:
    """Every value with its word; values that are like none are not in it."""
    return {value: word for value in values if (word := word_for(value, words, known))}
