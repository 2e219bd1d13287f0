"""The loop breaker: a field that is written to and fro within the hour is left alone, with both histories shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sync.model.plan import FieldChange, PlannedChange

WITHIN: Final = timedelta(hours=1)
MOST: Final = 3
"""So often may one field of a row be written within the hour; what wants to write it once more fights somebody."""

Row = tuple[str, str, str]


def flipping(
    planned: Iterable[PlannedChange], written: Mapping[Row, Sequence[tuple[str, PlannedChange]]]
) -> dict[Row, str]:
    """The rows of ``planned`` that would be written once too often, each with the field and its history in words.

    ``written``: what was written within the hour, oldest first. A field counts when it was given other values in
    between, not when it moved on: that a deal goes through its stages in an hour is no fight.
    """
    found: dict[Row, str] = {}
    for change in planned:
        row = (change.connection, change.object, change.key)
        for entry in change.fields:
            own = written.get(row, ())
            said = [(at, f) for at, was in own for f in was.fields if f.field == entry.field]
            if len(said) >= MOST and entry.after in [was.after for _, was in said]:
                found[row] = _story(entry, said)
                break
    return found


def _story(entry: FieldChange, said: Sequence[tuple[str, FieldChange]]) -> str:
    """Both histories: what was found there each time, and what was written."""
    times = ", ".join(f"{at[11:16]} from {was.before!r} to {was.after!r}" for at, was in said)
    return f"{entry.field} goes to and fro ({times}) and would become {entry.after!r} again"


def since(now: datetime) -> datetime:
    """From when on writes count."""
    return now - WITHIN
