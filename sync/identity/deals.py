"""How alike the names of two deals are, in the same words as those of companies."""

from __future__ import annotations

from typing import Final

from rapidfuzz.fuzz import ratio

from sync.identity.profile import profile

_ALL: Final = 100


def names_alike(one: str, other: str, customer: str) -> int:
    """In percent, whatever the order of their words; the customer's own name, which both may carry, does not count.

    0 where both have numbers and those differ: phases, series and years tell deals apart. The same both ways round.
    """
    known = {*profile({"name": customer}).name.split()}
    left, right = (profile({"name": name}) for name in (one, other))
    if left.marks and right.marks and left.marks != right.marks:
        return 0
    ours, theirs = ([word for word in own.name.split() if word not in known] for own in (left, right))
    if not ours or not theirs:
        return _ALL if ours == theirs else 0
    as_written = ratio("".join(ours), "".join(theirs))
    return int(max(as_written, ratio(" ".join(sorted(ours)), " ".join(sorted(theirs)))))
