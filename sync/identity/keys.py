"""The keys of a profile: two records are compared only when they have one in common that not too many have."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, NamedTuple

from sync.identity.compare import Rarity
from sync.identity.profile import Profile


class Kind(NamedTuple):
    """``most``: how many records may have one key before it says nothing; ``gain``: what sharing it counts."""

    most: int
    gain: int


KINDS: Final = {
    "id": Kind(400, 40),
    "domain": Kind(200, 14),
    "phone": Kind(100, 12),
    "name": Kind(300, 12),
    "words": Kind(200, 10),
    "start": Kind(150, 5),
    "end": Kind(150, 4),
    "pair": Kind(200, 7),
    "place": Kind(60, 4),
    "stem": Kind(150, 3),
    "word": Kind(400, 3),
}
"""In the order of their worth."""

_WORDS: Final = 5
_SHORTEST: Final = 3
_LONG: Final = 6
_RARE: Final = 11


class Key(NamedTuple):
    """``hash`` is what is stored: 64 bits, signed."""

    kind: str
    hash: int


def keys(own: Profile, rarity: Rarity, among: str = "") -> list[Key]:
    """Every key once, the most telling first. ``among``: records of another sort have keys of their own."""
    return [Key(kind, _hash(f"{among}{kind}", text)) for kind, text in dict.fromkeys(_texts(own, rarity))]


def _hash(kind: str, text: str) -> int:
    return int.from_bytes(blake2b(f"{kind} {text}".encode(), digest_size=8).digest(), "big", signed=True)


def _texts(own: Profile, rarity: Rarity) -> list[tuple[str, str]]:
    found = [("id", number) for number in own.ids.split()]
    found += [("domain", place) for place in (own.domain, own.mail) if place]
    if own.phone:
        found.append(("phone", own.phone))
    joined, words = own.joined, list(dict.fromkeys(own.core.split()))
    labels = (joined, own.domain.partition(".")[0].replace("-", ""), own.also.replace(" ", ""), own.initials)
    found += [("name", label) for label in labels if len(label) >= _SHORTEST or (label and label == joined)]
    rare = sorted(words, key=lambda word: (-rarity(word), word))[:_WORDS]
    if len(words) > 1:
        found.append(("words", " ".join(sorted(words))))
        found.append(("start", joined[:7]))
        found.append(("end", joined[-7:]))
        told = sorted(rare[:3])
        found += [("pair", f"{one} {other}") for at, one in enumerate(told) for other in told[at + 1 :]]
    elif len(joined) > 4:
        found += [("start", joined[:5]), ("end", joined[-5:])]
    found += [("stem", word[:5]) for word in rare[:2] if len(word) > _LONG]
    if own.city:
        common = sorted((word for word in words if rarity(word) < _RARE), key=lambda word: (-rarity(word), word))
        found += [("place", f"{own.city} {word}") for word in common[:2]]
    found += [("word", word) for word in rare if len(word) > 1]
    return found
