"""Where the reading of one object stands: closed windows of the server's time, in up to two legs, as a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from connector.record import Cursor, Record, datetime_text
from connector.salesforce.columns import Cells, Columns
from connector.salesforce.decode import moment_text
from connector.salesforce.soql import quoted

OVERLAP: Final = timedelta(minutes=10)
"""A row's stamp is set when its transaction starts, and it shows when that ends: up to ten minutes later."""
REFRESH: Final = timedelta(days=1)
"""How often everything is read anew where formulas or roll-ups are read: their change moves no stamp."""
NARROWEST: Final = 2 * OVERLAP


class Job(msgspec.Struct, frozen=True, omit_defaults=True):
    """A bulk job: asked ``polls`` times. When ``ready``, it has ``total`` rows; ``seen`` of them have been read,
    ``rows`` of those after ``locator``.
    """

    id: str
    locator: str = ""
    rows: int = 0
    seen: int = 0
    total: int = 0
    polls: int = 0
    ready: bool = False

    def polled(self) -> Job:
        return msgspec.structs.replace(self, polls=self.polls + 1)

    def read(self, rows: int) -> Job:
        return msgspec.structs.replace(self, rows=self.rows + rows, seen=self.seen + rows)

    def at(self, locator: str) -> Job:
        return msgspec.structs.replace(self, locator=locator, rows=0)


class Window(msgspec.Struct, frozen=True, omit_defaults=True):
    """A cursor: everything stamped from ``low`` to ``high`` inclusive, after the record (``stamp``, ``id``).

    Without ``low`` it is the first reading, of live records only. Without ``high`` it is a window not yet opened.

    ``again`` puts a leg before the window: every live record from before ``low``, because fields have come to
    light (``hidden`` are those that could not be seen) or calculated ones are due (last ``refreshed``). ``purged``:
    up to when hard deletes are known. ``job`` is a bulk job being read, ``tries`` how many came to nothing.
    """

    low: datetime | None = None
    high: datetime | None = None
    stamp: datetime | None = None
    id: str = ""
    again: bool = False
    hidden: tuple[str, ...] = ()
    refreshed: datetime | None = None
    purged: datetime | None = None
    job: Job | None = None
    tries: int = 0

    @property
    def live(self) -> bool:
        """Whether this leg is of live records only; a deleted one is news only inside a window."""
        return self.again or self.low is None

    def where(self, column: str) -> str:
        """What is left of this leg."""
        terms = []
        if self.stamp:
            here = datetime_text(self.stamp)
            terms.append(f"({column} > {here} OR ({column} = {here} AND Id > {quoted(self.id)}))")
        elif self.low and not self.again:
            terms.append(f"{column} >= {datetime_text(self.low)}")
        if self.low and self.again:
            terms.append(f"{column} < {datetime_text(self.low)}")
        elif self.high:
            terms.append(f"{column} <= {datetime_text(self.high)}")
        return f" WHERE {' AND '.join(terms)}" if terms else ""

    def opened(self, columns: Columns) -> Window:
        """This window for what can be seen now: with a leg before it where fields have come to light."""
        if self.high:
            return self._with(hidden=tuple(sorted({*self.hidden, *columns.hidden})))
        came_to_light = bool(self.low) and any(name in columns.types for name in self.hidden)
        return self._with(again=self.again or came_to_light, hidden=tuple(sorted(columns.hidden)))

    def closed_at(self, moment: datetime) -> Window:
        return self if self.high else self._with(high=moment)

    def hiding(self, field: str) -> Window:
        return self._with(hidden=tuple(sorted({*self.hidden, field})))

    def after(self, records: Sequence[Record]) -> Window:
        """What is left when these have been read, in order."""
        if not records:
            return self
        return self._with(stamp=records[-1].stamp, id=records[-1].ref.id)

    def in_bulk(self, job: Job | None) -> Window:
        return self._with(job=job)

    def without_job(self) -> Window:
        """After a job that came to nothing: back to where it began."""
        return self._with(job=None, tries=self.tries + 1)

    def narrowed(self, end: datetime) -> Window | None:
        """The first half of it, for a CRM that takes too long over the whole; None where it is narrow enough."""
        if self.low is None or self.again or self.stamp or end - self.low <= NARROWEST:
            return None
        return self._with(high=self.low + max((end - self.low) / 2, NARROWEST))

    def second_leg(self) -> Window:
        """The window itself, when everything from before it has been read anew."""
        return self._with(again=False, refreshed=self.high, stamp=None, id="", job=None, tries=0)

    def next(self, columns: Columns, purged: datetime | None) -> Window:
        """The window that follows when this one has been read to its end."""
        if self.high is None:
            return self
        refreshed = self.high if self.low is None else self.refreshed
        due = bool(columns.calculated) and (refreshed is None or self.high - refreshed >= REFRESH)
        low = self.high - OVERLAP
        return Window(low=low, again=due, hidden=self.hidden, refreshed=refreshed, purged=purged)

    def cursor(self) -> Cursor:
        return Cursor(msgspec.json.encode(self).decode())

    def _with(self, **parts: object) -> Window:
        return msgspec.structs.replace(self, **parts)


def between(column: str, first: Cells, last: Cells) -> str:
    """WHERE of exactly the rows from one to another, in order of stamp and Id."""
    start, end = moment_text(first[1]), moment_text(last[1])
    return (
        f" WHERE ({column} > {start} OR ({column} = {start} AND Id >= {quoted(first[0])}))"
        f" AND ({column} < {end} OR ({column} = {end} AND Id <= {quoted(last[0])}))"
    )
