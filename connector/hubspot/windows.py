"""Where a reading stands, as the text that becomes a cursor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from connector.errors import StopCrm
from connector.hubspot.decode import moment
from connector.record import Cursor, datetime_text

OVERLAP = timedelta(minutes=10)
"""How far a window reaches back into the last one: HubSpot's search index may lag behind its writes."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_OF_SECOND = timedelta(milliseconds=999)
"""``Date`` has whole seconds; an edit of that second is older than the answer."""


class Window(msgspec.Struct, frozen=True, omit_defaults=True):
    """One closed window. ``lo`` empty: the first reading, of everything. ``hi`` empty: not opened yet.

    ``after`` is the last id (search) or the page token (lists) that was read; ``stage`` "gone" reads the archive.
    """

    lo: str = ""
    hi: str = ""
    stage: Literal["live", "gone"] = "live"
    after: str = ""

    @property
    def since(self) -> datetime:
        return moment(self.lo)

    def opened(self, server_time: datetime) -> Window:
        """This window, closed at the server's time of its first call."""
        if self.hi:
            return self
        return msgspec.structs.replace(self, hi=datetime_text(server_time + LAST_OF_SECOND))

    def at(self, after: str) -> Window:
        return msgspec.structs.replace(self, after=after)

    def gone(self) -> Window:
        return msgspec.structs.replace(self, stage="gone", after="")

    def following(self) -> Window:
        """The window after this one."""
        return Window(lo=datetime_text(moment(self.hi) - OVERLAP))

    def cursor(self) -> Cursor:
        return Cursor(msgspec.json.encode(self).decode())


def window_of(cursor: Cursor | None) -> Window:
    """The window that a cursor continues. Raises StopCrm for text that is no cursor of ours."""
    if cursor is None:
        return Window()
    try:
        return msgspec.json.decode(cursor, type=Window)
    except msgspec.MsgspecError as error:
        message = f"the stored HubSpot cursor {cursor!r} cannot be read ({error}). Fix: start a full reading"
        raise StopCrm(message) from error


def milliseconds(instant: str) -> str:
    """An instant as HubSpot's search compares it."""
    return str((moment(instant) - EPOCH) // timedelta(milliseconds=1))
