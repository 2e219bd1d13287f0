"""The core numbers beside each other for every region, industry, role, or with and without bundles. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from sync.metrics.figure import Figure, Rows, money, rate

BY: Final[Mapping[str, str]] = {
    "region": "country of the customer",
    "vertical": "industry of the customer",
    "role": "role (who holds two counts in both)",
    "bundle": "deals whose lines name their partners",
}


@dataclass(slots=True)
class Slice:
    """Counts of one part of the programme. ``credit``: partners' parts of won deals by currency, in minor units."""

    registrations: int = 0
    conflicted: int = 0
    decided: int = 0
    approved: int = 0
    late: int = 0
    won: int = 0
    lost: int = 0
    credit: dict[str, int] = field(default_factory=dict)


def divided(by: str, slices: Mapping[str, Slice]) -> Iterator[Figure]:
    """The figures of every part, the one with most registrations first."""
    for of, own in sorted(slices.items(), key=lambda item: (-item[1].registrations, item[0])):
        yield from _figures(f"by {by}", of, own)


def _figures(section: str, of: str, own: Slice) -> Iterable[Figure]:
    n = own.registrations
    listed = Rows("registrations")
    yield Figure(section, "registrations", "Registrations", of, str(n), "count", n, "", listed)
    met = Rows("registrations", (("conflict", "any"),))
    yield rate((section, "conflict_rate", "In a conflict"), own.conflicted, n, met, of)
    yield rate((section, "approved", "Approved"), own.approved, own.decided, None, of)
    yield rate((section, "in_time", "Decided in time"), own.decided - own.late, own.decided, None, of)
    closed = Rows("deals", (("kind", "with partners"), ("outcome", "WON")))
    yield rate((section, "win_rate", "Deals with partners won"), own.won, own.won + own.lost, closed, of)
    for currency, minor in sorted(own.credit.items()):
        rows = Rows("parts", (("outcome", "WON"), ("currency", currency)))
        value = money(minor, currency)
        yield Figure(section, "credit", "Split credit of partners, won", of, value, currency, own.won, "", rows)
