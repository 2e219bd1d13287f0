"""Asks for what was deleted for good: emptied out of the recycle bin, where no query finds it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

import msgspec

from connector.errors import PauseMapping
from connector.record import Record, Ref
from connector.salesforce.columns import Columns
from connector.salesforce.decode import PAGE, long_id
from connector.salesforce.soql import KEY_BYTES, pieces, quoted, select
from connector.salesforce.windows import Window
from connector.salesforce.wire import Wire

EVERY: Final = timedelta(hours=1)
NARROWEST: Final = timedelta(minutes=4)
"""Salesforce takes whole minutes, and more than one of them (REST API Developer Guide, "sObject Get Deleted")."""


class Deleted(msgspec.Struct, rename="camel"):
    """One deleted record, in the recycle bin or out of it."""

    id: str
    deleted_date: str


class DeletedPage(msgspec.Struct, rename="camel"):
    """What was deleted in a span of time; ``latest_date_covered`` is where the next one starts."""

    deleted_records: list[Deleted]
    latest_date_covered: str


DELETED = msgspec.json.Decoder(DeletedPage)


def hard_deletes(wire: Wire, columns: Columns, window: Window) -> tuple[list[Record], datetime | None]:
    """Tombstones of what was deleted for good, about once an hour, and up to when they are known from now on.

    What only lies in the recycle bin is told by the window itself; what was taken out of it again is alive. Where
    the object keeps no log, or the log no longer reaches back so far, the sweep of ids finds what is missing.
    """
    start, end = window.purged, window.high
    if start is None or end is None:
        return [], end
    if end - start < EVERY:
        return [], start
    page = _asked(wire, columns, start, end)
    if page is None:
        return [], end
    dates = {long_id(one.id): datetime.fromisoformat(one.deleted_date) for one in page.deleted_records}
    gone = dates.keys() - _in_the_bin_or_alive(wire, columns, list(dates))
    ref = columns.connection, columns.kind
    stones = [Record(Ref(*ref, name), dates[name], (), deleted=True) for name in dates if name in gone]
    return stones, min(end, datetime.fromisoformat(page.latest_date_covered))


def _asked(wire: Wire, columns: Columns, start: datetime, end: datetime) -> DeletedPage | None:
    while True:
        span = f"start={_moment(start)}&end={_moment(end)}"
        try:
            path = f"sobjects/{quote(columns.kind, safe='')}/deleted/?{span}"
            return wire.get(path, kind=columns.kind).read(DELETED)
        except PauseMapping as fault:
            if fault.code != "EXCEEDED_ID_LIMIT" or end - start < NARROWEST:
                return None
        end = start + (end - start) / 2


def _in_the_bin_or_alive(wire: Wire, columns: Columns, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for batch in pieces([quoted(name) for name in ids], KEY_BYTES):
        soql = select(["Id"], columns.kind, f" WHERE Id IN ({', '.join(batch)})")
        page = wire.query(soql, kind=columns.kind, deleted=True).read(PAGE)
        found |= {str(row["Id"]) for row in page.records}
    return found


def _moment(moment: datetime) -> str:
    return quote(moment.replace(microsecond=0).isoformat(), safe="")
