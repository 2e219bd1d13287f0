"""The numbers of a programme as people read them: counted, narrowed, with the rows behind each, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sync.metrics import Counts, Figure, figures
from sync.metrics.divided import BY, Slice, divided
from sync.metrics.narrow import Narrow
from sync.model.money import Money
from sync.model.problem import BadInput, Problem
from sync.statement import period
from sync.store.counted import choices, count, count_overdue
from sync.store.measured import edition
from sync.store.narrowed import Listed, count_behind, rows_behind
from sync.store.opening import Store
from sync.store.slices import slices
from sync.world import World


def narrowed(world: World, over: str = "", **words: str) -> Narrow:
    """What numbers are narrowed to; ``over`` as statements take it: 2026, 2026Q4, 2026-11. Raises BadInput."""
    span = period(over) if over else None
    first, after = (span.first, span.after) if span else (None, None)
    return Narrow(world.record_of.get("opportunity", ""), first=first, after=after, **words)


def insight(world: World, narrow: Narrow, now: datetime) -> list[Figure]:
    """Every number, from what was measured as it was read and judged: nothing is judged here."""
    with world.store.read() as connection:
        known, overdue = edition(connection), count_overdue(connection, narrow, now)
    counts = replace(_counts(world.store, known, narrow), overdue=overdue)
    return figures(counts, now, world.policies.at(now).business_days)


def insight_by(world: World, narrow: Narrow, by: str) -> list[Figure]:
    """The core numbers for every region, vertical, role, or kind of bundle. Raises BadInput for others."""
    if by not in BY:
        raise BadInput([Problem(f"by {by}", "numbers are not divided by this", f"one of {', '.join(BY)}")])
    with world.store.read() as connection:
        known = edition(connection)
    return list(divided(by, _slices(world.store, known, narrow, by)))


def offered(world: World) -> dict[str, list[str]]:
    """What the numbers can be narrowed to, by the name of each parameter."""
    with world.store.read() as connection:
        known = edition(connection)
    return _offered(world.store, known)


# Counting a large programme takes longer than a page should: what was counted holds until the next edition.


@lru_cache(maxsize=128)
def _counts(store: Store, _edition: str, narrow: Narrow) -> Counts:
    with store.read() as connection:
        return count(connection, narrow)


@lru_cache(maxsize=128)
def _slices(store: Store, _edition: str, narrow: Narrow, by: str) -> dict[str, Slice]:
    with store.read() as connection:
        return slices(connection, narrow, by)


@lru_cache(maxsize=8)
def _offered(store: Store, _edition: str) -> dict[str, list[str]]:
    with store.read() as connection:
        return choices(connection)


@dataclass(frozen=True, slots=True)
class Listing:
    """Some rows of a list, and how many there are in all."""

    rows: Sequence[Mapping[str, str]]
    total: int
    skipped: int


def listing(world: World, listed: Listed, now: datetime, skip: int = 0, most: int | None = None) -> Listing:
    """The rows behind a number. Raises BadInput for a list or a word that nobody knows."""
    with world.store.read() as connection:
        total = count_behind(connection, listed, now)
        rows = rows_behind(connection, listed, now, skip, most)
    return Listing([dict(_read(listed.rows.of, row)) for row in rows], total, skip)


COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "registrations": (
        *(
            "id",
            "opportunity_id",
            "deal",
            "name",
            "roles",
            "state",
            "reason",
            "region",
            "vertical",
            "bundle",
            "day",
        ),
        *("since", "due", "protected_to", "decided", "decided_at", "minutes", "late", "person", "returns", "kinds"),
    ),
    "deals": (
        *("id", "name", "outcome", "currency", "amount", "parties", "roles", "days", "day", "region", "vertical"),
        *("bundle", "sourced", "influenced", "fulfilled_amount"),
    ),
    "parts": (
        *("opportunity_id", "deal", "party", "name", "roles", "outcome", "currency", "amount", "sourced_amount"),
        *("influenced_amount", "fulfilled_amount", "region", "vertical", "bundle", "day"),
    ),
}


def _read(of: str, row: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for column in COLUMNS[of]:
        kept = column.replace("amount", "minor")
        value = row[kept]
        if kept != column and value is not None:
            value = Money(int(value), row["currency"]).major if row["currency"] else None
        yield column, _text(value)


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return value.strip(";").replace(";", ", ") if value.startswith(";") else value
        case _:
            return str(value)


FIGURE_COLUMNS: Final = ("section", "key", "title", "of", "value", "unit", "n", "note")


def figures_csv(found: Iterable[Figure]) -> str:
    """One line a number."""
    return lines(FIGURE_COLUMNS, ([str(getattr(figure, name)) for name in FIGURE_COLUMNS] for figure in found))


def listing_csv(of: str, found: Listing) -> str:
    """One line a row."""
    return lines(COLUMNS[of], (list(row.values()) for row in found.rows))


def lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """CSV. What a spreadsheet would take for a formula is marked as text: names come from whoever typed them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_harmless(value) for value in row] for row in rows)
    return text.getvalue()


def _harmless(value: str) -> str:
    number = value.removeprefix("-").replace(".", "", 1).isdigit()
    return f"'{value}" if value[:1] in tuple("=+-@\t\r") and value and not number else value
