"""What two profiles have in common: levels, each of which has a weight."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from rapidfuzz.fuzz import ratio

from sync.identity.profile import Profile

Levels = tuple[str, ...]
"""``feature=level``, one of each feature that says something."""


class Rarity:
    """How much a word tells apart: 1 for one that everybody has, up to ``rarest`` for one that nobody else has."""

    def __init__(self, common: Mapping[str, int], rarest: int) -> None:
        self._common = common
        self.rarest = rarest
        self.common = tuple(common)

    def __call__(self, word: str) -> int:
        return self._common.get(word, self.rarest)


class Words(NamedTuple):
    """How the words of two names go together, weighed by their rarity, in percent."""

    both: int
    less: int
    rarest: int
    only: str


_MOST_WORDS: Final = 12


def levels(one: Profile, other: Profile, rarity: Rarity) -> Levels:
    """Every level that two records reach. The same both ways round."""
    name = _name(one, other, rarity)
    place = _domain(one, other)
    return (
        *name,
        f"domain={place}",
        *_elsewhere(one, other, name[0], place),
    )


def _elsewhere(one: Profile, other: Profile, name: str, place: str) -> Iterator[str]:
    kind = name.partition("=")[2]
    country, city = _equal(one.country, other.country), _city(one, other)
    yield f"country={country}"
    yield f"city={city}"
    yield f"name+domain={kind}+{place}"
    yield f"name+country={kind}+{country}"
    yield f"name+city={kind}+{city}"
    yield f"domain+country={place}+{country}"
    yield f"domain+city={place}+{city}"
    for feature, level in (
        ("brackets", _marks(one.also, other.also)),
        ("marks", _marks(one.marks, other.marks)),
        ("phone", _equal(one.phone, other.phone)),
        ("postcode", _equal(one.postcode, other.postcode)),
        ("street", _street(one.street, other.street)),
        ("ids", _ids(one.ids, other.ids)),
        ("script", "far" if one.foreign != other.foreign else ""),
    ):
        if level and level != "unknown":
            yield f"{feature}={level}"


def _equal(one: str, other: str) -> str:
    if not one or not other:
        return "unknown"
    return "same" if one == other else "differ"


def _ids(one: str, other: str) -> str:
    ours, theirs = (dict(entry.split(":") for entry in ids.split()) for ids in (one, other))
    shared = ours.keys() & theirs.keys()
    if not shared:
        return ""
    return "same" if all(ours[kind] == theirs[kind] for kind in shared) else "differ"


def _marks(one: str, other: str) -> str:
    if one == other:
        return "same" if one else ""
    return "differ" if one and other else "one-sided"


def _city(one: Profile, other: Profile) -> str:
    if one.city and other.city:
        alike = one.city == other.city or ratio(one.city, other.city) >= 80
        return "same" if alike or one.city in other.city or other.city in one.city else "differ"
    city, name = (one.city, other.name) if one.city else (other.city, one.name)
    return "named" if city and f" {city} " in f" {name} " else "unknown"


def _street(one: str, other: str) -> str:
    if not one or not other:
        return ""
    first, second = set(one.split()), set(other.split())
    shared = first & second
    numbers = {word for word in shared if word.isdigit()}
    part = len(shared) * 4 // min(len(first), len(second))
    return f"{part}/4{' with number' if numbers else ''}"


def _domain(one: Profile, other: Profile) -> str:
    """How far web addresses agree; where one is missing, whether the other is made of the name."""
    if one.domain and other.domain:
        if other.domain in (one.domain, one.mail) or other.mail == one.domain:
            if one.host == other.host:
                return "same page"
            return "same host" if _hosts_go_together(one, other) else "same domain"
        left, right = one.domain.partition(".")[0], other.domain.partition(".")[0]
        if left == right:
            return "same label"
        return "like" if ratio(left, right) >= 80 else "differ"
    site, name = (one.domain, other) if one.domain else (other.domain, one)
    return _spelt(site.partition(".")[0].replace("-", ""), name) if site else "unknown"


def _hosts_go_together(one: Profile, other: Profile) -> bool:
    """One address names no page or host of its own under the domain."""
    return one.domain in (one.host, other.host)


def _spelt(label: str, named: Profile) -> str:
    joined = named.name.replace(" ", "")
    if label in (named.joined, joined):
        return "is the name"
    if len(label) > 2 and label == named.initials:
        return "is the initials"
    if len(label) > 3 and (label in joined or (len(named.joined) > 3 and named.joined in label)):
        return "is in the name"
    return "one"


_BINS: Final = (1, 20, 35, 50, 62, 74, 85, 95, 100)
_RATIOS: Final = (30, 45, 55, 65, 75, 82, 88, 93, 97, 100)


def _name(one: Profile, other: Profile, rarity: Rarity) -> Levels:
    """The kind of likeness first, then what it is made of."""
    if not one.core or not other.core:
        return ("name=none",)
    if one.name == other.name or one.joined == other.joined:
        rare = max(map(rarity, one.core.split()))
        count = min(3, one.core.count(" ") + 1)
        exact = "same" if one.name == other.name else "form"
        return (f"name={exact}", f"rare={rare}", f"length={count}", f"letters={min(len(one.joined), 12) // 3}")
    words = _pair_words(one, other, rarity)
    close = int(max(ratio(one.joined, other.joined), _sorted_ratio(one, other)))
    short = _short(one, other)
    kind = _kind(words, close, short)
    return (
        f"name={kind}",
        f"both={bisect_right(_BINS, words.both)}",
        f"less={bisect_right(_BINS, words.less)}",
        f"close={bisect_right(_RATIOS, close)}",
        f"shared={words.rarest}",
        f"only={words.only}",
        f"acronym={short or 'no'}",
    )


def _kind(words: Words, close: int, short: str) -> str:
    if words.both >= 95 or close >= 95:
        return "equal"
    if short:
        return "short"
    if words.both >= 72 or close >= 88:
        return "near"
    if words.less >= 95:
        return "part"
    if words.both >= 50 or close >= 75:
        return "some"
    return "little" if words.both >= 25 or close >= 55 else "far"


def _sorted_ratio(one: Profile, other: Profile) -> float:
    if " " not in one.core or " " not in other.core:
        return 0
    return ratio(" ".join(sorted(one.core.split())), " ".join(sorted(other.core.split())))


def _pair_words(one: Profile, other: Profile, rarity: Rarity) -> Words:
    ours, theirs = (dict.fromkeys(entry.core.split()[:_MOST_WORDS]) for entry in (one, other))
    shared = [word for word in ours if word in theirs]
    left, right = ({word: rarity(word) for word in own if word not in shared} for own in (ours, theirs))
    same = sum(map(rarity, shared))
    whole = (same + sum(left.values())) or 1, (same + sum(right.values())) or 1
    near = _near_words(left, right)
    found = same * 100 + near[0], same * 100 + near[1]
    both, less = sum(found) // sum(whole), max(found[0] // whole[0], found[1] // whole[1])
    only = "-".join(sorted((_remaining(left), _remaining(right))))
    return Words(both, less, max(map(rarity, shared), default=0) // 2, only)


def _near_words(left: dict[str, int], right: dict[str, int]) -> tuple[int, int]:
    """Words that are spelt alike or cut short, taken out of both; what they count for on each side, in percent."""
    credit = [0, 0]
    for word in sorted(left):
        best = max(((_near(word, other), other) for other in right), default=(0, ""))
        if best[0]:
            credit[0] += left.pop(word) * best[0]
            credit[1] += right.pop(best[1]) * best[0]
    return credit[0], credit[1]


def _near(word: str, other: str) -> int:
    if word[0] != other[0] or min(len(word), len(other)) < 3 or word.isdigit() or other.isdigit():
        return 0
    if word.startswith(other) or other.startswith(word):
        return 85
    alike = int(ratio(word, other))
    return alike if alike >= 78 else 0


def _remaining(words: Mapping[str, int]) -> str:
    if not words:
        return "none"
    weight = max(words.values())
    return "common" if weight <= 7 else "known" if weight <= 12 else "rare"


def _short(one: Profile, other: Profile) -> str:
    """Whether one name is an abbreviation of the other: the surest way in which it is one."""
    if (one.also and one.also == other.core) or (other.also and other.also == one.core):
        return "brackets"
    for short, long in ((one, other), (other, one)):
        if " " not in short.core and " " in long.core and 3 <= len(short.core) <= 9:
            if short.core == long.initials or short.joined == "".join(word[0] for word in long.name.split()):
                return "initials"
            if short.core[0] == long.joined[0] and _in_order(short.core, long.joined):
                return "letters"
    return ""


def _in_order(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)
