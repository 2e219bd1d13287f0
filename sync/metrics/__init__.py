"""The numbers of a programme from plain counts: every one with how many it rests on, and what it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final

from sync.metrics.counts import Counts
from sync.metrics.dealing import ageing, conflict, process
from sync.metrics.decided import Moved, decided
from sync.metrics.figure import Figure, Measuring, Rows
from sync.metrics.pillars import pillars
from sync.metrics.selling import partners, revenue, sales
from sync.workdays import Calendar

SECTIONS: Final[Mapping[str, Callable[[Measuring], Iterator[Figure]]]] = {
    "process": process,
    "conflict": conflict,
    "revenue": revenue,
    "partners": partners,
    "sales": sales,
    "ageing": ageing,
    "pillars": pillars,
}
"""Each function's docstring says what its numbers are about."""


def figures(counts: Counts, now: datetime, calendar: Calendar) -> list[Figure]:
    """Every number, in the order of SECTIONS."""
    measuring = Measuring(counts, now, calendar)
    return [figure for section in SECTIONS.values() for figure in section(measuring)]


__all__ = ["SECTIONS", "Counts", "Figure", "Moved", "Rows", "decided", "figures"]
