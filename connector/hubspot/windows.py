"""Where a reading stands and what it need not read again, as the text that becomes a cursor."""

from __future__ import annotations

import zlib
from base64 import b85decode, b85encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from heapq import nlargest
from typing import Literal, NamedTuple

import msgspec

from connector.errors import StopCrm
from connector.hubspot.decode import moment
from connector.record import Cursor, datetime_text

OVERLAP = timedelta(minutes=10)
"""How far a window reaches back into the last one: HubSpot's search index lags behind its writes."""

SHORT, BUSY = timedelta(minutes=1), 1000
"""How far where the overlap would bring more than so many rows again; what is later still waits for the delay."""

DELAY = timedelta(hours=1)
"""After this long the index is believed: once an hour a window reaches back to what was not yet sure."""

SCAN_PAGE = timedelta(minutes=1)
"""The recycle bin can only be read whole: it is read so rarely that a page of it comes once in this time."""

NIGHT = timedelta(hours=24)
"""Between two readings of everything, where the account's time zone is not known."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_OF_SECOND = timedelta(milliseconds=999)
"""``Date`` has whole seconds; an edit of that second is older than the answer."""

REMEMBERED = 20_000  # records of the overlap; older ones are then simply read again
BEYOND = 10**30  # larger than any id
PLAIN = 1_000  # characters up to which a cursor stays readable
PACKED = "z:"


class Mark(NamedTuple):
    """A record as it was handed over: its stamp in milliseconds, and a checksum of its associations."""

    stamp: int
    links: int = 0


class Window(msgspec.Struct, frozen=True, omit_defaults=True):
    """One closed window. ``lo`` empty: the first reading, of everything. ``hi`` empty: not opened yet.

    ``stage`` says what is being read: what ``changed`` (search), what is ``gone`` (the recycle bin), or the
    ``whole`` (a list); ``after`` is the last id (search) or the page token (lists) of it. Before ``sure`` nothing
    can turn up late any more. ``seen`` marks the records of the overlap that were handed over, ``bin`` are the ids
    that the recycle bin held, and what went into it since ``binned`` was not reported. At ``night`` everything is
    read again: associations and calculated properties change without a stamp. ``lacking`` are the asked fields that
    could not be read.
    """

    lo: str = ""
    hi: str = ""
    stage: Literal["changed", "gone", "whole"] = "changed"
    after: str = ""
    sure: str = ""
    seen: dict[str, Mark] = {}
    bin: list[int] = []
    binned: str = ""
    night: str = ""
    lacking: list[str] = []

    @property
    def since(self) -> datetime:
        return moment(self.lo) if self.lo else EPOCH

    @property
    def deep(self) -> bool:
        """Whether this window reaches back to what was not yet sure."""
        return not self.sure or self.since <= moment(self.sure)

    @property
    def by_night(self) -> bool:
        """Whether the time has come to read everything again."""
        return bool(self.night) and moment(self.hi) >= moment(self.night)

    @property
    def again(self) -> datetime:
        """The earliest moment that a later window reaches back to."""
        return min(self._sure_after(), moment(self.hi) - OVERLAP)

    def opened(self, server_time: datetime) -> Window:
        """This window, closed at the server's time of its first call."""
        if self.hi:
            return self
        return self.but(hi=datetime_text(server_time + LAST_OF_SECOND))

    def but(self, **changed: object) -> Window:
        """This window with other values in some fields."""
        return msgspec.structs.replace(self, **changed)

    def without(self, lacking: list[str]) -> Window:
        """This window, while these fields cannot be read: one that now can is read of every record."""
        gained = set(self.lacking).difference(lacking)
        return self.but(lacking=lacking, **({"night": self.lo} if gained and self.lo else {}))

    def remembering(self, marks: Mapping[str, Mark]) -> Window:
        """This window, knowing that these records were handed over."""
        seen = {**self.seen, **marks} if marks else self.seen
        if len(seen) > REMEMBERED:
            seen = dict(nlargest(REMEMBERED, seen.items(), key=lambda item: item[1].stamp))
        return self.but(seen=seen)

    def knows(self, record_id: str, stamp: datetime) -> bool:
        """Whether this state of the record, or a later one, was handed over."""
        mark = self.seen.get(record_id)
        return mark is not None and mark.stamp >= milliseconds(stamp)

    def at(self, after: str) -> Window:
        """Further on in this stage; an empty ``after`` ends it: the next stage that is due, or the next window."""
        if after:
            return self.but(after=after)
        if self.stage == "changed" and self._bin_due():
            return self.but(stage="gone", after="")
        if self.stage != "whole" and self.by_night:
            return self.but(stage="whole", after="")
        return self._following()

    def binning(self, ids: list[int], after: str) -> tuple[list[str], Window]:
        """One page of the recycle bin: the ids that have left this part of it, and the window that knows."""
        start, end = _place(self.after), _place(after) or BEYOND
        rest = [number for number in self.bin if not start <= number < end]
        left = sorted({number for number in self.bin if start <= number < end}.difference(ids))
        done = {} if after else {"binned": datetime_text(moment(self.hi) - OVERLAP)}
        return [str(number) for number in left], self.but(bin=sorted([*rest, *ids])[-REMEMBERED:], **done)

    def cursor(self) -> Cursor:
        plain = msgspec.json.encode(self)
        if len(plain) <= PLAIN:
            return Cursor(plain.decode())
        return Cursor(PACKED + b85encode(zlib.compress(plain, 1)).decode())

    def _bin_due(self) -> bool:
        if not self.binned:
            return True
        rest = max(OVERLAP, SCAN_PAGE * (len(self.bin) // 100))
        return moment(self.hi) - moment(self.binned) - OVERLAP >= rest

    def _sure_after(self) -> datetime:
        """What is sure once this window is done: what had been indexed for long when it was read."""
        if self.stage == "whole":
            return moment(self.hi) - LAST_OF_SECOND  # a list does not lag, but was read within that second
        before = moment(self.sure or self.lo)
        return max(before, moment(self.hi) - DELAY) if self.deep else before

    def _following(self) -> Window:
        """The window after this one: deep where too much is not sure, short where it would find too much again."""
        hi, again = moment(self.hi), self.again
        seen = {key: mark for key, mark in self.seen.items() if mark.stamp >= milliseconds(again)}
        overlap = (
            SHORT if sum(mark.stamp >= milliseconds(hi - OVERLAP) for mark in seen.values()) > BUSY else OVERLAP
        )
        overdue = hi - moment(self.sure or self.lo or self.hi) >= 2 * DELAY
        return self.but(
            lo=datetime_text(again if overdue else hi - overlap),
            hi="",
            stage="changed",
            after="",
            sure=datetime_text(self._sure_after()),
            seen=seen,
        )


def _place(token: str) -> int:
    """The first id of a list's page: its token is that id."""
    return int(token) if token.isdecimal() else 0


def window_of(cursor: Cursor | None) -> Window:
    """The window that a cursor continues. Raises StopCrm for text that is no cursor of ours."""
    if cursor is None:
        return Window(stage="whole")
    try:
        packed = cursor.startswith(PACKED)
        plain = zlib.decompress(b85decode(cursor.removeprefix(PACKED))) if packed else cursor.encode()
        return msgspec.json.decode(plain, type=Window)
    except (msgspec.MsgspecError, zlib.error, ValueError) as error:
        shown = repr(cursor[:60])
        message = f"the stored HubSpot cursor {shown} cannot be read ({error}). Fix: start a full reading"
        raise StopCrm(message) from error


def milliseconds(instant: datetime) -> int:
    """An instant as HubSpot's search compares it: whole milliseconds since 1970."""
    return (instant - EPOCH) // timedelta(milliseconds=1)
